"""What a gate may say of a history: worked out from its facts, hop by hop, apart from the judge.

Most histories leave exactly one answer. Some leave a few, because it depends on the moments of the looks whether a
state that passes (a hold, an input before it is replaced) was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from fasthook_histories import (
    CREATED,
    FOREVER,
    INGESTED,
    PATIENCE,
    PREFLIGHT,
    STEP,
    TWIN_FAILS,
    WINDOW_START,
    Attempt,
    Fault,
    History,
    Replayed,
    Stranger,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.stages import Stage

Outcome = tuple[Stage, Cause] | None
"""The deciding stage and its cause; ``None`` for a pass."""

MARGIN = 2.0
"""How long after our delivery the metrics window stays open."""
ROUNDING = 1.0
"""How far a date in whole seconds can be from the truth."""
FINISHED = frozenset({"SUCCESSFUL", "FAILED"})
AT_A_LOOK = frozenset(
    {Cause.DELIVERY_FAILED, Cause.DELIVERY_SLOW, Cause.EVENT_HELD, Cause.WRONG_TEAM, Cause.WRONG_VERSION}
)
"""How delivery can end before the last look."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What may be said of one hop: whether it may pass, and the causes that it may end with."""

    passes: bool
    ends: frozenset[Cause] = frozenset()

    def but(self, *causes: Cause) -> Hop:
        """The same, and it may end with these as well."""
        return replace(self, ends=self.ends | set(causes))


PASSES = Hop(passes=True)


def ends(*causes: Cause) -> Hop:
    return Hop(passes=False, ends=frozenset(causes))


def allowed(history: History) -> frozenset[Outcome]:
    """Every verdict that does not contradict what happened."""
    found: set[Outcome] = set()
    for stage, hop_of in HOPS.items():
        hop = hop_of(history)
        hop = hop.but(*(cause for fault in history.faults for cause in _of_fault(fault, stage, history)))
        if stage in history.limits.advisory:
            continue
        found |= {(stage, cause) for cause in hop.ends}
        if not hop.passes:
            return frozenset(found)
    return frozenset({None, *found})


# The route


def preflight(history: History) -> Hop:
    route, unread = history.route, any(fault.endpoint == "destination" for fault in history.faults)
    hidden = unread and route.embedded == "absent"
    if history.foreign_part in {"connection", "source"}:
        return ends(Cause.WRONG_TEAM)
    if history.foreign_part == "destination" and not hidden:
        return ends(Cause.WRONG_TEAM)
    closed = {
        "paused": Cause.CONNECTION_PAUSED,
        "disabled": Cause.CONNECTION_DISABLED,
        "source_disabled": Cause.SOURCE_DISABLED,
        "destination_disabled": Cause.DESTINATION_DISABLED,
    }.get(route.state)
    unsendable = {
        Cause.PAYLOAD_FILTERED: route.filtered == "unmet",
        Cause.SOURCE_SECRET_MISSING: route.auth == "missing",
    }
    reasons = [cause for cause, holds in unsendable.items() if holds]
    hop = ends(*reasons) if reasons else PASSES
    if closed is not None and not (hidden and route.state == "destination_disabled"):
        hop = ends(closed)
    if not hidden:
        return hop
    late = {Cause.WRONG_TEAM} if history.foreign_part == "destination" else set()
    return hop.but(*late, *({closed} if closed else ()))


# The request


def ingress(history: History) -> Hop:
    facts = history.ingress
    answered = facts.answer in {"accepted", "bare", "strange", "429"}
    if answered:
        missing = Cause.REQUEST_NOT_SEEN
    else:
        missing = Cause.INGRESS_REJECTED if facts.answer in {"401", "405"} else Cause.INGRESS_UNREACHABLE
    last = history.budget if answered or history.route.speaks else PATIENCE
    if facts.record == "none" or facts.visible > last:
        return ends(missing)
    if history.foreign_part == "request":
        return ends(Cause.WRONG_TEAM)
    if max(facts.visible, facts.clear) > history.budget:
        return ends(Cause.REQUEST_NOT_SEEN)
    if facts.record == "rejected":
        return ends(Cause.INGRESS_REJECTED)
    if history.route.auth == "none" or facts.verified:
        return PASSES
    return ends(Cause.REQUEST_NOT_SEEN if facts.verified is None else Cause.INGRESS_REJECTED)


# The branch


