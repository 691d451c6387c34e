"""Bulk operations of events and requests (FastHook contract, bulk operation)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fasthook.emulator import replay
from pytest_fasthook.emulator.api.call import Answer, Call, Operation
from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.events import event_conditions
from pytest_fasthook.emulator.api.requests import request_conditions
from pytest_fasthook.emulator.api.search import searched
from pytest_fasthook.emulator.api.windows import Window, read_window
from pytest_fasthook.emulator.errors import BadRequest, NotFound
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.store.records import BulkOperation
from pytest_fasthook.emulator.store.tables import BULK_OPERATIONS
from pytest_fasthook.emulator.times import iso

EVENT_FIELDS = ("from", "to", "status", "source_id", "connection_id", "webhook_id", "destination_id", "q")
REQUEST_FIELDS = ("from", "to", "status", "source_id", "q")
_BUCKETS = {"all": "1", "ongoing": "status IN ('PLANNED', 'RUNNING')", "history": "finished_ms IS NOT NULL"}


async def create_for_events(call: Call) -> Answer:
    """Plan the retry of every event that a filter selects; ignored branches are never selected."""
    filtered, body = await _filtered(call, "/events", EVENT_FIELDS)
    conditions = event_conditions(filtered, _window(filtered))
    conditions.add("status <> 'CANCELLED'")
    return _planned(call, replay.EVENT_RETRY, conditions, body)


async def create_for_requests(call: Call) -> Answer:
    """Plan the replay of every request that a filter selects."""
    filtered, body = await _filtered(call, "/requests", REQUEST_FIELDS)
    return _planned(call, replay.REQUEST_RETRY, request_conditions(filtered, _window(filtered)), body)


def list_of(kind: str) -> Operation:
    """Return the operation that lists bulk operations of one type."""

    def list_all(call: Call) -> Answer:
        """List bulk operations."""
        bucket = call.choice("bucket", tuple(_BUCKETS), default="all")
        clause = f"WHERE team_id = ? AND type = ? AND {_BUCKETS[bucket]} ORDER BY seq DESC LIMIT ?"
        values = (call.team_id, kind, call.limit(most=255))
        found = BULK_OPERATIONS.select(call.world.database, clause, values)
        return Answer({"count": len(found), "models": [bulk_view(item) for item in found]})

    return list_all


def get_of(kind: str) -> Operation:
    """Return the operation that shows one bulk operation of one type."""

    def get(call: Call) -> Answer:
        """Return one bulk operation with its progress."""
        return Answer(bulk_view(_operation(call, kind)))

    return get


def cancel_of(kind: str) -> Operation:
    """Return the operation that cancels one bulk operation of one type."""

    def cancel(call: Call) -> Answer:
        """Cancel a bulk operation that is planned or running."""
        return Answer(bulk_view(replay.cancel_bulk(call.world, _operation(call, kind))))

    return cancel


def bulk_view(operation: BulkOperation) -> dict[str, Any]:
    """Return a bulk operation in the contract's form."""
    is_ongoing = operation.status in replay.ONGOING
    handled = operation.done_count + operation.failed_count
    return {
        "id": operation.id,
        "team_id": operation.team_id,
        "type": operation.type,
        "status": operation.status,
        "filter": operation.filter,
        "requested_by": None,
        "created_at": iso(operation.created_ms),
        "started_at": iso(operation.started_ms),
        "finished_at": iso(operation.finished_ms),
        "total_count": operation.total_count,
        "queued_count": operation.total_count - handled if is_ongoing else 0,
        "done_count": operation.done_count,
        "failed_count": operation.failed_count,
        "cancelable": is_ongoing,
    }


async def _filtered(call: Call, path: str, names: tuple[str, ...]) -> tuple[Call, Mapping[str, Any]]:
    """The call with the body's filter in the place of its query."""
    body = fields.known(call.body(), *names)
    if not all(isinstance(value, str) for value in body.values()):
        raise BadRequest("every part of the filter must be a text")
    return await searched(replace(call, query=list(body.items())), path), body


def _window(call: Call) -> Window:
    return read_window(call, has_default=False)


def _planned(call: Call, kind: str, conditions: Conditions, body: Mapping[str, Any]) -> Answer:
    operation = replay.plan_bulk(
        call.world, call.team_id, kind=kind, where=conditions.where, values=conditions.values, shown=body
    )
    return Answer(bulk_view(operation), 201)


def _operation(call: Call, kind: str) -> BulkOperation:
    operation = BULK_OPERATIONS.get(call.world.database, call.team_id, call.id)
    if operation.type != kind:
        raise NotFound("bulk operation not found")
    return operation
