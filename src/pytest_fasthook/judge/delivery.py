"""Delivery: the destination answered our event successfully.

Attempts decide, the event's status is a hint that ends hopeless waits: an attempt is one receiver conversation,
automatic retries are further attempts of the same event, and a failed event without a next attempt is failed
for good (FastHook contract, attempt and event models; page on retry logic). Looks are judged in their order, each
with the event as it was seen before the attempts were, so that no success between the two can be missed.

A replay proves nothing: neither a replayed request's event, nor a replayed event, nor an attempt that somebody asked
for. Where our request made several events on our connection, each must be delivered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.client.models import Attempt, Event
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Evidence, Observation, Question
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed, wrong_team
from pytest_fasthook.judge.retries import is_over, next_moment
from pytest_fasthook.judge.seldom import is_due
from pytest_fasthook.judge.success import came_before, latency, latency_limit, succeeded, wrong_release
from pytest_fasthook.stages import Stage, StageResult

STAGE = Stage.DELIVERY
KNOWN_STATUSES = frozenset({"SCHEDULED", "QUEUED", "HOLD", "SUCCESSFUL", "FAILED", "CANCELLED"})
"""Statuses whose meaning is documented; a success beside any other one is not taken for the last word."""
EVENT_FIRST = 3
"""Attempts are asked at every look; the event after so many, seldom then, after a failed attempt, and at the last."""
RETRY_TAKES_S = 0.25
"""How long after its due moment a retry is looked for, in seconds."""


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:
    """Judge the attempts of our event, and of every other that was made of our request on our connection."""
    states = chain.event_states(evidence, expect)
    delivered: dict[str, StageResult] = {}
    for look in _looks(states, evidence):
        if look.event.id in delivered:
            continue
        decided = _decided(look, evidence, expect)
        if decided is not None and decided.outcome is not Outcome.PASSED:
            return _ended(decided, look, evidence, expect)
        if decided is not None:
            delivered[look.event.id] = decided
        known = [
            name for name, seen in states.items() if name == look.event.id or seen[0][0] <= look.asked_at
        ]
        if all(name in delivered for name in known):
            return _all_delivered([delivered[name] for name in known])
    pending = [seen[-1][1] for name, seen in states.items() if name not in delivered]
    return _wait_for(pending, evidence, expect, last=now >= expect.deadline)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the attempts, oldest first, with the event as it was last seen before."""

    event: Event
    seen: tuple[Attempt, ...]
    asked_at: float = 0.0

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Those that FastHook made by itself."""
        return tuple(attempt for attempt in self.seen if not attempt.is_replay)

    @property
    def replayed(self) -> Attempt | None:
        """A successful attempt that somebody asked for."""
        return next((one for one in self.seen if one.is_replay and succeeded(one)), None)

    @property
    def failed(self) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in self.attempts if attempt.status == "FAILED")

    @property
    def first_failed(self) -> Attempt | None:
        """The first attempt where it failed; a later one says nothing of the first, which is still to be seen."""
        return next((attempt for attempt in self.failed if (attempt.attempt_number or 0) <= 1), None)

    @property
    def success(self) -> Attempt | None:
        return next(filter(succeeded, self.attempts), None)


def _looks(states: Mapping[str, chain.States], evidence: Evidence) -> list[_Look]:
    """The looks at the attempts of all our events, in their order."""
    looks = (
        (look, seen)
        for seen in states.values()
        for look in evidence.answers(chain.attempts_question(seen[0][1]))
    )
    return sorted((_look_of(look, seen) for look, seen in looks), key=lambda look: look.asked_at)


def _look_of(observation: Observation, states: chain.States) -> _Look:
    before = [state for asked_at, state in states if asked_at <= observation.asked_at]
    return _Look(before[-1] if before else states[-1][1], observation.value, observation.asked_at)


def _all_delivered(results: Sequence[StageResult]) -> StageResult:
    """The first event's result, with what the others say."""
    return replace(
        results[0],
        message="; ".join(result.message for result in results),
        warnings=tuple(warning for result in results for warning in result.warnings),
    )


