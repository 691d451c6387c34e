"""All stages of one connection in order: which are decided, and what the undecided ones wait for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Evidence
from pytest_fasthook.judge import branch, delivery, ingress, latest_input, metrics, preflight
from pytest_fasthook.judge.findings import Finding, Waiting, ended, settle
from pytest_fasthook.stages import Stage, StageResult

Judge = Callable[[Evidence, Expectations, float], Finding]

NOTHING: Mapping[Stage, StageResult] = MappingProxyType({})
JUDGES: Mapping[Stage, Judge] = {
    Stage.PREFLIGHT: preflight.judge,
    Stage.INGRESS: ingress.judge,
    Stage.BRANCH: branch.judge,
    Stage.DELIVERY: delivery.judge,
    Stage.LATEST_INPUT: latest_input.judge,
    Stage.METRICS: metrics.judge,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one connection has come.

    Attributes:
        results: the decided stages, in order.
        waiting: what the undecided ones need; empty when the connection is decided, or ready to send.
    """

    results: Mapping[Stage, StageResult]
    waiting: tuple[Waiting, ...]

    @property
    def decided(self) -> bool:
        """Whether every stage has a result."""
        return len(self.results) == len(JUDGES)


def judge(
    evidence: Evidence, expect: Expectations, now: float, *, decided: Mapping[Stage, StageResult] = NOTHING
) -> Progress:
    """Judge every stage that can be judged at monotonic moment ``now``.

    An advisory stage keeps nobody waiting: later stages are judged beside it.

    Args:
        evidence: all that was learned.
        expect: what must be true, and by when.
        now: when the last look began.
        decided: results of an earlier judging of the same evidence, which more evidence does not change; they
            only save time.
    """
    results: dict[Stage, StageResult] = {}
    waiting: list[Waiting] = []
    for stage in JUDGES:
        finding = decided.get(stage) or _judge_one(stage, evidence, expect, now)
        advisory = stage in expect.limits.advisory
        if isinstance(finding, Waiting):
            waiting.append(finding)
        elif finding is not None:
            results[stage] = finding
            if finding.outcome is not Outcome.PASSED and not advisory:
                return _ended_by(stage, results, waiting, expect)
        if finding is None or (isinstance(finding, Waiting) and not advisory):
            break
    return Progress(results, tuple(waiting))


def _judge_one(stage: Stage, evidence: Evidence, expect: Expectations, now: float) -> Finding | None:
    """One stage's finding; ``None`` while nothing has been sent that it could be about."""
    if stage not in expect.stages:
        return not_run(stage, "it was deselected")
    if stage is not Stage.PREFLIGHT and expect.sending is None:
        return None
    finding = settle(JUDGES[stage](evidence, expect, now), evidence, now)
    if isinstance(finding, Waiting):
        return finding
    return replace(finding, advisory=stage in expect.limits.advisory)


def _ended_by(
    stage: Stage, results: Mapping[Stage, StageResult], waiting: Iterable[Waiting], expect: Expectations
) -> Progress:
    """The end of a connection at a stage that did not pass: nothing more is waited for."""
    known = {**results, **{one.stage: _no_longer_awaited(one, stage) for one in waiting}}
    known |= blocked_after(stage, known, advisory=expect.limits.advisory)
    return Progress({one: known[one] for one in JUDGES}, ())


def _no_longer_awaited(waiting: Waiting, ending: Stage) -> StageResult:
    message = f"{waiting.message}; no longer awaited since {ending} did not pass"
    return replace(ended(waiting.stage, waiting.missing, message, facts=waiting.facts), advisory=True)


def not_run(stage: Stage, why: str) -> StageResult:
    """The result of a stage that was asked for and did not run; it decides even where the stage is advisory."""
    return ended(stage, Cause.STAGE_NOT_RUN, f"{stage} did not run: {why}, expected it to run and pass")


def broken(stage: Stage, problem: BaseException) -> StageResult:
    """The result of a stage that a fault of this package kept from being decided."""
    said = f"{type(problem).__name__}: {problem}".rstrip(": ")
    return ended(stage, Cause.INTERNAL_ERROR, f"{stage} could not be decided: the gate itself broke: {said}")


def blocked_after(
    blocking: Stage, results: Mapping[Stage, StageResult], *, advisory: Collection[Stage] = ()
) -> dict[Stage, StageResult]:
    """The stages that were not reached because ``blocking`` did not pass."""
    return {
        stage: StageResult(
            stage=stage,
            outcome=Outcome.BLOCKED,
            message=f"not reached: blocked by {blocking}",
            blocked_by=blocking,
            advisory=stage in advisory,
        )
        for stage in JUDGES
        if stage not in results
    }
