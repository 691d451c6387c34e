"""Drawing histories: a calm route with odd shapes and small lags, of which up to two parts are in trouble.

So most histories get far enough for their later hops to matter, and each hop is reached with every kind of trouble.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TypeVar, get_args

from fasthook_histories import (
    BUDGET,
    FOREVER,
    PREFLIGHT,
    STEP,
    Answer,
    Attempt,
    Branch,
    Delivery,
    Ending,
    Fault,
    History,
    Ingress,
    LatestInput,
    Limits,
    Metrics,
    Part,
    Recorded,
    Replayed,
    RetryRule,
    Route,
    Sign,
    State,
    Stranger,
    Trouble,
)
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from pytest_fasthook.stages import ALWAYS_DECIDING, Stage

T = TypeVar("T")
PARTS = ("route", "ingress", "branch", "delivery", "latest_input", "metrics", "faults", "team", "limits")
ENDPOINTS = {
    "connection": PREFLIGHT[0],
    "destination": PREFLIGHT[0],
    "requests": 0.0,
    "request": 0.0,
    "request_events": 0.0,
    "ignored": 0.0,
    "events": 0.0,
    "attempts": 0.0,
    "latest_input": 0.0,
    "metrics": 0.0,
}
"""Where trouble can be, and from when on it is asked."""


def grid(low: float, high: float) -> SearchStrategy[float]:
    """Moments between two bounds, on the grid."""
    return st.integers(round(low / STEP), round(high / STEP)).map(lambda steps: steps * STEP)


SOON = st.just(0.0) | grid(0, 3)
ANY_TIME = grid(0, 3) | grid(0, BUDGET + 4) | st.just(FOREVER)
flags = st.booleans()
rarely = st.integers(0, 7).map(lambda number: number == 0)


def some(*values: T) -> SearchStrategy[T]:
    return st.sampled_from(values)


@st.composite
def histories(draw: DrawFn) -> History:
    """Whole histories."""
    troubled = draw(st.sets(st.sampled_from(PARTS), max_size=2))
    route = draw(routes(trouble="route" in troubled))
    history = History(
        route=route,
        ingress=draw(ingresses(route, trouble="ingress" in troubled)),
        branch=draw(branches(trouble="branch" in troubled)),
        delivery=draw(deliveries(route, trouble="delivery" in troubled)),
        latest_input=draw(latest_inputs(trouble="latest_input" in troubled)),
        metrics=draw(metrics(trouble="metrics" in troubled)),
        faults=draw(st.lists(faults(), min_size=1, max_size=3).map(tuple)) if "faults" in troubled else (),
        limits=draw(limits()) if "limits" in troubled else Limits(),
        foreign_part=draw(some(*get_args(Part))) if "team" in troubled else None,
        nameless=draw(rarely),
        page=draw(some(1, 2, 3, 100)),
        leaky=draw(flags),
        partial=draw(flags),
        rounding=draw(some(0.0, 0.5, 0.95, None)),
        skew=draw(some(-600.0, 0.0, 600.0)),
        gaps=draw(st.lists(some(0.5, 1.0, 2.5), min_size=1, max_size=3).map(tuple)),
        again=draw(flags),
        lists_ignored=draw(flags),
    )
    history = _without_contradictions(history)
    return replace(
        history,
        strangers=draw(st.lists(strangers(history), max_size=4).map(tuple)),
        replays=draw(replays(history)),
    )


@st.composite
def routes(draw: DrawFn, *, trouble: bool) -> Route:
    states: SearchStrategy[State] = some("open", *get_args(State))
    return Route(
        state=draw(states) if trouble else "open",
        embedded=draw(some("full", "thin", "absent")),
        auth=draw(some("none", "given", "missing") if trouble else some("none", "none", "given")),
        speaks=draw(rarely),
        filtered=draw(some("no", "met", "unmet") if trouble else some("no", "met")),
        retry=draw(st.none() | retry_rules()),
        delay=draw(st.just(0.0) | grid(0.5, 4)),
    )


def retry_rules() -> SearchStrategy[RetryRule]:
    return st.builds(
        RetryRule,
        strategy=some("linear", "exponential"),
        interval=some(0.5, 2.0, 5.0, 40.0),
        count=st.integers(1, 4),
    )


@st.composite
def ingresses(draw: DrawFn, route: Route, *, trouble: bool) -> Ingress:
    answers: SearchStrategy[Answer] = some(*get_args(Answer))
    plain: SearchStrategy[Answer] = some("accepted", "bare")
    answer = draw(answers if trouble or route.speaks else plain)
    if answer == "strange" and not route.speaks:
        answer = "bare"
    records: SearchStrategy[Recorded] = some("accepted", "accepted", "rejected", "none")
    record: Recorded = draw(records) if trouble else "accepted"
    has_auth = route.auth != "none"
    return Ingress(
        answer=answer,
        record="none" if answer == "connect" else record,
        visible=draw(ANY_TIME if trouble else SOON),
        clear=draw(ANY_TIME if trouble else SOON),
        verified=draw(some(True, False, None) if trouble or not has_auth else st.just(value=True)),
        dated=not draw(rarely),
    )


@st.composite
def branches(draw: DrawFn, *, trouble: bool) -> Branch:
    visible = draw(ANY_TIME if trouble else SOON)
    held = None
    if trouble and draw(flags):
        start = draw(grid(0, 6))
        held = (start, draw(st.just(FOREVER) | grid(start + STEP, start + 8)))
    return Branch(
        kind=draw(some("event", "event", "ignored", "none")) if trouble else "event",
        visible=visible,
        held=held,
        twin=draw(some("none", "none", "event", "ignored")),
        twin_visible=visible + draw(SOON),
        twin_fails=draw(flags),
        shown=draw(st.sets(some("event", "record")).map(frozenset)) if trouble else frozenset({"record"}),
        reason=draw(some("FILTERED", "SOMETHING_NEW", None)),
        named=draw(some("connection_id", "webhook_id", "both")),
    )


@st.composite
def deliveries(draw: DrawFn, route: Route, *, trouble: bool) -> Delivery:
    attempts = draw(attempt_lists(route, trouble=trouble))
    visible = ANY_TIME if trouble else SOON
    seen = [one.at + draw(visible) for one in attempts]
    numbered = draw(some(1, 1, 0, None))
    if numbered != 1:
        seen = list(accumulate(seen, max))
    shown = tuple(replace(one, visible=moment) for one, moment in zip(attempts, seen, strict=True))
    last = attempts[-1].at if attempts else route.delay
    return Delivery(
        attempts=shown,
        next_at=draw(next_moments(route, len(attempts), last)),
        between=draw(some("FAILED", "QUEUED")),
        event_lag=draw(SOON),
        tells_next=not draw(rarely),
        odd_until=draw(ANY_TIME) if trouble and draw(rarely) else 0.0,
        numbered=numbered,
        dated=not draw(rarely),
        body=draw(some("release", "release", "other", "absent")),
        failed_at=draw(grid(0.5, BUDGET + 3)) if trouble and not attempts and draw(flags) else None,
    )


@st.composite
def attempt_lists(draw: DrawFn, route: Route, *, trouble: bool) -> list[Attempt]:
    """Failures, then an ending; retries follow the rule where there is one, and the service's own plan elsewhere."""
    failing: SearchStrategy[Ending] = some("500", "refused")
    endings: SearchStrategy[Ending | None] = some(None, "ok", *get_args(Ending))
    failures = draw(st.integers(0, route.retry.count if route.retry else 2)) if draw(flags) else 0
    ending = draw(endings) if trouble else "ok"
    kinds = [draw(failing) for _ in range(failures)] + ([ending] if ending else [])
    moment, attempts = route.delay + draw(grid(0.5, 2)), []
    for number, kind in enumerate(kinds):
        attempts.append(Attempt(at=moment, ending=kind))
        moment += _pause(route.retry, number) if route.retry else draw(grid(0.5, 4))
        moment += draw(some(0.0, 0.0, 0.5))
    return attempts


