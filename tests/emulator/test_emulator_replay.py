from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator, Settings, replay
from pytest_fasthook.emulator.store.records import BulkOperation
from pytest_fasthook.emulator.world import AppState

from .conftest import Api

BULK = (
    "id team_id type status filter requested_by created_at started_at finished_at total_count queued_count "
    "done_count failed_count cancelable"
)


def test_an_event_retry_is_a_new_event_linked_to_the_old_one(emulator: Emulator, api: Api) -> None:
    emulator.receiver.script(500, 200)
    request_id = api.sent(emulator.add_route(name="r"))
    old = api.event(request_id)
    answer = api.ok("POST", f"/events/{old['id']}/retry", status=202)
    assert set(answer) == {"ok", "queued", "transport", "retried_at", "event_id", "replay_event_id"}
    assert answer["event_id"] == old["id"]
    emulator.settle()
    new = api.get(f"/events/{answer['replay_event_id']}")
    assert (new["status"], new["is_retry"], new["retry_kind"]) == ("SUCCESSFUL", True, "single")
    assert (new["retry_parent_event_id"], new["request_id"]) == (old["id"], request_id)
    assert api.get(f"/events/{old['id']}")["status"] == "FAILED"
    [attempt] = api.get("/attempts", event_id=new["id"])["models"]
    assert (attempt["trigger"], attempt["attempt_number"]) == ("MANUAL", 1)
    assert emulator.receiver.deliveries[0].body == emulator.receiver.deliveries[1].body


@pytest.mark.parametrize(
    "path",
    ["/connections/{connection}/pause", "/connections/{connection}/disable", "/sources/{source}/disable"],
)
def test_a_branch_that_is_not_open_cannot_be_retried(emulator: Emulator, api: Api, path: str) -> None:
    route = emulator.add_route(name="r")
    event = api.event(api.sent(route))
    api.ok("PUT", path.format(connection=route.connection_id, source=route.source_id))
    assert api.call("POST", f"/events/{event['id']}/retry").status_code == 409


def test_an_ignored_branch_cannot_be_retried(emulator: Emulator, api: Api) -> None:
    event = api.event(api.sent(emulator.add_route(name="r", rules=[{"type": "filter", "path": "/no"}])))
    assert api.call("POST", f"/events/{event['id']}/retry").status_code == 409


@pytest.mark.parametrize("body", [{}, None], ids=["empty object", "no body"])
def test_an_exact_replay_is_a_new_request_through_the_present_rules(
    emulator: Emulator, api: Api, body: Any
) -> None:
    route = emulator.add_route(name="r")
    old = api.sent(route, {"n": 1}, path="p?q=1")
    api.ok("PATCH", f"/connections/{route.connection_id}", {"rules": [{"type": "filter", "path": "/no"}]})
    answer = api.ok("POST", f"/requests/{old}/retry", body, status=202)
    assert (answer["request_id"], answer["replay_mode"]) == (old, "exact")
    assert answer["original_rejection_cause"] is None
    [new] = api.get("/requests", is_retry="true")["models"]
    assert (new["retry_parent_request_id"], new["retry_kind"]) == (old, "single")
    assert (new["events_count"], new["ignored_count"]) == (0, 1)
    assert api.get(f"/requests/{new['id']}")["data"] == api.get(f"/requests/{old}")["data"]


@pytest.mark.parametrize("wrapper", ["modifications", "request", "replay", None])
def test_a_modified_replay_changes_what_is_named(emulator: Emulator, api: Api, wrapper: str | None) -> None:
    old = api.sent(emulator.add_route(name="r"), {"n": 1}, headers={"x-keep": "1", "x-change": "1"})
    changes: dict[str, Any] = {
        "method": "PUT",
        "path": "new",
        "query": {"a": ["1", "2"]},
        "headers": {"X-Change": "2"},
        "body": {"n": 2},
    }
    answer = api.ok("POST", f"/requests/{old}/retry", {wrapper: changes} if wrapper else changes, status=202)
    assert answer["replay_mode"] == "modified"
    data = api.get(f"/requests/{answer['replay_message_id']}")["data"]
    assert (data["method"], data["path"], data["query"], data["body"]) == ("PUT", "/new", "a=1&a=2", {"n": 2})
    assert (data["headers"]["x-keep"], data["headers"]["x-change"]) == ("1", "2")


def test_a_rejected_request_can_be_replayed(emulator: Emulator, api: Api) -> None:
    api.send(emulator.demo, {"id": 1, "type": "invoice.paid"}, headers={"x-signature": "no"})
    [old] = api.get("/requests")["models"]
    answer = api.ok("POST", f"/requests/{old['id']}/retry", {}, status=202)
    assert answer["original_rejection_cause"] == "SOURCE_AUTH_FAILED"
    new = api.get(f"/requests/{answer['replay_message_id']}")
    assert (new["status"], new["verified"], new["events_count"]) == ("accepted", False, 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"speed": 1}, 400),
        ({"modifications": {"speed": 1}}, 400),
        ({"modifications": {}, "path": "/"}, 400),
        ({"method": "BREW"}, 400),
        ({"path": "x" * 2049}, 400),
        ({"query": 1}, 400),
        ({"headers": {"a": "b\r\nc: d"}}, 400),
        ([], 400),
        ({"body": "x" * 10_000_001}, 413),
    ],
)
def test_modifications_that_cannot_be_made(emulator: Emulator, api: Api, body: Any, status: int) -> None:
    old = api.sent(emulator.add_route(name="r"))
    assert api.call("POST", f"/requests/{old}/retry", body).status_code == status
    assert api.get("/requests")["count"] == 1


