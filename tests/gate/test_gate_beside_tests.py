"""The gate beside ordinary tests: alone without paths, first with them, and their failures stay failures."""

from __future__ import annotations

from pathlib import Path

from gate_run import GateRun, command
from route_parts import SHORT_S

from standin import BranchScript, RouteScript, StandIn

NEVER = RouteScript(branch=BranchScript(kind="never"))


def run_beside(folder: Path, test: str, route: RouteScript, *args: str, timeout_s: float = 20.0) -> GateRun:
    (folder / "test_shop.py").write_text(test)
    with StandIn(route) as standin:
        return command(folder, standin, args=args, timeout_s=timeout_s).run()


def test_without_paths_nothing_else_is_collected(folder: Path) -> None:
    run = run_beside(folder, "import no_such_module_anywhere\n", RouteScript())
    assert run.exit_code == 0, run.output


def test_with_a_path_a_module_that_cannot_be_read_is_pytests_affair(folder: Path) -> None:
    run = run_beside(folder, "import no_such_module_anywhere\n", RouteScript(), "test_shop.py")
    assert run.exit_code == 2


def test_an_ini_with_test_paths_adds_nothing(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = .\n")
    run = run_beside(folder, "def test_shop(): raise RuntimeError\n", RouteScript())
    assert run.exit_code == 0, run.output


def test_with_a_path_the_gate_runs_first(folder: Path) -> None:
    run = run_beside(folder, "def test_shop(): pass\n", RouteScript(), "test_shop.py", "-v")
    assert run.exit_code == 0, run.output
    assert 0 < run.output.index("metrics") < run.output.index("test_shop.py::test_shop")


def test_a_failing_test_beside_a_passing_gate_keeps_1(folder: Path) -> None:
    run = run_beside(folder, "def test_shop(): raise RuntimeError\n", RouteScript(), "test_shop.py")
    assert (run.exit_code, run.document["verdict"]) == (1, "pass")


def test_a_failing_test_beside_an_inconclusive_gate_keeps_1(folder: Path) -> None:
    test = "def test_shop(): raise RuntimeError\n"
    run = run_beside(folder, test, NEVER, "test_shop.py", timeout_s=SHORT_S)
    assert (run.exit_code, run.document["verdict"]) == (1, "inconclusive")


def test_a_passing_test_beside_an_inconclusive_gate_is_75(folder: Path) -> None:
    run = run_beside(folder, "def test_shop(): pass\n", NEVER, "test_shop.py", timeout_s=SHORT_S)
    assert (run.exit_code, run.document["verdict"]) == (75, "inconclusive")


def test_a_failing_test_outweighs_a_policy_that_lets_pass(folder: Path) -> None:
    test = "def test_shop(): raise RuntimeError\n"
    policy = "--fasthook-on-inconclusive=pass"
    run = run_beside(folder, test, NEVER, "test_shop.py", policy, timeout_s=SHORT_S)
    assert run.exit_code == 1


def test_unused_the_plugin_changes_nothing(folder: Path) -> None:
    (folder / "test_shop.py").write_text("def test_shop(): pass\n")
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, connections=(), args=("--co", "-q"), reports=False, timeout_s=5).run()
        assert standin.calls == []
    assert run.exit_code in {0, 4}


def test_the_demo_needs_no_account(folder: Path) -> None:
    nothing = {"FASTHOOK_API_KEY": None, "FASTHOOK_TEAM_ID": None, "FASTHOOK_API_URL": None}
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, connections=(), args=("--fasthook-emulator",), env=nothing).run()
    assert run.exit_code == 0, run.output
    (connection,) = run.connections
    assert connection["connection_id"] == "conn_demo"
    assert [stage["outcome"] for stage in connection["stages"]] == ["passed"] * 6
