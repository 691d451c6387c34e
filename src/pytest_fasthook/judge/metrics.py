"""Metrics: our own event is counted, and in that same answer failures are within the limit.

Series are zero-filled, so a zero proves nothing: only once they count as many finished events as the events list
shows in the same window, ours among them, do the failures mean anything. The share is that of finished events, which
waiting and ignored ones do not dilute (FastHook contract, metrics series; guide on observing event flows).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Event
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.evidence.seen import WindowSeen
from pytest_fasthook.iso import write_iso
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, first_end, passed
from pytest_fasthook.judge.retries import is_over
from pytest_fasthook.judge.success import succeeded
from pytest_fasthook.stages import Stage

STAGE = Stage.METRICS
MARGIN = timedelta(seconds=2)
LACKING_LOOKS = 3
"""As many answers in a row without a count mean that there is none, rather than none yet."""


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the deploy window's counts."""
    question = window_question(evidence, expect)
    answers = evidence.answers(question)
    looks = (_seen(answers[:number], question, evidence, expect) for number in range(1, len(answers) + 1))
    unread = f"the events of {expect.connection_id} in its window are not counted"
    return first_end(looks, otherwise=_wait(question, expect, unread))


def _seen(
    looks: Sequence[Observation], question: Question, evidence: Evidence, expect: Expectations
) -> Finding:
    """What the last of some looks showed."""
    values: list[WindowSeen] = [look.value for look in looks]
    seen = values[-1]
    finished, failed = seen.ended, seen.failed
    if seen.count is None or finished is None or failed is None:
        return _lacking(values, question, expect)
    if not seen.has_caught_up:
        return _wait(question, expect, _lag(seen, evidence, expect), seen=seen)
    over = _over(seen, finished, failed, expect)
    if over and not _over(
        seen, finished, failed - _passing_failures(looks[-1].asked_at, evidence, expect), expect
    ):
        message = f"{over}; one of them may be event {_event(evidence, expect).id} before its retry succeeds"
        return _wait(question, expect, message, seen=seen)
    if over:
        return ended(STAGE, Cause.METRICS_FAILURES, over, facts=_facts(seen))
    message = f"{_number(finished)} counted, ours among them, {failed} failed, in the window {_window(seen)}"
    return passed(STAGE, message, facts=_facts(seen))


def window_question(evidence: Evidence, expect: Expectations) -> Question:
    """The deploy window, closed shortly after our event was made so that later traffic cannot move it."""
    event, start = _event(evidence, expect), expect.sent.window_start
    dates = (start, chain.ingested_at(evidence, expect), event.created_at)
    return Question(
        ask=Ask.METRICS,
        connection_id=expect.connection_id,
        event_id=event.id,
        since=min(date for date in dates if date is not None),
        until=_window_end(evidence, expect),
    )


def _event(evidence: Evidence, expect: Expectations) -> Event:
    event = chain.event(evidence, expect)
    assert event is not None
    return event


def _window_end(evidence: Evidence, expect: Expectations) -> datetime:
    """When our event was made and delivered, by the server's own dates, else when it was first seen.

    A delivery that nobody has to wait for does not count: the window must be the same at every look.
    """
    event, looks = _event(evidence, expect), chain.event_looks(evidence, expect)
    first_seen = next(look.seen_at for look in looks if look.value.events)
    made = event.created_at or expect.sent.clock.at(first_seen)
    if Stage.DELIVERY in expect.limits.advisory:
        return made + MARGIN
    attempts = (look.value or () for look in evidence.about(chain.attempts_question(event)))
    success = next((one for found in attempts for one in found if succeeded(one) and not one.is_replay), None)
    delivered = (success.successful_at or success.responded_at or success.created_at) if success else None
    return max(made, delivered or made) + MARGIN


def _lacking(values: Sequence[WindowSeen], question: Question, expect: Expectations) -> Finding:
    """A series without a count may still be filled; one that stays without never will be."""
    seen, recent = values[-1], values[-LACKING_LOOKS:]
    measures = {"count": seen.count, "failed_count": seen.failed, "delivered_count": seen.delivered}
    missing = " and no ".join(name for name, value in measures.items() if value is None)
    message = f"the metrics series of {expect.connection_id} carries no {missing}"
    waiting = _wait(question, expect, message, seen=seen, missing=Cause.API_BAD_RESPONSE)
    if len(recent) == LACKING_LOOKS and all(value.count is None or value.ended is None for value in recent):
        return ended(STAGE, waiting.missing, waiting.message, facts=waiting.facts)
    return waiting


def _over(seen: WindowSeen, finished: int, failed: int, expect: Expectations) -> str | None:
    """What to say when failures are above the limit; ``None`` when they are within it."""
    limit = expect.limits.max_failure_rate
    rate = failed / finished if finished else 0.0
    if rate <= limit:
        return None
    return (
        f"{failed} of {_number(finished)} of {expect.connection_id} failed ({rate:.1%}) in the window "
        f"{_window(seen)}, expected at most {limit:.1%}"
    )


def _number(finished: int) -> str:
    return f"{finished} finished event{'' if finished == 1 else 's'}"


def _passing_failures(moment: float, evidence: Evidence, expect: Expectations) -> int:
    """How many failures may be our own events' that are none in the end: each was, or can still be, delivered.

    An event that shows up later than the look does not unmake what the look has shown.
    """
    states = chain.event_states(evidence, expect).values()
    known = [seen[-1][1] for seen in states if seen[0][0] <= moment]
    return sum(_may_have_failed(event, evidence, expect) for event in known)


def _may_have_failed(event: Event, evidence: Evidence, expect: Expectations) -> bool:
    attempts = chain.attempts(evidence, event)
    failed = [attempt for attempt in attempts if attempt.status == "FAILED"]
    success = next(filter(succeeded, attempts), None)
    if success is not None:
        return bool(failed) or (success.attempt_number or 0) > 1
    return not is_over(event, failed, evidence, expect)


def _lag(seen: WindowSeen, evidence: Evidence, expect: Expectations) -> str:
    event = _event(evidence, expect)
    window = f"in the window {_window(seen)}"
    if not seen.ours_listed:
        return f"event {event.id} of {expect.connection_id} is not listed as finished {window}"
    if seen.partial:
        what = f"metrics or events of {expect.connection_id} {window} are partial"
        return f"{what}, as the API says, so failures beside event {event.id} may be left out"
    counted = f"{seen.count} events, {seen.ended} of them finished"
    listed = f"{seen.listed}, {seen.finished} of them finished"
    return (
        f"metrics of {expect.connection_id} count {counted}, {window}, while the events list has {listed}, event "
        f"{event.id} among them"
    )


def _wait(
    question: Question,
    expect: Expectations,
    message: str,
    *,
    seen: WindowSeen | None = None,
    missing: Cause = Cause.METRICS_LAG,
) -> Waiting:
    return Waiting(
        stage=STAGE,
        questions=(question,),
        missing=missing,
        message=f"{message}, expected our event to be counted",
        until=expect.deadline,
        facts=_facts(seen) if seen else None,
    )


def _window(seen: WindowSeen) -> str:
    return f"{write_iso(seen.since)} to {write_iso(seen.until)}"


def _facts(seen: WindowSeen) -> dict[str, object]:
    return {
        "count": seen.count,
        "finished_count": seen.ended,
        "listed": seen.listed,
        "listed_finished": seen.finished,
        "failed_count": seen.failed,
        "delivered_count": seen.delivered,
        "window_start": write_iso(seen.since),
        "window_end": write_iso(seen.until),
    }
