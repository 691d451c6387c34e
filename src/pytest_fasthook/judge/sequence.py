"""All stages of one connection in order: which are decided, and what the undecided ones wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.evidence import Evidence
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge import branch, delivery, ingress, latest_input, metrics, preflight
from pytest_fasthook.judge.findings import Finding, Waiting, ended, settle
from pytest_fasthook.stages import Stage, StageResult

Judge = Callable[[Evidence, Expectations, float], Finding]

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


def judge(evidence: Evidence, expect: Expectations, now: float) -> Progress:
    """Judge every stage that can be judged at monotonic moment ``now``.

    An advisory stage keeps nobody waiting: later stages are judged beside it.
    """
    results: dict[Stage, StageResult] = {}
    waiting: list[Waiting] = []
    for stage, judge_stage in JUDGES.items():
        if stage not in expect.stages:
            finding: Finding = not_run(stage, "it was deselected")
        elif stage is not Stage.PREFLIGHT and expect.sending is None:
            break
        else:
            finding = settle(judge_stage(evidence, expect, now), evidence, now)
        advisory = stage in expect.limits.advisory
        if isinstance(finding, Waiting):
            waiting.append(finding)
            if not advisory:
                break
            continue
        results[stage] = replace(finding, advisory=True) if advisory else finding
        if finding.outcome is not Outcome.PASSED and not advisory:
            results |= blocked_after(stage, results)
            waiting.clear()
            break
    return Progress({stage: results[stage] for stage in Stage if stage in results}, tuple(waiting))


def not_run(stage: Stage, why: str) -> StageResult:
    """The result of a stage that was asked for and did not run."""
    return ended(stage, Cause.STAGE_NOT_RUN, f"{stage} did not run: {why}, expected it to run and pass")


def blocked_after(blocking: Stage, results: Mapping[Stage, StageResult]) -> dict[Stage, StageResult]:
    """The stages that were not reached because ``blocking`` did not pass."""
    return {
        stage: StageResult(
            stage=stage,
            outcome=Outcome.BLOCKED,
            message=f"not reached: blocked by {blocking}",
            blocked_by=blocking,
        )
        for stage in JUDGES
        if stage not in results
    }
