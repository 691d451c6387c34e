"""One message at a source, from decision to stored request and branches, in a single transaction.

A request that was answered with success is therefore on disk together with every branch it owes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.ingress.signatures import authentication, is_authentic, sender_urls
from pytest_fasthook.emulator.payload import Payload, envelope
from pytest_fasthook.emulator.rules.filters import matches
from pytest_fasthook.emulator.rules.rules import deduplicate_key, rule_of
from pytest_fasthook.emulator.store.records import Connection, Destination, Event, Request, Source
from pytest_fasthook.emulator.store.tables import (
    CONNECTIONS,
    DESTINATIONS,
    EVENTS,
    REQUESTS,
    SOURCES,
    save_payload,
)
from pytest_fasthook.emulator.world import AppState


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Why a request or event exists: by itself, or as a retry of another.

    Attributes:
        trigger: the trigger of the first attempt (names inferred from Hookdeck).
        retry_kind: ``single`` or ``bulk``; ``None`` for what came in by itself.
        parent_id: the request or event that is repeated.
        operation_id: the bulk operation, if any.
    """

    trigger: str = "INITIAL"
    retry_kind: str | None = None
    parent_id: str | None = None
    operation_id: str | None = None


def lineage(parent_id: str, *, operation_id: str | None = None) -> Lineage:
    """Return the lineage of a retry, alone or as a part of a bulk operation."""
    kind, trigger = ("single", "MANUAL") if operation_id is None else ("bulk", "BULK_RETRY")
    return Lineage(trigger=trigger, retry_kind=kind, parent_id=parent_id, operation_id=operation_id)


METHODS = ("POST", "PUT", "PATCH", "DELETE")
"""What a source allows that lists no methods, as FastHook's presets do."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one message.

    Attributes:
        verified: authentication is configured and was passed.
        cause: why it is rejected; ``None`` when it is accepted.
        status: the HTTP status of a rejection.
    """

    verified: bool = False
    cause: str | None = None
    status: int = 200


def methods_of(source: Source) -> Sequence[str]:
    """Return the methods that a source lets in."""
    allowed: Sequence[str] = (source.config or {}).get("allowed_http_methods") or METHODS
    return allowed


def decide(source: Source, payload: Payload, *, now_s: float, max_body: int) -> Decision:
    """Decide about one message.

    Args:
        source: the source it came to.
        payload: the message.
        now_s: seconds since 1970.
        max_body: bytes that a body may have.
    """
    if source.disabled_ms is not None:
        return Decision(cause="SOURCE_DISABLED", status=403)
    if payload.method not in methods_of(source):
        return Decision(cause="SOURCE_METHOD_NOT_ALLOWED", status=405)
    if len(payload.body) > max_body:
        return Decision(cause="PAYLOAD_TOO_LARGE", status=413)
    return _authenticated(source, payload, now_s)


def _authenticated(source: Source, payload: Payload, now_s: float) -> Decision:
    refused = Decision(cause="SOURCE_AUTH_FAILED", status=401)
    try:
        demanded = authentication(source.type, source.config)
    except BadRequest:  # stored by an earlier version
        return refused
    if demanded is None:
        return Decision()
    urls = list(sender_urls(source.hook, payload))
    return Decision(verified=True) if is_authentic(demanded, payload, urls=urls, now_s=now_s) else refused


@dataclass(frozen=True, slots=True)
class Ignored:
    """Why a branch is ignored (FastHook contract, ignored event)."""

    cause: str
    meta: tuple[Any, ...] = ()


