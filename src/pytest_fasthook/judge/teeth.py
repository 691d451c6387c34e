"""Teeth: what must be refused is recorded as rejected, what must be ignored as ignored.

Absence is proven by these positive records, never by waiting (FastHook guides on source authentication and on
filtering events; contract, request and ignored event models). What is found belongs to the stage whose check it
tries: the source's to ingress, the filter's to branch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.client.faults import may_have_been_sent
from pytest_fasthook.client.models import Event, Request
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.errors import UnreachableError
from pytest_fasthook.evidence.expect import Expectations, Negative
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed, settle, wrong_team
from pytest_fasthook.judge.sequence import NOTHING, Progress, not_run
from pytest_fasthook.probe.route import answers_for_itself
from pytest_fasthook.stages import Stage, StageResult

FILTERED = "FILTERED"


def judge(
    evidence: Evidence, expect: Expectations, now: float, *, decided: Mapping[Stage, StageResult] = NOTHING
) -> Progress:
    """Judge the negative probes of a connection whose own probe has passed; takes the same as the stages' judge."""
    results: dict[Stage, StageResult] = {}
    waiting: list[Waiting] = []
    teeth = expect.bitten
    for stage, negative in ((Stage.INGRESS, teeth.refused), (Stage.BRANCH, teeth.ignored)):
        if negative is None:
            continue
        look = _refused if stage is Stage.INGRESS else _ignored
        finding = decided.get(stage) or settle(look(negative, evidence, expect), evidence, now)
        if isinstance(finding, Waiting):
            waiting.append(finding)
        else:
            results[stage] = finding
    return Progress(results, tuple(waiting))


# -- what must be refused ------------------------------------------------------------------------------------------


def _refused(negative: Negative, evidence: Evidence, expect: Expectations) -> Finding:
    looks = (_told(found, negative, expect) for found in _sights(negative, evidence, expect))
    told = next(filter(None, looks), None)
    return told or _unrecorded(Stage.INGRESS, negative, evidence, expect, wanted="rejected")


def _told(found: Request, negative: Negative, expect: Expectations) -> StageResult | None:
    """What a record says; ``None`` while it says neither yes nor no in words that this version knows."""
    facts = {"negative_probe_id": negative.probe_id, "negative_request_id": found.id}
    stranger = wrong_team(Stage.INGRESS, expect, (f"request {found.id}", found.team_id))
    if stranger:
        return stranger
    if found.status == "rejected":
        message = f"a probe with {negative.why} was rejected: request {found.id}, {found.rejection_cause or 'no cause'}"
        return passed(Stage.INGRESS, message, facts={**facts, "negative_cause": found.rejection_cause})
    if found.status != "accepted" or found.rejection_cause:
        return None
    message = (
        f"the source accepted request {found.id} of probe {negative.probe_id} with {negative.why} "
        f"(verified={found.verified}), expected it to be rejected"
    )
    return ended(Stage.INGRESS, Cause.NEGATIVE_ACCEPTED, message, facts=facts)


# -- what must be ignored ------------------------------------------------------------------------------------------


def _ignored(negative: Negative, evidence: Evidence, expect: Expectations) -> Finding:
    sights = _sights(negative, evidence, expect)
    found = next((one for one in sights if one.status in {"accepted", "rejected"}), None)
    if found is None:
        return _unrecorded(Stage.BRANCH, negative, evidence, expect, wanted="accepted, and then ignored")
    stranger = wrong_team(Stage.BRANCH, expect, (f"request {found.id}", found.team_id))
    if stranger:
        return stranger
    if found.status == "rejected":
        message = (
            f"the source rejected request {found.id} of probe {negative.probe_id} with {negative.why}: "
            f"{found.rejection_cause or 'no cause recorded'}, expected it to reach the filter"
        )
        return ended(Stage.BRANCH, Cause.BRANCH_NOT_SEEN, message, facts=_facts(negative, found))
    return _branched(found, negative, evidence, expect)


def _branched(found: Request, negative: Negative, evidence: Evidence, expect: Expectations) -> Finding:
    """An event got through; an ignored record kept it out, once a look after it has found no event."""
    questions = _branch_questions(found, negative, expect)
    looks = evidence.answers(questions[1])
    event = next((one for look in looks for one in look.value.events if one.status != "CANCELLED"), None)
    if event is not None:
        return _got_through(event, found, negative, expect)
    cause, seen_at = _kept_out(evidence.answers(questions[0]), expect)
    if cause == FILTERED and any(look.asked_at >= seen_at for look in looks):
        message = f"a probe with {negative.why} was ignored: request {found.id}, {cause}"
        return passed(Stage.BRANCH, message, facts={**_facts(negative, found), "negative_cause": cause})
    record = (
        f"an ignored record with the cause {cause}" if cause else "neither an event nor an ignored record"
    )
    return Waiting(
        stage=Stage.BRANCH,
        questions=questions,
        missing=Cause.BRANCH_NOT_SEEN,
        message=(
            f"request {found.id} of probe {negative.probe_id} with {negative.why} has {record} on "
            f"{expect.connection_id}, expected one with the cause {FILTERED}"
        ),
        until=expect.bitten.deadline,
        facts=_facts(negative, found),
    )


def _got_through(event: Event, found: Request, negative: Negative, expect: Expectations) -> StageResult:
    stranger = wrong_team(Stage.BRANCH, expect, (f"event {event.id}", event.team_id))
    if stranger:
        return stranger
    message = (
        f"{expect.connection_id} has event {event.id} for request {found.id} of probe {negative.probe_id} with "
        f"{negative.why}, expected it to be ignored"
    )
    facts = {**_facts(negative, found), "negative_event_id": event.id}
    return ended(Stage.BRANCH, Cause.NEGATIVE_ACCEPTED, message, facts=facts)


