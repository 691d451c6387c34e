"""Requests: what sources received (FastHook contract, RequestModel)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.totals import total_of
from pytest_fasthook.emulator.api.windows import Window, read_cursor, read_window, write_cursor
from pytest_fasthook.emulator.errors import BadRequest, NotFound
from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.store.database import Database
from pytest_fasthook.emulator.store.records import Execution, ProxyExchange, Request
from pytest_fasthook.emulator.store.tables import (
    ATTEMPTS,
    EVENTS,
    EXECUTIONS,
    PROXY_EXCHANGES,
    REQUESTS,
    load_payload,
)
from pytest_fasthook.emulator.views.trace import RequestTrace, trace_view
from pytest_fasthook.emulator.views.traffic import (
    execution_data,
    ignored_view,
    proxy_view,
    request_event_view,
    request_view,
    with_data,
)
from pytest_fasthook.emulator.world import AppState

STATUSES = ("accepted", "rejected")
PAGE_BYTES = 4_000_000
"""Bytes of bodies that a page of requests has room for."""
CUT_BODY = 1_000
"""Bytes of each body that are shown where there is no room."""
EVENT_STATUSES = ("SCHEDULED", "QUEUED", "HOLD", "SUCCESSFUL", "FAILED", "CANCELLED")


def list_all(call: Call) -> Answer:
    """List requests, newest first, one page at a time."""
    limit = call.limit(most=100)
    window = read_window(call)
    included = call.all("include")
    if not set(included) <= {"data", "event_summary"}:
        raise BadRequest("include takes data and event_summary")
    partial = call.world.faults.take(FaultKind.PARTIAL, "/requests") is not None
    found = [] if partial else _page(call, window, limit + 1)
    models = [request_view(request) for request in found[:limit]]
    if "data" in included:
        models = _with_payloads(call, found[:limit], models)
    following = (
        write_cursor(found[limit - 1].created_ms, found[limit - 1].seq) if len(found) > limit else None
    )
    return Answer(
        {
            "total": len(found),
            "total_exact": following is None and not partial,
            "partial": partial,
            "unavailable_shard_count": int(partial),
            "limit": limit,
            "applied_range": window.shown(),
            "next_cursor": following,
            "next": following,
            "prev": None,
            "pagination": {"order_by": "created_at", "dir": "desc", "limit": limit},
            "count": len(models),
            "models": models,
        }
    )


def count(call: Call) -> Answer:
    """Count requests."""
    window = read_window(call)
    filters = request_filters(call)
    partial = call.world.faults.take(FaultKind.PARTIAL, "/requests/count") is not None
    total = 0 if partial else total_of(call.world, "requests", filters, window)
    return Answer(
        {
            "total": total,
            "count": total,
            "total_exact": not partial,
            "partial": partial,
            "unavailable_shard_count": int(partial),
            "applied_range": window.shown(),
        }
    )


def get(call: Call) -> Answer:
    """Return one request with its payload."""
    request = visible_request(call)
    view = with_data(request_view(request), load_payload(call.world.database, request.data_id))
    return Answer({**view, "proxy_exchange": proxy_view(_proxy_exchange(call.world, request))})


def trace(call: Call) -> Answer:
    """Return everything about one request."""
    return Answer(trace_view(trace_of(call.world, visible_request(call))))


MAX_TRACED_BODY = 100_000
"""Bytes of each script's input and output in a trace, which may hold hundreds; a longer one is cut."""


def trace_of(world: AppState, request: Request) -> RequestTrace:
    """Read what came of a request, as far as it can be seen."""
    seen = "WHERE request_id = ? AND created_ms <= ? ORDER BY seq"
    executions = EXECUTIONS.select(world.database, "WHERE request_id = ? ORDER BY seq", (request.id,))
    return RequestTrace(
        request=request,
        proxy_exchange=_proxy_exchange(world, request),
        events=EVENTS.select(world.database, seen, (request.id, world.visible_ms("events"))),
        attempts=ATTEMPTS.select(world.database, seen, (request.id, world.visible_ms("attempts"))),
        executions=executions,
        execution_data={item.id: data_of(world.database, item, most=MAX_TRACED_BODY) for item in executions},
    )


def data_of(database: Database, execution: Execution, *, most: int | None = None) -> dict[str, Any]:
    """Read what a script was given and what it made; ``most`` bytes of each body."""
    return execution_data(
        load_payload(database, execution.original_data_id, most=most),
        load_payload(database, execution.transformed_data_id, most=most),
    )


def events(call: Call) -> Answer:
    """List a request's events; ignored branches only where ``status`` names them."""
    statuses = read_statuses(call)
    conditions = _of_request(call, "events")
    conditions.where_in("connection_id", call.all("connection_id", "webhook_id"))
    conditions.where_in("destination_id", call.all("destination_id"))
    conditions.where_in("source_id", call.all("source_id"))
    conditions.where_in("status", statuses)
    if not statuses:
        conditions.add("status <> 'CANCELLED'")
    return _branches(call, conditions, request_event_view)


