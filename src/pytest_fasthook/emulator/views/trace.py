"""One request with everything that came of it (FastHook contract, request trace)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.emulator.store.records import Attempt, Event, Execution, ProxyExchange, Request
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.views.traffic import (
    attempt_view,
    event_view,
    ignored_view,
    proxy_view,
    request_view,
    traced_view,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTrace:
    """A request and its records; ``events`` holds its ignored branches too.

    ``execution_data`` holds, by execution, what its script was given and what it made.
    """

    request: Request
    proxy_exchange: ProxyExchange | None
    events: Sequence[Event]
    attempts: Sequence[Attempt]
    executions: Sequence[Execution]
    execution_data: Mapping[str, Mapping[str, Any]]


def trace_view(story: RequestTrace) -> dict[str, Any]:
    """Return the trace of a request."""
    routed = [event for event in story.events if event.status != "CANCELLED"]
    ignored = [event for event in story.events if event.status == "CANCELLED"]
    attempts = [attempt_view(attempt) for attempt in story.attempts]
    transformations = [traced_view(item, story.execution_data[item.id]) for item in story.executions]
    return {
        "request": request_view(story.request),
        "proxy_exchange": proxy_view(story.proxy_exchange),
        "events": [event_view(event) for event in routed],
        "ignored_events": [ignored_view(event) for event in ignored],
        "attempts": attempts,
        "attempts_by_event_id": _by_event(routed, attempts),
        "transformations": transformations,
        "transformations_by_event_id": _by_event(routed, transformations),
        "timeline": timeline(story),
        "counts": {
            "events": len(routed),
            "ignored_events": len(ignored),
            "attempts": len(attempts),
            "transformations": len(transformations),
            "proxy_exchanges": int(story.proxy_exchange is not None),
        },
    }


def timeline(story: RequestTrace) -> list[dict[str, Any]]:
    """Return what happened, in order of time."""
    items = [
        *_requests(story),
        *_branches(story.events),
        *_executions(story.executions),
        *_attempts(story.attempts),
    ]
    return sorted(items, key=lambda item: str(item["at"]))


def _by_event(events: Sequence[Event], views: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {event.id: [view for view in views if view["event_id"] == event.id] for event in events}


def _requests(story: RequestTrace) -> Iterable[dict[str, Any]]:
    request, exchange = story.request, story.proxy_exchange
    yield {
        "id": f"request:{request.id}",
        "kind": "request",
        "label": f"Request {request.status}",
        "at": iso(request.created_ms),
        "status": request.status,
        "request_id": request.id,
    }
    if exchange is not None:
        yield {
            "id": f"proxy_exchange:{exchange.id}",
            "kind": "proxy_exchange",
            "label": f"Upstream answered {exchange.response_status or exchange.error_text}",
            "at": iso(exchange.started_ms),
            "request_id": request.id,
            "proxy_exchange_id": exchange.id,
        }


def _branches(events: Iterable[Event]) -> Iterable[dict[str, Any]]:
    for event in events:
        is_ignored = event.status == "CANCELLED"
        yield {
            "id": f"event:{event.id}",
            "kind": "ignored_event" if is_ignored else "event",
            "label": f"Branch ignored: {event.cause}" if is_ignored else "Event created",
            "at": iso(event.created_ms),
            "status": event.status,
            "request_id": event.request_id,
            "event_id": event.id,
            "connection_id": event.connection_id,
            "destination_id": event.destination_id,
        }


def _executions(executions: Iterable[Execution]) -> Iterable[dict[str, Any]]:
    for execution in executions:
        yield {
            "id": f"transformation:{execution.id}",
            "kind": "transformation",
            "label": f"Transformation {'failed' if execution.error_code else 'applied'}",
            "at": iso(execution.created_ms),
            "status": execution.error_code or "SUCCESSFUL",
            "request_id": execution.request_id,
            "event_id": execution.event_id,
            "transformation_execution_id": execution.id,
            "connection_id": execution.connection_id,
        }


def _attempts(attempts: Iterable[Attempt]) -> Iterable[dict[str, Any]]:
    for attempt in attempts:
        yield {
            "id": f"attempt:{attempt.id}",
            "kind": "attempt",
            "label": f"Attempt {attempt.attempt_number} {attempt.status.lower()}",
            "at": iso(attempt.created_ms),
            "status": attempt.status,
            "request_id": attempt.request_id,
            "event_id": attempt.event_id,
            "attempt_id": attempt.id,
            "connection_id": attempt.connection_id,
            "destination_id": attempt.destination_id,
        }
