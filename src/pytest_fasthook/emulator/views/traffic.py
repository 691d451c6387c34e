"""Requests, events, ignored events and attempts in the contract's form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_fasthook.emulator.payload import Payload, serialize_data
from pytest_fasthook.emulator.store.records import Attempt, Event, Execution, ProxyExchange, Request
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.transform.engine import RUNTIME


def request_view(request: Request) -> dict[str, Any]:
    """Return a RequestModel without its optional parts."""
    return {
        "id": request.id,
        "team_id": request.team_id,
        "status": request.status,
        "verified": request.verified,
        "rejection_cause": request.rejection_cause,
        "original_event_data_id": request.data_id,
        "ingested_at": iso(request.created_ms),
        "source_id": request.source_id,
        "events_count": request.events_count,
        "ignored_count": request.ignored_count,
        "cli_events_count": request.cli_events_count,
        "is_retry": request.retry_kind is not None,
        "retry_kind": request.retry_kind,
        "retry_parent_request_id": request.retry_parent_id,
        "retry_operation_id": request.retry_operation_id,
        "retried_at": iso(request.retried_ms),
        "updated_at": iso(request.updated_ms),
        "created_at": iso(request.created_ms),
    }


def with_data(view: dict[str, Any], payload: Payload | None) -> dict[str, Any]:
    """Add the stored payload; left out where it no longer exists."""
    return view if payload is None else {**view, "data": serialize_data(payload)}


def event_view(event: Event) -> dict[str, Any]:
    """Return an EventModel without ``data``."""
    is_ignored = event.status == "CANCELLED"
    return {
        "id": event.id,
        "team_id": event.team_id,
        "webhook_id": event.connection_id,
        "connection_id": event.connection_id,
        "request_id": event.request_id,
        "destination_id": event.destination_id,
        "event_data_id": event.data_id,
        "source_id": event.source_id,
        "status": event.status,
        "rejection_cause": event.cause if is_ignored else None,
        "failure_message": event.failure_message,
        "ignored_reason": event.cause if is_ignored else None,
        "ingested_at": iso(event.created_ms),
        "attempts": event.attempts,
        "response_status": event.response_status,
        "last_attempt_at": iso(event.last_attempt_ms),
        "next_attempt_at": iso(event.next_attempt_ms),
        "successful_at": iso(event.successful_ms),
        "is_retry": event.retry_kind is not None,
        "retry_kind": event.retry_kind,
        "retry_parent_event_id": event.retry_parent_id,
        "retry_operation_id": event.retry_operation_id,
        "retried_at": iso(event.retried_ms),
        "cli_id": None,
        "error_code": event.error_code,
        "created_at": iso(event.created_ms),
        "updated_at": iso(event.updated_ms),
    }


def proxy_view(exchange: ProxyExchange | None) -> dict[str, Any] | None:
    """Return a ProxyExchangeModel, null where the source was not in proxy mode."""
    if exchange is None:
        return None
    return {
        "id": exchange.id,
        "team_id": exchange.team_id,
        "source_id": exchange.source_id,
        "request_id": exchange.request_id,
        "target_url": exchange.target_url,
        "http_method": exchange.http_method,
        "response_status": exchange.response_status,
        "response_headers": exchange.response_headers,
        "response_body": exchange.response_body,
        "response_body_truncated": exchange.response_body_truncated,
        "error_text": exchange.error_text,
        "started_at": iso(exchange.started_ms),
        "responded_at": iso(exchange.responded_ms),
        "response_latency": exchange.latency_ms,
        "created_at": iso(exchange.created_ms),
        "updated_at": iso(exchange.updated_ms),
    }


_LEVELS = ("info", "warn", "error")


def log_level(logs: Sequence[Mapping[str, str]], *, is_failed: bool) -> str:
    """Return the gravest level of a script's logs; a failed run is an error."""
    levels = [_LEVELS.index(item["level"]) for item in logs]
    return "error" if is_failed else _LEVELS[max(levels, default=0)]


def execution_view(execution: Execution) -> dict[str, Any]:
    """Return a transformation's execution in the contract's form."""
    return {
        "id": execution.id,
        "team_id": execution.team_id,
        "event_id": execution.event_id,
        "webhook_id": execution.connection_id,
        "original_event_data_id": execution.original_data_id,
        "transformed_event_data_id": execution.transformed_data_id,
        "transformation_id": execution.transformation_id,
        "runtime": RUNTIME,
        "error_code": execution.error_code,
        "stats": {"logs_count": len(execution.logs)},
        "log_level": log_level(execution.logs, is_failed=execution.error_code is not None),
        "logs": execution.logs,
        "created_at": iso(execution.created_ms),
        "updated_at": iso(execution.updated_ms),
    }


def execution_data(original: Payload | None, transformed: Payload | None) -> dict[str, Any]:
    """Return what a script was given and what it made, as far as they are stored."""
    return {
        "original_event_data": None if original is None else serialize_data(original),
        "transformed_event_data": None if transformed is None else serialize_data(transformed),
    }


def traced_view(execution: Execution, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an execution as a trace shows it (FastHook contract, request trace: closed)."""
    view = execution_view(execution)
    kept = {name: value for name, value in view.items() if name not in ("runtime", "error_code", "stats")}
    return {**kept, **data}


_REQUEST_EVENT = [
    "id",
    "team_id",
    "webhook_id",
    "source_id",
    "destination_id",
    "attempts",
    "response_status",
    "last_attempt_at",
    "next_attempt_at",
    "successful_at",
    "updated_at",
    "created_at",
    "status",
    "event_data_id",
    "cli_id",
    "request_id",
    "error_code",
]


def request_event_view(event: Event) -> dict[str, Any]:
    """Return a RequestEventModel: the smaller form that is listed under a request."""
    whole = event_view(event)
    return {name: whole[name] for name in _REQUEST_EVENT}


def ignored_view(event: Event) -> dict[str, Any]:
    """Return an IgnoredRequestEventModel; its id is a stable composite."""
    return {
        "id": f"{event.request_id}:{event.connection_id}:{event.id}",
        "team_id": event.team_id,
        "webhook_id": event.connection_id,
        "cause": event.cause,
        "request_id": event.request_id,
        "meta": event.meta,
        "created_at": iso(event.created_ms),
        "updated_at": iso(event.updated_ms),
    }


def attempt_view(attempt: Attempt) -> dict[str, Any]:
    """Return an AttemptModel; latencies are milliseconds."""
    is_success = attempt.status == "SUCCESSFUL"
    has_answer = attempt.response_status is not None
    return {
        "id": attempt.id,
        "team_id": attempt.team_id,
        "event_id": attempt.event_id,
        "request_id": attempt.request_id,
        "connection_id": attempt.connection_id,
        "source_id": attempt.source_id,
        "destination_id": attempt.destination_id,
        "response_status": attempt.response_status,
        "attempt_number": attempt.attempt_number,
        "trigger": attempt.trigger,
        "error_code": attempt.error_code,
        "body": attempt.body,
        "requested_url": attempt.requested_url,
        "http_method": attempt.http_method,
        "bulk_retry_id": attempt.bulk_retry_id,
        "status": attempt.status,
        "successful_at": iso(attempt.responded_ms) if is_success else None,
        "delivered_at": iso(attempt.responded_ms),
        "responded_at": iso(attempt.responded_ms),
        "delivery_latency": attempt.latency_ms if has_answer else None,
        "response_latency": attempt.latency_ms if has_answer else None,
        "updated_at": iso(attempt.updated_ms),
        "created_at": iso(attempt.created_ms),
    }
