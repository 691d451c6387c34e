"""FastHook's records as typed values, in the contract's field names.

Only ``id`` is required of a record. Status words stay plain texts: FastHook may add one at any time, and a
word that is not known must be kept and never read as success. Payloads and configs are left out of reprs,
since they may hold what a sender meant for FastHook alone. Nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, TypeVar, get_args

from pytest_fasthook.client.fields import (
    read_as_is,
    read_count,
    read_flag,
    read_id,
    read_items,
    read_mapping,
    read_measure,
    read_moment,
    read_number,
    read_said,
    read_since,
    read_status,
    read_text,
)
from pytest_fasthook.client.records import Answered, every, or_null, read_by, readable

MeasureName = Literal[
    "count",
    "accepted_count",
    "rejected_count",
    "delivered_count",
    "failed_count",
    "queued_count",
    "processing_count",
    "hold_count",
    "ignored_count",
]


class Record(Answered):
    """A stored object with an id and a team.

    Attributes:
        id: opaque; its prefix means nothing.
        team_id: the team that owns it. FastHook falls back to a demo team where none is named, so compare it.
    """

    id: str = read_by(read_id, required=True)
    team_id: str | None = read_by(read_said)
    created_at: datetime | None = read_by(read_moment)
    updated_at: datetime | None = read_by(read_moment)


R = TypeVar("R", bound=Record)


class Source(Record):
    """Where webhooks come in (contract: ``SourceModel``).

    Attributes:
        status: ``enabled`` or ``disabled``; older answers only have ``disabled_at``.
        url: the ingress URL; null for sources that are not webhooks.
        config: methods, authentication and custom response, secrets redacted by FastHook.
    """

    name: str | None = read_by(read_text)
    description: str | None = read_by(read_text)
    type: str | None = read_by(read_text)
    input_type: str | None = read_by(read_text)
    status: str | None = read_by(read_text)
    url: str | None = read_by(read_text)
    config: Mapping[str, Any] | None = read_by(read_mapping, shown=False)
    disabled_at: datetime | None = read_by(read_since)


class Destination(Record):
    """Where events go (contract: ``DestinationModel``); enabled while ``disabled_at`` is null.

    Attributes:
        config: target, method, authentication and pacing, secrets redacted by FastHook.
        status: only older answers have it.
        attempts_24h_bins: six bins of four hours.
    """

    name: str | None = read_by(read_text)
    description: str | None = read_by(read_text)
    type: str | None = read_by(read_text)
    status: str | None = read_by(read_text)
    config: Mapping[str, Any] | None = read_by(read_mapping, shown=False)
    disabled_at: datetime | None = read_by(read_since)
    attempts_24h_count: int | None = read_by(read_count)
    attempts_24h_bins: tuple[Any, ...] = read_by(read_items)


def _embedded(model: type[R]) -> Callable[[object], R | None]:
    """The reader of an embedded object; one without an id says nothing that its id beside it does not say better."""
    return lambda value: model(value) if isinstance(value, Mapping) and _has_id(value) else None


def _has_id(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("id"), str) and value["id"] != ""


class Connection(Record):
    """A route from a source to a destination (contract: ``ConnectionModel``).

    Attributes:
        paused_at, disabled_at: null while events flow.
        rules: as FastHook normalised them, raw.
        source, destination: embedded, without secrets; ``None`` where the answer has none.
    """

    name: str | None = read_by(read_text)
    description: str | None = read_by(read_text)
    source_id: str | None = read_by(read_text)
    destination_id: str | None = read_by(read_text)
    source_proxy: Mapping[str, Any] | None = read_by(read_mapping, shown=False)
    source_proxy_url: str | None = read_by(read_text)
    paused_at: datetime | None = read_by(read_since)
    disabled_at: datetime | None = read_by(read_since)
    rules: tuple[Any, ...] = read_by(read_items)
    source: Source | None = read_by(_embedded(Source))
    destination: Destination | None = read_by(_embedded(Destination))


class Request(Record):
    """What a source received (contract: ``RequestModel``).

    Attributes:
        status: ``accepted`` or ``rejected``.
        verified: true only where the source has authentication and it passed.
        data: the stored payload (headers, body, query, path, method); ``None`` where it was not asked for or
            has expired.
        proxy_exchange: the newest conversation of a source in proxy mode.
    """

    status: str | None = read_by(read_text)
    verified: bool | None = read_by(read_flag)
    rejection_cause: str | None = read_by(read_said)
    original_event_data_id: str | None = read_by(read_text)
    ingested_at: datetime | None = read_by(read_moment)
    source_id: str | None = read_by(read_text)
    events_count: int | None = read_by(read_count)
    ignored_count: int | None = read_by(read_count)
    cli_events_count: int | None = read_by(read_count)
    is_retry: bool | None = read_by(read_flag)
    retry_kind: str | None = read_by(read_text)
    retry_parent_request_id: str | None = read_by(read_text)
    retry_operation_id: str | None = read_by(read_text)
    retried_at: datetime | None = read_by(read_moment)
    data: Any = read_by(read_as_is, shown=False)
    proxy_exchange: Mapping[str, Any] | None = read_by(read_mapping, shown=False)


class Branch(Record):
    """Anything that belongs to a connection, which answers name ``connection_id`` or ``webhook_id``."""

    connection_id: str | None = read_by(read_text)
    webhook_id: str | None = read_by(read_text)

    @property
    def connection(self) -> str | None:
        """The connection's id, under whichever name it came."""
        return self.connection_id or self.webhook_id


