"""What becomes of one request on one connection: an event that is queued, delayed, held or ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.emulator.payload import Payload, envelope
from pytest_fasthook.emulator.rules import deduplicate
from pytest_fasthook.emulator.rules.canonical import rule_of
from pytest_fasthook.emulator.rules.filters import matches
from pytest_fasthook.emulator.store.records import Connection, Destination, Event, Request
from pytest_fasthook.emulator.world import World


@dataclass(frozen=True, slots=True)
class Ignored:
    """Why a branch is ignored (FastHook contract, ignored event)."""

    cause: str
    meta: tuple[Any, ...] = ()


def branch(  # noqa: PLR0913 - what a branch is made of
    world: World,
    connection: Connection,
    destination: Destination,
    request: Request,
    payload: Payload,
    *,
    trigger: str,
) -> Event:
    """Return the event of one request on one connection; the caller stores it."""
    ignored = _ignored(world, connection, destination, request, payload)
    if ignored:
        state = {"status": "CANCELLED", "cause": ignored.cause, "meta": list(ignored.meta)}
    else:
        state = _routed(world, connection)
    return new_event(world, connection, request, trigger=trigger, **state)


def _routed(world: World, connection: Connection) -> dict[str, Any]:
    script = (rule_of(connection.rules, "transform") or {}).get("transformation_id")
    if connection.paused_ms is not None:
        return {"status": "HOLD", "transformation_id": script}
    delay = rule_of(connection.rules, "delay")
    return {"transformation_id": script, **_due(world, int(delay["delay"]) if delay else 0)}


def new_event(world: World, connection: Connection, request: Request, **state: Any) -> Event:
    """Return a new event of a request on a connection, in the given state."""
    now = world.clock.now_ms()
    return Event(
        id=world.ids.sortable("evt"),
        team_id=request.team_id,
        connection_id=connection.id,
        source_id=request.source_id,
        destination_id=connection.destination_id,
        request_id=request.id,
        created_ms=now,
        updated_ms=now,
        **{"data_id": request.data_id, **state},
    )


def _due(world: World, delay_ms: int) -> dict[str, Any]:
    if delay_ms == 0:
        return {"status": "QUEUED", "due_ms": world.clock.elapsed_ms()}
    return {
        "status": "SCHEDULED",
        "due_ms": world.clock.elapsed_ms() + delay_ms,
        "next_attempt_ms": world.clock.now_ms() + delay_ms,
    }


def _ignored(
    world: World, connection: Connection, destination: Destination, request: Request, payload: Payload
) -> Ignored | None:
    duplicate, conditions = rule_of(connection.rules, "deduplicate"), rule_of(connection.rules, "filter")
    seen = envelope(payload) if duplicate or conditions else {}
    first = _seen_before(world, connection, duplicate, request, seen) if duplicate else None
    if first:
        return Ignored("DEDUPLICATED", ({"request_id": first},))
    if conditions and not matches(conditions, seen):
        return Ignored("FILTERED")
    return Ignored("DISABLED") if destination.disabled_ms is not None else None


def _seen_before(
    world: World, connection: Connection, rule: Mapping[str, Any], request: Request, seen: Mapping[str, Any]
) -> str | None:
    """Return the request that this one repeats within the window; else remember this one."""
    key, now = deduplicate.key(rule, seen), world.clock.elapsed_ms()
    row = world.database.row(
        "SELECT request_id, seen_ms FROM seen_keys WHERE connection_id = ? AND key = ?", (connection.id, key)
    )
    if row and now - row["seen_ms"] < rule["window"]:
        return str(row["request_id"])
    world.database.execute(
        "INSERT OR REPLACE INTO seen_keys (connection_id, key, request_id, seen_ms) VALUES (?, ?, ?, ?)",
        (connection.id, key, request.id, now),
    )
    return None
