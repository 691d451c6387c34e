"""Node ids and the order of items."""

from __future__ import annotations

import pytest

from pytest_fasthook.plugin.items import selected_stages, stage_of
from pytest_fasthook.stages import Stage


@pytest.mark.parametrize("stage", list(Stage))
def test_a_node_id_names_connection_and_stage(stage: Stage) -> None:
    assert stage_of(f"fasthook::conn_1::{stage}") == ("conn_1", stage)


@pytest.mark.parametrize(
    "nodeid",
    [
        "",
        "fasthook",
        "fasthook::conn_1",
        "fasthook::conn_1::deploy",
        "fasthook::conn_1::branch::more",
        "tests/test_a.py::test_branch",
        "tests/test_a.py::TestFasthook::branch",
        "fasthook.py::conn_1::branch",
        "test_fasthook::conn_1::branch",
    ],
)
def test_any_other_node_id_is_not_the_gates(nodeid: str) -> None:
    assert stage_of(nodeid) is None


def test_the_selected_stages_are_those_that_pytest_will_run() -> None:
    nodeids = [
        "fasthook::conn_b::metrics",
        "test_a.py::test_a",
        "fasthook::conn_a::branch",
        "fasthook::conn_x::branch",
    ]
    assert selected_stages(nodeids, ["conn_a", "conn_b", "conn_c"]) == {
        "conn_a": {Stage.BRANCH},
        "conn_b": {Stage.METRICS},
        "conn_c": frozenset(),
    }