def _pause(rule: RetryRule, number: int) -> float:
    return rule.interval * (2**number if rule.strategy == "exponential" else 1)


def next_moments(route: Route, made: int, last: float) -> SearchStrategy[float | None]:
    """When a further attempt is due: none, or far enough from the deadline for a rounded clock to tell."""
    deadline = BUDGET + route.delay
    soonest = last + (_pause(route.retry, made - 1) if route.retry and made else STEP)
    late = grid(max(soonest, deadline + 2.25), max(soonest, deadline + 2.25) + 30)
    early = grid(soonest, deadline - 2.25) if soonest <= deadline - 2.25 else late
    return st.none() | early | late


def latest_inputs(*, trouble: bool) -> SearchStrategy[LatestInput]:
    return st.builds(
        LatestInput,
        visible=ANY_TIME if trouble else SOON,
        altered=flags if trouble else st.just(value=False),
        layout=some("envelope", "text", "bare", "missing") if trouble else some("envelope", "text", "bare"),
    )


def metrics(*, trouble: bool) -> SearchStrategy[Metrics]:
    return st.builds(
        Metrics,
        lag=ANY_TIME if trouble else SOON,
        counts_from=some(-FOREVER, -FOREVER, 5.0, FOREVER) if trouble else st.just(-FOREVER),
        ignored=flags,
    )


