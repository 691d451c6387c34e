"""The deploy window: how many events are counted, how many are listed, and whether ours is one of the finished ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fake_api import FakeApi, page, pages, refusing
from test_reader import WINDOW, ask, event, series

from pytest_fasthook.errors import RefusedError, UnreachableError
from pytest_fasthook.evidence.look import MAX_PAGES
from pytest_fasthook.evidence.reader import Reader
from pytest_fasthook.evidence.seen import WindowSeen
from pytest_fasthook.evidence.window import SPARED, granularity


def done(event_id: str = "evt_ours", status: str = "SUCCESSFUL", **facts: Any) -> dict[str, Any]:
    return event(event_id, **{"status": status, **facts})


def window_api(events: Any, metrics: Any) -> FakeApi:
    return FakeApi({"/events": events, "/metrics/events": metrics})


def seen(events: Any, metrics: Any) -> WindowSeen:
    value: WindowSeen = ask(window_api(events, metrics), WINDOW).value
    return value


def test_the_window_is_counted_first_and_listed_after() -> None:
    """In this order traffic between the two can only make the counts look too small."""
    api = window_api(page([done(), done("evt_2", request_id="req_2")]), series(1, 1))
    value = ask(api, WINDOW).value
    assert api.paths == ["/metrics/events", "/events"]
    assert (value.listed, value.finished, value.ours_listed) == (2, 2, True)
    assert (value.count, value.failed, value.delivered, value.ended) == (2, 0, 2, 2)
    assert value.has_caught_up
    for _, params in api.asked:
        assert params["connection_id"] == "conn_1"
        assert (params["from"], params["to"]) == ("2026-05-29T12:00:00.000Z", "2026-05-29T12:01:00.000Z")
    assert api.asked[0][1]["granularity"] == "1s"
    assert api.asked[0][1]["measures"] == "count,delivered_count,failed_count"


@pytest.mark.parametrize(
    ("status", "listed", "finished"),
    [
        ("SUCCESSFUL", 2, 2),
        ("FAILED", 2, 2),
        ("QUEUED", 2, 1),
        ("SCHEDULED", 2, 1),
        ("HOLD", 2, 1),
        ("BREWING", 2, 1),
        (None, 2, 1),
        ("CANCELLED", 1, 1),
    ],
)
def test_what_is_finished_and_what_is_ignored_is_told_by_the_status(
    status: str | None, listed: int, finished: int
) -> None:
    value = seen(page([done(), done("evt_2", status)]), series(2))  # type: ignore[arg-type]
    assert (value.listed, value.finished, value.ours_listed) == (listed, finished, True)


@pytest.mark.parametrize("status", ["QUEUED", "SCHEDULED", "HOLD", "CANCELLED", "BREWING", None])
def test_our_event_is_listed_once_it_is_finished(status: str) -> None:
    """The twin is."""
    assert not seen(page([done(status=status)]), series(1)).ours_listed
    assert seen(page([done(status="FAILED")]), series(1)).ours_listed


def test_an_ignored_event_that_is_counted_does_not_stand_in_for_ours() -> None:
    """It may be in ``count`` and not in the list: then ours is not yet counted, though the numbers are the same."""
    ignored_counted = {"series": [{"count": 1, "delivered_count": 0, "failed_count": 0}]}
    both_counted = {"series": [{"count": 2, "delivered_count": 1, "failed_count": 0}]}
    assert not seen(page([done()]), ignored_counted).has_caught_up
    assert seen(page([done()]), both_counted).has_caught_up


def test_an_event_that_is_listed_twice_counts_once() -> None:
    for listed in (page([done(), done()]), pages([done("evt_2"), done()], [done(), done("evt_3")])):
        value = seen(listed, series(3))
        assert (value.listed, value.finished) in {(1, 1), (3, 3)}
        assert value.has_caught_up


def test_counts_below_what_is_listed_spare_the_list_for_a_few_looks() -> None:
    """Listing again could hardly change such an answer; once they have reached it, the list is asked again."""
    api = window_api(page([done(), done("evt_2")]), series(1))
    reader = Reader(api.transport(), api.clock)
    looks = [reader.ask(WINDOW, deadline=60.0).value for _ in range(SPARED + 2)]
    assert [api.paths.count(path) for path in ("/metrics/events", "/events")] == [SPARED + 2, 2]
    assert {(one.listed, one.finished, one.ours_listed, one.count) for one in looks} == {(2, 2, True, 1)}

    api.answers["/metrics/events"] = series(2)
    assert reader.ask(WINDOW, deadline=60.0).value.has_caught_up
    assert api.paths.count("/events") == 3


def test_only_this_connections_events_are_counted_as_listed() -> None:
    value = seen(page([done(), done("evt_2", connection_id="conn_2")], total=2, total_exact=True), series(2))
    assert (value.listed, value.ours_listed) == (1, True)


def test_a_window_without_our_event_says_so() -> None:
    value = seen(page([done("evt_2")]), series(1))
    assert (value.listed, value.ours_listed) == (1, False)


def test_all_pages_are_counted() -> None:
    """A total does not say how many are finished."""
    value = seen(
        pages([done("evt_2")], [done()], [done("evt_3", "QUEUED")], total=9, total_exact=True), series(3)
    )
    assert (value.listed, value.finished, value.ours_listed) == (3, 2, True)


def test_an_event_that_cannot_be_read_is_listed_all_the_same() -> None:
    """Left out, it would make counts that lag by one look complete."""
    value = seen(page([done(), {"status": "QUEUED"}]), series(1))
    assert (value.listed, value.finished, value.has_caught_up) == (2, 2, False)


def counted_by_status(**totals: int) -> Any:
    return lambda params: {"total": totals.get(params["status"], 0), "total_exact": True}


def test_a_list_too_long_to_look_through_is_counted_by_the_api() -> None:
    def endless(params: dict[str, str]) -> Any:
        number = int(params.get("cursor", "0"))
        return page([done(), done(f"evt_{number}")], next_cursor=str(number + 1))

    api = window_api(endless, series(MAX_PAGES))
    api.answers["/events/count"] = counted_by_status(SUCCESSFUL=4000, FAILED=5, QUEUED=3, SCHEDULED=2, HOLD=1)
    value = ask(api, WINDOW).value
    assert (value.listed, value.finished, value.ours_listed, value.partial) == (4011, 4005, True, False)
    api.answers["/events/count"] = counted_by_status(SUCCESSFUL=3)
    value = ask(api, WINDOW).value
    assert (value.listed, value.finished) == (MAX_PAGES + 1, MAX_PAGES + 1)
    del api.answers["/events/count"]
    assert isinstance(ask(api, WINDOW).error, RefusedError)


@pytest.mark.parametrize("facts", [{"partial": True}, {"unavailable_shard_count": 2}])
def test_counts_that_are_lower_bounds_say_so(facts: dict[str, Any]) -> None:
    """A failure could be among what is left out; the twin is whole."""
    whole = series(1)
    assert seen(page([done()]), whole).has_caught_up
    value = seen(page([done()]), {**whole, **facts})
    assert (value.partial, value.has_caught_up) == (True, False)


def test_a_partial_list_is_counted_by_the_api_and_asked_for_again() -> None:
    api = window_api({**page([done()]), "partial": True}, series(1))
    api.answers["/events/count"] = lambda params: {
        **counted_by_status(SUCCESSFUL=2, FAILED=1)(params),
        "partial": True,
    }
    reader = Reader(api.transport(), api.clock)
    value = reader.ask(WINDOW, deadline=60.0).value
    assert (value.listed, value.ours_listed, value.partial) == (3, True, True)

    api.answers["/events"] = page([done()])
    value = reader.ask(WINDOW, deadline=60.0).value
    assert (value.listed, value.partial) == (1, False)


def test_a_series_without_a_measure_has_no_sum() -> None:
    value = seen(page([done()]), {"series": [{"count": 1}]})
    assert (value.count, value.failed, value.delivered, value.ended) == (1, None, None, None)
    assert not value.has_caught_up


def test_failures_are_summed() -> None:
    assert seen(page([done()]), series(1, 2, failed=2)).failed == 2


@pytest.mark.parametrize("broken", ["/events", "/metrics/events"])
def test_a_window_that_cannot_be_read_is_an_error(broken: str) -> None:
    api = window_api(page([done()]), series(1))
    api.answers[broken] = refusing(503)
    assert isinstance(ask(api, WINDOW).error, UnreachableError)


@pytest.mark.parametrize(
    ("seconds", "name"),
    [
        (1, "1s"),
        (300, "1s"),
        (301, "5s"),
        (1500, "5s"),
        (3600, "30s"),
        (18000, "1m"),
        (86400, "5m"),
        (10**6, "1h"),
    ],
)
def test_the_series_is_as_fine_as_it_can_be_and_short(seconds: int, name: str) -> None:
    assert granularity(timedelta(seconds=seconds)) == name
