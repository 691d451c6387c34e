"""What pytest collects: the gate's stages without any test file, first and in order, and nothing unasked."""

from __future__ import annotations

import pytest
from plugin_scene import STAGES, Scene, collected, node_ids, one_line_of, order_of, text_of

from standin import RouteScript

pytest_plugins = ("pytester",)


def test_the_stages_are_collected_without_any_test_file(scene: Scene) -> None:
    """Nothing is asked or sent for it: the API cannot even be reached."""
    result = scene.gate("--collect-only", "-q")
    assert collected(result) == node_ids("conn_orders")
    assert result.ret == 0


def test_connections_are_collected_in_the_order_in_which_they_were_named(scene: Scene) -> None:
    result = scene.gate("--collect-only", "-q", connections="conn_b,conn_a,conn_b")
    assert collected(result) == node_ids("conn_b", "conn_a")


def test_without_paths_only_the_gate_is_collected(scene: Scene) -> None:
    scene.file("test_shop.py", "def test_shop(): pass\n")
    scene.file("test_broken.py", "import no_such_module_anywhere\n")
    scene.file("pytest.ini", "[pytest]\ntestpaths = .\n")
    result = scene.gate("--collect-only", "-q")
    assert collected(result) == node_ids("conn_orders")
    assert result.ret == 0


def test_without_paths_the_folders_conftest_is_loaded_all_the_same(scene: Scene) -> None:
    scene.file("conftest.py", "def pytest_report_header(): return 'conftest was here'\n")
    result = scene.gate("--collect-only")
    assert "conftest was here" in text_of(result)


def test_with_paths_the_gate_comes_first(scene: Scene) -> None:
    scene.file("test_a.py", "def test_one(): pass\ndef test_two(): pass\n")
    result = scene.gate("--collect-only", "-q", "-p", "no:randomly", "test_a.py")
    assert collected(result) == [*node_ids("conn_orders"), "test_a.py::test_one", "test_a.py::test_two"]


def test_without_the_gate_nothing_is_added(scene: Scene) -> None:
    scene.file("test_a.py", "def test_one(): pass\n")
    result = scene.run("--collect-only", "-q")
    assert collected(result) == ["test_a.py::test_one"]


@pytest.mark.parametrize(
    "args",
    [
        ("-p", "randomly", "-p", "no:xdist"),
        ("-p", "no:randomly"),
        ("--randomly-seed=7",),
    ],
    ids=" ".join,
)
def test_the_stages_stay_in_order_whoever_shuffles(args: tuple[str, ...], scene: Scene) -> None:
    scene.file("test_a.py", "def test_a(): pass\ndef test_b(): pass\ndef test_c(): pass\n")
    result = scene.gate("-v", "--tb=no", "test_a.py", *args, connections="conn_b,conn_a")
    order = order_of(result)
    assert order[:12] == node_ids("conn_b", "conn_a")
    assert sorted(order[12:]) == [f"test_a.py::test_{name}" for name in "abc"]


def test_a_conftest_that_reverses_items_does_not_reverse_the_stages(scene: Scene) -> None:
    scene.file("conftest.py", "def pytest_collection_modifyitems(items): items.reverse()\n")
    assert order_of(scene.gate("-v", "--tb=no")) == node_ids("conn_orders")


@pytest.mark.parametrize("option", ["--ff", "--nf", "--sw"])
def test_an_order_remembered_from_the_last_run_does_not_move_the_stages(option: str, scene: Scene) -> None:
    scene.file("test_a.py", "def test_a(): raise RuntimeError\n")
    scene.gate("--tb=no", "test_a.py")
    order = order_of(scene.gate("-v", "--tb=no", "test_a.py", option))
    expected = [*node_ids("conn_orders"), "test_a.py::test_a"]
    assert order == expected[: len(order)]
    assert order[0] == "fasthook::conn_orders::preflight"


def test_all_stages_are_reported_under_xdist(scene: Scene) -> None:
    result = scene.gate("-v", "--tb=no", "-n", "2", connections="conn_a,conn_b")
    reported = [word for line in result.outlines for word in line.split() if word.startswith("fasthook::")]
    assert set(reported) == set(node_ids("conn_a", "conn_b"))


@pytest.mark.parametrize(
    ("args", "left"),
    [
        (("-k", "conn_a"), node_ids("conn_a")),
        (("-k", "branch"), ["fasthook::conn_a::branch", "fasthook::conn_b::branch"]),
        (("-m", "fasthook"), node_ids("conn_a", "conn_b")),
        (("--deselect", "fasthook::conn_b"), node_ids("conn_a")),
    ],
    ids=["-k connection", "-k stage", "-m fasthook", "--deselect connection"],
)
def test_stages_are_selected_by_what_they_are_called(
    args: tuple[str, ...], left: list[str], scene: Scene
) -> None:
    result = scene.gate("--collect-only", "-q", *args, connections="conn_a,conn_b")
    assert collected(result) == left


