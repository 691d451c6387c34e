"""Sending again: one event, one request, or many of them in a bulk operation that goes on after a restart."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from pytest_fasthook.emulator.errors import APIError, BadRequest, Conflict, StorageFull, TooLarge
from pytest_fasthook.emulator.ingress.accept import Decision, Lineage, lineage, store_request
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.records import BulkOperation, Event, Request, Source
from pytest_fasthook.emulator.store.tables import (
    BULK_OPERATIONS,
    CONNECTIONS,
    EVENTS,
    REQUESTS,
    SOURCES,
    has_payload,
    load_payload,
)
from pytest_fasthook.emulator.world import AppState


def retry_event(world: AppState, event: Event, lineage: Lineage) -> Event:
    """Queue a new event for the branch of an old one.

    Raises:
        Conflict: the branch was ignored, the source or connection is not enabled, the connection is paused, or the
            payload no longer exists.
    """
    with world.database.transaction():
        _check_branch(world, event)
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


def _check_branch(world: AppState, event: Event) -> None:
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


METHODS = ("GET", "QUERY", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
PARTS = ("method", "path", "query", "headers", "body")
WRAPPERS = ("modifications", "request", "replay")
MAX_BODY = 10_000_000
MAX_PATH = 2048


@dataclass(frozen=True, slots=True)
class Replay:
    """A replayed request, and whether it was changed."""

    request: Request
    mode: str


def retry_request(world: AppState, request: Request, body: Any, lineage: Lineage) -> Replay:
    """Send a stored request through its source again, as a new request.

    Args:
        world: the emulator.
        request: what is repeated; a rejected one as well.
        body: the call's JSON body; empty for an exact replay.
        lineage: how the new request is linked to the old one.

    Raises:
        Conflict: the source is gone or disabled, or the payload no longer exists.
        BadRequest: the modifications cannot be read.
        TooLarge: the modified body is over 10 MB.
    """
    changes = read_modifications(body)
    source = SOURCES.find(world.database, "id = ? AND team_id = ?", (request.source_id, request.team_id))
    payload = load_payload(world.database, request.data_id)
    if payload is None:
        raise Conflict("the payload no longer exists")
    source = _enabled(source)
    payload = modified(payload, changes)
    # The sender proved who it is the first time; a changed body could not be signed again.
    decision = Decision(verified=request.verified)
    again = store_request(world, source, payload, decision, lineage=lineage)
    return Replay(again, "modified" if changes else "exact")


def _enabled(source: Source | None) -> Source:
    if source is None or source.disabled_ms is not None:
        raise Conflict("the source is not enabled")
    return source


def read_modifications(body: Any) -> Mapping[str, Any]:
    """Read what is to be changed: under ``modifications``, one of its aliases, or at the top level."""
    if not isinstance(body, Mapping):
        raise BadRequest("the request body must be a JSON object")
    given = [name for name in WRAPPERS if name in body]
    if len(given) > 1 or (given and len(body) > 1):
        raise BadRequest(f"give one of {', '.join(WRAPPERS)}, or the parts at the top level")
    changes = body[given[0]] if given else body
    if not isinstance(changes, Mapping) or not set(changes) <= set(PARTS):
        raise BadRequest(f"modifications take {', '.join(PARTS)}")
    _check(changes)
    return changes


def _check(changes: Mapping[str, Any]) -> None:
    if changes.get("method", "POST") not in METHODS:
        raise BadRequest(f"method must be one of {', '.join(METHODS)}")
    path = changes.get("path", "/")
    if not isinstance(path, str) or len(path) > MAX_PATH:
        raise BadRequest(f"path must be a text of at most {MAX_PATH} characters")
    if not isinstance(changes.get("query", ""), str | Mapping):
        raise BadRequest("query must be a text or an object")
    headers = changes.get("headers", {})
    if not isinstance(headers, Mapping) or not all(_is_header(*pair) for pair in headers.items()):
        raise BadRequest("headers must be an object of header names and texts of one line")


def _is_header(name: str, value: Any) -> bool:
    is_line = isinstance(value, str) and "\n" not in value and "\r" not in value
    return is_line and HEADER_NAME.fullmatch(name) is not None


def modified(payload: Payload, changes: Mapping[str, Any]) -> Payload:
    """Return the payload with the changes; headers that are not named stay."""
    parts: dict[str, Any] = {}
    if "method" in changes:
        parts["method"] = changes["method"]
    if "path" in changes:
        parts["path"] = "/" + changes["path"].removeprefix("/")
    if "query" in changes:
        parts["query"] = _query(changes["query"])
    if "headers" in changes:
        parts["headers"] = _headers(payload, changes["headers"])
    if "body" in changes:
        parts["body"] = _body(changes["body"])
    return replace(payload, **parts)


def _query(query: str | Mapping[str, Any]) -> str:
    return query.removeprefix("?") if isinstance(query, str) else urlencode(query, doseq=True)


def _headers(payload: Payload, headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    given = {name.lower(): str(value) for name, value in headers.items()}
    kept = tuple(pair for pair in payload.headers if pair[0] not in given)
    return (*kept, *given.items())


def _body(body: Any) -> bytes:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if len(raw) > MAX_BODY:
        raise TooLarge("the replay's body is over 10 MB")
    return raw


EVENT_RETRY = "event_bulk_retry"
REQUEST_RETRY = "request_bulk_retry"
ONGOING = ("PLANNED", "RUNNING")
MAX_TARGETS = 10_000
MAX_ONGOING = 10
CHUNK = 25
"""Targets per step; between steps everything else gets its turn."""


def plan_bulk(  # noqa: PLR0913 - what an operation consists of
    world: AppState, team_id: str, *, kind: str, where: str, values: Sequence[Any], shown: Mapping[str, Any]
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
        BadRequest: the filter selects too much.
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
            raise BadRequest(f"the filter selects more than {MAX_TARGETS} {table}: narrow it")
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


def _check_ongoing(world: AppState, team_id: str) -> None:
    marks = ", ".join("?" * len(ONGOING))
    ongoing = world.database.number(
        f"SELECT count(*) FROM bulk_operations WHERE team_id = ? AND status IN ({marks})",  # noqa: S608 - only marks
        (team_id, *ONGOING),
    )
    if ongoing >= MAX_ONGOING:
        raise Conflict(
            f"{MAX_ONGOING} bulk operations are under way: cancel one, or wait until one has ended"
        )


def cancel_bulk(world: AppState, operation: BulkOperation) -> BulkOperation:
    """Stop an operation; what it has retried stays retried.

    Raises:
        Conflict: it has ended already.
    """
    with world.database.transaction():
        if operation.status not in ONGOING:
            raise Conflict(f"the operation is {operation.status}")
        world.database.execute("DELETE FROM bulk_targets WHERE operation_id = ?", (operation.id,))
        return _set(world, operation, status="CANCELLED", finished_ms=world.clock.now_ms(), due_ms=None)


def bulk_step(world: AppState) -> int | None:
    """Do one step of the operation that waits longest; return when the next is due, ``None`` where none is."""
    waiting = BULK_OPERATIONS.find(
        world.database, "due_ms <= ? ORDER BY due_ms, seq", (world.clock.elapsed_ms(),)
    )
    if waiting:
        with world.database.transaction():
            _advance(world, waiting)
    row = world.database.row("SELECT min(due_ms) FROM bulk_operations WHERE due_ms IS NOT NULL")
    return None if row is None or row[0] is None else int(row[0])


def _advance(world: AppState, operation: BulkOperation) -> None:
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


def _retried(world: AppState, operation: BulkOperation, target_id: str) -> bool:
    origin = lineage(target_id, operation_id=operation.id)
    try:
        if operation.type == EVENT_RETRY:
            retry_event(world, EVENTS.get(world.database, operation.team_id, target_id), origin)
        else:
            request = REQUESTS.get(world.database, operation.team_id, target_id)
            retry_request(world, request, {}, origin)
    except StorageFull:
        raise
    except APIError:
        return False
    return True


def _set(world: AppState, operation: BulkOperation, **changes: Any) -> BulkOperation:
    BULK_OPERATIONS.update(world.database, operation.id, **changes, updated_ms=world.clock.now_ms())
    return BULK_OPERATIONS.get(world.database, operation.team_id, operation.id)
