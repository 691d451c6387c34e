from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from client_world import START, FakeClock, Script, transport_over

from pytest_fasthook.client.bulk import BulkOperation, EventBulkFilter, RequestBulkFilter
from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.errors import RefusedError, SettingsError, UnreadableError

END = START + timedelta(hours=1)
CHOSEN = EventBulkFilter(since=START, until=END, status="FAILED", connection_id="web_1", q="timeout")


def state(status: str, done: int = 0, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": "bch_1", "status": status, "done_count": done, **more})


def client_over(
    handler: Callable[[httpx.Request], httpx.Response], clock: FakeClock | None = None
) -> FastHookClient:
    return FastHookClient.over(transport_over(handler, clock=clock))


@pytest.mark.parametrize("narrow", ["source_id", "connection_id", "destination_id"])
def test_a_filter_is_a_closed_window_of_something(narrow: str) -> None:
    chosen = EventBulkFilter(since=START, until=END, **{narrow: "x_1"})

    assert chosen.body() == {
        "from": "2026-05-29T12:00:00.000Z",
        "to": "2026-05-29T13:00:00.000Z",
        narrow: "x_1",
    }


UNBOUNDED: list[Callable[[], object]] = [
    lambda: EventBulkFilter(since=START, until=END),
    lambda: EventBulkFilter(since=START, until=END, status="FAILED", q="x"),
    lambda: EventBulkFilter(since=START, until=END, connection_id=""),
    lambda: EventBulkFilter(since=END, until=START, connection_id="web_1"),
    lambda: EventBulkFilter(since=START, until=START, connection_id="web_1"),
    lambda: EventBulkFilter(since=datetime(2026, 5, 29), until=END, connection_id="web_1"),  # noqa: DTZ001 - naive
    lambda: RequestBulkFilter(since=START, until=END, source_id=""),
    lambda: RequestBulkFilter(since=END, until=START, source_id="src_1"),
]


@pytest.mark.parametrize("make", UNBOUNDED)
def test_an_empty_or_unbounded_filter_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(SettingsError, match="bulk filter"):
        make()


def test_a_bulk_retry_can_be_counted_first() -> None:
    script = Script(httpx.Response(200, json={"total": 7, "total_exact": True}))

    assert client_over(script).count_event_bulk(CHOSEN).total == 7
    assert dict(script.asked[0].url.params) == CHOSEN.body()


def test_an_event_bulk_is_started_once() -> None:
    script = Script(httpx.Response(201, json={"id": "bch_1", "status": "PLANNED", "total_count": 7}))
    operation = client_over(script).start_event_bulk(CHOSEN)

    assert (operation.id, operation.total_count, operation.finished) == ("bch_1", 7, False)
    assert script.asked[0].url.path == "/v1/events/bulk_operations"
    assert json.loads(script.asked[0].content) == CHOSEN.body()


def test_a_request_bulk_is_started_once() -> None:
    script = Script(httpx.Response(201, json={"id": "bch_1"}))
    client_over(script).start_request_bulk(RequestBulkFilter(since=START, until=END, source_id="src_1"))

    assert script.asked[0].url.path == "/v1/requests/bulk_operations"
    assert json.loads(script.asked[0].content)["source_id"] == "src_1"


def test_a_watch_tells_each_change_until_the_end() -> None:
    clock = FakeClock()
    script = Script(state("PLANNED"), state("RUNNING", 1), state("RUNNING", 1), state("COMPLETED", 2))

    seen = [(op.status, op.done_count) for op in client_over(script, clock).watch_bulk("bch_1")]

    assert seen == [("PLANNED", 0), ("RUNNING", 1), ("COMPLETED", 2)]
    assert clock.slept == [2.0, 2.0, 2.0]
    assert script.asked[0].url.path == "/v1/events/bulk_operations/bch_1"


def test_a_watch_ends_in_time() -> None:
    clock = FakeClock()

    seen = list(client_over(Script(state("RUNNING")), clock).watch_bulk("bch_1", every_s=3.0, timeout_s=10.0))

    assert [operation.finished for operation in seen] == [False]
    assert sum(clock.slept) <= 10


@pytest.mark.parametrize(
    ("value", "finished"),
    [
        ({"status": "COMPLETED"}, True),
        ({"status": "FAILED"}, True),
        ({"status": "CANCELLED"}, True),
        ({"status": "ARCHIVED", "finished_at": "2026-05-29T12:00:00Z"}, True),
        ({"status": "ARCHIVED"}, False),
        ({"status": "RUNNING"}, False),
        ({}, False),
    ],
)
def test_an_operation_is_over_when_it_says_so(value: dict[str, Any], finished: bool) -> None:  # noqa: FBT001 - a case
    assert BulkOperation.model_validate({"id": "bch_1", **value}).finished is finished


@pytest.mark.parametrize("kind", ["events", "requests"])
def test_a_cancelled_operation_is_read_again(kind: Any) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        operation = {"id": "bch_1", "status": "CANCELLED"}
        listed = request.url.path.endswith("requests/bulk_operations")
        return httpx.Response(200, json={"models": [{"id": "bch_0"}, operation]} if listed else operation)

    script = Script(answer)

    assert client_over(script).cancel_bulk("bch_1", kind=kind).status == "CANCELLED"
    assert script.asked[0].method == "POST"
    assert script.asked[0].url.path == f"/v1/{kind}/bulk_operations/bch_1/cancel"


def test_an_operation_that_has_ended_cannot_be_cancelled() -> None:
    with pytest.raises(RefusedError):
        client_over(Script(httpx.Response(409, json={"error": "completed"}))).cancel_bulk("bch_1")


def test_a_request_bulk_that_is_not_listed_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="bch_1 is not in the list"):
        client_over(Script(httpx.Response(200, json={"models": []}))).get_bulk("bch_1", kind="requests")
