"""The records, one frozen class per table; the field names are the column names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = {"json": True}
"""Marks a field that is stored as JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where webhooks come in; ``hook`` is the first label of its URL."""

    seq: int = 0
    id: str
    team_id: str
    name: str
    description: str | None = None
    type: str
    hook: str
    config: Mapping[str, Any] | None = field(default=None, metadata=JSON)
    disabled_ms: int | None = None
    created_ms: int
    updated_ms: int

    def url(self, origin: str) -> str:
        """Return where the source is reached on an emulator that is served at ``origin``."""
        return f"{origin}/{self.hook}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where events go; ``endpoint`` is its URL, unique in a team."""

    seq: int = 0
    id: str
    team_id: str
    name: str
    description: str | None = None
    type: str
    endpoint: str | None = None
    config: Mapping[str, Any] = field(metadata=JSON)
    disabled_ms: int | None = None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A route from one source to one destination, with its rules in canonical order."""

    seq: int = 0
    id: str
    team_id: str
    name: str
    description: str | None = None
    source_id: str
    destination_id: str
    rules: list[dict[str, Any]] = field(metadata=JSON)
    paused_ms: int | None = None
    disabled_ms: int | None = None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectKey:
    """A scoped project API key; its value is kept among the credentials only."""

    seq: int = 0
    id: str
    team_id: str
    name: str
    masked_key: str
    status: str
    scopes: list[str] = field(metadata=JSON)
    execute_grants: list[str] = field(metadata=JSON)
    rate_limit_per_minute: int
    last_used_ms: int | None = None
    revoked_ms: int | None = None
    deleted_ms: int | None = None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A stored filter; ``conditions`` holds some of headers, body, query, path."""

    seq: int = 0
    id: str
    team_id: str
    name: str
    conditions: Mapping[str, Any] = field(metadata=JSON)
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformation:
    """A stored script."""

    seq: int = 0
    id: str
    team_id: str
    name: str
    code: str
    env: Mapping[str, str] = field(metadata=JSON)
    runtime: str
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of a transformation on one event."""

    seq: int = 0
    id: str
    team_id: str
    event_id: str
    request_id: str
    connection_id: str
    original_data_id: str
    transformed_data_id: str | None
    transformation_id: str
    error_code: str | None = None
    message: str | None = None
    logs: list[Mapping[str, str]] = field(default_factory=list, metadata=JSON)
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a source received; ``data_id`` names its payload."""

    seq: int = 0
    id: str
    team_id: str
    source_id: str
    status: str
    verified: bool
    rejection_cause: str | None = None
    data_id: str | None = None
    events_count: int = 0
    ignored_count: int = 0
    cli_events_count: int = 0
    retry_kind: str | None = None
    retry_parent_id: str | None = None
    retry_operation_id: str | None = None
    retried_ms: int | None = None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One branch of a request.

    ``due_ms`` is set as long as the delivery worker owes it something; ``transformation_id`` as long as its payload
    is still to be transformed.
    """

    seq: int = 0
    id: str
    team_id: str
    connection_id: str
    source_id: str
    destination_id: str
    request_id: str
    data_id: str
    status: str
    cause: str | None = None
    meta: list[Any] = field(default_factory=list, metadata=JSON)
    failure_message: str | None = None
    trigger: str = "INITIAL"
    transformation_id: str | None = None
    attempts: int = 0
    response_status: int | None = None
    error_code: str | None = None
    last_attempt_ms: int | None = None
    next_attempt_ms: int | None = None
    successful_ms: int | None = None
    due_ms: int | None = None
    retry_kind: str | None = None
    retry_parent_id: str | None = None
    retry_operation_id: str | None = None
    retried_ms: int | None = None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyExchange:
    """One synchronous call to the upstream of a source in proxy mode."""

    seq: int = 0
    id: str
    team_id: str
    source_id: str
    request_id: str
    target_url: str
    http_method: str
    response_status: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict, metadata=JSON)
    response_body: str | None = None
    response_body_truncated: bool = False
    error_text: str | None = None
    started_ms: int
    responded_ms: int | None = None
    latency_ms: float | None = None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """Many retries in one; ``due_ms`` is set as long as there is something left to do."""

    seq: int = 0
    id: str
    team_id: str
    type: str
    status: str
    filter: Mapping[str, Any] = field(metadata=JSON)
    total_count: int
    done_count: int = 0
    failed_count: int = 0
    due_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One conversation with a receiver; ``body`` is the receiver's answer."""

    seq: int = 0
    id: str
    team_id: str
    event_id: str
    request_id: str
    connection_id: str
    source_id: str
    destination_id: str
    attempt_number: int
    trigger: str
    status: str
    response_status: int | None = None
    error_code: str | None = None
    body: Any = field(default=None, metadata=JSON)
    requested_url: str | None = None
    http_method: str | None = None
    bulk_retry_id: str | None = None
    latency_ms: float = 0.0
    responded_ms: int | None = None
    created_ms: int
    updated_ms: int
