"""Retrying one event: a new event of the same branch, with the payload that was ready to be sent."""

from __future__ import annotations

from dataclasses import replace

from pytest_fasthook.emulator.errors import Conflict
from pytest_fasthook.emulator.lineage import Lineage
from pytest_fasthook.emulator.store.records import Event
from pytest_fasthook.emulator.store.tables import CONNECTIONS, EVENTS, SOURCES, has_payload
from pytest_fasthook.emulator.world import World


def retry_event(world: World, event: Event, lineage: Lineage) -> Event:
    """Queue a new event for the branch of an old one.

    Raises:
        Conflict: the branch was ignored, the source or connection is not enabled, the connection is paused, or the
            payload no longer exists.
    """
    with world.database.transaction():
        _check(world, event)
        now = world.clock.now_ms()
        again = Event(
            id=world.ids.sortable("evt"),
            team_id=event.team_id,
            connection_id=event.connection_id,
            source_id=event.source_id,
            destination_id=event.destination_id,
            request_id=event.request_id,
            data_id=event.data_id,
            transformation_id=event.transformation_id,
            status="QUEUED",
            due_ms=world.clock.elapsed_ms(),
            created_ms=now,
            updated_ms=now,
        )
        again = EVENTS.insert(world.database, with_lineage(again, lineage, now))
        world.database.execute(
            "UPDATE requests SET events_count = events_count + 1, updated_ms = ? WHERE id = ?",
            (now, event.request_id),
        )
    world.wake()
    return again


def with_lineage(event: Event, lineage: Lineage, now: int) -> Event:
    """Return an event that says what it repeats."""
    return replace(
        event,
        trigger=lineage.trigger,
        retry_kind=lineage.retry_kind,
        retry_parent_id=lineage.parent_id if lineage.retry_kind else None,
        retry_operation_id=lineage.operation_id,
        retried_ms=now if lineage.retry_kind else None,
    )


def _check(world: World, event: Event) -> None:
    source = SOURCES.find(world.database, "id = ?", (event.source_id,))
    connection = CONNECTIONS.find(world.database, "id = ?", (event.connection_id,))
    if event.status == "CANCELLED":
        raise Conflict("an ignored branch cannot be retried")
    if source is None or source.disabled_ms is not None:
        raise Conflict("the source is not enabled")
    if connection is None or connection.disabled_ms is not None:
        raise Conflict("the connection is not enabled")
    if connection.paused_ms is not None:
        raise Conflict("the connection is paused")
    if not has_payload(world.database, event.data_id):
        raise Conflict("the payload no longer exists")
