"""The emulator's own control routes, under one reserved prefix that FastHook does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_fasthook.emulator.api.call import Answer
from pytest_fasthook.emulator.errors import BadRequest, NotFound
from pytest_fasthook.emulator.faults import read_fault
from pytest_fasthook.emulator.receiver import Answer as Reply
from pytest_fasthook.emulator.receiver import Delivery
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.world import AppState

PREFIX = "/__emulator__"
DELIVERIES_BYTES = 4_000_000
"""Bytes of bodies that the list of deliveries has room for; where none is left, a body is cut to 1,000 bytes."""
HEALTH = f"{PREFIX}/health"


def control(world: AppState, method: str, path: str, body: Any) -> Answer:
    """Carry out one control call.

    Args:
        world: what it acts on.
        method: the HTTP method.
        path: the path after the prefix.
        body: the JSON body, an empty object where there was none.
    """
    operation = _OPERATIONS.get((method, path))
    if operation is None:
        raise NotFound("no such control route")
    if not isinstance(body, Mapping):
        raise BadRequest("the request body must be a JSON object")
    return Answer(operation(world, body))


def _health(_world: AppState, _body: Mapping[str, Any]) -> Any:
    return {"ok": True}


def _list_faults(world: AppState, _body: Mapping[str, Any]) -> Any:
    return {"models": [fault.shown() for fault in world.faults.active()]}


def _add_fault(world: AppState, body: Mapping[str, Any]) -> Any:
    return world.faults.add(**read_fault(body)).shown()


def _clear_faults(world: AppState, _body: Mapping[str, Any]) -> Any:
    world.faults.clear()
    return {"models": []}


def _get_clock(world: AppState, _body: Mapping[str, Any]) -> Any:
    return {"now": iso(world.clock.now_ms()), "frozen": world.clock.frozen}


def _set_clock(world: AppState, body: Mapping[str, Any]) -> Any:
    for name in ("advance", "skew"):
        if name in body:
            _number(body[name], name)
    if body.get("freeze"):
        world.clock.freeze()
    if "skew" in body:
        world.clock.skew(body["skew"])
    if "advance" in body:
        world.clock.advance(body["advance"])
    return _get_clock(world, {})


def _deliveries(world: AppState, _body: Mapping[str, Any]) -> Any:
    room, models = DELIVERIES_BYTES, []
    for item in world.receiver.deliveries:
        models.append(_delivery(item, most=max(room, 1000)))
        room -= len(models[-1]["body"])
    return {"models": models}


def _delivery(delivery: Delivery, *, most: int) -> dict[str, Any]:
    is_cut = len(delivery.body) > most
    return {
        "name": delivery.name,
        "method": delivery.method,
        "path": delivery.path,
        "query": delivery.query,
        "headers": delivery.headers,
        "body": (delivery.body[:1000] if is_cut else delivery.body).decode("utf-8", "replace"),
        "is_cut": is_cut,
    }


def _script(world: AppState, body: Mapping[str, Any]) -> Any:
    """``{"answers": [{"status": 500, "body": "…", "delay": 0.1, "reset": false}]}``, one per delivery."""
    answers = body.get("answers")
    if not isinstance(answers, list):
        raise BadRequest("answers must be an array")
    world.receiver.script(*(_reply(item) for item in answers))
    return {"ok": True}


def _reply(item: Any) -> Reply:
    if not isinstance(item, Mapping) or not set(item) <= {"status", "body", "delay", "reset"}:
        raise BadRequest("an answer is an object of status, body, delay and reset")
    status, body = item.get("status", 200), item.get("body", "")
    if not isinstance(status, int) or isinstance(status, bool) or not isinstance(body, str):
        raise BadRequest("status of an answer must be an HTTP status, and body a text")
    delay, reset = _number(item.get("delay", 0), "delay"), item.get("reset", False)
    if not isinstance(reset, bool):
        raise BadRequest("reset of an answer must be true or false")
    return Reply(status, body.encode(), delay=delay, reset=reset)


def _number(value: Any, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadRequest(f"{name} takes seconds")
    return value


_OPERATIONS: Mapping[tuple[str, str], Callable[[AppState, Mapping[str, Any]], Any]] = {
    ("GET", "/health"): _health,
    ("GET", "/faults"): _list_faults,
    ("POST", "/faults"): _add_fault,
    ("DELETE", "/faults"): _clear_faults,
    ("GET", "/clock"): _get_clock,
    ("POST", "/clock"): _set_clock,
    ("GET", "/deliveries"): _deliveries,
    ("POST", "/receiver"): _script,
}
