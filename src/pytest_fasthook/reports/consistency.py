"""Whether a document's verdicts follow from its stages: no report may be greener than its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.reports.model import ConnectionRun, Run
from pytest_fasthook.reports.model_fields import VERDICT_OF, Policy, Verdict
from pytest_fasthook.stages import Stage


def contradictions(run: Run) -> list[str]:
    """Return what contradicts what, one sentence each; empty when everything fits."""
    found = [
        sentence for connection in run.connections for sentence in _of_connection(connection, plan=run.plan)
    ]
    return [*found, *_of_run(run)]


def _of_run(run: Run) -> Iterator[str]:
    worst = min((connection.verdict for connection in run.connections), key=lambda verdict: verdict.rank)
    if run.verdict is not worst:
        yield f"the run's verdict is {run.verdict}, the worst of its connections' is {worst}"
    if run.let_through() and not _policy_allows(run):
        yield f"the exit code is 0 and no policy lets a verdict of {run.verdict} through"
    names = [connection.connection_id for connection in run.connections]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is listed more than once"


def _policy_allows(run: Run) -> bool:
    """A policy forgives what could not be seen, but neither a stage that nobody ran nor a fault of this package."""
    reasons = (connection.reason for connection in run.connections)
    if any(reason and reason.code in {Cause.STAGE_NOT_RUN, Cause.INTERNAL_ERROR} for reason in reasons):
        return False
    present = {connection.verdict for connection in run.connections} - {Verdict.PASS}
    policies = {Verdict.INCONCLUSIVE: run.policy.on_inconclusive, Verdict.ERROR: run.policy.on_error}
    return all(policies.get(verdict) is Policy.PASS for verdict in present)


def _of_connection(connection: ConnectionRun, *, plan: bool) -> Iterator[str]:
    name = connection.connection_id
    stages = [stage.stage for stage in connection.stages]
    if stages != [stage for stage in Stage if stage in stages]:
        yield f"{name}: its stages are not each listed once and in order"
    yield from (
        _of_pass(connection, plan=plan) if connection.verdict is Verdict.PASS else _of_reason(connection)
    )
    worst = _worst_deciding(connection)
    if worst.rank < connection.verdict.rank:
        yield f"{name}: its verdict is {connection.verdict}, the worst of its deciding stages' is {worst}"


def _of_pass(connection: ConnectionRun, *, plan: bool) -> Iterator[str]:
    if connection.reason is not None:
        yield f"{connection.connection_id}: it passed, yet a cause is given"
    held = {stage.stage for stage in connection.stages if stage.advisory or stage.outcome is Outcome.PASSED}
    missing = [stage for stage in ((Stage.PREFLIGHT,) if plan else Stage) if stage not in held]
    if missing:
        yield f"{connection.connection_id}: it passed, yet {', '.join(missing)} did not"


def _of_reason(connection: ConnectionRun) -> Iterator[str]:
    reason = connection.reason
    if reason is None:
        yield f"{connection.connection_id}: its verdict is {connection.verdict} and no cause is given"
    elif VERDICT_OF[reason.code.outcome] is not connection.verdict:
        yield f"{connection.connection_id}: {reason.code} is not a cause of a verdict of {connection.verdict}"


def _worst_deciding(connection: ConnectionRun) -> Verdict:
    deciding = (stage.outcome for stage in connection.stages if not stage.advisory)
    verdicts = (VERDICT_OF.get(outcome, Verdict.PASS) for outcome in deciding)
    return min(verdicts, key=lambda verdict: verdict.rank, default=Verdict.PASS)
