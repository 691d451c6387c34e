"""One request with everything that came of it (FastHook contract, request trace)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_fasthook.emulator.store.records import Attempt, Event, Request
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.views.traffic import attempt_view, event_view, ignored_view, request_view


def trace_view(
    request: Request,
    events: Sequence[Event],
    attempts: Sequence[Attempt],
    transformations: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Return the trace of a request; ``events`` holds its ignored branches too."""
    routed = [event for event in events if event.status != "CANCELLED"]
    ignored = [event for event in events if event.status == "CANCELLED"]
    shown = [attempt_view(attempt) for attempt in attempts]
    return {
        "request": request_view(request),
        "proxy_exchange": None,
        "events": [event_view(event) for event in routed],
        "ignored_events": [ignored_view(event) for event in ignored],
        "attempts": shown,
        "attempts_by_event_id": {
            event.id: [item for item in shown if item["event_id"] == event.id] for event in routed
        },
        "transformations": list(transformations),
        "transformations_by_event_id": {
            event.id: [item for item in transformations if item["event_id"] == event.id] for event in routed
        },
        "timeline": timeline(request, events, attempts, transformations),
        "counts": {
            "events": len(routed),
            "ignored_events": len(ignored),
            "attempts": len(attempts),
            "transformations": len(transformations),
            "proxy_exchanges": 0,
        },
    }


def timeline(
    request: Request,
    events: Sequence[Event],
    attempts: Sequence[Attempt],
    transformations: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return what happened, in order of time."""
    items = [
        _item(
            request.id, "request", f"Request {request.status}", request.created_ms, request.id, request.status
        )
    ]
    for event in events:
        kind = "ignored_event" if event.status == "CANCELLED" else "event"
        label = f"Branch ignored: {event.cause}" if event.status == "CANCELLED" else "Event created"
        item = _item(event.id, kind, label, event.created_ms, request.id, event.status)
        items.append(item | _ends(event) | {"event_id": event.id})
    for attempt in attempts:
        label = f"Attempt {attempt.attempt_number} {attempt.status.lower()}"
        item = _item(attempt.id, "attempt", label, attempt.created_ms, request.id, attempt.status)
        items.append(item | _ends(attempt) | {"event_id": attempt.event_id, "attempt_id": attempt.id})
    items.extend(_execution_item(request, execution) for execution in transformations)
    return sorted(items, key=lambda item: str(item["at"]))


def _execution_item(request: Request, execution: dict[str, Any]) -> dict[str, Any]:
    status = execution["error_code"] or "SUCCESSFUL"
    return {
        "id": f"transformation:{execution['id']}",
        "kind": "transformation",
        "label": f"Transformation {status.lower()}",
        "at": execution["created_at"],
        "status": status,
        "request_id": request.id,
        "event_id": execution["event_id"],
        "transformation_execution_id": execution["id"],
        "connection_id": execution["webhook_id"],
    }


def _item(id: str, kind: str, label: str, at: int, request_id: str, status: str) -> dict[str, Any]:  # noqa: A002, PLR0913, PLR0917 - one row of a table
    return {
        "id": f"{kind}:{id}",
        "kind": kind,
        "label": label,
        "at": iso(at),
        "status": status,
        "request_id": request_id,
    }


def _ends(record: Event | Attempt) -> dict[str, Any]:
    return {"connection_id": record.connection_id, "destination_id": record.destination_id}
