"""Policies change the exit code and never the verdict; an advisory stage is shown and decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate_checks import check_document, check_junit, check_output, check_pytest_junit, junit_outcomes
from gate_run import GateRun, command
from route_parts import FAILED, SHORT_S

from standin import (
    ApiScript,
    BranchScript,
    Fault,
    LatestInputScript,
    MetricsScript,
    RouteScript,
    StandIn,
)

NEVER = RouteScript(branch=BranchScript(kind="never"))
DOWN = ApiScript(faults=(Fault(),))
WELL = ApiScript()


@pytest.mark.parametrize(
    ("route", "api", "args", "verdict", "exit_code"),
    [
        (NEVER, WELL, ("--fasthook-on-inconclusive=keep",), "inconclusive", 75),
        (NEVER, WELL, ("--fasthook-on-inconclusive=fail",), "inconclusive", 1),
        (NEVER, WELL, ("--fasthook-on-inconclusive=pass",), "inconclusive", 0),
        (NEVER, WELL, ("--fasthook-on-error=pass",), "inconclusive", 75),
        (RouteScript(), DOWN, ("--fasthook-on-error=keep",), "error", 69),
        (RouteScript(), DOWN, ("--fasthook-on-error=fail",), "error", 1),
        (RouteScript(), DOWN, ("--fasthook-on-error=pass",), "error", 0),
        (RouteScript(), DOWN, ("--fasthook-on-inconclusive=pass",), "error", 69),
        (
            RouteScript(attempts=(FAILED,)),
            WELL,
            ("--fasthook-on-error=pass", "--fasthook-on-inconclusive=pass"),
            "fail",
            1,
        ),
        (RouteScript(), WELL, ("--fasthook-on-error=fail", "--fasthook-on-inconclusive=fail"), "pass", 0),
    ],
)
def test_a_policy_changes_only_the_exit_code(
    *, route: RouteScript, api: ApiScript, args: tuple[str, ...], verdict: str, exit_code: int, folder: Path
) -> None:
    with StandIn(route, api=api) as standin:
        run = command(folder, standin, args=args, timeout_s=SHORT_S if verdict != "pass" else 20.0).run()
    assert (run.exit_code, run.document["verdict"]) == (exit_code, verdict)
    assert run.connections[0]["verdict"] == verdict
    check_output(run)
    check_document(run)
    check_junit(run)
    check_pytest_junit(run)
    if verdict in {"inconclusive", "error"} and exit_code == 0:
        assert_said_loudly(run, f"on-{verdict}")


def assert_said_loudly(run: GateRun, option: str) -> None:
    for text in (run.output, run.json_file.read_text(), run.junit_file.read_text()):
        assert option in text


def test_an_advisory_stage_never_decides(folder: Path) -> None:
    route = RouteScript(metrics=MetricsScript(counted=False))
    with StandIn(route) as standin:
        run = command(folder, standin, args=("--fasthook-advisory=metrics",), timeout_s=SHORT_S).run()
    assert run.exit_code == 0, run.output
    assert_advisory(run, "metrics", "METRICS_LAG")


def test_an_advisory_stage_blocks_nothing(folder: Path) -> None:
    route = RouteScript(latest_input=LatestInputScript(shows="altered"))
    with StandIn(route) as standin:
        run = command(folder, standin, args=("--fasthook-advisory=latest_input",)).run()
    assert run.exit_code == 0, run.output
    assert_advisory(run, "latest_input", "LATEST_INPUT_MISMATCH")
    assert run.connections[0]["stages"][-1]["outcome"] == "passed"


def test_a_stage_behind_an_advisory_one_still_decides(folder: Path) -> None:
    """The twin: the stage behind it fails on its own."""
    route = RouteScript(latest_input=LatestInputScript(shows="altered"), metrics=MetricsScript(counted=False))
    with StandIn(route) as standin:
        run = command(folder, standin, args=("--fasthook-advisory=latest_input",), timeout_s=SHORT_S).run()
    assert run.exit_code == 75
    assert run.connections[0]["cause"]["code"] == "METRICS_LAG"


def assert_advisory(run: GateRun, stage: str, code: str) -> None:
    """The connection passes; the stage is there with its code, skipped in both JUnit files."""
    (connection,) = run.connections
    found = next(entry for entry in connection["stages"] if entry["stage"] == stage)
    assert (connection["verdict"], connection["cause"]) == ("pass", None)
    assert (found["advisory"], found["code"]) == (True, code)
    for file in (run.junit_file, run.pytest_junit_file):
        assert junit_outcomes(file)[f"fasthook.{connection['connection_id']}", stage][0] == "skipped"
        assert code in file.read_text()
    check_document(run)
    check_junit(run)
    check_pytest_junit(run)