def branch(history: History) -> Hop:
    facts = history.branch
    shown = facts.kind == "event" or (facts.kind == "ignored" and facts.shown)
    if not shown or facts.visible > history.budget:
        return ends(Cause.BRANCH_NOT_SEEN)
    if history.foreign_part == ("event" if facts.kind == "event" else "ignored"):
        return ends(Cause.WRONG_TEAM)
    if facts.kind == "ignored":
        return ends(Cause.BRANCH_IGNORED)
    start, end = _hold(history)
    if start > history.budget or end <= facts.visible:
        return PASSES
    known = history.delivery.odd_until <= facts.visible
    held = ends(Cause.EVENT_HELD)
    return held if known and start <= facts.visible and end >= FOREVER else replace(held, passes=True)


def _hold(history: History) -> tuple[float, float]:
    """From when until when the event's record shows a hold."""
    held, lag = history.branch.held, history.delivery.event_lag
    return (held[0] + lag, held[1] + lag) if held else (FOREVER * 2, FOREVER * 2)


# Delivery


def delivery(history: History) -> Hop:
    deadline = history.budget
    visible = [one for one in history.delivery.attempts if one.visible <= deadline]
    hop = (
        _delivered(history) if any(one.ending == "ok" for one in visible) else _undelivered(history, visible)
    )
    if history.foreign_part == "attempt" and visible:
        hop = Hop(
            passes=False, ends=hop.ends & {Cause.EVENT_HELD, Cause.DELIVERY_FAILED} | {Cause.WRONG_TEAM}
        )
    hop = _with_twin(hop, history)
    start, end = _hold(history)
    return hop.but(Cause.EVENT_HELD) if start <= deadline and end > history.branch.visible else hop


def _with_twin(hop: Hop, history: History) -> Hop:
    """Another event of our request that fails must be noticed where it was listed no later than ours."""
    facts = history.branch
    if facts.twin != "event" or not facts.twin_fails or facts.twin_visible > history.budget:
        return hop
    if facts.twin_visible > facts.visible:
        return hop.but(Cause.DELIVERY_FAILED)
    return Hop(passes=False, ends=hop.ends & AT_A_LOOK | {Cause.DELIVERY_FAILED})


def _delivered(history: History) -> Hop:
    """A success can be seen in time: what else could still speak against it."""
    facts, limits = history.delivery, history.limits
    first = facts.attempts[0]
    if facts.odd_until > history.budget and not (limits.first and first.ending != "ok"):
        return ends(Cause.DELIVERY_PENDING)
    if limits.first and first.ending != "ok":
        seen = first.visible <= history.budget
        told = facts.dated or facts.numbered is not None
        return ends(
            *([Cause.DELIVERY_FAILED] if seen else []), *([] if seen and told else [Cause.DELIVERY_PENDING])
        )
    if limits.latency is not None and not (facts.dated and history.ingress.dated):
        return ends(Cause.API_BAD_RESPONSE)
    if limits.release and facts.body == "absent":
        return ends(Cause.API_BAD_RESPONSE)
    done = next(one for one in facts.attempts if one.ending == "ok").at + 0.1
    if limits.latency is not None and done - INGESTED > limits.latency + history.route.delay:
        return ends(Cause.DELIVERY_SLOW)
    return ends(Cause.WRONG_VERSION) if limits.release and facts.body == "other" else PASSES


def _undelivered(history: History, visible: list[Attempt]) -> Hop:
    """No success can be seen in time: is that failure, or not known yet?"""
    failed = [one for one in visible if one.ending in {"500", "refused"}]
    first = history.delivery.attempts[:1]
    if history.limits.first and failed and first and first[0].ending != "ok":
        told = first[0] in failed
        return ends(Cause.DELIVERY_FAILED, *([] if told else [Cause.DELIVERY_PENDING]))
    hopeless = _failed_for_good(history, failed) or _too_late(history, failed)
    start, end = _hold(history)
    if start <= history.budget < end:
        return ends(Cause.EVENT_HELD, *([Cause.DELIVERY_FAILED] if hopeless else []))
    return ends(Cause.DELIVERY_FAILED if hopeless else Cause.DELIVERY_PENDING)


def _made(history: History) -> list[Attempt]:
    """The attempts that the event's record knows of at the last look."""
    seen = history.budget - history.delivery.event_lag
    return [one for one in history.delivery.attempts if one.at <= seen]


def _failed_for_good(history: History, failed: list[Attempt]) -> bool:
    """Whether the last look shows an event that will not be tried again."""
    facts = history.delivery
    if facts.odd_until > history.budget:
        return False
    if facts.failed_at is not None and facts.failed_at + facts.event_lag <= history.budget:
        return facts.tells_next or history.route.retry is None
    made = _made(history)
    if not made or any(one.ending not in {"500", "refused"} for one in made):
        return False
    if _due(history, made) is not None:
        return False
    rule = history.route.retry
    return facts.tells_next or rule is None or len(failed) > rule.count