def ignored_events(call: Call) -> Answer:
    """List a request's ignored branches."""
    conditions = _of_request(call, "ignored_events")
    conditions.add("status = 'CANCELLED'")
    conditions.where_in("connection_id", call.all("connection_id", "webhook_id"))
    return _branches(call, conditions, ignored_view)


def visible_request(call: Call) -> Request:
    """Return the request of the path, unless it is not to be seen yet."""
    request = REQUESTS.get(call.world.database, call.team_id, call.id)
    if request.created_ms > call.world.visible_ms("requests"):
        raise NotFound("request not found")
    return request


def read_request_statuses(call: Call) -> list[str]:
    """Read the request statuses of a call."""
    statuses = [status.lower() for status in call.all("status")]
    if not set(statuses) <= set(STATUSES):
        raise BadRequest(f"status takes {', '.join(STATUSES)}")
    return statuses


def read_statuses(call: Call) -> list[str]:
    """Read the event statuses of a call."""
    statuses = [status.upper() for status in call.all("status")]
    if not set(statuses) <= set(EVENT_STATUSES):
        raise BadRequest(f"status takes {', '.join(EVENT_STATUSES)}")
    return statuses


def _proxy_exchange(world: AppState, request: Request) -> ProxyExchange | None:
    return PROXY_EXCHANGES.find(world.database, "request_id = ? ORDER BY seq DESC", (request.id,))


def _page(call: Call, window: Window, size: int) -> list[Request]:
    conditions = request_conditions(call, window)
    conditions.after_cursor(read_cursor(call.one("cursor", "next")))
    clause = f"WHERE {conditions.where} ORDER BY created_ms DESC, seq DESC LIMIT ?"
    return REQUESTS.select(call.world.database, clause, [*conditions.values, size])


def request_conditions(call: Call, window: Window) -> Conditions:
    """Read the filters that lists and bulk operations of requests share."""
    conditions = request_filters(call)
    conditions.within(window)
    conditions.add("created_ms <= ?", call.world.visible_ms("requests"))
    return conditions


def request_filters(call: Call) -> Conditions:
    """Read the filters of requests that do not speak of time."""
    conditions = Conditions()
    conditions.where_in("team_id", [call.team_id])
    statuses = read_request_statuses(call)
    conditions.where_in("status", statuses)
    if statuses and "accepted" not in statuses:
        conditions.where_not("accepted")
    conditions.where_in("source_id", call.all("source_id"))
    conditions.where_in("retry_operation_id", call.all("batch_operation_id"))
    _add_retry(call, conditions)
    verified = call.flag("verified")
    if verified is not None:
        conditions.add("verified = ?", int(verified))
    connections = call.all("connection_id", "webhook_id")
    if connections:
        _add_connections(call, conditions, connections)
    conditions.search(call.one("q", "search_term"), "id", found=call.found)
    return conditions


def _add_connections(call: Call, conditions: Conditions, connections: Sequence[str]) -> None:
    """Demand a branch on one of some connections, in the way that is quick for few branches or for many."""
    branches = f"FROM events WHERE connection_id IN ({', '.join('?' * len(connections))})"
    few = (
        call.world.database.number(f"SELECT count(*) FROM (SELECT 1 {branches} LIMIT 2000)", connections)  # noqa: S608 - only marks
        < 2000
    )
    if few:
        conditions.add(f"id IN (SELECT request_id {branches})", *connections)
    else:
        conditions.add(f"EXISTS (SELECT 1 {branches} AND request_id = requests.id)", *connections)


def _add_retry(call: Call, conditions: Conditions) -> None:
    is_retry, kinds = call.flag("is_retry"), call.all("retry_kind")
    if is_retry is not None:
        conditions.add(f"retry_kind IS {'NOT ' if is_retry else ''}NULL")
    if not set(kinds) <= {"single", "bulk"}:
        raise BadRequest("retry_kind takes single and bulk")
    conditions.where_in("retry_kind", kinds)


def _with_payloads(
    call: Call, found: Sequence[Request], views: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Add the payloads; bodies that a page has no room for are cut, as ``is_large_payload`` says."""
    room, models = PAGE_BYTES, []
    for request, view in zip(found, views, strict=True):
        payload = load_payload(call.world.database, request.data_id, most=max(room, CUT_BODY))
        room -= len(payload.body) if payload else 0
        models.append(with_data(view, payload))
    return models


def _of_request(call: Call, kind: str) -> Conditions:
    request = visible_request(call)
    conditions = Conditions()
    conditions.add("request_id = ?", request.id)
    conditions.add("created_ms <= ?", call.world.visible_ms(kind))
    conditions.where_in("id", [given.rpartition(":")[2] for given in call.all("id")])
    return conditions


def _branches(call: Call, conditions: Conditions, view: Any) -> Answer:
    limit = call.limit(most=255)
    clause = f"WHERE {conditions.where} ORDER BY created_ms DESC, seq DESC LIMIT ?"
    found = EVENTS.select(call.world.database, clause, [*conditions.values, limit])
    return Answer(
        {
            "pagination": {"order_by": "created_at", "dir": "desc", "limit": limit},
            "next": None,
            "prev": None,
            "count": len(found),
            "models": [view(event) for event in found],
        }
    )