@st.composite
def limits(draw: DrawFn) -> Limits:
    advisable = sorted(set(Stage) - ALWAYS_DECIDING)
    return Limits(
        first=draw(flags),
        latency=draw(st.none() | some(1.0, 3.0, 30.0)),
        release=draw(flags),
        failure_rate=draw(some(0.0, 0.0, 0.4, 1.0)),
        advisory=draw(st.sets(st.sampled_from(advisable), max_size=2).map(frozenset)),
    )


@st.composite
def faults(draw: DrawFn) -> Fault:
    endpoint = draw(st.sampled_from(sorted(ENDPOINTS)))
    start = ENDPOINTS[endpoint] + draw(st.just(0.0) | grid(0, BUDGET))
    lasting = draw(grid(0.5, 6) | st.just(FOREVER))
    passing: SearchStrategy[Trouble] = some("timeout", "status", "rate_limited", "unreadable")
    any_kind: SearchStrategy[Trouble] = some(*get_args(Trouble))
    return Fault(endpoint=endpoint, start=start, end=start + lasting, trouble=draw(passing | any_kind))


def strangers(history: History) -> SearchStrategy[Stranger]:
    """Other requests, before and after ours; lists show them no later than metrics count them."""
    lag = history.metrics.lag
    return st.builds(
        Stranger,
        at=grid(-30, 0) | grid(0.5, BUDGET),
        visible=grid(0, min(lag, 3)) if lag else st.just(0.0),
        ours=flags,
        failed=rarely,
        ended=some("", "", "", "QUEUED", "CANCELLED"),
    )


def replays(history: History) -> SearchStrategy[tuple[Replayed, ...]]:
    """What was played again: a request that was recorded, an event that was made."""
    lag, possible = history.metrics.lag, ["request"] if history.ingress.record != "none" else []
    possible += ["event"] if history.branch.kind == "event" else []
    if not possible:
        return st.just(())
    replayed = st.builds(
        Replayed,
        at=grid(0.5, 4) | grid(0.5, BUDGET),
        of=st.sampled_from(possible),
        sign=some(*get_args(Sign)),
        status=some("SUCCESSFUL", "SUCCESSFUL", "FAILED", "QUEUED"),
        visible=grid(0, min(lag, 3)) if lag else st.just(0.0),
    )
    return st.lists(replayed, max_size=3).map(tuple)


def _without_contradictions(history: History) -> History:
    """The same history without what could not have happened."""
    history = _with_possible_hold(history)
    delivery, branch, retry = history.delivery, history.branch, history.route.retry
    used_up = retry is not None and len(delivery.attempts) > retry.count
    if not delivery.attempts or branch.kind != "event" or (used_up and not delivery.tells_next):
        delivery = replace(delivery, next_at=None)
    if not delivery.tells_next and retry is None:
        delivery = replace(delivery, between="QUEUED")
    if branch.kind == "event" and branch.twin == "ignored" and not branch.shown:
        branch = replace(branch, twin="none")
    if not delivery.tells_next and retry is not None:
        branch = replace(branch, twin_fails=False)  # an old record would not say that it failed for good
    return replace(history, delivery=delivery, branch=branch)


def _with_possible_hold(history: History) -> History:
    """Only an event that is not finished can be held; its attempts are made after the hold, by the same pause."""
    held, delivery = history.branch.held, history.delivery
    if held is None:
        return history
    made = [one for one in delivery.attempts if one.at < held[0]]
    waiting = delivery.attempts[len(made) :]
    failed = delivery.failed_at is not None and delivery.failed_at < held[0]
    if failed or (made and not waiting):
        return replace(history, branch=replace(history.branch, held=None))
    pause = held[1] - held[0]
    moved = [replace(one, at=one.at + pause, visible=one.visible + pause) for one in waiting]
    if held[1] < FOREVER:
        return replace(history, delivery=replace(delivery, attempts=(*made, *moved), failed_at=None))
    due = waiting[0].at if waiting else None
    return replace(history, delivery=replace(delivery, attempts=tuple(made), next_at=due, failed_at=None))
