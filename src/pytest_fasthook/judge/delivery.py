"""Delivery: the destination answered our event successfully.

Attempts decide, the event's status is a hint that ends hopeless waits: an attempt is one receiver conversation,
automatic retries are further attempts of the same event, and a failed event without a next attempt is failed
for good (FastHook contract, attempt and event models; page on retry logic).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Attempt, Event
from pytest_fasthook.evidence import Evidence, Question
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.difference import first_lack, parsed
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed, wrong_team
from pytest_fasthook.stages import Stage, StageResult

STAGE = Stage.DELIVERY
KNOWN_STATUSES = frozenset({"SCHEDULED", "QUEUED", "HOLD", "SUCCESSFUL", "FAILED", "CANCELLED"})
"""Statuses whose meaning is documented; a success beside any other one is not taken for the last word."""
EVENT_EVERY = 4
"""Attempts are asked at every look; the event itself at every so many looks, and after a failed attempt."""


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the attempts of our event."""
    event = chain.event(evidence, expect)
    assert event is not None
    attempts = chain.attempts(evidence, event)
    strangers = (wrong_team(STAGE, expect, f"attempt {a.id}", a.team_id) for a in attempts)
    stranger = next(filter(None, strangers), None)
    if stranger:
        return stranger
    failed = [attempt for attempt in attempts if attempt.status == "FAILED"]
    success = next((attempt for attempt in attempts if succeeded(attempt)), None)
    if failed and expect.limits.attempts == "first" and _before(failed[0], success):
        message = f"the first attempt failed: {_answer(failed[0])}; only the first counts (--fasthook-attempts first)"
        return _failed(event, attempts, message)
    if success is not None and event.status in {None, *KNOWN_STATUSES}:
        return _delivered(success, failed, event, evidence, expect)
    return _undelivered(attempts, event, evidence, expect)


def succeeded(attempt: Attempt) -> bool:
    """Whether an attempt proves delivery.

    Success is said by the status; an HTTP answer outside 2xx beside it contradicts it.
    """
    answered = attempt.response_status
    return attempt.status == "SUCCESSFUL" and (answered is None or 200 <= answered < 300)


def _before(failed: Attempt, success: Attempt | None) -> bool:
    if success is None or failed.created_at is None or success.created_at is None:
        return success is None or (failed.attempt_number or 0) < (success.attempt_number or 0)
    return failed.created_at <= success.created_at


def _delivered(
    success: Attempt, failed: list[Attempt], event: Event, evidence: Evidence, expect: Expectations
) -> StageResult:
    latency = _latency(success, evidence, expect)
    facts = _facts(event, success) | {
        "attempts": len(failed) + 1,
        "attempt_ids": tuple(attempt.id for attempt in (*failed, success)),
        "latency_s": latency,
    }
    limit = _latency_limit(evidence, expect)
    if limit is not None and latency is not None and latency > limit:
        message = (
            f"event {event.id} was delivered {latency:.2f} s after ingestion, expected at most {limit:.2f} s"
        )
        return ended(STAGE, Cause.DELIVERY_SLOW, message, facts=facts)
    wrong = _wrong_version(success, expect)
    if wrong:
        return ended(STAGE, Cause.WRONG_VERSION, wrong, facts=facts)
    warnings = [f"attempt {attempt.id} failed before: {_answer(attempt)}" for attempt in failed]
    if limit is not None and latency is None:
        warnings.append("the latency could not be read, so --fasthook-max-latency was not checked")
    message = f"event {event.id} delivered: {_answer(success)}"
    return passed(STAGE, message, facts=facts, warnings=tuple(warnings))


def _wrong_version(success: Attempt, expect: Expectations) -> str | None:
    """Where the receiver's recorded answer lacks a field that the expected release would give."""
    expected = expect.limits.response_body
    if expected is None:
        return None
    body = parsed(success.body)
    found = first_lack(expected, body, "body")
    return f"attempt {success.id} was answered by another release: {found}" if found else None


def _undelivered(
    attempts: tuple[Attempt, ...], event: Event, evidence: Evidence, expect: Expectations
) -> Finding:
    """No success yet: failed for good, or what to wait for."""
    failed = [attempt for attempt in attempts if attempt.status == "FAILED"]
    if event.status == "HOLD":
        message = f"event {event.id} went on HOLD before delivery: the connection was paused meanwhile"
        return ended(STAGE, Cause.EVENT_HELD, message, facts=_facts(event, None))
    next_at = event.next_attempt_at
    if (
        event.status in {"FAILED", "CANCELLED"}
        and next_at is None
        and _event_is_newest(evidence, expect, event)
    ):
        return _failed(event, attempts, f"event {event.id} ended as {event.status}: {_last(attempts, event)}")
    wake_at = _retry_moment(failed, event, evidence, expect)
    if wake_at is not None and wake_at > expect.deadline:
        message = f"{_last(attempts, event)}; the next retry lies beyond the deadline"
        return _failed(event, attempts, message)
    return _wait(attempts, event, evidence, expect, wake_at=wake_at)