class IgnoredEvent(Branch):
    """A branch that was skipped on purpose (contract: ``IgnoredRequestEventModel``).

    Attributes:
        cause: ``FILTERED`` and others; an open word.
        meta: details, raw.
    """

    cause: str | None = read_by(read_text)
    request_id: str | None = read_by(read_text)
    meta: tuple[Any, ...] = read_by(read_items)


class Event(Branch):
    """One request on one connection (contract: ``EventModel``, ``RequestEventModel``).

    Attributes:
        status: ``SCHEDULED QUEUED HOLD SUCCESSFUL FAILED CANCELLED``; a failed one with ``next_attempt_at``
            is not finished.
        attempts: how many there were, not the attempts themselves.
        data: the payload; only a single event's answer has it.
    """

    request_id: str | None = read_by(read_text)
    source_id: str | None = read_by(read_text)
    destination_id: str | None = read_by(read_text)
    event_data_id: str | None = read_by(read_text)
    status: str | None = read_by(read_text)
    rejection_cause: str | None = read_by(read_said)
    failure_message: str | None = read_by(read_text)
    ignored_reason: str | None = read_by(read_text)
    error_code: str | None = read_by(read_said)
    ingested_at: datetime | None = read_by(read_moment)
    attempts: int | None = read_by(read_count)
    response_status: int | None = read_by(read_status)
    last_attempt_at: datetime | None = read_by(read_moment)
    next_attempt_at: datetime | None = read_by(read_since)
    successful_at: datetime | None = read_by(read_moment)
    is_retry: bool | None = read_by(read_flag)
    retry_kind: str | None = read_by(read_text)
    retry_parent_event_id: str | None = read_by(read_text)
    retry_operation_id: str | None = read_by(read_text)
    retried_at: datetime | None = read_by(read_moment)
    cli_id: str | None = read_by(read_text)
    data: Any = read_by(read_as_is, shown=False)


class Attempt(Branch):
    """One conversation with the receiver (contract: ``AttemptModel``).

    Attributes:
        status: ``SUCCESSFUL`` or ``FAILED``.
        response_status: null where the receiver gave no HTTP answer; then ``error_code`` says why.
        body: what the receiver answered.
        delivery_latency, response_latency: FastHook does not state the unit; milliseconds are likely.
    """

    event_id: str | None = read_by(read_text)
    request_id: str | None = read_by(read_text)
    source_id: str | None = read_by(read_text)
    destination_id: str | None = read_by(read_text)
    response_status: int | None = read_by(read_status)
    attempt_number: int | None = read_by(read_count)
    trigger: str | None = read_by(read_text)
    error_code: str | None = read_by(read_said)
    body: Any = read_by(read_as_is, shown=False)
    requested_url: str | None = read_by(read_text)
    http_method: str | None = read_by(read_text)
    bulk_retry_id: str | None = read_by(read_text)
    status: str | None = read_by(read_text)
    successful_at: datetime | None = read_by(read_moment)
    delivered_at: datetime | None = read_by(read_moment)
    responded_at: datetime | None = read_by(read_moment)
    delivery_latency: float | None = read_by(read_number)
    response_latency: float | None = read_by(read_number)


