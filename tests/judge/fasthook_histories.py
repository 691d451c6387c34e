"""Histories of a route with the truth known: what really happened, and when the API lets anybody see it.

A history is drawn as facts, never as answers: ``fasthook_service`` answers calls from them, ``fasthook_truth`` says
from them what a gate may say. All moments are seconds on the server's clock after the probe was sent, on a grid of
half seconds (``STEP``) that no deadline lies on, so that what is visible at a last look is never in doubt.

What is taken for granted about FastHook, because no gate could be right without it:

- an event can be listed before a duplicate of it is recorded as ignored;
- metrics count an event no earlier than lists show it;
- an old event record that does not say when the next attempt is due is FAILED between two attempts only where a
  retry rule promises the next one;
- attempts that are not numbered from one become visible in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pytest_fasthook.stages import Stage

STEP = 0.5
BUDGET = 20.25
PATIENCE = 10.25
PREFLIGHT = (-50.0, -39.75)
"""When preflight begins and its limit."""
WINDOW_START = -10.0
INGESTED, CREATED, TWIN_FAILS = 0.1, 0.2, 0.5
FOREVER = 1000.0

State = Literal["open", "paused", "disabled", "source_disabled", "destination_disabled"]
Answer = Literal["accepted", "bare", "strange", "401", "405", "429", "503", "timeout", "connect"]
Recorded = Literal["accepted", "rejected", "none"]
Ending = Literal["ok", "500", "refused", "odd", "liar"]
Trouble = Literal["connect", "timeout", "status", "rate_limited", "unreadable", "401", "403", "409"]
Sign = Literal["is_retry", "retry_kind", "parent", "retry_operation_id", "all"]
Part = Literal["connection", "source", "destination", "request", "event", "attempt", "ignored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """A retry rule; the pause is in seconds."""

    strategy: Literal["linear", "exponential"] = "linear"
    interval: float = 2.0
    count: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The configured route.

    Attributes:
        embedded: whether the connection embeds its source and destination, and whether with their config.
        auth: whether the source has auth, and whether the gate was given the secret.
        speaks: the source's answer is configured, so that it means nothing.
        filtered: a filter that the given payload meets or does not meet.
    """

    state: State = "open"
    embedded: Literal["full", "thin", "absent"] = "full"
    auth: Literal["none", "given", "missing"] = "none"
    speaks: bool = False
    filtered: Literal["no", "met", "unmet"] = "no"
    retry: RetryRule | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """What the source answered, and what it recorded.

    Attributes:
        visible: when the record can be listed.
        clear: until when its status is a word that nobody knows.
        verified: what the record says of the signature; ``None``: nothing.
        dated: whether the record has dates.
    """

    answer: Answer = "accepted"
    record: Recorded = "accepted"
    visible: float = 0.0
    clear: float = 0.0
    verified: bool | None = None
    dated: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """What became of the request on our connection.

    Attributes:
        visible: when the event, or the ignored record, can be listed.
        held: from when until when the event is on hold.
        twin: the request was processed twice; the second time it made another event, or was ignored.
        twin_fails: whether the other event fails, at ``TWIN_FAILS``; else it is delivered as the first one is.
        shown: for an ignored branch: as a cancelled event, as an ignored record, or both.
        named: how records name their connection.
    """

    kind: Literal["event", "ignored", "none"] = "event"
    visible: float = 0.0
    held: tuple[float, float] | None = None
    twin: Literal["none", "event", "ignored"] = "none"
    twin_visible: float = 0.0
    twin_fails: bool = False
    shown: frozenset[str] = frozenset({"event", "record"})
    reason: str | None = "FILTERED"
    named: Literal["connection_id", "webhook_id", "both"] = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One conversation with the receiver, and when it can be listed."""

    at: float
    ending: Ending = "ok"
    visible: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """All attempts, and how the event's record follows them.

    Attributes:
        next_at: when the attempt after the last one is due; ``None``: there is none.
        between: the event's status between two attempts.
        event_lag: how long the event's record lags behind.
        tells_next: whether the record says when the next attempt is due, as newer ones do.
        odd_until: until when the event's status is a word that nobody knows.
        numbered: the number of the first attempt; ``None``: they have none.
        dated: whether attempts have dates.
        body: what the receiver's recorded answer says of its release.
        failed_at: when the event failed without any attempt.
    """

    attempts: tuple[Attempt, ...] = (Attempt(at=0.5, visible=0.5),)
    next_at: float | None = None
    between: Literal["FAILED", "QUEUED"] = "FAILED"
    event_lag: float = 0.0
    tells_next: bool = True
    odd_until: float = 0.0
    numbered: int | None = 1
    dated: bool = True
    body: Literal["release", "other", "absent"] = "release"
    failed_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestInput:
    """The newest input of the connection.

    Attributes:
        layout: how the input is stored; ``bare`` without an envelope, ``missing`` without its body.
    """

    visible: float = 0.0
    altered: bool = False
    layout: Literal["envelope", "text", "bare", "missing"] = "envelope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Counting: how far it lags behind, and from when on the series carries counts at all.

    Attributes:
        ignored: whether ``count`` holds ignored events, too.
    """

    lag: float = 0.0
    counts_from: float = -FOREVER
    ignored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody else's request to our source.

    Attributes:
        visible: how long after it came it can be listed.
        ours: whether it made an event on our connection, too.
        ended: what became of that event; it was ignored where it is ``CANCELLED``.
    """

    at: float
    visible: float = 0.0
    ours: bool = True
    failed: bool = False
    ended: Literal["", "QUEUED", "CANCELLED"] = ""

    @property
    def status(self) -> str:
        """The status of its event."""
        return self.ended or ("FAILED" if self.failed else "SUCCESSFUL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Somebody had our request, or our event, played again.

    Attributes:
        visible: how long after it was made it can be listed.
        sign: the fields that tell it.
        status: the status of the event that it made.
    """

    at: float
    of: Literal["request", "event"] = "request"
    sign: Sign = "all"
    status: Literal["SUCCESSFUL", "FAILED", "QUEUED"] = "SUCCESSFUL"
    visible: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An endpoint that answers with an error for a while."""

    endpoint: str
    start: float
    end: float
    trouble: Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the user asked for."""

    first: bool = False
    latency: float | None = None
    release: bool = False
    failure_rate: float = 0.0
    advisory: frozenset[Stage] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that happened to one connection.

    Attributes:
        foreign_part: a record that belongs to another team.
        nameless: records do not say which team they belong to.
        page: how many records a page of a list holds.
        leaky: lists do not heed the connection that is asked for.
        partial: lists say that they are incomplete while something is still to come.
        rounding: how far the server's date lags behind its clock; ``None``: it sends no date, and the local clock
            is off by ``skew``.
        gaps: the pauses between looks, again and again.
        again: lists hold a record twice, and a page begins with the record that ended the page before.
        lists_ignored: others' ignored events are among the events that are listed.
    """

    route: Route = field(default_factory=Route)
    ingress: Ingress = field(default_factory=Ingress)
    branch: Branch = field(default_factory=Branch)
    delivery: Delivery = field(default_factory=Delivery)
    latest_input: LatestInput = field(default_factory=LatestInput)
    metrics: Metrics = field(default_factory=Metrics)
    strangers: tuple[Stranger, ...] = ()
    faults: tuple[Fault, ...] = ()
    limits: Limits = field(default_factory=Limits)
    foreign_part: Part | None = None
    nameless: bool = False
    page: int = 100
    leaky: bool = False
    partial: bool = False
    rounding: float | None = 0.5
    skew: float = 0.0
    gaps: tuple[float, ...] = (0.5,)
    replays: tuple[Replayed, ...] = ()
    again: bool = False
    lists_ignored: bool = False

    @property
    def budget(self) -> float:
        """The moment of the last look; the delay rule is added to what the user gave."""
        return BUDGET + self.route.delay
