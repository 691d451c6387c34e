"""Beside other plugins and conftest files that treat every item alike, and in pytest's modes that run no test."""

from __future__ import annotations

import json
from typing import Any

import pytest
from plugin_scene import PLUGIN, Scene, text_of

from standin import AttemptScript, RouteScript

pytest_plugins = ("pytester",)

REPORT = "--fasthook-json=gate.json"
FAILED = RouteScript(attempts=(AttemptScript(status="FAILED", response_status=500),))

MARKS = """
import pytest
def pytest_configure(config):
    config.addinivalue_line("markers", "flaky(**kw): somebody's")
    config.addinivalue_line("markers", "forked: somebody's")
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.{mark})
"""
RERUNS = """
import pytest
from _pytest.runner import runtestprotocol

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    for _ in range(2):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        report.outcome = "passed"
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
RETRIES = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.flaky(retries=2))

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and item.get_closest_marker("flaky"):
        report.outcome = "passed"
    return report
"""
COPIES = """
import copy

def pytest_collection_modifyitems(items):
    for item in list(items):
        assert not getattr(item.function, "copied", False)
        item.function.copied = True
        twin = copy.copy(item)
        twin._initrequest()
        items.append(twin)
"""
READS = """
import inspect
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        assert item.obj.__doc__ and item.function.__name__ == item.originalname
        assert item.module.__name__ and item.parent.obj and item.cls is None
        assert not inspect.iscoroutinefunction(item.obj)
        item.fixturenames.insert(0, "tmp_path")
        item._nodeid = "::".join((item.nodeid, item.obj.__doc__))

@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item):
    assert "request" not in item.funcargs
    assert item._request.getfixturevalue("tmp_path").is_dir()

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.description = str(item.function.__doc__)
    return report
"""


def document(scene: Scene) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((scene.pytester.path / "gate.json").read_text(encoding="utf-8"))
    return read


HARMLESS = {
    "reruns": RERUNS,
    "retries": RETRIES,
    "copies": COPIES,
    "reads": READS,
    "xfail": MARKS.format(mark="xfail(strict=True)"),
    "forked": MARKS.format(mark="forked"),
    "flaky": MARKS.format(mark="flaky(reruns=3)"),
}


@pytest.mark.parametrize("conftest", HARMLESS.values(), ids=HARMLESS)
def test_code_that_treats_every_item_alike_makes_no_red_of_a_healthy_route(
    conftest: str, scene: Scene
) -> None:
    scene.file("conftest.py", conftest)
    with scene.serving() as standin:
        result = scene.gate(REPORT)
    assert (result.ret, document(scene)["exit_code"]) == (0, 0), text_of(result)
    result.assert_outcomes(passed=6)
    assert len(standin.probes) == 1


@pytest.mark.parametrize("conftest", HARMLESS.values(), ids=HARMLESS)
def test_code_that_treats_every_item_alike_makes_no_green_of_a_broken_route(
    conftest: str, scene: Scene
) -> None:
    scene.file("conftest.py", conftest)
    with scene.serving(FAILED) as standin:
        result = scene.gate(REPORT, "--junitxml=pytest.xml")
    assert (result.ret, document(scene)["exit_code"]) == (1, 1), text_of(result)
    result.assert_outcomes(passed=3, failed=1, skipped=2)
    assert len(standin.probes) == 1
    assert 'failures="1"' in (scene.pytester.path / "pytest.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize("mark", ["skip(reason='slow')", "skip", "skipif(True, reason='slow')"])
def test_a_stage_that_a_conftest_skips_did_not_run(mark: str, scene: Scene) -> None:
    scene.file("conftest.py", MARKS.format(mark=mark))
    with scene.serving():
        result = scene.gate(REPORT, "-rs")
    assert (result.ret, document(scene)["exit_code"]) == (75, 75), text_of(result)
    (connection,) = document(scene)["connections"]
    assert connection["cause"]["code"] == "STAGE_NOT_RUN"


def test_a_plugin_that_is_loaded_by_its_module_reruns_nothing(scene: Scene) -> None:
    scene.monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("-p", "pytest_fasthook.plugin") if not PLUGIN else ()
    with scene.serving(FAILED) as standin:
        result = scene.gate(
            REPORT, *plugins, "-p", "pytest_rerunfailures", "-p", "pytest_timeout", "--reruns", "2"
        )
    assert (result.ret, len(standin.probes)) == (1, 1), text_of(result)
    assert "rerun" not in result.parseoutcomes()


@pytest.mark.parametrize("mode", ["--setup-plan", "--setup-only", "--fixtures", "--fixtures-per-test"])
def test_a_mode_that_runs_no_test_cannot_gate(mode: str, scene: Scene) -> None:
    with scene.serving() as standin:
        result = scene.gate(REPORT, mode)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"{mode} runs no test" in text_of(result)
    assert (standin.probes, (scene.pytester.path / "gate.json").exists()) == ([], False)


@pytest.mark.parametrize("mode", ["--markers", "--cache-show", "--version", "--help"])
def test_a_mode_that_only_tells_something_gates_nothing(mode: str, scene: Scene) -> None:
    with scene.serving() as standin:
        result = scene.gate(REPORT, mode)
    assert result.ret == 0, text_of(result)
    assert (standin.probes, (scene.pytester.path / "gate.json").exists()) == ([], False)


def test_setup_show_runs_tests(scene: Scene) -> None:
    with scene.serving() as standin:
        result = scene.gate(REPORT, "--setup-show")
    assert (result.ret, len(standin.probes)) == (0, 1)