def _kept_out(looks: Sequence[Observation], expect: Expectations) -> tuple[str | None, float]:
    """The cause of the branch's ignored record, the filter's before any other, and when it was asked for."""
    records = [
        (one, look.asked_at) for look in looks for one in look.value if one.connection == expect.connection_id
    ]
    causes = [(one.cause.upper(), asked_at) for one, asked_at in records if one.cause]
    by_filter = (pair for pair in causes if pair[0] == FILTERED)
    return next(by_filter, None) or next(iter(causes), (None, 0.0))


def _branch_questions(found: Request, negative: Negative, expect: Expectations) -> tuple[Question, Question]:
    about = Question(ask=Ask.IGNORED, connection_id=expect.connection_id, request_id=found.id)
    return about, replace(about, ask=Ask.EVENTS, since=negative.since)


def _facts(negative: Negative, found: Request) -> dict[str, object]:
    return {"negative_probe_id": negative.probe_id, "negative_request_id": found.id}


# -- the request record --------------------------------------------------------------------------------------------


def _sights(negative: Negative, evidence: Evidence, expect: Expectations) -> Sequence[Request]:
    return chain.sights(evidence, _question(negative, evidence, expect))


def _question(negative: Negative, evidence: Evidence, expect: Expectations) -> Question:
    """The negative probe's record, told as the probe's own is: by the id that ingress answered, else by the marker."""
    sending = _sending(negative, evidence)
    reply = sending.value if sending and isinstance(sending.value, IngressReply) else None
    route = chain.route(evidence, expect)
    speaks = route is not None and answers_for_itself(route.source_config)
    return Question(
        ask=Ask.REQUEST,
        source_id=negative.source_id,
        request_id=reply.request_id if reply and not speaks else None,
        probe_id=negative.probe_id,
        since=negative.since,
    )


def _sending(negative: Negative, evidence: Evidence) -> Observation | None:
    return evidence.latest(Question(ask=Ask.INGRESS, probe_id=negative.probe_id))


def _unrecorded(
    stage: Stage, negative: Negative, evidence: Evidence, expect: Expectations, *, wanted: str
) -> Finding:
    """No usable record yet."""
    sights, sending = _sights(negative, evidence, expect), _sending(negative, evidence)
    seen = f"request {sights[-1].id} with status {sights[-1].status!r}" if sights else "no request record"
    error = sending.error if sending else None
    answered = f"; sending it gave: {error}" if error else _status(sending)
    message = (
        f"probe {negative.probe_id} with {negative.why} has {seen}{answered}, expected one that is {wanted}"
    )
    facts = {"negative_probe_id": negative.probe_id}
    if isinstance(error, UnreachableError) and not may_have_been_sent(error):
        return ended(stage, Cause.REQUEST_NOT_SEEN, message, facts=facts)
    return Waiting(
        stage=stage,
        questions=(_question(negative, evidence, expect),),
        missing=Cause.REQUEST_NOT_SEEN,
        message=message,
        until=expect.bitten.deadline,
        facts=facts,
    )


def _status(sending: Observation | None) -> str:
    return f"; the source URL answered {sending.value.status}" if sending and sending.value else ""


# -- together with the stages --------------------------------------------------------------------------------------


def with_teeth(
    results: Mapping[Stage, StageResult], bites: Mapping[Stage, StageResult], expect: Expectations
) -> dict[Stage, StageResult]:
    """The results of a connection that passed, as its negative probes confirm or overturn them.

    A negative probe that was to follow and is not decided makes no pass. After a stage that is overturned the later
    ones are blocked, as after any stage that did not pass; what they had found stays in the report.
    """
    found = dict(results)
    for stage in tried(expect):
        bite = bites.get(stage) or not_run(stage, "the run ended before its negative probe was decided")
        found[stage] = _joined(results[stage], bite)
        if bite.outcome is not Outcome.PASSED:
            return found | {one.stage: _blocked(one, stage) for one in _after(stage, results)}
    return found


def tried(expect: Expectations) -> tuple[Stage, ...]:
    """The stages whose check a negative probe tries; ingress stands for all where none was sent."""
    teeth = expect.teeth
    if teeth is None:
        return (Stage.INGRESS,)
    both = ((Stage.INGRESS, teeth.refused), (Stage.BRANCH, teeth.ignored))
    return tuple(stage for stage, negative in both if negative is not None)


def _joined(own: StageResult, bite: StageResult) -> StageResult:
    """A stage with both its probes: the own one's result confirmed, or the negative one's in its place."""
    confirmed = bite.outcome is Outcome.PASSED
    answers: tuple[Any, ...] = (*own.evidence.get("answers", ()), *bite.evidence.get("answers", ()))
    return replace(
        own if confirmed else bite,
        message=f"{own.message}; {bite.message}" if confirmed else bite.message,
        facts={**own.facts, **{name: fact for name, fact in bite.facts.items() if name != "team_id"}},
        warnings=own.warnings,
        evidence={**own.evidence, "answers": answers} if answers else own.evidence,
        started_at=own.started_at,
        duration_s=own.duration_s,
        polls=own.polls + bite.polls,
    )


def _after(stage: Stage, results: Mapping[Stage, StageResult]) -> Iterator[StageResult]:
    order = list(Stage)
    return (result for one, result in results.items() if order.index(one) > order.index(stage))


def _blocked(own: StageResult, blocking: Stage) -> StageResult:
    message = f"blocked by {blocking}, where a negative probe was not kept out for certain; before that: {own.message}"
    return replace(own, outcome=Outcome.BLOCKED, cause=None, message=message, blocked_by=blocking)
