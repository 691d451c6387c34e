"""Metrics: our own event is counted, and in that same answer failures are within the limit.

Series are zero-filled, so a zero proves nothing: only once the count has reached the number of this connection's
events that the events list shows in the same window, ours among them, do the failures mean anything (FastHook
contract, metrics series; guide on observing event flows).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pytest_fasthook.causes import Cause
from pytest_fasthook.evidence import Ask, Evidence, Question
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed
from pytest_fasthook.judge.success import succeeded
from pytest_fasthook.seen import WindowSeen
from pytest_fasthook.stages import Stage

STAGE = Stage.METRICS
MARGIN = timedelta(seconds=2)


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the deploy window's counts."""
    question = window_question(evidence, expect)
    observation = evidence.answered(question)
    seen: WindowSeen | None = observation.value if observation else None
    if seen is None:
        return _wait(question, expect, "the metrics could not be read", seen)
    if seen.count is None or seen.failed is None:
        missing = "count" if seen.count is None else "failed_count"
        return ended(
            STAGE, Cause.API_BAD_RESPONSE, f"the metrics series carries no {missing}", facts=_facts(seen)
        )
    if not seen.ours_listed or seen.count < seen.listed:
        return _wait(question, expect, _lag(seen, evidence, expect), seen)
    return _counted(seen, seen.count, seen.failed, expect)


def window_question(evidence: Evidence, expect: Expectations) -> Question:
    """The deploy window, closed shortly after our event was made so that later traffic cannot move it."""
    event = chain.event(evidence, expect)
    assert event is not None
    return Question(
        ask=Ask.METRICS,
        connection_id=expect.connection_id,
        event_id=event.id,
        since=expect.sent.window_start,
        until=_window_end(evidence, expect),
    )


def _window_end(evidence: Evidence, expect: Expectations) -> datetime:
    """When delivery was first seen, else when the event was; the margin covers the whole seconds of ``Date``."""
    event = chain.event(evidence, expect)
    assert event is not None
    delivered = (
        o for o in evidence.about(chain.attempts_question(event)) if any(map(succeeded, o.value or ()))
    )
    created = (
        o for o in evidence.about(chain.events_question(evidence, expect)) if o.value and o.value.events
    )
    proof = next(delivered, None) or next(created)
    return expect.sent.clock.at(proof.seen_at) + MARGIN


def _counted(seen: WindowSeen, count: int, failed: int, expect: Expectations) -> Finding:
    rate = failed / count if count else 0.0
    limit = expect.limits.max_failure_rate
    window = f"{_time(seen.since)} to {_time(seen.until)}"
    if rate > limit:
        message = (
            f"{failed} of {count} events of {expect.connection_id} failed ({rate:.1%}) in the window {window}, "
            f"expected at most {limit:.1%}"
        )
        return ended(STAGE, Cause.METRICS_FAILURES, message, facts=_facts(seen))
    message = f"{count} events counted, ours among them, {failed} failed, in the window {window}"
    return passed(STAGE, message, facts=_facts(seen))


def _lag(seen: WindowSeen, evidence: Evidence, expect: Expectations) -> str:
    event = chain.event(evidence, expect)
    event_id = event.id if event else None
    if not seen.ours_listed:
        return f"event {event_id} is not listed in the window {_time(seen.since)} to {_time(seen.until)}"
    return (
        f"metrics of {expect.connection_id} count {seen.count} events, expected at least the {seen.listed} "
        f"that are listed, event {event_id} among them"
    )


def _wait(question: Question, expect: Expectations, message: str, seen: WindowSeen | None) -> Waiting:
    return Waiting(
        stage=STAGE,
        questions=(question,),
        missing=Cause.METRICS_LAG,
        message=message,
        until=expect.deadline,
        facts=_facts(seen) if seen else None,
    )


def _facts(seen: WindowSeen) -> dict[str, object]:
    return {
        "count": seen.count,
        "listed": seen.listed,
        "failed_count": seen.failed,
        "delivered_count": seen.delivered,
        "window_start": _time(seen.since),
        "window_end": _time(seen.until),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