def test_a_request_of_a_disabled_source_cannot_be_replayed(emulator: Emulator, api: Api) -> None:
    old = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    api.ok("PUT", f"/sources/{emulator.demo.source_id}/disable")
    assert api.call("POST", f"/requests/{old}/retry", {}).status_code == 409


def test_a_bulk_operation_retries_what_its_filter_selects(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(500, name="bad")
    bad, good = emulator.add_route(name="bad"), emulator.add_route(name="good")
    for n in range(3):
        api.sent(bad, {"n": n})
    api.sent(good)
    emulator.receiver.answer(200, name="bad")
    body = {"status": "FAILED", "connection_id": bad.connection_id, "from": "now-1h", "q": "answered 500"}
    planned = api.ok("POST", "/events/bulk_operations", body, status=201)
    assert sorted(planned) == sorted(BULK.split())
    assert (planned["type"], planned["total_count"], planned["filter"]) == ("event_bulk_retry", 3, body)
    emulator.settle()
    done = api.get(f"/events/bulk_operations/{planned['id']}")
    assert (done["status"], done["done_count"], done["queued_count"]) == ("COMPLETED", 3, 0)
    assert done["cancelable"] is False
    retried = api.get("/events", batch_operation_id=planned["id"])["models"]
    assert {(item["status"], item["retry_kind"]) for item in retried} == {("SUCCESSFUL", "bulk")}
    assert len(retried) == 3
    targets = api.get("/events", batch_operation_id=planned["id"], batch_operation_scope="targets")
    assert {item["status"] for item in targets["models"]} == {"FAILED"}
    assert api.get("/events", batch_operation_id=planned["id"], batch_operation_scope="related")["count"] == 6
    [attempt] = api.get("/attempts", event_id=retried[0]["id"])["models"]
    assert (attempt["trigger"], attempt["bulk_retry_id"]) == ("BULK_RETRY", planned["id"])


def test_a_bulk_operation_of_requests(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    sent = {api.sent(route, {"n": n}) for n in range(30)}
    planned = api.ok("POST", "/requests/bulk_operations", {"source_id": route.source_id}, status=201)
    emulator.settle()
    [listed] = api.get("/requests/bulk_operations", bucket="history")["models"]
    assert (listed["id"], listed["done_count"], listed["type"]) == (planned["id"], 30, "request_bulk_retry")
    again = api.get("/requests", batch_operation_id=planned["id"])["models"]
    assert {item["retry_parent_request_id"] for item in again} == sent
    assert api.get("/requests/bulk_operations", bucket="ongoing")["count"] == 0
    assert api.get("/events/bulk_operations")["count"] == 0


def test_what_cannot_be_retried_counts_as_failed(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    api.sent(route)
    api.ok("PUT", f"/connections/{route.connection_id}/pause")
    planned = api.ok("POST", "/events/bulk_operations", {}, status=201)
    emulator.settle()
    done = api.get(f"/events/bulk_operations/{planned['id']}")
    assert (done["status"], done["done_count"], done["failed_count"]) == ("COMPLETED", 0, 1)


@pytest.fixture
def patient() -> Iterator[Emulator]:
    """An emulator whose bulk operations wait for a minute."""
    with Emulator(settings=Settings(bulk_delay=60)) as emulator:
        yield emulator


def test_a_planned_operation_can_be_cancelled_once(patient: Emulator, wire: httpx.Client) -> None:
    api = Api(patient, wire)
    api.sent(patient.add_route(name="r"))
    planned = api.ok("POST", "/events/bulk_operations", {}, status=201)
    assert (planned["status"], planned["queued_count"], planned["cancelable"]) == ("PLANNED", 1, True)
    path = f"/events/bulk_operations/{planned['id']}/cancel"
    assert api.ok("POST", path)["status"] == "CANCELLED"
    assert api.call("POST", path).status_code == 409
    patient.clock.advance(61)
    patient.settle()
    assert api.get("/events")["count"] == 1


def test_bulk_operations_take_turns(
    patient: Emulator, wire: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    api, advanced = Api(patient, wire), list[str]()
    advance = replay._advance

    def seen(world: AppState, operation: BulkOperation) -> None:
        advanced.append(operation.id)
        advance(world, operation)

    monkeypatch.setattr(replay, "_advance", seen)
    route = patient.add_route(name="r")
    for number in range(replay.CHUNK + 1):
        api.send(route, {"n": number})
    patient.settle()
    planned = [api.ok("POST", "/events/bulk_operations", {}, status=201)["id"] for _ in range(3)]
    patient.clock.advance(61)
    patient.settle()
    assert advanced == planned * 2
    assert {api.get(f"/events/bulk_operations/{item}")["status"] for item in planned} == {"COMPLETED"}


def test_a_planned_operation_runs_when_its_time_comes(patient: Emulator, wire: httpx.Client) -> None:
    api = Api(patient, wire)
    api.sent(patient.add_route(name="r"))
    api.ok("POST", "/events/bulk_operations", {}, status=201)
    patient.clock.advance(61)
    patient.settle()
    assert api.get("/events")["count"] == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/events/bulk_operations", {"speed": "fast"}),
        ("/events/bulk_operations", {"status": "DONE"}),
        ("/events/bulk_operations", {"from": 5}),
        ("/requests/bulk_operations", {"status": "FAILED"}),
        ("/requests/bulk_operations", {"connection_id": "web_1"}),
    ],
)
def test_a_filter_that_cannot_be_read_is_400(api: Api, path: str, body: Any) -> None:
    assert api.call("POST", path, body).status_code == 400


def test_an_operation_is_found_under_its_own_kind_only(emulator: Emulator, api: Api) -> None:
    planned = api.ok("POST", "/events/bulk_operations", {}, status=201)
    assert api.call("GET", f"/requests/bulk_operations/{planned['id']}").status_code == 404
