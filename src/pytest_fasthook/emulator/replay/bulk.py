"""Bulk operations: a fixed list of targets, retried a few at a time, with progress and a way to cancel.

The list is stored, so an operation goes on after a restart where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_fasthook.emulator.errors import Conflict, Invalid, Refusal, StorageFull
from pytest_fasthook.emulator.lineage import lineage
from pytest_fasthook.emulator.replay.events import retry_event
from pytest_fasthook.emulator.replay.requests import retry_request
from pytest_fasthook.emulator.store.records import BulkOperation
from pytest_fasthook.emulator.store.tables import BULK_OPERATIONS, EVENTS, REQUESTS
from pytest_fasthook.emulator.world import World

EVENT_RETRY = "event_bulk_retry"
REQUEST_RETRY = "request_bulk_retry"
ONGOING = ("PLANNED", "RUNNING")
MAX_TARGETS = 10_000
MAX_ONGOING = 10
CHUNK = 25
"""Targets per step; between steps everything else gets its turn."""


def plan(  # noqa: PLR0913 - what an operation consists of
    world: World, team_id: str, *, kind: str, where: str, values: Sequence[Any], shown: Mapping[str, Any]
) -> BulkOperation:
    """Fix the targets of a new operation; it runs on its own from then on.

    Args:
        world: the emulator.
        team_id: the team.
        kind: ``event_bulk_retry`` or ``request_bulk_retry``.
        where: the SQL condition that selects the targets.
        values: the condition's values.
        shown: the filter as it was given.

    Raises:
        Conflict: too many operations are under way.
        Invalid: the filter selects too much.
    """
    table = "events" if kind == EVENT_RETRY else "requests"
    operation_id, now = world.ids.make("bch"), world.clock.now_ms()
    with world.database.transaction():
        _check_ongoing(world, team_id)
        selected = f"SELECT ?, id FROM {table} WHERE {where} ORDER BY created_ms, seq LIMIT {MAX_TARGETS + 1}"  # noqa: S608 - built from code
        total = world.database.execute(
            f"INSERT INTO bulk_targets (operation_id, target_id) {selected}", (operation_id, *values)
        )
        if total > MAX_TARGETS:
            raise Invalid(f"the filter selects more than {MAX_TARGETS} {table}: narrow it")
        operation = BulkOperation(
            id=operation_id,
            team_id=team_id,
            type=kind,
            status="PLANNED",
            filter=dict(shown),
            total_count=total,
            due_ms=world.clock.elapsed_ms() + round(world.settings.bulk_delay * 1000),
            created_ms=now,
            updated_ms=now,
        )
        BULK_OPERATIONS.insert(world.database, operation)
    world.wake()
    return operation


def _check_ongoing(world: World, team_id: str) -> None:
    marks = ", ".join("?" * len(ONGOING))
    ongoing = world.database.number(
        f"SELECT count(*) FROM bulk_operations WHERE team_id = ? AND status IN ({marks})",  # noqa: S608 - only marks
        (team_id, *ONGOING),
    )
    if ongoing >= MAX_ONGOING:
        raise Conflict(
            f"{MAX_ONGOING} bulk operations are under way: cancel one, or wait until one has ended"
        )


def cancel(world: World, operation: BulkOperation) -> BulkOperation:
    """Stop an operation; what it has retried stays retried.

    Raises:
        Conflict: it has ended already.
    """
    with world.database.transaction():
        if operation.status not in ONGOING:
            raise Conflict(f"the operation is {operation.status}")
        world.database.execute("DELETE FROM bulk_targets WHERE operation_id = ?", (operation.id,))
        return _set(world, operation, status="CANCELLED", finished_ms=world.clock.now_ms(), due_ms=None)


def step(world: World) -> int | None:
    """Do one step of the operation that waits longest; return when the next is due, ``None`` where none is."""
    waiting = BULK_OPERATIONS.find(
        world.database, "due_ms <= ? ORDER BY due_ms, seq", (world.clock.elapsed_ms(),)
    )
    if waiting:
        with world.database.transaction():
            _advance(world, waiting)
    row = world.database.row("SELECT min(due_ms) FROM bulk_operations WHERE due_ms IS NOT NULL")
    return None if row is None or row[0] is None else int(row[0])


def _advance(world: World, operation: BulkOperation) -> None:
    if operation.started_ms is None:
        operation = _set(world, operation, status="RUNNING", started_ms=world.clock.now_ms())
    targets = world.database.rows(
        "SELECT seq, target_id FROM bulk_targets WHERE operation_id = ? ORDER BY seq LIMIT ?",
        (operation.id, CHUNK),
    )
    failed = sum(not _retried(world, operation, row["target_id"]) for row in targets)
    if targets:
        world.database.execute(
            "DELETE FROM bulk_targets WHERE operation_id = ? AND seq <= ?", (operation.id, targets[-1]["seq"])
        )
    changes: dict[str, Any] = {
        "due_ms": world.clock.elapsed_ms(),
        "done_count": operation.done_count + len(targets) - failed,
        "failed_count": operation.failed_count + failed,
    }
    if len(targets) < CHUNK:
        changes |= {"status": "COMPLETED", "finished_ms": world.clock.now_ms(), "due_ms": None}
    _set(world, operation, **changes)


def _retried(world: World, operation: BulkOperation, target_id: str) -> bool:
    origin = lineage(target_id, operation_id=operation.id)
    try:
        if operation.type == EVENT_RETRY:
            retry_event(world, EVENTS.get(world.database, operation.team_id, target_id), origin)
        else:
            request = REQUESTS.get(world.database, operation.team_id, target_id)
            retry_request(world, request, {}, origin)
    except StorageFull:
        raise
    except Refusal:
        return False
    return True


def _set(world: World, operation: BulkOperation, **changes: Any) -> BulkOperation:
    BULK_OPERATIONS.update(world.database, operation.id, **changes, updated_ms=world.clock.now_ms())
    return BULK_OPERATIONS.get(world.database, operation.team_id, operation.id)
