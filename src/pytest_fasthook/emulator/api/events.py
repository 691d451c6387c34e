"""Events: the branches of requests (FastHook contract, EventModel)."""

from __future__ import annotations

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.requests import read_statuses
from pytest_fasthook.emulator.api.totals import total_of
from pytest_fasthook.emulator.api.windows import Window, read_cursor, read_window, write_cursor
from pytest_fasthook.emulator.errors import NotFound
from pytest_fasthook.emulator.store.records import Event
from pytest_fasthook.emulator.store.tables import EVENTS, load_payload
from pytest_fasthook.emulator.views.traffic import event_view, with_data


def list_all(call: Call) -> Answer:
    """List events, newest first, one page at a time."""
    limit = call.limit(most=100)
    window = _window(call)
    conditions = event_conditions(call, window)
    place = read_cursor(call.one("cursor", "next"))
    conditions.after_cursor(place)
    clause = f"WHERE {conditions.where} ORDER BY created_ms DESC, seq DESC LIMIT ?"
    found = EVENTS.select(call.world.database, clause, [*conditions.values, limit + 1])
    following = (
        write_cursor(found[limit - 1].created_ms, found[limit - 1].seq) if len(found) > limit else None
    )
    models = [event_view(event) for event in found[:limit]]
    is_whole = place is None and following is None
    total = len(found) if is_whole else total_of(call.world, "events", event_filters(call), window)
    return Answer(
        {
            "total": total,
            "total_exact": True,
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
    """Count events, exactly."""
    window = _window(call)
    total = total_of(call.world, "events", event_filters(call), window)
    return Answer({"total": total, "count": total, "total_exact": True, "applied_range": window.shown()})


def get(call: Call) -> Answer:
    """Return one event with its payload."""
    event = visible_event(call)
    return Answer(with_data(event_view(event), load_payload(call.world.database, event.data_id)))


def visible_event(call: Call) -> Event:
    """Return the event of the path, unless it is not to be seen yet."""
    event = EVENTS.get(call.world.database, call.team_id, call.id)
    if event.created_ms > call.world.visible_ms("events"):
        raise NotFound("event not found")
    return event


def event_conditions(call: Call, window: Window) -> Conditions:
    """Read the filters that lists and bulk operations of events share."""
    conditions = event_filters(call)
    conditions.within(window)
    conditions.add("created_ms <= ?", call.world.visible_ms("events"))
    return conditions


def event_filters(call: Call) -> Conditions:
    """Read the filters of events that do not speak of time."""
    conditions = Conditions()
    conditions.where_in("team_id", [call.team_id])
    statuses = read_statuses(call)
    conditions.where_in("status", statuses)
    if call.world.settings.hide_cancelled and not statuses:
        conditions.add("status <> 'CANCELLED'", has_totals=True)
    resources = {
        "source_id": call.all("source_id"),
        "connection_id": call.all("connection_id", "webhook_id"),
        "destination_id": call.all("destination_id"),
    }
    for column, ids in resources.items():
        conditions.where_in(column, ids)
    if statuses and "SUCCESSFUL" not in statuses and not any(resources.values()):
        conditions.where_not("SUCCESSFUL")
    _add_operation(call, conditions)
    conditions.search(
        call.one("q", "search_term"), "id", "request_id", "coalesce(failure_message, '')", found=call.found
    )
    return conditions


def _add_operation(call: Call, conditions: Conditions) -> None:
    operations = call.all("batch_operation_id")
    scope = call.choice("batch_operation_scope", ("targets", "retries", "related"), default="retries")
    if not operations:
        return
    marks = ", ".join("?" * len(operations))
    retries = f"retry_operation_id IN ({marks})"
    targets = f"id IN (SELECT retry_parent_id FROM events WHERE retry_operation_id IN ({marks}))"  # noqa: S608 - only marks
    if scope == "related":
        conditions.add(f"({retries} OR {targets})", *operations, *operations)
    else:
        conditions.add(retries if scope == "retries" else targets, *operations)


def _window(call: Call) -> Window:
    return read_window(call, has_default=not call.all("batch_operation_id"))
