"""One message at a source, from decision to stored request and branches, in a single transaction.

A request that was answered with success is therefore on disk together with every branch it owes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.ingress.branches import branch
from pytest_fasthook.emulator.ingress.decide import Decision, decide
from pytest_fasthook.emulator.lineage import Lineage
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.records import Connection, Destination, Event, Request, Source
from pytest_fasthook.emulator.store.tables import (
    CONNECTIONS,
    DESTINATIONS,
    EVENTS,
    REQUESTS,
    SOURCES,
    save_payload,
)
from pytest_fasthook.emulator.world import World

Branch = tuple[Event, Destination]


@dataclass(frozen=True, slots=True)
class Received:
    """A stored request and the decision about it."""

    request: Request
    decision: Decision


def source_of(world: World, hook: str) -> Source | None:
    """Return the source with that label in its URL."""
    return SOURCES.find(world.database, "hook = ?", (hook,))


def receive(world: World, source: Source, payload: Payload) -> Received:
    """Decide about a message, store it, and make its branches."""
    decision = decide(source, payload, now_s=world.clock.now_ms() / 1000, max_body=world.settings.max_body)
    request = admit(world, source, payload, decision, lineage=Lineage())
    return Received(request, decision)


def admit(world: World, source: Source, payload: Payload, decision: Decision, *, lineage: Lineage) -> Request:
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


def _new_request(world: World, source: Source, decision: Decision, lineage: Lineage) -> Request:
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


def _branches(world: World, request: Request, payload: Payload, lineage: Lineage) -> Iterator[Branch]:
    for connection in _routes(world, request.source_id):
        destination = DESTINATIONS.get(world.database, connection.team_id, connection.destination_id)
        if world.faults.take(FaultKind.LOST_BRANCH, connection.id):
            continue
        event = branch(world, connection, destination, request, payload, trigger=lineage.trigger)
        yield event, destination
        if world.faults.take(FaultKind.DUPLICATED_BRANCH, connection.id):
            yield replace(event, id=world.ids.sortable("evt")), destination


def _routes(world: World, source_id: str) -> list[Connection]:
    """The source's active and paused connections; disabled ones are skipped (FastHook docs, pausing)."""
    return CONNECTIONS.select(
        world.database, "WHERE source_id = ? AND disabled_ms IS NULL ORDER BY seq", (source_id,)
    )
