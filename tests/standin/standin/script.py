"""What a scripted FastHook does: frozen values, written down by a test before anything runs.

Moments are seconds. ``lag_s`` counts from the hop before it: the request from the probe's arrival, the event
from the request, the first attempt from the event, latest input from the event, metrics from the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TEAM = "tm_1f2e3d4c5b6a798081"
DEMO_TEAM = "tm_demo00000000000000"
API_KEY = "fhp_" + "0a1b2c3d4e5f6071" * 4
SOURCE_SECRET = "s3cr3t/of+the source=?&%"

AuthKind = Literal["HMAC", "BASIC_AUTH", "API_KEY"]
EndpointName = Literal[
    "*",
    "connection",
    "connections",
    "source",
    "destination",
    "requests",
    "request",
    "request_events",
    "ignored_events",
    "events",
    "attempts",
    "latest_input",
    "metrics",
]
ReplaySign = Literal["is_retry", "retry_kind", "parent", "retry_operation_id", "all"]
FaultKind = Literal["status", "reset", "html", "truncated", "cut", "null", "nulls", "hang", "slow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthScript:
    """What a source demands of a caller; checked for real. ``BASIC_AUTH`` takes ``user:password``."""

    kind: AuthKind = "HMAC"
    secret: str = field(default=SOURCE_SECRET, repr=False)
    header: str = "x-signature"
    shown_kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressScript:
    """What the source URL answers. ``body=None`` is FastHook's default answer with the request id.

    ``first`` limits ``status`` and ``behaviour`` to that many probes; later ones get the default answer.
    ``rejection`` refuses every probe, whatever it carries, with this cause and ``status``.
    """

    status: int = 200
    body: str | None = None
    content_type: str = "application/json"
    delay_s: float = 0.0
    behaviour: Literal["answer", "hang", "reset", "refused"] = "answer"
    rejection: str | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestScript:
    """What becomes of the request's record.

    ``after_probes`` hides it until so many probes came in all, ``first`` hides those of all later probes.
    ``status``, ``verified`` and ``team_id`` say something else than what happened.
    """

    recorded: bool = True
    lag_s: float = 0.0
    status: str | None = None
    verified: bool | None = None
    team_id: str | None = None
    after_probes: int = 0
    first: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTraffic:
    """Requests of other people on the source, with an event for each of its connections.

    Attributes:
        at_s: counts from the start of the stand-in where negative, else from what ``since`` names.
        since: the source's first probe, or the first look at the requests (for a gate that sends nothing).
        every_s: by how much the requests follow each other.
        counted_after_s: how much later metrics count each.
        marked: whether they are probes of somebody else's gate; otherwise they are real.
    """

    at_s: float
    since: Literal["probe", "look"] = "probe"
    count: int = 1
    every_s: float = 0.0
    counted_after_s: float = 0.0
    marked: bool = True
    outcome: Literal["SUCCESSFUL", "FAILED", "HOLD", "QUEUED", "CANCELLED"] = "SUCCESSFUL"
    body: Mapping[str, Any] = field(default_factory=lambda: {"id": "foreign", "type": "invoice.paid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayScript:
    """Somebody has what came first played again: the request, or each event that it made.

    Attributes:
        at_s: counts from the first request, be it a probe or other people's.
        sign: the fields that tell the replay; the small records of older pages have none of them.
        outcome: the status of the events that it makes.
        each: whether every request is played again, and not the first one alone.
        rejection: why the replay of a request was refused.
    """

    of: Literal["request", "event"] = "request"
    at_s: float = 0.001
    sign: ReplaySign = "all"
    outcome: Literal["SUCCESSFUL", "FAILED", "QUEUED"] = "SUCCESSFUL"
    each: bool = False
    rejection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceScript:
    """One source: its URL, what it demands, what it answers, and the records of what it received.

    Without ``checks`` it demands what it demands in words only, and takes everything for verified.
    """

    id: str = "src_orders"
    auth: AuthScript | None = None
    methods: tuple[str, ...] | None = ("POST",)
    status: str = "enabled"
    ingress: IngressScript = IngressScript()
    request: RequestScript = RequestScript()
    foreign: tuple[ForeignTraffic, ...] = ()
    replays: tuple[ReplayScript, ...] = ()
    shows_url: bool = True
    checks: bool = True
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchScript:
    """What the route makes of an accepted request.

    ``status`` pins the event's status (``HOLD``, ``QUEUED``, an unknown word) whatever the attempts say. Without
    ``filters`` a filter rule is there and lets everything through; ``tells_ignored`` is what is recorded of an ignored
    branch: its cause, another one, or nothing. ``second`` is the status of another event that the request made.
    """

    kind: Literal["event", "ignored", "never"] = "event"
    second: Literal["SUCCESSFUL", "FAILED", "QUEUED", "HOLD", "CANCELLED"] | None = None
    cause: str = "FILTERED"
    status: str | None = None
    lag_s: float = 0.0
    filters: bool = True
    tells_ignored: str | None = "truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptScript:
    """One delivery attempt. ``next_in_s`` is when FastHook says it will try again, from this attempt on."""

    lag_s: float = 0.0
    status: str = "SUCCESSFUL"
    response_status: int | None = 200
    error_code: str | None = None
    body: Any = None
    next_in_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestInputScript:
    """What latest input shows once ``lag_s`` is over; before it, the input of an older request."""

    shows: Literal["ours", "newer", "altered", "stale", "empty"] = "ours"
    lag_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsScript:
    """Whether and when our event is counted, and which way of asking the API understands.

    ``whole_buckets`` counts every event of the bucket in which the asked range begins, ``ignored`` those that were
    ignored.
    """

    counted: bool = True
    lag_s: float = 0.0
    dialect: Literal["both", "guide", "contract"] = "both"
    whole_buckets: bool = False
    ignored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteScript:
    """One connection, from its source to its metrics.

    Attributes:
        team_id: the team named in its records; another one than asked for is the tenancy trap.
        retrying_status: the event's status between a failed attempt and the next one (FastHook does not say).
        event_ids: which of ``webhook_id`` and ``connection_id`` its events carry.
        embeds: whether the connection holds its source and destination in full or only by id.
    """

    connection_id: str = "conn_orders"
    source: SourceScript = SourceScript()
    destination_id: str = "des_billing"
    team_id: str = TEAM
    paused: bool = False
    disabled: bool = False
    destination_disabled: bool = False
    rules: tuple[Mapping[str, Any], ...] = ()
    branch: BranchScript = BranchScript()
    attempts: tuple[AttemptScript, ...] = (AttemptScript(),)
    retrying_status: Literal["QUEUED", "FAILED"] = "QUEUED"
    latest_input: LatestInputScript = LatestInputScript()
    metrics: MetricsScript = MetricsScript()
    event_ids: Literal["both", "webhook_id", "connection_id"] = "both"
    embeds: Literal["full", "ids"] = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The API misbehaves at one endpoint.

    Attributes:
        status: the answer's status for ``kind="status"``; ``retry_after`` becomes its header.
        skip: so many matching calls are answered well first.
        times: so many calls are spoilt, then all is well again; ``None`` is for ever.
        every: only each n-th matching call is spoilt.
        after_probe: nothing is spoilt before a probe has arrived.
        body: of the answer for ``kind="status"``; an error body where there is none.
        delay_s: how long the good answer is held back for ``kind="slow"``.
    """

    kind: FaultKind = "status"
    endpoint: EndpointName = "*"
    status: int = 503
    retry_after: float | None = None
    skip: int = 0
    times: int | None = None
    every: int = 1
    after_probe: bool = False
    body: str | None = None
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiScript:
    """The API as a whole. ``skew_s`` sets its clock ahead (or behind), in records and in ``Date``.

    Attributes:
        partial_calls: so many request lists say ``partial: true`` and lack our own record.
        small: records hold only the fields of the older public pages, lists only ``count`` and ``models``.
        lists_cancelled: ignored branches are among the events even when nobody asks for them.
        ignores_filters: lists leave the ids they are asked for out of account.
        repeats: lists hold their first record twice, and a page begins with the last record of the one before.
        may_pause: the key may pause connections; otherwise it may only read.
    """

    key: str = field(default=API_KEY, repr=False)
    team_id: str = TEAM
    skew_s: float = 0.0
    faults: tuple[Fault, ...] = ()
    partial_calls: int = 0
    small: bool = False
    lists_cancelled: bool = False
    ignores_filters: bool = False
    repeats: bool = False
    may_pause: bool = False
