"""Branch: an event exists for our connection and our request.

When there is none the reason is read instead of waited for: an ignored branch (filtered, deduplicated …) is
recorded under the request (FastHook guide on filtering events; contract, ignored event model). A duplicate can be
ignored beside an event that is delivered, so an ignored record ends the stage only once a later look has found no
event. The first sight of the branch decides; what becomes of it later is for delivery to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Event, IgnoredEvent
from pytest_fasthook.errors import RefusedError
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Evidence, Observation, Question
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, cause_of, ended, passed, wrong_team
from pytest_fasthook.judge.seldom import is_due
from pytest_fasthook.stages import Stage, StageResult

STAGE = Stage.BRANCH


@dataclass(frozen=True, slots=True)
class _Ignored:
    """The first sight of our branch among the ignored ones."""

    record: IgnoredEvent
    asked_at: float


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:
    """Judge the event of our branch, or the reason why there is none."""
    ignored = _ignored(evidence, expect)
    found = _first_sight(evidence, expect, ignored)
    if found is None:
        return _wait(evidence, expect, last=now >= expect.deadline)
    if found.value.events:
        event = chain.branch_of(found.value.events)
        if event.status != "CANCELLED":
            return _existing(event, found.value.events, expect)
        return _cancelled(event, ignored, evidence, expect)
    assert ignored is not None
    return _skipped(ignored.record.cause, ignored.record, evidence, expect)


def _first_sight(evidence: Evidence, expect: Expectations, ignored: _Ignored | None) -> Observation | None:
    """The look that decides: the first one with an event, or the one after which none can come any more."""
    for look in chain.event_looks(evidence, expect):
        if look.value.events or (ignored and look.asked_at >= ignored.asked_at):
            return look
    return None


def _ignored(evidence: Evidence, expect: Expectations) -> _Ignored | None:
    for look in evidence.about(chain.ignored_question(evidence, expect)):
        for record in look.value or ():
            if record.connection == expect.connection_id:
                return _Ignored(record, look.asked_at)
    return None


def _existing(found: Event, seen: tuple[Event, ...], expect: Expectations) -> Finding:
    facts = {"event_id": found.id, "status": found.status, "request_id": found.request_id}
    routed = [one for one in seen if one.status != "CANCELLED"]
    stranger = wrong_team(STAGE, expect, *((f"event {one.id}", one.team_id) for one in routed))
    if stranger:
        return stranger
    held = next((one for one in routed if one.status == "HOLD"), None)
    if held is not None:
        facts |= {"event_id": held.id, "status": held.status}
        message = (
            f"event {held.id} is on HOLD: connection {expect.connection_id} was paused, expected delivery"
        )
        return ended(STAGE, Cause.EVENT_HELD, message, facts=facts)
    ids = ", ".join(event.id for event in seen)
    warnings = (f"the request made {len(seen)} events on this connection: {ids}",) if len(seen) > 1 else ()
    return passed(STAGE, f"event {found.id} for request {found.request_id}", facts=facts, warnings=warnings)


def _cancelled(found: Event, ignored: _Ignored | None, evidence: Evidence, expect: Expectations) -> Finding:
    """An ignored branch; its cause is worth one more question where the event alone does not say it."""
    question = chain.ignored_question(evidence, expect)
    reason = found.ignored_reason or found.rejection_cause or found.failure_message or found.error_code
    why = (ignored.record.cause if ignored else None) or reason
    if why is None and evidence.latest(question) is None:
        return _wait(evidence, expect, questions=(question,))
    return _skipped(why, found, evidence, expect)


def _skipped(
    why: str | None, record: Event | IgnoredEvent, evidence: Evidence, expect: Expectations
) -> StageResult:
    stranger = wrong_team(STAGE, expect, (f"ignored branch {record.id}", record.team_id))
    if stranger:
        return stranger
    message = (
        f"connection {expect.connection_id} ignored request {_request(evidence, expect)}: "
        f"{why or 'no cause recorded'}, expected an event"
    )
    return ended(STAGE, Cause.BRANCH_IGNORED, message, facts={"cause": why, "ignored_id": record.id})


def _wait(
    evidence: Evidence, expect: Expectations, *, last: bool = False, questions: tuple[Question, ...] = ()
) -> Waiting:
    """Nothing yet.

    The first look is for the event alone; the second one, some later ones and the last one ask for the reason before
    it.
    """
    events, ignored = chain.events_question(evidence, expect), chain.ignored_question(evidence, expect)
    looked = evidence.latest(ignored)
    unread = looked.error if looked else None
    curious = last or is_due(len(evidence.about(events)), first=1)
    asked = (ignored, events) if curious and not isinstance(unread, RefusedError) else (events,)
    silence = f"connection {expect.connection_id} has no event for request {_request(evidence, expect)}"
    why = f", and whether it was ignored could not be read ({unread})" if unread else " and no ignored record"
    return Waiting(
        stage=STAGE,
        questions=questions or asked,
        missing=cause_of(unread) if unread else Cause.BRANCH_NOT_SEEN,
        message=f"{silence}{why}, expected an event",
        until=expect.deadline,
    )


def _request(evidence: Evidence, expect: Expectations) -> str | None:
    found = chain.request(evidence, expect)
    return found.id if found else None
