"""The exit code is decided once: whatever hooks do when a session begins or ends, process and report agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from plugin_scene import Scene, text_of

from standin import AttemptScript, RouteScript

pytest_plugins = ["pytester"]

REPORTS = ("--fasthook-json=gate.json", "--fasthook-junit=gate.xml", "--fasthook-html=gate.html")
ONLY_DOCS = "import pytest\ndef {hook}: pytest.exit('docs only', returncode=0)\n"
OVERRIDES = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session):
    yield
    session.exitstatus = 0
"""
RAISES = "def {hook}: raise RuntimeError('the upload failed')\n"
FAILING = RouteScript(attempts=(AttemptScript(status="FAILED", response_status=500),))


def document(scene: Scene) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((scene.pytester.path / "gate.json").read_text(encoding="utf-8"))
    return found


def ended(scene: Scene, *routes: RouteScript, conftest: str, args: tuple[str, ...] = ()) -> pytest.RunResult:
    """A run with one hook; its process and its report end with one code, and every report is there."""
    scene.file("conftest.py", conftest)
    with scene.serving(*routes):
        result = scene.gate(*REPORTS, *args)
    assert result.ret == document(scene)["exit_code"]
    assert all((scene.pytester.path / name).is_file() for name in ("gate.xml", "gate.html"))
    return result


@pytest.mark.parametrize("args", [(), ("-n", "1")], ids=["here", "under xdist"])
@pytest.mark.parametrize("hook", ["pytest_sessionstart()", "pytest_report_header()"])
def test_a_session_that_is_ended_with_0_before_the_gate_ran_is_no_pass(
    hook: str, args: tuple[str, ...], scene: Scene
) -> None:
    result = ended(scene, conftest=ONLY_DOCS.format(hook=hook), args=args)

    assert (result.ret, document(scene)["verdict"]) == (75, "inconclusive")


def test_a_test_loop_that_is_ended_with_0_is_no_pass(scene: Scene) -> None:
    result = ended(scene, conftest=ONLY_DOCS.format(hook="pytest_runtestloop()"))

    assert (result.ret, document(scene)["verdict"]) == (75, "inconclusive")


@pytest.mark.parametrize(
    "conftest", [ONLY_DOCS.format(hook="pytest_sessionfinish()"), OVERRIDES], ids=["exit", "override"]
)
def test_no_hook_at_the_end_makes_a_success_of_a_failed_deploy(conftest: str, scene: Scene) -> None:
    result = ended(scene, FAILING, conftest=conftest)

    assert (result.ret, document(scene)["verdict"]) == (1, "fail")


def test_a_passing_deploy_stays_one_where_hooks_ask_for_0(scene: Scene) -> None:
    assert ended(scene, conftest=OVERRIDES).ret == 0


@pytest.mark.parametrize(
    "hook", ["pytest_sessionfinish()", "pytest_terminal_summary()", "pytest_unconfigure()"]
)
def test_a_hook_that_raises_at_the_end_keeps_the_verdict_and_fails_the_run(hook: str, scene: Scene) -> None:
    result = ended(scene, conftest=RAISES.format(hook=hook))

    assert (result.ret, document(scene)["verdict"]) == (1, "pass")
    assert "the upload failed" in text_of(result)


@pytest.mark.parametrize(
    "hook", ["pytest_sessionfinish()", "pytest_terminal_summary()", "pytest_unconfigure()"]
)
def test_a_hook_that_raises_at_the_end_takes_nothing_from_a_failed_deploy(hook: str, scene: Scene) -> None:
    result = ended(scene, FAILING, conftest=RAISES.format(hook=hook))

    assert (result.ret, document(scene)["connections"][0]["cause"]["code"]) == (1, "DELIVERY_FAILED")


COUNTS_A_FAILURE = """
import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session):
    result = yield
    session.testsfailed += 1
    return result
"""
"""As pytest-cov does where coverage is below its limit."""


def test_a_code_that_another_plugin_asks_for_does_not_replace_the_gates(scene: Scene) -> None:
    result = ended(scene, conftest=COUNTS_A_FAILURE)

    assert (result.ret, document(scene)["verdict"]) == (0, "pass")
    assert "asks for exit code 1; the gate's is 0" in text_of(result)


def test_beside_tests_of_the_user_it_does(scene: Scene) -> None:
    scene.file("test_shop.py", "def test_shop(): pass\n")

    assert ended(scene, conftest=COUNTS_A_FAILURE, args=("test_shop.py",)).ret == 1
