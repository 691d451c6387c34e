"""What a stage's judge may say: a result, or what is still missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.errors import (
    ApiError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.stages import Stage, StageResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A stage that is not decided yet.

    Attributes:
        questions: what to ask next, in this order.
        missing: the cause code if the evidence is still missing at ``until``.
        message: what is awaited, as the sentence to show then.
        until: monotonic seconds of the last look.
        wake_at: monotonic seconds before which asking again is pointless.
        facts: what is known so far.
    """

    stage: Stage
    questions: tuple[Question, ...]
    missing: Cause
    message: str
    until: float
    wake_at: float | None = None
    facts: Mapping[str, Any] | None = None


Finding = StageResult | Waiting


def passed(
    stage: Stage, message: str, *, facts: Mapping[str, Any], warnings: tuple[str, ...] = ()
) -> StageResult:
    """A stage with positive evidence."""
    return StageResult(
        stage=stage, outcome=Outcome.PASSED, message=message, facts=_known(facts), warnings=warnings
    )


def ended(
    stage: Stage,
    cause: Cause,
    message: str,
    *,
    facts: Mapping[str, Any] | None = None,
) -> StageResult:
    """A stage that ended without passing, with the code that says why."""
    return StageResult(
        stage=stage,
        outcome=cause.outcome,
        cause=cause,
        message=message,
        facts=_known(facts or {}),
    )


def first_end(looks: Iterable[Finding], *, otherwise: Finding) -> Finding:
    """The first look that decides, so that no later one can unmake it; else what the newest look waits for."""
    finding = otherwise
    for finding in looks:
        if isinstance(finding, StageResult):
            break
    return finding


def settle(finding: Finding, evidence: Evidence, now: float) -> Finding:
    """End a wait that is hopeless (the API refuses to answer) or over (the last look has been taken)."""
    if isinstance(finding, StageResult):
        return finding
    newest = [evidence.latest(question) for question in finding.questions]
    for observation in newest:
        if observation is not None and isinstance(observation.error, RefusedError):
            return _refused(finding, observation)
    if now < finding.until or any(o is None or o.asked_at < finding.until for o in newest):
        return finding
    return _expired(finding, newest)


def _expired(waiting: Waiting, newest: list[Observation | None]) -> StageResult:
    """The last look: what could not be read is an error, what was read and is missing is inconclusive."""
    for observation in newest:
        if observation is not None and observation.error is not None:
            return unanswered(waiting, observation.error)
    return ended(waiting.stage, waiting.missing, waiting.message, facts=waiting.facts)


def unanswered(waiting: Waiting, error: ApiError, cause: Cause | None = None) -> StageResult:
    """The result of a stage whose question the API did not answer.

    Args:
        waiting: what the stage was waiting for.
        error: why there was no answer.
        cause: the code, where it is not the one that goes with the error.
    """
    message = f"{error}, expected an answer; {waiting.message}"
    return ended(waiting.stage, cause or cause_of(error), message, facts=waiting.facts)


def cause_of(error: ApiError) -> Cause:
    """The cause code of an unanswered question."""
    match error:
        case RateLimitedError():
            return Cause.API_RATE_LIMITED
        case UnreachableError():
            return Cause.API_UNREACHABLE
        case RefusedError(status=401):
            return Cause.API_UNAUTHORIZED
        case RefusedError(status=403):
            return Cause.API_FORBIDDEN
    return Cause.API_BAD_RESPONSE


def _refused(waiting: Waiting, observation: Observation) -> StageResult:
    error = observation.error
    assert isinstance(error, RefusedError)
    about_connection = observation.question.ask in {Ask.CONNECTION, Ask.LATEST_INPUT}
    unknown = error.status == 404 and about_connection
    return unanswered(waiting, error, Cause.CONNECTION_NOT_FOUND if unknown else None)


def wrong_team(stage: Stage, expect: Expectations, *parts: tuple[str, str | None]) -> StageResult | None:
    """The tenancy check: a record of another team proves nothing about this one.

    Args:
        stage: the stage that looks.
        expect: names our team.
        parts: what was read, in words, and the team that it names; ``None`` where it names none.
    """
    for what, team_id in parts:
        if team_id is not None and team_id != expect.team_id:
            message = f"{what} belongs to team {team_id}, expected team {expect.team_id}"
            return ended(stage, Cause.WRONG_TEAM, message, facts={"team_id": team_id})
    return None


def _known(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
