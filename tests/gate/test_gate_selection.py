"""A stage that was asked for and did not run is never a success; what changes the order changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from expected import PASS, broken
from gate_checks import check_document, check_junit, check_run, check_verdict
from gate_run import GateRun, command
from route_parts import FAILED, SHORT_S

from standin import BranchScript, RouteScript, StandIn


def outcomes(run: GateRun) -> dict[str, str]:
    (connection,) = run.connections
    return {stage["stage"]: stage["outcome"] for stage in connection["stages"]}


def test_collect_only_sends_nothing_and_is_exempt(folder: Path) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=("--co", "-q"), reports=False).run()
    assert (run.exit_code, standin.probes) == (0, [])
    for stage in ("preflight", "ingress", "branch", "delivery", "latest_input", "metrics"):
        assert stage in run.output


@pytest.mark.parametrize(
    ("args", "missing"),
    [
        (("-k", "not metrics"), "metrics"),
        (("-k", "metrics"), "preflight"),
        (("-k", "preflight or ingress"), "branch"),
        (("--deselect", "fasthook::conn_orders::latest_input"), "latest_input"),
    ],
    ids=["not_metrics", "only_metrics", "first_two", "deselect"],
)
def test_a_deselected_stage_makes_the_run_inconclusive(
    args: tuple[str, ...], missing: str, folder: Path
) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=args).run()
        check_verdict(run, "conn_orders", broken(missing, "STAGE_NOT_RUN"))
        check_document(run)
        check_junit(run)
    assert run.exit_code == 75
    assert len(standin.probes) <= 1


def test_when_nothing_is_selected_pytests_own_code_stays(folder: Path) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=("-k", "other")).run()
    assert (run.exit_code, standin.probes) == (5, [])
    assert run.document["verdict"] == "inconclusive"


def test_a_selected_test_beside_a_deselected_gate_is_no_success(folder: Path) -> None:
    (folder / "test_other.py").write_text("def test_other(): pass\n")
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=("test_other.py", "-k", "other")).run()
    assert run.exit_code == 75
    assert standin.probes == []


def test_stopping_at_the_first_failure_keeps_the_failure(folder: Path) -> None:
    with StandIn(RouteScript(attempts=(FAILED,))) as standin:
        run = command(folder, standin, args=("-x",)).run()
        check_verdict(run, "conn_orders", broken("delivery", "DELIVERY_FAILED"))
        check_junit(run)
    assert run.exit_code == 1


def test_a_route_not_reached_after_the_first_failure_is_not_a_pass(folder: Path) -> None:
    routes = (RouteScript(connection_id="conn_a", attempts=(FAILED,)), RouteScript(connection_id="conn_b"))
    with StandIn(*routes) as standin:
        run = command(folder, standin, connections=("conn_a", "conn_b"), args=("-x",)).run()
    assert run.exit_code == 1
    assert run.connection("conn_a")["verdict"] == "fail"
    assert run.connection("conn_b")["verdict"] == "inconclusive"
    assert run.connection("conn_b")["cause"]["code"] == "STAGE_NOT_RUN"


def test_stopping_at_an_inconclusive_stage_keeps_75(folder: Path) -> None:
    route = RouteScript(branch=BranchScript(kind="never"))
    with StandIn(route) as standin:
        run = command(folder, standin, args=("-x",), timeout_s=SHORT_S).run()
        check_verdict(run, "conn_orders", broken("branch", "BRANCH_NOT_SEEN"))
    assert run.exit_code == 75


@pytest.mark.parametrize("option", ["--lf", "--ff", "--nf", "--sw"])
def test_the_cache_of_a_failed_run_cannot_make_the_next_one_green(option: str, folder: Path) -> None:
    """Green is right only when all six stages ran and passed."""
    with StandIn(RouteScript(attempts=(FAILED,))) as broken_route:
        first = command(folder, broken_route, cache=True).run()
    with StandIn(RouteScript()) as mended:
        second = command(folder, mended, cache=True, args=(option,)).run()
    assert first.exit_code == 1
    assert (second.exit_code == 0) is (set(outcomes(second).values()) == {"passed"})
    assert second.exit_code in {0, 75}
    assert len(mended.probes) <= 1


@pytest.mark.parametrize(
    "args",
    [
        ("-p", "no:randomly"),
        ("-p", "randomly", "-p", "no:xdist"),
        ("-p", "no:rerunfailures", "-v"),
        ("-q",),
        ("-n", "1"),
        ("-n", "3", "--dist", "loadfile"),
        ("-n", "2", "--dist", "worksteal"),
        ("--reruns", "3"),
        ("--maxfail", "1"),
        ("-W", "error"),
        ("-s", "-vv"),
        ("--color=yes",),
    ],
    ids=" ".join,
)
def test_a_good_route_passes_with_one_probe_whatever_else_pytest_is_told(
    args: tuple[str, ...], folder: Path
) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=args).run()
        check_run(run, standin)
        check_verdict(run, "conn_orders", PASS)
    assert (run.exit_code, len(standin.probes)) == (0, 1)


@pytest.mark.parametrize(
    "args",
    [
        ("--reruns", "3"),
        ("-n", "2"),
        ("-n", "2", "--dist", "worksteal"),
        ("-q",),
        ("--tb=no",),
        ("--tb=native", "-rA"),
        ("-s", "-vv"),
    ],
    ids=" ".join,
)
def test_a_broken_route_fails_with_one_probe_whatever_else_pytest_is_told(
    args: tuple[str, ...], folder: Path
) -> None:
    with StandIn(RouteScript(attempts=(FAILED,))) as standin:
        run = command(folder, standin, args=args).run()
        check_run(run, standin)
        check_verdict(run, "conn_orders", broken("delivery", "DELIVERY_FAILED"))
    assert (run.exit_code, len(standin.probes)) == (1, 1)


def test_a_session_that_runs_out_of_time_is_not_a_success(folder: Path) -> None:
    route = RouteScript(branch=BranchScript(lag_s=1.5))
    with StandIn(route) as standin:
        run = command(folder, standin, args=("--session-timeout", "0.5")).run()
    (connection,) = run.connections
    assert run.exit_code != 0
    assert connection["verdict"] != "pass"
