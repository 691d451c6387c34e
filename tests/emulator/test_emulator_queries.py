"""Lists, counts and metrics look things up; what lies outside the window costs nothing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.api.call import Call
from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.events import event_filters
from pytest_fasthook.emulator.api.requests import request_filters
from pytest_fasthook.emulator.api.totals import total_of
from pytest_fasthook.emulator.api.windows import Window
from pytest_fasthook.emulator.store.database import Database

from .conftest import Api

WHOLE = re.compile(r"SCAN (?:(?:requests|events|attempts)(?:_minutes)?|payloads|p)\b")
CALLS = [
    "/requests",
    "/requests?source_id=src_1",
    "/requests?connection_id=conn_demo",
    "/requests?status=rejected",
    "/requests?q=x",
    "/requests/count",
    "/requests/count?status=rejected",
    "/events",
    "/events?connection_id=conn_demo",
    "/events?source_id=src_1",
    "/events?destination_id=des_1",
    "/events?status=FAILED",
    "/events?status=HOLD&connection_id=conn_demo",
    "/events?q=x",
    "/events/count?status=QUEUED",
    "/attempts",
    "/attempts?event_id=evt_1",
    "/attempts?destination_id=des_1",
    "/attempts?status=FAILED",
    "/metrics/requests?measures=count",
    "/metrics/events?measures=count&granularity=1m&connection_id=conn_demo",
    "/metrics/sources",
    "/metrics/connections",
    "/metrics/destinations",
    "/connections/conn_demo/latest-input",
]


def read_whole(database: Database, queries: Iterable[str]) -> list[str]:
    """Return the steps of the queries' plans that read a table of traffic from end to end."""
    steps = [str(row["detail"]) for sql in queries for row in database.rows(f"EXPLAIN QUERY PLAN {sql}")]
    return [step for step in steps if WHOLE.match(step)]


@pytest.mark.parametrize("path", CALLS)
def test_no_table_of_traffic_is_read_from_end_to_end(emulator: Emulator, api: Api, path: str) -> None:
    database = emulator.world.database
    said: list[str] = []
    database._connection.set_trace_callback(said.append)
    assert api.call("GET", path).status_code == 200
    database._connection.set_trace_callback(None)
    queries = [sql for sql in said if sql.startswith("SELECT")]
    assert len(queries) > 1
    assert read_whole(database, queries) == []


@pytest.mark.parametrize(
    "condition",
    ["requests WHERE verified = 1", "payloads p WHERE path = ''", "events_minutes WHERE number = 1"],
)
def test_what_is_read_from_end_to_end_is_found(emulator: Emulator, condition: str) -> None:
    assert len(read_whole(emulator.world.database, [f"SELECT * FROM {condition}"])) == 1  # noqa: S608 - from here


@pytest.mark.parametrize("kind", ["requests", "events"])
@pytest.mark.parametrize(
    "query", [{}, {"status": "rare"}, {"source_id": "demo"}, {"status": "rare", "source_id": "demo"}]
)
@pytest.mark.parametrize("lag", [0, 90])
def test_a_count_by_totals_is_the_count_of_the_records(
    emulator: Emulator, api: Api, kind: str, query: dict[str, str], lag: int
) -> None:
    emulator.add_route(name="other")
    for number in range(5):
        api.sent(emulator.demo, {"id": number, "type": "invoice.paid"})
        api.sent(emulator.demo, {"id": number, "type": "other"})
        api.send(emulator.demo, headers={"x-signature": "no"})
        emulator.clock.advance(41)
    if lag:
        emulator.faults.add("lag", path=kind, seconds=lag)
    words = {"rare": {"requests": "rejected", "events": "CANCELLED"}[kind], "demo": emulator.demo.source_id}
    asked = [(name, words[value]) for name, value in query.items()]
    call = Call(world=emulator.world, team_id=emulator.team_id, parameters={}, query=asked)
    filters = {"requests": request_filters, "events": event_filters}[kind](call)
    by_records: Conditions = dataclasses.replace(filters, has_totals=False)
    now = emulator.clock.now_ms()
    assert filters.has_totals
    for window in (Window(None, None), Window(now - 150_000, now), Window(now - 150_001, now - 45_000)):
        counted = total_of(emulator.world, kind, filters, window)
        assert counted == total_of(emulator.world, kind, by_records, window)
    assert total_of(emulator.world, kind, filters, Window(None, None)) > 0


def test_what_running_totals_do_not_know_is_counted_from_the_records(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.demo, {"id": 1, "type": "invoice.paid", "note": "needle"})
    api.sent(emulator.demo, {"id": 2, "type": "invoice.paid"})
    for kind in ("requests", "events"):
        assert api.get(f"/{kind}/count")["count"] == 2
        assert api.get(f"/{kind}/count", q="needle")["count"] == 1
    assert api.get("/requests/count", verified="false")["count"] == 0
