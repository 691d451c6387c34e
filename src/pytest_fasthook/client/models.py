"""FastHook's records as typed values, in the contract's field names.

Only ``id`` is required of a record. Status words stay plain texts: FastHook may add one at any time, and a
word that is not known must be kept and never read as success. Payloads and configs are left out of reprs,
since they may hold what a sender meant for FastHook alone. Nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError

from pytest_fasthook.client.fields import (
    Count,
    Flag,
    Id,
    Json,
    JsonArray,
    JsonObject,
    Measure,
    Moment,
    Number,
    Said,
    Since,
    Status,
    Text,
    read_count,
    read_flag,
)

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


class Answered(BaseModel):
    """Anything FastHook answers: unknown fields are accepted, values do not change."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Record(Answered):
    """A stored object with an id and a team.

    Attributes:
        id: opaque; its prefix means nothing.
        team_id: the team that owns it. FastHook falls back to a demo team where none is named, so compare it.
    """

    id: Id
    team_id: Said = None
    created_at: Moment = None
    updated_at: Moment = None


M = TypeVar("M", bound=Answered)


def read_records(model: type[M], values: Iterable[Any]) -> tuple[tuple[M, ...], int]:
    """Read every record that can be read.

    Returns:
        The records in their order, and how many could not be read.
    """
    read = [_read_or_none(model, value) for value in values]
    records = tuple(record for record in read if record is not None)
    return records, len(read) - len(records)


def _read_or_none(model: type[M], value: Any) -> M | None:
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


class Source(Record):
    """Where webhooks come in (contract: ``SourceModel``).

    Attributes:
        status: ``enabled`` or ``disabled``; older answers only have ``disabled_at``.
        url: the ingress URL; null for sources that are not webhooks.
        config: methods, authentication and custom response, secrets redacted by FastHook.
    """

    name: Text = None
    description: Text = None
    type: Text = None
    input_type: Text = None
    status: Text = None
    url: Text = None
    config: JsonObject = None
    disabled_at: Since = None


class Destination(Record):
    """Where events go (contract: ``DestinationModel``); enabled while ``disabled_at`` is null.

    Attributes:
        config: target, method, authentication and pacing, secrets redacted by FastHook.
        status: only older answers have it.
        attempts_24h_bins: six bins of four hours.
    """

    name: Text = None
    description: Text = None
    type: Text = None
    status: Text = None
    config: JsonObject = None
    disabled_at: Since = None
    attempts_24h_count: Count = None
    attempts_24h_bins: JsonArray = ()


def _embedded(value: object) -> object:
    """An embedded object without an id says nothing that its id beside it does not say better."""
    return value if isinstance(value, Mapping) and isinstance(value.get("id"), str) and value["id"] else None


class Connection(Record):
    """A route from a source to a destination (contract: ``ConnectionModel``).

    Attributes:
        paused_at, disabled_at: null while events flow.
        rules: as FastHook normalised them, raw.
        source, destination: embedded, without secrets; ``None`` where the answer has none.
    """

    name: Text = None
    description: Text = None
    source_id: Text = None
    destination_id: Text = None
    source_proxy: JsonObject = None
    source_proxy_url: Text = None
    paused_at: Since = None
    disabled_at: Since = None
    rules: JsonArray = ()
    source: Annotated[Source | None, BeforeValidator(_embedded)] = None
    destination: Annotated[Destination | None, BeforeValidator(_embedded)] = None


class Request(Record):
    """What a source received (contract: ``RequestModel``).

    Attributes:
        status: ``accepted`` or ``rejected``.
        verified: true only where the source has authentication and it passed.
        data: the stored payload (headers, body, query, path, method); ``None`` where it was not asked for or
            has expired.
        proxy_exchange: the newest conversation of a source in proxy mode.
    """

    status: Text = None
    verified: Flag = None
    rejection_cause: Said = None
    original_event_data_id: Text = None
    ingested_at: Moment = None
    source_id: Text = None
    events_count: Count = None
    ignored_count: Count = None
    cli_events_count: Count = None
    is_retry: Flag = None
    retry_kind: Text = None
    retry_parent_request_id: Text = None
    retry_operation_id: Text = None
    retried_at: Moment = None
    data: Json = None
    proxy_exchange: JsonObject = None


class Branch(Record):
    """Anything that belongs to a connection, which answers name ``connection_id`` or ``webhook_id``."""

    connection_id: Text = None
    webhook_id: Text = None

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

    cause: Text = None
    request_id: Text = None
    meta: JsonArray = ()


