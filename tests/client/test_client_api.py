"""What each call asks for, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from client_world import START, Script, answering, transport_over

from pytest_fasthook.client import api
from pytest_fasthook.client.filters import joined
from pytest_fasthook.client.pages import Count
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import RefusedError, SettingsError, UnreadableError
from pytest_fasthook.iso import write_iso

Call = Callable[[Transport], Any]
EMPTY_PAGE = {"models": [], "count": 0}

RECORDS: list[tuple[Call, str]] = [
    (lambda t: api.get_connection(t, "conn_1"), "/connections/conn_1"),
    (lambda t: api.get_source(t, "src_1"), "/sources/src_1"),
    (lambda t: api.get_destination(t, "des_1"), "/destinations/des_1"),
    (lambda t: api.get_request(t, "req_1"), "/requests/req_1"),
    (lambda t: api.get_event(t, "evt_1"), "/events/evt_1"),
    (lambda t: api.get_attempt(t, "att_1"), "/attempts/att_1"),
]
LISTS: list[tuple[Call, str]] = [
    (api.list_connections, "/connections?limit=255"),
    (api.list_sources, "/sources?limit=255"),
    (lambda t: api.list_destinations(t, limit=100), "/destinations?limit=100"),
    (api.list_requests, "/requests?include=data&limit=100"),
    (
        lambda t: api.list_requests(
            t,
            source_id="src_1",
            since=START,
            q="p",
            status="accepted",
            include_data=False,
            cursor="c",
            limit=5,
        ),
        "/requests?from=2026-05-29T12%3A00%3A00.000Z&source_id=src_1&status=accepted&q=p&limit=5&cursor=c",
    ),
    (lambda t: api.list_request_events(t, "req_1"), "/requests/req_1/events?limit=255"),
    (
        lambda t: api.list_request_events(t, "req_1", status="CANCELLED"),
        "/requests/req_1/events?status=CANCELLED&limit=255",
    ),
    (
        lambda t: api.list_ignored_events(t, "req_1", connection_id="web_1"),
        "/requests/req_1/ignored_events?connection_id=web_1&limit=255",
    ),
    (api.list_events, "/events?limit=100"),
    (
        lambda t: api.list_events(t, ["web_1", "web_2"], until=START, status="FAILED"),
        "/events?to=2026-05-29T12%3A00%3A00.000Z&connection_id=web_1%2Cweb_2&status=FAILED&limit=100",
    ),
    (
        lambda t: api.list_attempts(t, "evt_1", limit=20),
        "/attempts?event_id=evt_1&order_by=created_at&dir=desc&limit=20",
    ),
]


@pytest.mark.parametrize(("call", "path"), RECORDS)
def test_a_record_is_asked_for_by_id(call: Call, path: str) -> None:
    script = Script(httpx.Response(200, json={"id": "x", "more": 1}))
    answer = call(transport_over(script))

    assert str(script.asked[0].url) == f"https://api.test/v1{path}"
    assert (answer.value.id, answer.raw, answer.call) == ("x", {"id": "x", "more": 1}, f"GET {path}")


@pytest.mark.parametrize(("call", "path"), RECORDS)
def test_a_record_without_id_is_unreadable(call: Call, path: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        call(transport_over(answering({"error": "odd"})))

    assert (caught.value.field, caught.value.call) == ("id", f"GET {path}")


@pytest.mark.parametrize(("call", "path"), LISTS)
def test_a_list_is_asked_for_with_its_filters(call: Call, path: str) -> None:
    script = Script(httpx.Response(200, json=EMPTY_PAGE))
    answer = call(transport_over(script))

    assert str(script.asked[0].url) == f"https://api.test/v1{path}"
    assert answer.value.models == ()


@pytest.mark.parametrize(("call", "path"), LISTS)
def test_a_list_without_models_is_unreadable(call: Call, path: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        call(transport_over(answering({"data": []})))

    assert (caught.value.field, caught.value.call) == ("models", f"GET {path.partition('?')[0]}")


@pytest.mark.parametrize(
    ("identifier", "path"), [("a/b?c", "a%2Fb%3Fc"), ("../x", "..%2Fx"), ("a b", "a%20b")]
)
def test_an_id_stays_one_segment(identifier: str, path: str) -> None:
    script = Script(httpx.Response(200, json={"id": "x"}))
    api.get_event(transport_over(script), identifier)

    assert script.asked[0].url.raw_path == f"/v1/events/{path}".encode()


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_id_that_names_something_else_is_refused(identifier: str) -> None:
    script = Script(httpx.Response(200, json={"id": "x"}))

    with pytest.raises(SettingsError):
        api.get_event(transport_over(script), identifier)
    assert script.asked == []


def test_connections_of_one_source_are_filtered_here_too() -> None:
    models = [
        {"id": "a", "source_id": "src_1"},
        {"id": "b", "source_id": "src_2"},
        {"id": "c", "source": {"id": "src_1"}},
        {"id": "d"},
    ]
    page = api.list_connections(transport_over(answering({"models": models})), source_id="src_1").value

    assert [connection.id for connection in page.models] == ["a", "c"]
    assert not page.partial


def test_connections_are_listed_also_where_the_filter_is_refused() -> None:
    script = Script(
        httpx.Response(400, json={"error": "unknown parameter"}),
        httpx.Response(200, json={"models": [{"id": "b", "source_id": "src_2"}]}),
    )

    assert api.list_connections(transport_over(script), source_id="src_1").value.models == ()
    assert "source_id" not in script.asked[1].url.params


@pytest.mark.parametrize("status", [401, 403, 404])
def test_another_refusal_of_the_list_is_told(status: int) -> None:
    script = Script(httpx.Response(status, json={"error": "no"}))

    with pytest.raises(RefusedError):
        api.list_connections(transport_over(script), source_id="src_1")
    assert len(script.asked) == 1


def test_a_full_list_of_connections_is_partial() -> None:
    models = [{"id": str(number), "source_id": "src_2"} for number in range(3)]
    transport = transport_over(answering({"models": models}))

    assert api.list_connections(transport, source_id="src_1", limit=3).value.partial
    assert not api.list_connections(transport, source_id="src_1", limit=4).value.partial


def test_counts_are_asked_for_with_their_filters() -> None:
    script = Script(httpx.Response(200, json={"total": 4, "count": 4, "total_exact": True}))
    transport = transport_over(script)

    events = api.count_events(transport, "web_1", since=START, status="FAILED", q="timeout").value
    assert events == Count(total=4, total_exact=True)
    assert api.count_requests(transport, source_id="src_1").value.total == 4
    assert str(script.asked[0].url).endswith(
        "/events/count?from=2026-05-29T12%3A00%3A00.000Z&connection_id=web_1&status=FAILED&q=timeout"
    )
    assert str(script.asked[1].url).endswith("/requests/count?source_id=src_1")


def test_no_latest_input_is_an_answer_and_a_missing_field_is_none() -> None:
    empty = {"connection_id": "web_1", "latest_input": None}
    answer = api.get_latest_input(transport_over(answering(empty)), "web_1")

    assert (answer.value.latest_input, answer.call) == (None, "GET /connections/web_1/latest-input")
    with pytest.raises(UnreadableError) as caught:
        api.get_latest_input(transport_over(answering({})), "web_1")
    assert caught.value.field == "latest_input"


def test_a_trace_needs_its_request() -> None:
    value = {"request": {"id": "req_1"}, "events": [{"id": "evt_1"}]}

    assert api.get_trace(transport_over(answering(value)), "req_1").value.events[0].id == "evt_1"
    with pytest.raises(UnreadableError) as caught:
        api.get_trace(transport_over(answering({"events": []})), "req_1")
    assert caught.value.field == "request"


def test_moments_are_sent_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 5, 29, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))

    assert write_iso(moment) == "2026-05-29T12:00:00.123Z"
    assert write_iso(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


def test_ids_are_joined_by_commas() -> None:
    assert joined("a") == "a"
    assert joined(("a", "b")) == "a,b"
    assert joined(None) is None


def test_an_answer_does_not_show_its_json() -> None:
    answer = api.get_request(transport_over(answering({"id": "r", "data": "hush"})), "r")

    assert "hush" not in repr(answer)
