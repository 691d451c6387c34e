"""Ctrl-C ends at once with pytest's own code, and what is known is still written."""

from __future__ import annotations

from pathlib import Path

import pytest
from expected import OUTCOME_OF_VERDICT
from gate_checks import check_junit, check_output, check_secrets
from gate_run import GateRun, command

from standin import API_KEY, BranchScript, LatestInputScript, RouteScript, StandIn


def interrupt_once_asked(folder: Path, standin: StandIn, endpoint: str, *args: str) -> GateRun:
    """Run the gate and press Ctrl-C when it has asked an endpoint three times."""
    ordered = command(folder, standin, timeout_s=60.0, args=args)
    return ordered.run_until(lambda: sum(call.endpoint == endpoint for call in standin.calls) >= 3)


@pytest.mark.parametrize("args", [(), ("-n", "2"), ("-s",)], ids=["plain", "xdist", "uncaptured"])
@pytest.mark.parametrize(
    ("route", "endpoint", "stage"),
    [
        (RouteScript(branch=BranchScript(kind="never")), "events", "branch"),
        (RouteScript(latest_input=LatestInputScript(shows="empty")), "latest_input", "latest_input"),
    ],
    ids=["branch", "latest_input"],
)
def test_ctrl_c_in_the_midst_of_waiting(
    route: RouteScript, endpoint: str, stage: str, args: tuple[str, ...], folder: Path
) -> None:
    with StandIn(route) as standin:
        run = interrupt_once_asked(folder, standin, endpoint, *args)
    (connection,) = run.connections
    assert (run.exit_code, run.document["exit_code"]) == (2, 2)
    assert (connection["verdict"], connection["cause"]["stage"]) == ("inconclusive", stage)
    assert connection["ids"]["request_id"] == standin.probes[0].request_id
    reached = next(found for found in connection["stages"] if found["stage"] == stage)
    assert reached["outcome"] == OUTCOME_OF_VERDICT["inconclusive"]
    check_output(run)
    check_junit(run)
    check_secrets(run, API_KEY)
    assert len(standin.probes) == 1