def branch(  # noqa: PLR0913 - what a branch is made of
    world: AppState,
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


def _routed(world: AppState, connection: Connection) -> dict[str, Any]:
    script = (rule_of(connection.rules, "transform") or {}).get("transformation_id")
    if connection.paused_ms is not None:
        return {"status": "HOLD", "transformation_id": script}
    delay = rule_of(connection.rules, "delay")
    return {"transformation_id": script, **_due(world, int(delay["delay"]) if delay else 0)}


def new_event(world: AppState, connection: Connection, request: Request, **state: Any) -> Event:
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


def _due(world: AppState, delay_ms: int) -> dict[str, Any]:
    if delay_ms == 0:
        return {"status": "QUEUED", "due_ms": world.clock.elapsed_ms()}
    return {
        "status": "SCHEDULED",
        "due_ms": world.clock.elapsed_ms() + delay_ms,
        "next_attempt_ms": world.clock.now_ms() + delay_ms,
    }


def _ignored(
    world: AppState, connection: Connection, destination: Destination, request: Request, payload: Payload
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
    world: AppState,
    connection: Connection,
    rule: Mapping[str, Any],
    request: Request,
    seen: Mapping[str, Any],
) -> str | None:
    """Return the request that this one repeats within the window; else remember this one."""
    key, now = deduplicate_key(rule, seen), world.clock.elapsed_ms()
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


Branch = tuple[Event, Destination]


@dataclass(frozen=True, slots=True)
class Received:
    """A stored request and the decision about it."""

    request: Request
    decision: Decision


def source_of(world: AppState, hook: str) -> Source | None:
    """Return the source with that label in its URL."""
    return SOURCES.find(world.database, "hook = ?", (hook,))


def receive(world: AppState, source: Source, payload: Payload) -> Received:
    """Decide about a message, store it, and make its branches."""
    decision = decide(source, payload, now_s=world.clock.now_ms() / 1000, max_body=world.settings.max_body)
    request = store_request(world, source, payload, decision, lineage=Lineage())
    return Received(request, decision)


def store_request(
    world: AppState, source: Source, payload: Payload, decision: Decision, *, lineage: Lineage
) -> Request:
    """Store a decided message and make its branches where it is accepted."""
    with world.database.transaction():
        request = _new_request(world, source, decision, lineage)
        save_payload(world.database, str(request.data_id), payload)
        branches = list(_branches(world, request, payload, lineage)) if decision.cause is None else []
        request = REQUESTS.insert(world.database, replace(request, **_counts(branches)))
        for event, _ in branches:
            EVENTS.insert(world.database, event)
    if any(event.due_ms is not None for event, _ in branches):
        world.wake()
    return request


def _counts(branches: Sequence[Branch]) -> dict[str, Any]:
    routed = [destination for event, destination in branches if event.status != "CANCELLED"]
    return {
        "events_count": len(routed),
        "ignored_count": len(branches) - len(routed),
        "cli_events_count": sum(destination.type == "CLI" for destination in routed),
    }


def _new_request(world: AppState, source: Source, decision: Decision, lineage: Lineage) -> Request:
    now = world.clock.now_ms()
    return Request(
        id=world.ids.sortable("req"),
        team_id=source.team_id,
        source_id=source.id,
        status="accepted" if decision.cause is None else "rejected",
        verified=decision.verified,
        rejection_cause=decision.cause,
        data_id=world.ids.sortable("edt"),
        retry_kind=lineage.retry_kind,
        retry_parent_id=lineage.parent_id,
        retry_operation_id=lineage.operation_id,
        retried_ms=now if lineage.retry_kind else None,
        created_ms=now,
        updated_ms=now,
    )


def _branches(world: AppState, request: Request, payload: Payload, lineage: Lineage) -> Iterator[Branch]:
    for connection in _routes(world, request.source_id):
        destination = DESTINATIONS.get(world.database, connection.team_id, connection.destination_id)
        if world.faults.take(FaultKind.LOST_BRANCH, connection.id):
            continue
        event = branch(world, connection, destination, request, payload, trigger=lineage.trigger)
        yield event, destination
        if world.faults.take(FaultKind.DUPLICATED_BRANCH, connection.id):
            yield replace(event, id=world.ids.sortable("evt")), destination


def _routes(world: AppState, source_id: str) -> list[Connection]:
    """The source's active and paused connections; disabled ones are skipped (FastHook docs, pausing)."""
    return CONNECTIONS.select(
        world.database, "WHERE source_id = ? AND disabled_ms IS NULL ORDER BY seq", (source_id,)
    )
