"""FastHook's records as typed values, in the contract's field names.

Only ``id`` is required of a record. Status words stay plain texts: FastHook may add one at any time, and a
word that is not known must be kept and never read as success. Payloads and configs are left out of reprs,
since they may hold what a sender meant for FastHook alone. Nothing here knows HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from pytest_fasthook.client.fields import (
    Flag,
    Id,
    JsonArray,
    JsonObject,
    Marked,
    Measure,
    Moment,
    Number,
    Since,
    Status,
    Text,
    TextOfAnything,
    TrueOnly,
    WholeNumber,
    as_whole,
)
from pytest_fasthook.client.records import M, Model, read_records

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


class Record(Model):
    """A stored object with an id and a team.

    Attributes:
        id: opaque; its prefix means nothing.
        team_id: the team that owns it. FastHook falls back to a demo team where none is named, so compare it.
    """

    id: Id
    team_id: TextOfAnything = None
    created_at: Moment = None
    updated_at: Moment = None


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
    config: JsonObject = Field(default=None, repr=False)
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
    config: JsonObject = Field(default=None, repr=False)
    disabled_at: Since = None
    attempts_24h_count: WholeNumber = None
    attempts_24h_bins: JsonArray = ()


def _with_id(value: object) -> object:
    """An embedded object; without an id it says nothing that its id beside it does not say better."""
    has_id = isinstance(value, Mapping) and isinstance(value.get("id"), str) and value["id"] != ""
    return value if has_id or isinstance(value, Record) else None


Embedded = BeforeValidator(_with_id)


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
    source_proxy: JsonObject = Field(default=None, repr=False)
    source_proxy_url: Text = None
    paused_at: Since = None
    disabled_at: Since = None
    rules: JsonArray = ()
    source: Annotated[Source | None, Embedded] = None
    destination: Annotated[Destination | None, Embedded] = None


class Repeatable(Record):
    """Something that FastHook can play again, as a new record that points back to the old one.

    A replay carries the headers and the body of what it repeats, so these fields alone tell the two apart.

    Attributes:
        is_retry: whether this is a replay.
        retry_kind: ``single`` or ``bulk`` for a replay.
        retry_operation_id: the bulk operation that made the replay.
        retried_at: when it was played again; set on the new record.
    """

    is_retry: Marked = None
    retry_kind: TextOfAnything = None
    retry_operation_id: TextOfAnything = None
    retried_at: Moment = None

    @property
    def retry_parent(self) -> str | None:
        """The id of the record that this one repeats."""
        return None

    @property
    def is_replay(self) -> bool:
        """Whether this repeats another record, said in any of the ways there are."""
        signs = (self.retry_kind, self.retry_parent, self.retry_operation_id)
        return bool(self.is_retry) or any(sign is not None for sign in signs)


class Request(Repeatable):
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
    rejection_cause: TextOfAnything = None
    original_event_data_id: Text = None
    ingested_at: Moment = None
    source_id: Text = None
    events_count: WholeNumber = None
    ignored_count: WholeNumber = None
    cli_events_count: WholeNumber = None
    retry_parent_request_id: TextOfAnything = None
    data: Any = Field(default=None, repr=False)
    proxy_exchange: JsonObject = Field(default=None, repr=False)

    @property
    def retry_parent(self) -> str | None:
        """The id of the request that this one repeats."""
        return self.retry_parent_request_id


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


class Event(Branch, Repeatable):
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
    rejection_cause: TextOfAnything = None
    failure_message: Text = None
    ignored_reason: Text = None
    error_code: TextOfAnything = None
    ingested_at: Moment = None
    attempts: WholeNumber = None
    response_status: Status = None
    last_attempt_at: Moment = None
    next_attempt_at: Since = None
    successful_at: Moment = None
    retry_parent_event_id: TextOfAnything = None
    cli_id: Text = None
    data: Any = Field(default=None, repr=False)

    @property
    def retry_parent(self) -> str | None:
        """The id of the event that this one repeats."""
        return self.retry_parent_event_id


_ASKED_FOR = frozenset({"MANUAL", "BULK_RETRY"})
"""Triggers of attempts that FastHook does not make by itself (names inferred from Hookdeck)."""


class Attempt(Branch):
    """One conversation with the receiver (contract: ``AttemptModel``).

    Attributes:
        status: ``SUCCESSFUL`` or ``FAILED``.
        response_status: null where the receiver gave no HTTP answer; then ``error_code`` says why.
        trigger: why it was made: ``INITIAL``, ``AUTOMATIC``, ``MANUAL``, ``BULK_RETRY`` and others; an open word.
        bulk_retry_id: the bulk operation that made it.
        body: what the receiver answered.
        delivery_latency, response_latency: FastHook does not state the unit; milliseconds are likely.
    """

    event_id: Text = None
    request_id: Text = None
    source_id: Text = None
    destination_id: Text = None
    response_status: Status = None
    attempt_number: WholeNumber = None
    trigger: Text = None
    error_code: TextOfAnything = None
    body: Any = Field(default=None, repr=False)
    requested_url: Text = None
    http_method: Text = None
    bulk_retry_id: TextOfAnything = None
    status: Text = None
    successful_at: Moment = None
    delivered_at: Moment = None
    responded_at: Moment = None
    delivery_latency: Number = None
    response_latency: Number = None

    @property
    def is_replay(self) -> bool:
        """Whether somebody asked for it: FastHook's pages say that a retried event gets more attempts."""
        return self.bulk_retry_id is not None or (self.trigger or "").upper() in _ASKED_FOR


