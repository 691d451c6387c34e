from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.emulator import Emulator

from .conftest import Api

ALL = "count,delivered_count,failed_count,queued_count,processing_count,hold_count,ignored_count"


def total(answer: Any, measure: str) -> int:
    return sum(point[measure] for point in answer["series"])


def test_each_event_is_counted_once_by_what_became_of_it(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.add_route(name="ok"))
    emulator.receiver.answer(500, name="bad")
    api.sent(emulator.add_route(name="bad"))
    api.sent(emulator.add_route(name="later", rules=[{"type": "delay", "delay": 60_000}]))
    api.sent(emulator.add_route(name="never", rules=[{"type": "filter", "path": "/never"}]))
    held = emulator.add_route(name="held")
    api.ok("PUT", f"/connections/{held.connection_id}/pause")
    api.sent(held)
    answer = api.get("/metrics/events", measures=ALL, **{"from": "now-1h"})
    counts = {measure: total(answer, measure) for measure in ALL.split(",")}
    assert counts == {
        "count": 5,
        "delivered_count": 1,
        "failed_count": 1,
        "queued_count": 1,
        "processing_count": 0,
        "hold_count": 1,
        "ignored_count": 1,
    }


def test_both_dialects_give_the_same(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    common = {"granularity": "1h", "connection_id": "conn_demo"}
    contract = api.get("/metrics/events", **common, measures="count,failed_count", **{"from": "now-2h"})
    guide = api.get(
        "/metrics/events",
        **common,
        **{"date_range[start]": "now-2h", "date_range[end]": "now", "measures[]": ["count", "failed_count"]},
    )
    assert guide["series"] == contract["series"]
    assert total(guide, "count") == 1


def test_a_series_is_zero_filled_and_holds_only_what_was_asked(emulator: Emulator, api: Api) -> None:
    answer = api.get("/metrics/events", measures="count", granularity="15m", **{"from": "now-1h"})
    assert len(answer["series"]) in (4, 5)
    assert all(set(point) == {"timestamp", "count"} and point["count"] == 0 for point in answer["series"])
    assert set(answer) == {"date_range", "granularity", "series"}
    assert answer["granularity"] == "15m"


@pytest.mark.parametrize(("connection", "count"), [("conn_demo", 1), ("web_other", 0)])
def test_event_metrics_can_be_narrowed(emulator: Emulator, api: Api, connection: str, count: int) -> None:
    api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    answer = api.get("/metrics/events", measures="count", connection_id=connection)
    assert total(answer, "count") == count


def test_what_lies_outside_the_window_is_not_counted(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    emulator.clock.advance(7200)
    assert total(api.get("/metrics/events", measures="count", **{"from": "now-1h"}), "count") == 0
    assert total(api.get("/metrics/events", measures="count", **{"from": "now-3h"}), "count") == 1


def test_request_metrics(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    api.send(emulator.demo, headers={"x-signature": "no"})
    measures = "count,accepted_count,rejected_count"
    answer = api.get("/metrics/requests", measures=measures, source_id=emulator.demo.source_id)
    assert [total(answer, measure) for measure in measures.split(",")] == [2, 1, 1]
    assert (answer["partial"], answer["unavailable_shard_count"]) == (False, 0)


def test_a_series_that_would_be_too_long_gets_a_coarser_granularity_and_says_so(api: Api) -> None:
    answer = api.get("/metrics/events", measures="count", granularity="1s", **{"from": "now-2d"})
    assert answer["granularity"] == "10s"
    longest = api.get("/metrics/events", measures="count", granularity="1s", **{"from": "1970-01-01"})
    assert (longest["granularity"], longest["date_range"]["start"] > "2020") == ("1h", True)
    assert len(longest["series"]) <= 20_002
