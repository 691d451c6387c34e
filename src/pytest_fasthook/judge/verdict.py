"""From stage results to a connection's verdict, to the run's verdict, to the exit code.

Worst wins: fail, then error, then inconclusive, then pass. Between errors the one that needs a person (77) wins
over a fault of this package (70), and that over the one that may go away (69). A pass needs a positive result of every
deciding stage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_fasthook.causes import (
    EXIT_FAIL,
    EXIT_INCONCLUSIVE,
    EXIT_INTERNAL_ERROR,
    EXIT_NOT_PERMITTED,
    EXIT_PASS,
    EXIT_UNAVAILABLE,
    Cause,
    Outcome,
)
from pytest_fasthook.judge.sequence import not_run
from pytest_fasthook.settings.config import Policy
from pytest_fasthook.stages import Stage, StageResult


class Verdict(StrEnum):
    """What is said about a connection or a run."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FAIL = "fail"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"


_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS)
WORST_CODE_FIRST = (
    EXIT_FAIL,
    EXIT_NOT_PERMITTED,
    EXIT_INTERNAL_ERROR,
    EXIT_UNAVAILABLE,
    EXIT_INCONCLUSIVE,
    EXIT_PASS,
)
"""The gate's own exit codes."""
_OF_OUTCOME = {
    Outcome.PASSED: Verdict.PASS,
    Outcome.FAILED: Verdict.FAIL,
    Outcome.ERROR: Verdict.ERROR,
    Outcome.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A connection's verdict and the stage that decided it; ``None`` for a pass.

    Attributes:
        complete: whether every stage that was asked for has run; no policy makes a success of one that has not.
    """

    verdict: Verdict
    deciding: StageResult | None
    complete: bool = True


def completed(
    results: Mapping[Stage, StageResult],
    reported: Collection[Stage],
    asked: Collection[Stage] = frozenset(Stage),
) -> Mapping[Stage, StageResult]:
    """Every stage's result, where a stage that never reported is not taken for passed.

    Args:
        results: what the gate found out.
        reported: the stages whose test case pytest has really run.
        asked: the stages that the run was asked for; a plan asks for preflight alone.
    """
    return {
        stage: _completed(stage, results.get(stage), ran=stage in reported)
        if stage in asked
        else unasked(stage)
        for stage in Stage
    }


def unasked(stage: Stage) -> StageResult:
    """A stage that is no part of the run; it neither passes nor decides."""
    return StageResult(stage=stage, outcome=Outcome.BLOCKED, message=f"{stage} is not part of a plan")


def _completed(stage: Stage, result: StageResult | None, *, ran: bool) -> StageResult:
    if result is None:
        return not_run(stage, "the run ended before it was decided")
    if result.outcome is Outcome.PASSED and not ran:
        return not_run(stage, "its test case was never reached")
    return result


def decide(results: Mapping[Stage, StageResult]) -> Decision:
    """A connection's verdict: its worst deciding stage, the first one of those."""
    deciding = [result for result in results.values() if not (result.advisory or _is_unasked(result))]
    complete = all(result.cause is not Cause.STAGE_NOT_RUN for result in deciding)
    for verdict in _WORST_FIRST[:-1]:
        worst = [r for r in deciding if _OF_OUTCOME.get(r.outcome) is verdict]
        if worst:
            return Decision(verdict, min(worst, key=_code_rank), complete)
    missing = next((r for r in deciding if r.outcome is not Outcome.PASSED), None)
    if missing or not deciding:
        return Decision(Verdict.INCONCLUSIVE, missing)
    return Decision(Verdict.PASS, None)


def _is_unasked(result: StageResult) -> bool:
    return result.outcome is Outcome.BLOCKED and result.blocked_by is None


def _code_rank(result: StageResult) -> int:
    return WORST_CODE_FIRST.index(result.cause.exit_code if result.cause else EXIT_PASS)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a run; without any connection there is no evidence, which is no pass."""
    ranked = sorted(verdicts, key=_WORST_FIRST.index)
    return ranked[0] if ranked else Verdict.INCONCLUSIVE


def exit_code(decisions: Sequence[Decision], *, on_inconclusive: Policy, on_error: Policy) -> int:
    """The exit code that the gate asks for.

    A policy changes the code of an inconclusive or errored run, never its verdict. A stage that did not run is
    not forgiven by a policy: such a run is never a success.
    """
    codes = {_policed(d, on_inconclusive=on_inconclusive, on_error=on_error) for d in decisions}
    if not codes:
        return EXIT_INCONCLUSIVE
    return min(codes, key=WORST_CODE_FIRST.index)


def _policed(decision: Decision, *, on_inconclusive: Policy, on_error: Policy) -> int:
    """One connection's exit code under the policies."""
    if decision.deciding and decision.deciding.cause is Cause.INTERNAL_ERROR:
        return (
            EXIT_INTERNAL_ERROR  # a fault of this package says nothing of the route, so no policy covers it
        )
    policies = {Verdict.INCONCLUSIVE: on_inconclusive, Verdict.ERROR: on_error}
    match policies.get(decision.verdict):
        case "fail":
            return EXIT_FAIL
        case "pass":
            return EXIT_PASS if decision.complete else EXIT_INCONCLUSIVE
    if decision.verdict is Verdict.PASS:
        return EXIT_PASS
    cause = decision.deciding.cause if decision.deciding else None
    return cause.exit_code if cause else EXIT_INCONCLUSIVE