def _event_is_newest(evidence: Evidence, expect: Expectations, event: Event) -> bool:
    """Whether the attempts were looked at after the event said it had ended, so that a success cannot be missed."""
    attempts = evidence.answered(chain.attempts_question(event))
    seen = [o for o in evidence.about(chain.events_question(evidence, expect)) if _ended_in(o.value)]
    return bool(attempts and seen and attempts.asked_at >= seen[0].asked_at)


def _ended_in(value: object) -> bool:
    events = getattr(value, "events", ())
    return any(event.status in {"FAILED", "CANCELLED"} for event in events)


def _retry_moment(
    failed: list[Attempt], event: Event, evidence: Evidence, expect: Expectations
) -> float | None:
    """The monotonic moment of the next retry: as the event says, else by the retry rule's schedule."""
    if not failed:
        return None
    planned = event.next_attempt_at or _scheduled(failed, evidence, expect)
    return expect.sent.clock.moment(planned) if planned else None


def _scheduled(failed: list[Attempt], evidence: Evidence, expect: Expectations) -> datetime | None:
    route = chain.route(evidence, expect)
    retry = route.rules.retry if route else None
    last = failed[-1].responded_at or failed[-1].created_at
    if retry is None or last is None or not retry.covers(failed[-1].response_status):
        return None
    pause = retry.pause_before(len(failed))
    return last + timedelta(seconds=pause) if pause is not None else None


def _wait(
    attempts: tuple[Attempt, ...],
    event: Event,
    evidence: Evidence,
    expect: Expectations,
    *,
    wake_at: float | None,
) -> Waiting:
    return Waiting(
        stage=STAGE,
        questions=_questions(attempts, event, evidence, expect),
        missing=Cause.DELIVERY_PENDING,
        message=f"event {event.id} is not delivered: {_last(attempts, event)}",
        until=expect.deadline,
        wake_at=wake_at,
        facts=_facts(event, attempts[-1] if attempts else None)
        | {"attempts": len(attempts), "attempt_ids": tuple(a.id for a in attempts)},
    )


def _questions(
    attempts: tuple[Attempt, ...], event: Event, evidence: Evidence, expect: Expectations
) -> tuple[Question, ...]:
    """The event before its attempts, so that a success between the two looks is seen."""
    question = chain.attempts_question(event)
    looks = len(evidence.about(question))
    if attempts or looks % EVENT_EVERY == EVENT_EVERY - 1:
        return (chain.events_question(evidence, expect), question)
    return (question,)


def _failed(event: Event, attempts: tuple[Attempt, ...], message: str) -> StageResult:
    last = attempts[-1] if attempts else None
    return ended(
        STAGE,
        Cause.DELIVERY_FAILED,
        f"{message}, expected a successful answer of the destination",
        facts=_facts(event, last) | {"attempts": len(attempts), "attempt_ids": tuple(a.id for a in attempts)},
    )


def _last(attempts: tuple[Attempt, ...], event: Event) -> str:
    if attempts:
        last = attempts[-1]
        return (
            f"{len(attempts)} attempt(s), the last one {last.id} with status {last.status}: {_answer(last)}"
        )
    reason = event.error_code or event.failure_message or event.rejection_cause
    return f"no attempt yet, event status {event.status}" + (f" ({reason})" if reason else "")


def _answer(attempt: Attempt) -> str:
    if attempt.response_status is not None:
        return f"HTTP {attempt.response_status}" + (f" ({attempt.error_code})" if attempt.error_code else "")
    return attempt.error_code or f"status {attempt.status}"


def _latency(success: Attempt, evidence: Evidence, expect: Expectations) -> float | None:
    """Seconds from ingestion to the successful answer, both on the server's clock."""
    request = chain.request(evidence, expect)
    ingested = (request.ingested_at or request.created_at) if request else None
    done = success.successful_at or success.delivered_at or success.responded_at or success.created_at
    return (done - ingested).total_seconds() if done and ingested else None


def _latency_limit(evidence: Evidence, expect: Expectations) -> float | None:
    limit = expect.limits.max_latency_s
    route = chain.route(evidence, expect)
    return None if limit is None else limit + (route.rules.delay_s if route else 0.0)


def _facts(event: Event, attempt: Attempt | None) -> dict[str, object]:
    return {
        "event_id": event.id,
        "event_status": event.status,
        "attempt_id": attempt.id if attempt else None,
        "response_status": attempt.response_status if attempt else event.response_status,
        "error_code": attempt.error_code if attempt else event.error_code,
        "requested_url": attempt.requested_url if attempt else None,
    }