class LatestInput(Model):
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
    input: Any = Field(default=None, repr=False)


class LatestInputAnswer(Model):
    """The newest input, or none yet (contract: ``ConnectionLatestInputResponse``).

    Attributes:
        latest_input: null until the source has received something; an answer without the field is unreadable.
    """

    connection_id: Text = None
    latest_input: LatestInput | None


class MetricsPoint(Model):
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


class DateRange(Model):
    """The window that FastHook really used."""

    start: Moment = None
    end: Moment = None


def _object_or_empty(value: object) -> object:
    return value if isinstance(value, Mapping | DateRange) else {}


class Metrics(Model):
    """A zero-filled series of counts, so "nothing happened" and "nothing is known yet" look alike.

    Attributes:
        partial: some shards did not answer, so the counts are lower bounds.
    """

    date_range: Annotated[DateRange, BeforeValidator(_object_or_empty)] = Field(default_factory=DateRange)
    granularity: Text = None
    series: tuple[MetricsPoint, ...]
    partial: TrueOnly = False
    unavailable_shard_count: WholeNumber = None

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


class TimelineItem(Model):
    """One line of a request's story, as the trace tells it."""

    id: Text = None
    kind: Text = None
    label: Text = None
    at: Moment = None
    status: Text = None
    event_id: Text = None
    attempt_id: Text = None
    connection_id: Text = None


def _counts(value: object) -> dict[str, int]:
    """The counts that can be read."""
    items = value.items() if isinstance(value, Mapping) else ()
    counts = {str(name): as_whole(count) for name, count in items}
    return {name: count for name, count in counts.items() if type(count) is int and count >= 0}


def _readable(model: type[M]) -> BeforeValidator:
    """Leave out the records that cannot be read; null and all else is empty."""
    return BeforeValidator(
        lambda value: read_records(model, value)[0] if isinstance(value, list | tuple) else ()
    )


class Trace(Model):
    """Everything about one request in one answer (contract: request trace).

    Records that cannot be read are left out.

    Attributes:
        counts: how many ``events``, ``ignored_events``, ``attempts`` … FastHook says there are.
    """

    request: Request
    events: Annotated[tuple[Event, ...], _readable(Event)] = ()
    ignored_events: Annotated[tuple[IgnoredEvent, ...], _readable(IgnoredEvent)] = ()
    attempts: Annotated[tuple[Attempt, ...], _readable(Attempt)] = ()
    timeline: Annotated[tuple[TimelineItem, ...], _readable(TimelineItem)] = ()
    counts: Annotated[Mapping[str, int], BeforeValidator(_counts)] = Field(default_factory=dict)
    proxy_exchange: JsonObject = Field(default=None, repr=False)

    def attempts_of(self, event_id: str) -> tuple[Attempt, ...]:
        """The attempts of one event, in the order they came."""
        return tuple(attempt for attempt in self.attempts if attempt.event_id == event_id)
