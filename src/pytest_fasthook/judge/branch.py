"""Branch: an event exists for our connection and our request.

When there is none the reason is read instead of waited for: an ignored branch (filtered, deduplicated …) is
recorded under the request (FastHook guide on filtering events; contract, ignored event model).
"""

from __future__ import annotations

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Event, IgnoredEvent
from pytest_fasthook.evidence import Evidence, Question
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed, wrong_team
from pytest_fasthook.stages import Stage

STAGE = Stage.BRANCH


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the event of our branch, or the reason why there is none."""
    found = chain.event(evidence, expect)
    if found is not None and found.status != "CANCELLED":
        return _existing(found, evidence, expect)
    ignored = _ignored(evidence, expect)
    if ignored is not None or found is not None:
        return _skipped(found, ignored, evidence, expect)
    return _wait(evidence, expect)


def _existing(found: Event, evidence: Evidence, expect: Expectations) -> Finding:
    facts = {"event_id": found.id, "status": found.status, "request_id": found.request_id}
    stranger = wrong_team(STAGE, expect, f"event {found.id}", found.team_id)
    if stranger:
        return stranger
    if found.status == "HOLD":
        message = (
            f"event {found.id} is on HOLD: connection {expect.connection_id} was paused, expected delivery"
        )
        return ended(STAGE, Cause.EVENT_HELD, message, facts=facts)
    return passed(
        STAGE,
        f"event {found.id} for request {found.request_id}",
        facts=facts,
        warnings=_duplicates(evidence, expect),
    )


def _duplicates(evidence: Evidence, expect: Expectations) -> tuple[str, ...]:
    found = [event.id for event in chain.events(evidence, expect)]
    return (f"the branch was created {len(found)} times: {', '.join(found)}",) if len(found) > 1 else ()


def _ignored(evidence: Evidence, expect: Expectations) -> IgnoredEvent | None:
    """The newest ignored record of our connection and our request."""
    observation = evidence.answered(chain.ignored_question(evidence, expect))
    records = observation.value if observation else ()
    return next((record for record in records if record.connection == expect.connection_id), None)


def _skipped(
    found: Event | None, ignored: IgnoredEvent | None, evidence: Evidence, expect: Expectations
) -> Finding:
    """An ignored branch; its cause is worth one more question where the event alone does not say it."""
    question = chain.ignored_question(evidence, expect)
    why = (ignored.cause if ignored else None) or (_own_reason(found) if found else None)
    if why is None and evidence.latest(question) is None:
        return _wait(evidence, expect, question)
    request = chain.request(evidence, expect)
    record = found.id if found else ignored.id if ignored else None
    message = (
        f"connection {expect.connection_id} ignored request {request.id if request else None}: "
        f"{why or 'no cause recorded'}, expected an event"
    )
    return ended(STAGE, Cause.BRANCH_IGNORED, message, facts={"cause": why, "ignored_id": record})


def _own_reason(found: Event) -> str | None:
    return found.ignored_reason or found.rejection_cause or found.failure_message or found.error_code


def _wait(evidence: Evidence, expect: Expectations, *questions: Question) -> Waiting:
    events = chain.events_question(evidence, expect)
    looks = len(evidence.about(events))
    # The first look is for the event alone; from then on silence is asked for its reason at every second look.
    asked = (events, chain.ignored_question(evidence, expect)) if looks % 2 else (events,)
    request = chain.request(evidence, expect)
    return Waiting(
        stage=STAGE,
        questions=questions or asked,
        missing=Cause.BRANCH_NOT_SEEN,
        message=f"connection {expect.connection_id} has neither an event nor an ignored record for request "
        f"{request.id if request else None}",
        until=expect.deadline,
    )