def test_a_marker_of_the_users_own_does_not_catch_the_gate(scene: Scene) -> None:
    scene.file("pytest.ini", "[pytest]\nmarkers = slow: takes long\naddopts = -m 'not slow'\n")
    assert collected(scene.gate("--collect-only", "-q")) == node_ids("conn_orders")


def test_a_stage_cannot_be_named_as_a_path(scene: Scene) -> None:
    """Pytest takes such a name for a file; a green run of nothing would be worse."""
    result = scene.gate("fasthook::conn_orders::branch")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_the_marker_is_registered_so_strict_markers_are_content(scene: Scene) -> None:
    assert collected(scene.gate("--collect-only", "-q", "--strict-markers", "--strict-config")) == node_ids(
        "conn_orders"
    )
    result = scene.run("--markers")
    assert "@pytest.mark.fasthook: a stage of the FastHook deploy gate" in text_of(result)


MARKS = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    for item in items:
        for mark in item.iter_markers():
            print(f"MARK {item.name} {mark.name} {mark.args} {mark.kwargs}")
"""


def marks_of(scene: Scene, *args: str) -> set[str]:
    scene.file("conftest.py", MARKS)
    result = scene.gate("--collect-only", "-s", *args)
    found = [line.removeprefix("MARK ") for line in result.outlines if line.startswith("MARK ")]
    assert {line.split()[0] for line in found} == set(STAGES)
    return {line.partition(" ")[2] for line in found}


def test_every_stage_has_a_hard_stop_behind_the_budget_and_no_shared_marker(scene: Scene) -> None:
    """20 s of preflight, 20 s of time-out, and a minute."""
    marks = marks_of(scene)
    assert "timeout (100.0,) {'method': 'signal'}" in marks
    assert not any(mark.startswith("flaky") for mark in marks)
    assert "fasthook () {}" in marks


STOPS = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item):
    print(f"\\nSTOP {item.name} {item.get_closest_marker('timeout').args[0]}")
"""


def test_the_hard_stop_allows_for_the_routes_delay_rule(scene: Scene) -> None:
    """Else a stage would be ended from outside while the gate is well within its budget."""
    scene.file("conftest.py", STOPS)
    with scene.serving(RouteScript(rules=({"type": "delay", "delay": 300_000},))):
        result = scene.gate("-s")
    assert result.ret == 0
    found = dict(line.removeprefix("STOP ").split() for line in result.outlines if line.startswith("STOP "))
    assert {name: float(stop) for name, stop in found.items()} == {
        "preflight": 100.0,
        **dict.fromkeys(STAGES[1:], 400.0),
    }


def test_a_plugin_that_is_not_there_gets_no_marker(scene: Scene) -> None:
    marks = marks_of(scene, "-p", "no:timeout", "-p", "no:rerunfailures")
    assert marks == {"fasthook () {}"}


@pytest.mark.parametrize(
    "args", [("-p", "no:fasthook"), ("-p", "no:pytest_fasthook.plugin", "-p", "no:fasthook")]
)
def test_an_option_of_a_switched_off_plugin_is_an_error(args: tuple[str, ...], scene: Scene) -> None:
    result = scene.pytester.runpytest_subprocess(*args, "--fasthook-connection=conn_orders", timeout=60)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments" in text_of(result)


def test_with_autoload_disabled_the_option_is_an_error(scene: Scene) -> None:
    scene.monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = scene.pytester.runpytest_subprocess("--fasthook-connection=conn_orders", timeout=60)
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_with_autoload_disabled_the_plugin_can_be_named(scene: Scene) -> None:
    scene.monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = scene.pytester.runpytest_subprocess(
        "-p",
        "pytest_fasthook.plugin",
        "--fasthook-connection=conn_orders",
        "--collect-only",
        "-q",
        timeout=60,
    )
    assert collected(result) == node_ids("conn_orders")


@pytest.mark.parametrize(
    "option", ["--fasthook-json", "--fasthook-junit", "--fasthook-markdown", "--fasthook-html"]
)
def test_a_report_without_anything_to_gate_is_a_usage_error(option: str, scene: Scene) -> None:
    result = scene.run(f"{option}=out")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    line = one_line_of(result)
    assert option in line
    assert "--fasthook-connection" in line