class Event(Branch):
    """One request on one connection (contract: ``EventModel``, ``RequestEventModel``).

    Attributes:
        status: ``SCHEDULED QUEUED HOLD SUCCESSFUL FAILED CANCELLED``; a failed one with ``next_attempt_at``
            is not finished.
        attempts: how many there were, not the attempts themselves.
        data: the payload; only a single event's answer has it.
    """

    request_id: Text = None
    source_id: Text = None
    destination_id: Text = None
    event_data_id: Text = None
    status: Text = None
    rejection_cause: Said = None
    failure_message: Text = None
    ignored_reason: Text = None
    error_code: Said = None
    ingested_at: Moment = None
    attempts: Count = None
    response_status: Status = None
    last_attempt_at: Moment = None
    next_attempt_at: Since = None
    successful_at: Moment = None
    is_retry: Flag = None
    retry_kind: Text = None
    retry_parent_event_id: Text = None
    retry_operation_id: Text = None
    retried_at: Moment = None
    cli_id: Text = None
    data: Json = None


class Attempt(Branch):
    """One conversation with the receiver (contract: ``AttemptModel``).

    Attributes:
        status: ``SUCCESSFUL`` or ``FAILED``.
        response_status: null where the receiver gave no HTTP answer; then ``error_code`` says why.
        body: what the receiver answered.
        delivery_latency, response_latency: FastHook does not state the unit; milliseconds are likely.
    """

    event_id: Text = None
    request_id: Text = None
    source_id: Text = None
    destination_id: Text = None
    response_status: Status = None
    attempt_number: Count = None
    trigger: Text = None
    error_code: Said = None
    body: Json = None
    requested_url: Text = None
    http_method: Text = None
    bulk_retry_id: Text = None
    status: Text = None
    successful_at: Moment = None
    delivered_at: Moment = None
    responded_at: Moment = None
    delivery_latency: Number = None
    response_latency: Number = None


class LatestInput(Answered):
    """The newest input of a connection's source.

    Attributes:
        input: the request as mappings see it: headers, body, query, path.
    """

    source_id: Text = None
    request_id: Text = None
    original_event_data_id: Text = None
    created_at: Moment = None
    payload_r2_key: Text = None
    payload_r2_bucket_name: Text = None
    input: Json = None


class LatestInputAnswer(Answered):
    """The newest input, or none yet (contract: ``ConnectionLatestInputResponse``).

    Attributes:
        latest_input: null until the source has received something; an answer without the field is unreadable.
    """

    connection_id: Text = None
    latest_input: LatestInput | None


class MetricsPoint(Answered):
    """One bucket of a series (contract: ``MetricsSeriesPoint``); only the measures asked for are set."""

    timestamp: Moment = None
    count: Measure = None
    accepted_count: Measure = None
    rejected_count: Measure = None
    delivered_count: Measure = None
    failed_count: Measure = None
    queued_count: Measure = None
    processing_count: Measure = None
    hold_count: Measure = None
    ignored_count: Measure = None


class DateRange(Answered):
    """The window that FastHook really used."""

    start: Moment = None
    end: Moment = None


def _window(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


class Metrics(Answered):
    """A zero-filled series of counts, so "nothing happened" and "nothing is known yet" look alike.

    Attributes:
        partial: some shards did not answer, so the counts are lower bounds.
    """

    date_range: Annotated[DateRange, BeforeValidator(_window)] = DateRange()
    granularity: Text = None
    series: tuple[MetricsPoint, ...]
    partial: Annotated[bool, PlainValidator(lambda value: read_flag(value) is True)] = False
    unavailable_shard_count: Count = None

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

    id: Text = None
    kind: Text = None
    label: Text = None
    at: Moment = None
    status: Text = None
    event_id: Text = None
    attempt_id: Text = None
    connection_id: Text = None


def _readable(model: type[M], value: object) -> tuple[M, ...]:
    values = value if isinstance(value, list | tuple) else ()
    return read_records(model, (item for item in values if isinstance(item, Mapping)))[0]


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

    request: Request
    events: Annotated[tuple[Event, ...], PlainValidator(partial(_readable, Event))] = ()
    ignored_events: Annotated[tuple[IgnoredEvent, ...], PlainValidator(partial(_readable, IgnoredEvent))] = ()
    attempts: Annotated[tuple[Attempt, ...], PlainValidator(partial(_readable, Attempt))] = ()
    timeline: Annotated[tuple[TimelineItem, ...], PlainValidator(partial(_readable, TimelineItem))] = ()
    counts: Annotated[Mapping[str, int], PlainValidator(_counts)] = {}
    proxy_exchange: JsonObject = None

    def attempts_of(self, event_id: str) -> tuple[Attempt, ...]:
        """The attempts of one event, in the order they came."""
        return tuple(attempt for attempt in self.attempts if attempt.event_id == event_id)