class LatestInput(Answered):
    """The newest input of a connection's source.

    Attributes:
        input: the request as mappings see it: headers, body, query, path.
    """

    source_id: str | None = read_by(read_text)
    request_id: str | None = read_by(read_text)
    original_event_data_id: str | None = read_by(read_text)
    created_at: datetime | None = read_by(read_moment)
    payload_r2_key: str | None = read_by(read_text)
    payload_r2_bucket_name: str | None = read_by(read_text)
    input: Any = read_by(read_as_is, shown=False)


class LatestInputAnswer(Answered):
    """The newest input, or none yet (contract: ``ConnectionLatestInputResponse``).

    Attributes:
        latest_input: null until the source has received something; an answer without the field is unreadable.
    """

    connection_id: str | None = read_by(read_text)
    latest_input: LatestInput | None = read_by(or_null(LatestInput), required=True)


class MetricsPoint(Answered):
    """One bucket of a series (contract: ``MetricsSeriesPoint``); only the measures asked for are set."""

    timestamp: datetime | None = read_by(read_moment)
    count: int | None = read_by(read_measure)
    accepted_count: int | None = read_by(read_measure)
    rejected_count: int | None = read_by(read_measure)
    delivered_count: int | None = read_by(read_measure)
    failed_count: int | None = read_by(read_measure)
    queued_count: int | None = read_by(read_measure)
    processing_count: int | None = read_by(read_measure)
    hold_count: int | None = read_by(read_measure)
    ignored_count: int | None = read_by(read_measure)


class DateRange(Answered):
    """The window that FastHook really used."""

    start: datetime | None = read_by(read_moment)
    end: datetime | None = read_by(read_moment)


def _window(value: object) -> DateRange:
    return DateRange(value if isinstance(value, Mapping) else {})


class Metrics(Answered):
    """A zero-filled series of counts, so "nothing happened" and "nothing is known yet" look alike.

    Attributes:
        partial: some shards did not answer, so the counts are lower bounds.
    """

    date_range: DateRange = read_by(_window)
    granularity: str | None = read_by(read_text)
    series: tuple[MetricsPoint, ...] = read_by(every(MetricsPoint), required=True)
    partial: bool = read_by(lambda value: value is True)
    unavailable_shard_count: int | None = read_by(read_count)

    @property
    def incomplete(self) -> bool:
        """Whether the counts are lower bounds, said either way."""
        return self.partial or bool(self.unavailable_shard_count)

    def total(self, measure: str) -> int | None:
        """Sum one measure over the series; ``None`` where no point carries it."""
        if measure not in get_args(MeasureName):
            return None
        counts = [getattr(point, measure) for point in self.series]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None


class TimelineItem(Answered):
    """One line of a request's story, as the trace tells it."""

    id: str | None = read_by(read_text)
    kind: str | None = read_by(read_text)
    label: str | None = read_by(read_text)
    at: datetime | None = read_by(read_moment)
    status: str | None = read_by(read_text)
    event_id: str | None = read_by(read_text)
    attempt_id: str | None = read_by(read_text)
    connection_id: str | None = read_by(read_text)


def _counts(value: object) -> dict[str, int]:
    items = value.items() if isinstance(value, Mapping) else ()
    counts = {str(name): read_count(count) for name, count in items}
    return {name: count for name, count in counts.items() if count is not None}


class Trace(Answered):
    """Everything about one request in one answer (contract: request trace).

    Records that cannot be read are left out.

    Attributes:
        counts: how many ``events``, ``ignored_events``, ``attempts`` … FastHook says there are.
    """

    request: Request = read_by(Request, required=True)
    events: tuple[Event, ...] = read_by(readable(Event))
    ignored_events: tuple[IgnoredEvent, ...] = read_by(readable(IgnoredEvent))
    attempts: tuple[Attempt, ...] = read_by(readable(Attempt))
    timeline: tuple[TimelineItem, ...] = read_by(readable(TimelineItem))
    counts: Mapping[str, int] = read_by(_counts)
    proxy_exchange: Mapping[str, Any] | None = read_by(read_mapping, shown=False)

    def attempts_of(self, event_id: str) -> tuple[Attempt, ...]:
        """The attempts of one event, in the order they came."""
        return tuple(attempt for attempt in self.attempts if attempt.event_id == event_id)
