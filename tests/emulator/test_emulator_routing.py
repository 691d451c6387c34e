from __future__ import annotations

from typing import Any

from pytest_fasthook.emulator import Emulator

from .conftest import Api

PAID = {"type": "filter", "body": {"type": "invoice.paid"}}


def test_a_filter_miss_is_an_ignored_branch(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r", rules=[PAID])
    request_id = api.sent(route, {"type": "invoice.failed"})
    [ignored] = api.get(f"/requests/{request_id}/ignored_events")["models"]
    assert (ignored["cause"], ignored["webhook_id"]) == ("FILTERED", route.connection_id)
    assert api.get(f"/requests/{request_id}/events")["models"] == []
    assert api.event(request_id)["status"] == "CANCELLED"
    request = api.get(f"/requests/{request_id}")
    assert (request["events_count"], request["ignored_count"]) == (0, 1)
    assert emulator.receiver.deliveries == ()


def test_a_filter_match_is_delivered(emulator: Emulator, api: Api) -> None:
    request_id = api.sent(emulator.add_route(name="r", rules=[PAID]), {"type": "invoice.paid"})
    assert api.event(request_id)["status"] == "SUCCESSFUL"


def test_a_request_shows_its_ignored_branch_only_when_its_status_is_named(
    emulator: Emulator, api: Api
) -> None:
    request_id = api.sent(emulator.add_route(name="r", rules=[PAID]), {})
    assert api.get(f"/requests/{request_id}/events")["count"] == 0
    assert api.get(f"/requests/{request_id}/events", status="CANCELLED")["count"] == 1


def test_a_duplicate_inside_the_window_is_ignored(emulator: Emulator, api: Api) -> None:
    rule = {"type": "deduplicate", "window": 60_000, "include_fields": ["body.id"]}
    route = emulator.add_route(name="r", rules=[rule])
    first = api.sent(route, {"id": 1, "n": 1})
    second = api.sent(route, {"id": 1, "n": 2})
    [ignored] = api.get(f"/requests/{second}/ignored_events")["models"]
    assert (ignored["cause"], ignored["meta"]) == ("DEDUPLICATED", [{"request_id": first}])
    other = api.sent(route, {"id": 2})
    assert api.event(other)["status"] == "SUCCESSFUL"
    emulator.clock.advance(61)
    assert api.event(api.sent(route, {"id": 1}))["status"] == "SUCCESSFUL"


def test_a_paused_connection_holds_until_it_is_unpaused(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    paused = api.ok("PUT", f"/connections/{route.connection_id}/pause")
    assert paused["paused_at"] is not None
    request_id = api.sent(route)
    assert api.event(request_id)["status"] == "HOLD"
    assert emulator.receiver.deliveries == ()
    assert api.ok("PUT", f"/connections/{route.connection_id}/unpause")["paused_at"] is None
    emulator.settle()
    event = api.event(request_id)
    assert event["status"] == "SUCCESSFUL"
    [attempt] = api.get("/attempts", event_id=event["id"])["models"]
    assert attempt["trigger"] == "UNPAUSE"


def test_a_patch_with_paused_at_does_the_same(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    path = f"/connections/{route.connection_id}"
    api.ok("PATCH", path, {"paused_at": "2026-01-01T00:00:00Z"})
    request_id = api.sent(route)
    assert api.event(request_id)["status"] == "HOLD"
    api.ok("PATCH", path, {"paused_at": None})
    emulator.settle()
    assert api.event(request_id)["status"] == "SUCCESSFUL"


def test_a_disabled_connection_is_skipped_and_its_sibling_is_not(emulator: Emulator, api: Api) -> None:
    first = emulator.add_route(name="first")
    second = emulator.add_route(name="second", source=first)
    disabled = api.ok("PUT", f"/connections/{first.connection_id}/disable")
    assert disabled["disabled_at"] is not None
    request_id = api.sent(first)
    assert api.event(request_id)["connection_id"] == second.connection_id
    api.ok("PUT", f"/connections/{first.connection_id}/enable")
    assert api.get(f"/requests/{api.sent(first)}")["events_count"] == 2


def test_disabling_a_source_disables_its_connections(emulator: Emulator, api: Api) -> None:
    route = emulator.demo
    assert api.ok("PUT", f"/sources/{route.source_id}/disable")["status"] == "disabled"
    assert api.get(f"/connections/{route.connection_id}")["disabled_at"] is not None


def test_a_delay_rule_schedules(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r", rules=[{"type": "delay", "delay": 60_000}])
    request_id = api.sent(route)
    event = api.event(request_id)
    assert event["status"] == "SCHEDULED"
    assert event["next_attempt_at"] is not None
    emulator.clock.advance(59)
    emulator.settle()
    assert api.event(request_id)["status"] == "SCHEDULED"
    emulator.clock.advance(2)
    emulator.settle()
    assert api.event(request_id)["status"] == "SUCCESSFUL"


def test_rules_come_back_in_canonical_order(emulator: Emulator, api: Api) -> None:
    rules: list[dict[str, Any]] = [
        {"type": "retry", "strategy": "linear", "interval": 1, "count": 1},
        {"type": "delay", "delay": 1},
        PAID,
        {"type": "deduplicate", "window": 1},
    ]
    route = emulator.add_route(name="r", rules=rules)
    shown = api.get(f"/connections/{route.connection_id}")["rules"]
    assert [rule["type"] for rule in shown] == ["deduplicate", "filter", "delay", "retry"]


def test_a_disabled_destination_is_an_ignored_branch(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    assert api.ok("PUT", f"/destinations/{route.destination_id}/disable")["disabled_at"] is not None
    request_id = api.sent(route)
    assert api.get(f"/requests/{request_id}/ignored_events")["models"][0]["cause"] == "DISABLED"