def _too_late(history: History, failed: list[Attempt]) -> bool:
    """Whether the last look shows that the next attempt is due after the deadline."""
    facts, made = history.delivery, _made(history)
    done = {one.ending for one in made}
    if not failed or not made or facts.odd_until > history.budget or done - {"500", "refused"}:
        return False
    due = _due(history, made)
    if not facts.tells_next:
        rule = history.route.retry
        promised = rule is not None and len(failed) <= rule.count and facts.dated
        due = failed[-1].at + 0.1 + rule.interval if promised and rule else None
    return due is not None and _surely(due, history) > history.budget


def _due(history: History, made: list[Attempt]) -> float | None:
    following = [one.at for one in history.delivery.attempts[len(made) :]]
    return following[0] if following else history.delivery.next_at


def _surely(due: float, history: History) -> float:
    """The earliest moment here that a date of the server can stand for, as far as it can be known."""
    if history.ingress.dated:
        return due - INGESTED
    return 0.0 if history.rounding is None else due + history.rounding - ROUNDING


# The latest input


def latest_input(history: History) -> Hop:
    facts, deadline = history.latest_input, history.budget
    played = [one for one in history.replays if one.of == "request"]
    others: list[Stranger | Replayed] = [*history.strangers, *played]
    newer = [one.at + one.visible for one in others if one.at > INGESTED]
    replaced = min(newer, default=FOREVER * 2)
    stale = ends(Cause.LATEST_INPUT_STALE)
    ours = (
        stale if facts.layout == "missing" else ends(Cause.LATEST_INPUT_MISMATCH) if facts.altered else PASSES
    )
    seen = facts.visible <= deadline and facts.visible < replaced
    if replaced > deadline:
        return ours if seen else stale
    hop = PASSES if history.ingress.dated else stale
    return Hop(hop.passes or ours.passes, hop.ends | (ours.ends - stale.ends)) if seen else hop


# Metrics


def metrics(history: History) -> Hop:
    """Every answer that the series gives between the sending and the last look."""
    looks = round((history.budget - STEP / 2) / STEP)
    moments = [STEP / 2 + STEP * step for step in range(looks)]
    last = _counted(history, history.budget)
    earlier = {one for moment in moments for one in _counted(history, moment)}
    meanings = last | (earlier - {Cause.METRICS_LAG, Cause.API_BAD_RESPONSE})
    causes = {one for one in meanings if one is not None}
    if history.metrics.counts_from > 0:
        causes.add(Cause.API_BAD_RESPONSE)
    return Hop(passes=None in meanings, ends=frozenset(causes))


def _counted(history: History, moment: float) -> set[Cause | None]:
    """What the answers of one moment may mean.

    A failure more than the limit means nothing yet where an event of ours failed before it was delivered, or may
    still be delivered: the counts do not say whose failure they hold.
    """
    if moment < history.metrics.counts_from:
        return {Cause.API_BAD_RESPONSE}
    made = list(_events(history, moment))
    counted = [one.counted for one in made if one.created + history.metrics.lag <= moment]
    counted = [word for word in counted if history.metrics.ignored or word != "CANCELLED"]
    listed = [one.listed for one in made if one.visible <= moment and one.listed != "CANCELLED"]
    finished = [word for word in counted if word in FINISHED]
    ours = made[0].visible <= moment and made[0].listed in FINISHED
    if not ours or len(finished) < sum(word in FINISHED for word in listed) or len(counted) < len(listed):
        return {Cause.METRICS_LAG}
    rate, failed = history.limits.failure_rate, finished.count("FAILED")
    if failed / len(finished) <= rate:
        return {None}
    twin = history.branch.twin == "event"
    if (failed - 1 - twin) / len(finished) > rate:
        return {Cause.METRICS_FAILURES}
    endings = {one.ending for one in history.delivery.attempts}
    if "ok" in endings and not endings.isdisjoint({"500", "refused"}) and not twin:
        return {Cause.METRICS_LAG}
    sure = Stage.DELIVERY not in history.limits.advisory and not twin
    return {Cause.METRICS_FAILURES} if sure else {Cause.METRICS_FAILURES, Cause.METRICS_LAG}


@dataclass(frozen=True, slots=True)
class _Made:
    """An event of our connection: when it was made and is listed, and its status in the list and for metrics."""

    created: float
    visible: float
    listed: str
    counted: str


