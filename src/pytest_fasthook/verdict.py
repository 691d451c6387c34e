"""From stage results to a connection's verdict, to the run's verdict, to the exit code.

Worst wins: fail, then error, then inconclusive, then pass. Between two errors the one that needs a person (77) wins
over the one that may go away (69). A pass needs a positive result of every deciding stage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_fasthook.causes import EXIT_FAIL, EXIT_PASS, Cause, Outcome
from pytest_fasthook.config import Policy
from pytest_fasthook.judge.sequence import not_run
from pytest_fasthook.stages import Stage, StageResult


class Verdict(StrEnum):
    """What is said about a connection or a run."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FAIL = "fail"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"


_WORST_FIRST = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS)
_OF_OUTCOME = {
    Outcome.PASSED: Verdict.PASS,
    Outcome.FAILED: Verdict.FAIL,
    Outcome.ERROR: Verdict.ERROR,
    Outcome.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A connection's verdict and the stage that decided it; ``None`` for a pass."""

    verdict: Verdict
    deciding: StageResult | None


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
    for verdict in _WORST_FIRST[:-1]:
        worst = [r for r in deciding if _OF_OUTCOME.get(r.outcome) is verdict]
        if worst:
            return Decision(verdict, max(worst, key=_exit_code_of))
    passing = [result for result in deciding if result.outcome is Outcome.PASSED]
    if not passing or len(passing) != len(deciding):
        missing = next((r for r in deciding if r.outcome is not Outcome.PASSED), None)
        return Decision(Verdict.INCONCLUSIVE, missing)
    return Decision(Verdict.PASS, None)


def _is_unasked(result: StageResult) -> bool:
    return result.outcome is Outcome.BLOCKED and result.blocked_by is None


def _exit_code_of(result: StageResult) -> int:
    return result.cause.exit_code if result.cause else EXIT_PASS


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a run; without any connection there is no evidence, which is no pass."""
    ranked = sorted(verdicts, key=_WORST_FIRST.index)
    return ranked[0] if ranked else Verdict.INCONCLUSIVE


def exit_code(decisions: Sequence[Decision], *, on_inconclusive: Policy, on_error: Policy) -> int:
    """The exit code that the gate asks for.

    A policy changes the code of an inconclusive or errored run, never its verdict. A stage that did not run is
    not forgiven by a policy: such a run is never a success.
    """
    verdict = worst(decision.verdict for decision in decisions)
    if verdict is Verdict.FAIL:
        return EXIT_FAIL
    codes = [_policed(d, on_inconclusive=on_inconclusive, on_error=on_error) for d in decisions]
    kept = [code for code in codes if code != EXIT_PASS]
    if not kept:
        return EXIT_PASS if decisions else Cause.STAGE_NOT_RUN.exit_code
    if EXIT_FAIL in kept:
        return EXIT_FAIL
    errors = [code for code in kept if code != Cause.STAGE_NOT_RUN.exit_code]
    return max(errors) if errors else max(kept)


def _policed(decision: Decision, *, on_inconclusive: Policy, on_error: Policy) -> int:
    """One connection's exit code under the policies."""
    if decision.verdict is Verdict.PASS:
        return EXIT_PASS
    cause = decision.deciding.cause if decision.deciding else None
    own = cause.exit_code if cause else Cause.STAGE_NOT_RUN.exit_code
    if cause is Cause.STAGE_NOT_RUN and on_inconclusive == "pass":
        return own
    policy = {Verdict.INCONCLUSIVE: on_inconclusive, Verdict.ERROR: on_error}.get(decision.verdict, "keep")
    return {"keep": own, "fail": EXIT_FAIL, "pass": EXIT_PASS}[policy]
