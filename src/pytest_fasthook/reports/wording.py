"""Phrases that every report for people uses, so that all of them say the same."""

from __future__ import annotations

from collections import Counter

from pytest_fasthook.causes import Outcome
from pytest_fasthook.reports.model import ConnectionRun, Run, StageRun
from pytest_fasthook.reports.model_fields import Policy, Verdict
from pytest_fasthook.stages import Stage

LET_THROUGH = "LET THROUGH"
PLAN = "plan"
"""The word for a plan whose preflight passed: nothing was sent, so nothing passed."""

VERDICT_WORDS = {
    Verdict.FAIL: "failed",
    Verdict.ERROR: "could not be judged",
    Verdict.INCONCLUSIVE: "lacked evidence",
    Verdict.PASS: "passed",
}


def headline(run: Run) -> str:
    """What became of the connections, in one phrase."""
    if len(run.connections) == 1:
        return outcome_of(run.connections[0], plan=run.plan)
    words = VERDICT_WORDS | ({Verdict.PASS: "passed preflight, nothing was sent"} if run.plan else {})
    counts = Counter(connection.verdict for connection in run.connections)
    parts = [f"{counts[verdict]} {words[verdict]}" for verdict in Verdict if counts[verdict]]
    return f"{len(run.connections)} connections: {', '.join(parts)}"


def verdict_word(run: Run) -> str:
    """The run's verdict in one word; a plan is no pass."""
    return PLAN if run.plan and run.verdict is Verdict.PASS else str(run.verdict)


def outcome_of(connection: ConnectionRun, *, plan: bool = False) -> str:
    """What became of one connection, with the deciding stage and its code."""
    if plan and connection.verdict is Verdict.PASS:
        left = [str(stage.stage) for stage in connection.stages if stage.outcome is Outcome.BLOCKED]
        return f"{connection.connection_id}: preflight passed; nothing was sent, not run: {', '.join(left)}"
    words = f"{connection.connection_id} {VERDICT_WORDS[connection.verdict]}"
    reason = connection.reason
    return f"{words} at {reason.stage}: {reason.code}" if reason else words


def kept_out(stage: StageRun) -> str | None:
    """What a stage that passed kept out; ``None`` where nothing was tried."""
    request = stage.facts.get("negative_request_id")
    if request is None or stage.outcome is not Outcome.PASSED:
        return None
    how = "refused" if stage.stage is Stage.INGRESS else "ignored"
    return f"teeth: negative request {request} was {how} ({stage.facts.get('negative_cause', 'no cause recorded')})"


def policy_note(run: Run) -> str | None:
    """What a policy made of the exit code, where it made anything of it."""
    if run.let_through():
        present = {connection.verdict for connection in run.connections}
        return (
            f"{LET_THROUGH}: nothing proves that every route works, "
            f"and the exit code is 0 only because of {' and '.join(_options(run, Policy.PASS, present))}"
        )
    if run.exit_code == 1 and run.verdict in {Verdict.ERROR, Verdict.INCONCLUSIVE}:
        options = _options(run, Policy.FAIL, {run.verdict})
        return f"the exit code is 1 because of {options[0]}" if options else None
    if run.verdict is Verdict.PASS and run.exit_code != 0:
        what = "the plan holds" if run.plan else "every route passed"
        return f"{what}; the exit code is {run.exit_code} because of the other tests of this run"
    return None


def _options(run: Run, policy: Policy, present: set[Verdict]) -> list[str]:
    chosen = {Verdict.ERROR: run.policy.on_error, Verdict.INCONCLUSIVE: run.policy.on_inconclusive}
    return [
        f"--fasthook-on-{verdict}={policy}"
        for verdict, given in chosen.items()
        if verdict in present and given is policy
    ]


def seconds(value: float) -> str:
    """A duration, as exact as it is of use."""
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 59.995:
        return f"{value:.2f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} m {rest} s"


def times(number: int, thing: str) -> str:
    """``1 poll``, ``2 polls``."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def split_next(text: str) -> tuple[str, list[str]]:
    """The words of a next step, and its lines for the shell (see ``next_steps.py``)."""
    words, *commands = text.splitlines()
    return words, commands
