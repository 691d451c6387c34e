"""The session's exit code where pytest has one of its own to give."""

from __future__ import annotations

import json
from typing import Any

import pytest
from plugin_scene import Scene, one_line_of, text_of

from standin import API_KEY, BranchScript, RouteScript

pytest_plugins = ("pytester",)

NEVER = RouteScript(branch=BranchScript(kind="never"))
REPORT = "--fasthook-json=gate.json"


def document(scene: Scene) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((scene.pytester.path / "gate.json").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("route", [RouteScript(), NEVER], ids=["passing gate", "inconclusive gate"])
def test_a_failed_collection_beside_the_gate_keeps_1(route: RouteScript, scene: Scene) -> None:
    """Told to go on, pytest ends with 1 for the module that could not be read."""
    scene.file("test_broken.py", "import no_such_module_anywhere\n")
    with scene.serving(route):
        result = scene.gate(
            REPORT, "--continue-on-collection-errors", "--fasthook-timeout=2s", "--tb=no", "test_broken.py"
        )
    assert result.ret == document(scene)["exit_code"] == 1
    assert document(scene)["verdict"] == ("pass" if route is not NEVER else "inconclusive")


def test_a_failed_collection_without_leave_to_go_on_is_pytests_2(scene: Scene) -> None:
    scene.file("test_broken.py", "import no_such_module_anywhere\n")
    with scene.serving() as standin:
        result = scene.gate(REPORT, "test_broken.py")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert standin.probes == []
    assert document(scene)["verdict"] == "inconclusive"


def test_an_error_in_a_fixture_of_an_ordinary_test_keeps_1(scene: Scene) -> None:
    scene.file(
        "test_shop.py",
        "import pytest\n@pytest.fixture\ndef broken(): raise RuntimeError\ndef test_shop(broken): pass\n",
    )
    with scene.serving(NEVER):
        result = scene.gate(REPORT, "--fasthook-timeout=2s", "--tb=no", "test_shop.py")
    assert (result.ret, document(scene)["verdict"]) == (1, "inconclusive")


def test_an_ordinary_test_that_fails_as_expected_is_no_failure(scene: Scene) -> None:
    scene.file("test_shop.py", "import pytest\n@pytest.mark.xfail\ndef test_shop(): raise RuntimeError\n")
    with scene.serving(NEVER):
        result = scene.gate(REPORT, "--fasthook-timeout=2s", "--tb=no", "test_shop.py")
    assert result.ret == 75


def test_an_internal_error_is_pytests_3(scene: Scene) -> None:
    scene.file("conftest.py", "def pytest_runtest_logfinish(nodeid): raise ZeroDivisionError('a bug')\n")
    with scene.serving():
        result = scene.gate(REPORT)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert document(scene)["exit_code"] == 3
    assert document(scene)["verdict"] == "inconclusive"


def test_a_test_that_ends_the_session_is_pytests_2(scene: Scene) -> None:
    scene.file("test_shop.py", "import pytest\ndef test_shop(): pytest.exit('enough')\n")
    with scene.serving():
        result = scene.gate(REPORT, "test_shop.py")
    assert result.ret == document(scene)["exit_code"] == pytest.ExitCode.INTERRUPTED


def test_a_test_that_ends_the_session_with_a_code_keeps_it(scene: Scene) -> None:
    scene.file("test_shop.py", "import pytest\ndef test_shop(): pytest.exit('enough', returncode=42)\n")
    with scene.serving():
        result = scene.gate(REPORT, "test_shop.py")
    assert result.ret == 42


def test_a_warning_limit_is_pytests_own(scene: Scene) -> None:
    scene.file("test_shop.py", "import warnings\ndef test_shop(): warnings.warn('old')\n")
    with scene.serving():
        result = scene.gate(REPORT, "--max-warnings=0", "test_shop.py")
    if "unrecognized arguments" in text_of(result):
        pytest.skip("this pytest has no limit for warnings")
    assert (result.ret, document(scene)["verdict"]) == (6, "pass")


def test_a_module_that_another_one_stops_is_not_lost(scene: Scene) -> None:
    """With -x a failing ordinary test ends the session after the gate, which ran before it."""
    scene.file("test_shop.py", "def test_shop(): raise RuntimeError\n")
    with scene.serving():
        result = scene.gate(REPORT, "-x", "--tb=no", "test_shop.py")
    assert (result.ret, document(scene)["verdict"]) == (1, "pass")


@pytest.mark.parametrize(
    "plugin",
    [
        "cacheprovider",
        "xdist",
        "timeout",
        "rerunfailures",
        "randomly",
        "junitxml",
        "capture",
        "warnings",
        "logging",
    ],
)
def test_no_other_plugin_is_needed(plugin: str, scene: Scene) -> None:
    with scene.serving() as standin:
        result = scene.gate(REPORT, "-p", f"no:{plugin}")
    assert (result.ret, len(standin.probes)) == (0, 1), text_of(result)
    assert document(scene)["verdict"] == "pass"


def test_alone_among_pytests_own_plugins_the_gate_passes(scene: Scene) -> None:
    scene.monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    with scene.serving() as standin:
        result = scene.pytester.runpytest_subprocess(
            "-p", "pytest_fasthook.plugin", "--fasthook-connection=conn_orders", timeout=60
        )
    assert (result.ret, len(standin.probes)) == (0, 1)


@pytest.mark.parametrize(
    "args",
    [
        ("-n", "2", "--dist", "each"),
        ("-n", "0"),
        ("-n", "2", "--dist", "loadscope"),
        ("-n", "2", "--maxfail", "1"),
    ],
    ids=" ".join,
)
def test_however_xdist_spreads_the_stages_one_probe_is_sent(args: tuple[str, ...], scene: Scene) -> None:
    with scene.serving() as standin:
        result = scene.gate(REPORT, *args)
    assert (result.ret, len(standin.probes)) == (0, 1), text_of(result)
    assert document(scene)["verdict"] == "pass"


@pytest.mark.parametrize("args", [("-k", "not metrics"), ("--deselect", "fasthook::conn_orders::metrics")])
def test_under_xdist_a_deselected_stage_is_no_success_either(args: tuple[str, ...], scene: Scene) -> None:
    with scene.serving():
        result = scene.gate(REPORT, "-n", "2", *args)
    assert (result.ret, document(scene)["verdict"]) == (75, "inconclusive")


BREAKS = """
from pytest_fasthook.gate.run import Gate

def broken(self, *args, **keywords):
    raise ZeroDivisionError("a bug beside " + self.settings.api_key.reveal())

Gate.collect = broken
"""


@pytest.mark.parametrize("args", [(), ("-n", "1")], ids=["here", "under xdist"])
def test_a_gate_that_breaks_is_a_fault_of_this_package_and_says_so(
    args: tuple[str, ...], scene: Scene
) -> None:
    scene.file("conftest.py", BREAKS)
    with scene.serving() as standin:
        result = scene.gate(REPORT, *args)
    assert (result.ret, document(scene)["verdict"], standin.probes) == (70, "error", [])
    (connection,) = document(scene)["connections"]
    assert connection["cause"]["code"] == "INTERNAL_ERROR"
    assert "ZeroDivisionError: a bug beside ***" in connection["cause"]["message"]
    assert "the gate itself broke; please report this:" in text_of(result)
    assert "ZeroDivisionError: a bug beside ***" in text_of(result)
    assert API_KEY not in text_of(result)


def test_a_source_whose_connections_cannot_be_listed_is_an_error(scene: Scene) -> None:
    """Nobody listens at the scene's own address."""
    result = scene.run("--fasthook-source=src_orders", REPORT)
    (connection,) = document(scene)["connections"]
    assert (result.ret, connection["cause"]["code"]) == (69, "API_UNREACHABLE")
    assert connection["connection_id"] == "src_orders"


# -- settings in files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nfasthook_timeout = soon\n"),
        ("tox.ini", "[pytest]\nfasthook_timeout = soon\n"),
        ("setup.cfg", "[tool:pytest]\nfasthook_timeout = soon\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nfasthook_timeout = "soon"\n'),
    ],
)
def test_a_wrong_value_in_a_settings_file_is_one_line(name: str, text: str, scene: Scene) -> None:
    scene.file(name, text)
    result = scene.run("--fasthook-connection=conn_orders")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    line = one_line_of(result)
    assert "fasthook_timeout in the ini file: 'soon' is not valid" in line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\nfasthook_timeout = 7\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\nfasthook_timeout = '7s'\n"),
        ("pytest.ini", "[pytest]\nfasthook_timeout = 7\n"),
    ],
)
def test_a_value_in_a_settings_file_counts(name: str, text: str, scene: Scene) -> None:
    scene.file(name, text)
    result = scene.run("--fasthook-connection=conn_orders", "--collect-only")
    assert result.ret == 0, text_of(result)
    assert "timeout 7s" in text_of(result)


@pytest.mark.parametrize("value", ["7", "true", '["7s"]', "0"])
def test_a_value_of_the_wrong_type_in_a_settings_file_is_no_traceback(value: str, scene: Scene) -> None:
    scene.file("pyproject.toml", f"[tool.pytest]\nfasthook_timeout = {value}\n")
    result = scene.run("--fasthook-connection=conn_orders", "--collect-only")
    assert "Traceback" not in text_of(result), text_of(result)
    assert "INTERNALERROR" not in text_of(result)
    assert result.ret in {0, pytest.ExitCode.USAGE_ERROR}