def _ended(result: StageResult, look: _Look, evidence: Evidence, expect: Expectations) -> Finding:
    """A stage that ended without passing; of a failure it is told whether a replay was delivered.

    What became of the replays of our request is asked for once, but not where a saved run is judged again.
    """
    if result.cause is not Cause.DELIVERY_FAILED:
        return result
    unasked = [
        q for q in chain.replay_questions(evidence, expect, look.asked_at) if evidence.latest(q) is None
    ]
    if unasked and expect.told is None:
        return Waiting(
            stage=STAGE,
            questions=tuple(unasked),
            missing=Cause.DELIVERY_FAILED,
            message=result.message,
            until=expect.deadline,
            facts=result.facts,
        )
    replays = [f"event {name}" for name in chain.delivered_replays(evidence, expect, look.asked_at)]
    replays += [f"attempt {look.replayed.id}"] if look.replayed else []
    if not replays:
        return result
    told = f"a replay of it was delivered ({', '.join(replays)}), which does not make good for it"
    return replace(result, message=f"{result.message}; {told}")


def _decided(look: _Look, evidence: Evidence, expect: Expectations) -> StageResult | None:
    stranger = wrong_team(STAGE, expect, *((f"attempt {one.id}", one.team_id) for one in look.attempts))
    if stranger:
        return stranger
    first = look.first_failed if expect.limits.attempts == "first" else None
    if first is not None and came_before(first, look.success):
        message = (
            f"the first attempt {first.id} of event {look.event.id} failed: {_answer(first)}; only the first "
            "counts (--fasthook-attempts first)"
        )
        return _failed(look, message)
    if look.success is None:
        return _hopeless(look, evidence, expect)
    if _doubt(look.success, look, evidence, expect):
        return None
    return _delivered(look.success, look, evidence, expect)


def _doubt(
    success: Attempt, look: _Look, evidence: Evidence, expect: Expectations
) -> tuple[Cause, str] | None:
    """Why a success is not enough: the code if nothing more comes, and what is missing."""
    limits, what = expect.limits, f"attempt {success.id} of event {look.event.id} succeeded"
    if look.event.status not in {None, *KNOWN_STATUSES}:
        status = f"the event has the unknown status {look.event.status!r}"
        return Cause.DELIVERY_PENDING, f"{what}, but {status}, expected SUCCESSFUL"
    earlier = any(came_before(attempt, success) is not False for attempt in look.failed)
    later = (success.attempt_number or 0) > 1
    if limits.attempts == "first" and (earlier or later):
        return (
            Cause.DELIVERY_PENDING,
            f"{what}, but whether it was the first was not to be seen, expected that",
        )
    if limits.max_latency_s is not None and latency(success, look.event, evidence, expect) is None:
        return Cause.API_BAD_RESPONSE, f"{what} without dates, expected some to check the latency limit"
    if limits.response_body is not None and "body" not in success.model_fields_set:
        return Cause.API_BAD_RESPONSE, f"{what} without a recorded answer, expected one with the release"
    return None


def _delivered(success: Attempt, look: _Look, evidence: Evidence, expect: Expectations) -> StageResult:
    event, took = look.event, latency(success, look.event, evidence, expect)
    facts = {**_facts(look, success), "latency_s": took}
    limit = latency_limit(evidence, expect)
    if limit is not None and took is not None and took > limit:
        message = (
            f"event {event.id} was delivered {took:.3f} s after ingestion, expected at most {limit:.3f} s"
        )
        return ended(STAGE, Cause.DELIVERY_SLOW, message, facts=facts)
    wrong = wrong_release(success, expect)
    if wrong:
        return ended(STAGE, Cause.WRONG_VERSION, wrong, facts=facts)
    earlier = [attempt for attempt in look.failed if came_before(attempt, success) is not False]
    return passed(
        STAGE,
        f"event {event.id} delivered: {_answer(success)}",
        facts=facts,
        warnings=tuple(f"attempt {attempt.id} failed before: {_answer(attempt)}" for attempt in earlier),
    )