def _events(history: History, moment: float) -> Iterator[_Made]:
    """The events of our connection in the window; ours is the first."""
    since, until = _window(history)
    facts, ours = history.branch, (_listed_as(history, moment), _counted_as(history, moment))
    yield _Made(CREATED, facts.visible, *ours)
    if facts.twin == "event":
        failed = tuple(
            "FAILED" if then >= TWIN_FAILS else "QUEUED" for then in (moment, moment - history.metrics.lag)
        )
        yield _Made(CREATED + 0.1, facts.twin_visible, *(failed if facts.twin_fails else ours))
    if facts.twin == "ignored" and "event" in facts.shown:
        yield _Made(CREATED - 0.05, facts.twin_visible, "CANCELLED", "CANCELLED")
    others: list[Stranger | Replayed] = [*(one for one in history.strangers if one.ours), *history.replays]
    for one in others:
        if since <= one.at <= until:
            yield _Made(one.at, one.at + one.visible, one.status, one.status)


def _listed_as(history: History, moment: float) -> str:
    """The status of our event in lists, as far as it matters to metrics."""
    facts, held = history.delivery, history.branch.held
    seen = moment - facts.event_lag
    if moment < facts.odd_until or (held and held[0] <= seen < held[1]):
        return "QUEUED"
    if facts.failed_at is not None and facts.failed_at <= seen:
        return "FAILED"
    done = [one for one in facts.attempts if one.at <= seen]
    if any(one.ending in {"ok", "odd", "liar"} for one in done):
        return "SUCCESSFUL"
    if done and _due(history, done) is None:
        return "FAILED"
    return facts.between if done else "QUEUED"


def _counted_as(history: History, moment: float) -> str:
    """The status that metrics count our event by: by the attempts that were made until then."""
    facts, then = history.delivery, moment - history.metrics.lag
    if facts.failed_at is not None and facts.failed_at <= then:
        return "FAILED"
    done = {one.ending for one in facts.attempts if one.at <= then}
    if not done:
        return "QUEUED"
    return "FAILED" if done.isdisjoint({"ok", "odd", "liar"}) else "SUCCESSFUL"


def _window(history: History) -> tuple[float, float]:
    """From before the sending until shortly after our event, and its delivery where that is waited for."""
    start = WINDOW_START + (history.skew if history.rounding is None else -history.rounding)
    since = min(start, INGESTED if history.ingress.dated else CREATED)
    awaited = history.delivery.dated and Stage.DELIVERY not in history.limits.advisory
    done = [one.at + 0.1 for one in history.delivery.attempts if one.ending == "ok" and awaited]
    return since, max([CREATED, *done[:1]]) + MARGIN


# Faults

ASKED_BY: Mapping[str, tuple[Stage, ...]] = {
    "connection": (Stage.PREFLIGHT,),
    "requests": (Stage.INGRESS,),
    "request": (Stage.INGRESS,),
    "request_events": (Stage.BRANCH, Stage.DELIVERY),
    "ignored": (Stage.BRANCH,),
    "events": (Stage.BRANCH, Stage.DELIVERY, Stage.METRICS),
    "attempts": (Stage.DELIVERY,),
    "latest_input": (Stage.LATEST_INPUT,),
    "metrics": (Stage.METRICS,),
}
CAUSES: Mapping[str, Cause] = {
    "401": Cause.API_UNAUTHORIZED,
    "403": Cause.API_FORBIDDEN,
    "409": Cause.API_BAD_RESPONSE,
    "unreadable": Cause.API_BAD_RESPONSE,
    "rate_limited": Cause.API_RATE_LIMITED,
}
AT_ONCE = frozenset({"401", "403", "409"})


def _of_fault(fault: Fault, stage: Stage, history: History) -> Iterator[Cause]:
    """The causes that a fault can be at a stage: one that passes before the last look is none."""
    if stage not in ASKED_BY.get(fault.endpoint, ()):
        return
    limits = {Stage.PREFLIGHT: (PREFLIGHT[1],), Stage.INGRESS: (PATIENCE, history.budget)}
    last = any(fault.start <= limit < fault.end for limit in limits.get(stage, (history.budget,)))
    hopeless = stage is Stage.PREFLIGHT and fault.trouble in {"connect", "unreadable"}
    if last or hopeless or fault.trouble in AT_ONCE:
        yield CAUSES.get(fault.trouble, Cause.API_UNREACHABLE)


HOPS: Mapping[Stage, Callable[[History], Hop]] = {
    Stage.PREFLIGHT: preflight,
    Stage.INGRESS: ingress,
    Stage.BRANCH: branch,
    Stage.DELIVERY: delivery,
    Stage.LATEST_INPUT: latest_input,
    Stage.METRICS: metrics,
}