def _hopeless(look: _Look, evidence: Evidence, expect: Expectations) -> StageResult | None:
    """The end of an event that can no longer succeed in time; ``None`` while it can."""
    event = look.event
    if event.status == "HOLD":
        message = (
            f"event {event.id} went on HOLD before delivery, expected no pause of its connection meanwhile"
        )
        return ended(STAGE, Cause.EVENT_HELD, message, facts=_facts(look, None))
    if look.failed and look.replayed:
        return _failed(look, f"event {event.id} failed: {_last(look)}")
    if is_over(event, look.failed, evidence, expect):
        return _failed(look, f"event {event.id} ended as {event.status}: {_last(look)}")
    retry = next_moment(event, look.failed, evidence, expect)
    if retry is not None and retry > expect.deadline:
        message = f"event {event.id} failed: {_last(look)}; its next retry lies beyond the deadline"
        return _failed(look, message)
    return None


def _failed(look: _Look, message: str) -> StageResult:
    message = f"{message}, expected a successful answer of the destination"
    return ended(
        STAGE,
        Cause.DELIVERY_FAILED,
        message,
        facts=_facts(look, look.attempts[-1] if look.attempts else None),
    )


def _wait_for(pending: Sequence[Event], evidence: Evidence, expect: Expectations, *, last: bool) -> Waiting:
    """What the events that are not delivered wait for."""
    seen = ((one, evidence.answered(chain.attempts_question(one))) for one in pending)
    looks = [_Look(one, look.value if look else ()) for one, look in seen]
    waits = [_wait(look, evidence, expect, last=last) for look in looks]
    moments = [wait.wake_at for wait in waits if wait.wake_at is not None]
    return replace(
        waits[0],
        questions=tuple(dict.fromkeys(question for wait in waits for question in wait.questions)),
        wake_at=min(moments) if len(moments) == len(waits) else None,
    )


def _wait(look: _Look, evidence: Evidence, expect: Expectations, *, last: bool) -> Waiting:
    retry = next_moment(look.event, look.failed, evidence, expect)
    doubt = _doubt(look.success, look, evidence, expect) if look.success else None
    pending = f"event {look.event.id} is not delivered: {_last(look)}, expected a successful answer"
    missing, message = doubt or (Cause.DELIVERY_PENDING, pending)
    return Waiting(
        stage=STAGE,
        questions=_questions(look, evidence, expect, last=last),
        missing=missing,
        message=message,
        until=expect.deadline,
        wake_at=retry + RETRY_TAKES_S if retry is not None else None,
        facts=_facts(look, look.attempts[-1] if look.attempts else None),
    )


def _questions(look: _Look, evidence: Evidence, expect: Expectations, *, last: bool) -> tuple[Question, ...]:
    """The event before its attempts, so that a success between the two looks is seen."""
    question = chain.attempts_question(look.event)
    looks = len(evidence.about(question))
    if look.attempts or last or is_due(looks, first=EVENT_FIRST):
        return (chain.events_question(evidence, expect), question)
    return (question,)


def _last(look: _Look) -> str:
    if look.attempts:
        last = look.attempts[-1]
        return f"{len(look.attempts)} attempt(s), the last one {last.id} with status {last.status}: {_answer(last)}"
    event = look.event
    reason = event.error_code or event.failure_message or event.rejection_cause
    return f"no attempt yet, event status {event.status}" + (f" ({reason})" if reason else "")


def _answer(attempt: Attempt) -> str:
    if attempt.response_status is not None:
        return f"HTTP {attempt.response_status}" + (f" ({attempt.error_code})" if attempt.error_code else "")
    return attempt.error_code or f"status {attempt.status}"


def _facts(look: _Look, attempt: Attempt | None) -> dict[str, object]:
    """Short facts; those of one attempt, where there is one that decided."""
    event = look.event
    return {
        "event_id": event.id,
        "event_status": event.status,
        "attempt_id": attempt.id if attempt else None,
        "attempts": len(look.attempts),
        "attempt_ids": tuple(attempt.id for attempt in look.attempts),
        "response_status": attempt.response_status if attempt else event.response_status,
        "error_code": attempt.error_code if attempt else event.error_code,
        "requested_url": attempt.requested_url if attempt else None,
    }
