"""Whose exit code a session ends with: pytest's own, or the gate's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, cast

import pytest

from pytest_fasthook.plugin.tally import Tally
from pytest_fasthook.stages import Stage

OWN = (0, 1, 69, 75, 77)
PYTESTS = range(7)


@dataclass
class Report:
    """What is read of pytest's test reports."""

    nodeid: str
    when: str = "call"
    outcome: str = "passed"

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    @property
    def failed(self) -> bool:
        return self.outcome == "failed"


def node(stage: Stage, connection_id: str = "conn_1") -> str:
    return f"fasthook::{connection_id}::{stage}"


def tally(*reports: Report, others_failed: bool = False) -> Tally:
    counted = Tally()
    for report in reports:
        counted.add(cast("pytest.TestReport", report))
    counted.others_failed = counted.others_failed or others_failed
    return counted


def ends_with(counted: Tally, status: int, own: int, *, failed: int = 0) -> int:
    return counted.exit_status(status, own, testsfailed=failed).code


GATE_FAILED = Report(node(Stage.DELIVERY), outcome="failed")
OTHER_FAILED = Report("test_shop.py::test_shop", outcome="failed")


@pytest.mark.parametrize(("status", "own"), list(product(PYTESTS, OWN)))
def test_pytests_2_to_6_are_never_replaced(status: int, own: int) -> None:
    """Interrupted, internal error, usage error, nothing collected, too many warnings."""
    ended = ends_with(tally(GATE_FAILED), status, own, failed=1)
    assert ended == (status if 2 <= status <= 6 else own)


@pytest.mark.parametrize("own", OWN)
def test_pytests_success_is_none_where_the_gate_did_not_pass(own: int) -> None:
    """A stage that was deselected leaves pytest with nothing to complain about."""
    assert ends_with(tally(), 0, own) == own


@pytest.mark.parametrize("own", OWN)
def test_a_failure_that_the_gate_alone_explains_is_the_gates(own: int) -> None:
    """Also with 0: a policy that lets an inconclusive run pass."""
    assert ends_with(tally(GATE_FAILED), 1, own, failed=1) == own


@pytest.mark.parametrize("own", OWN)
def test_an_ordinary_failing_test_keeps_1(own: int) -> None:
    assert ends_with(tally(GATE_FAILED, OTHER_FAILED), 1, own, failed=2) == 1
    assert ends_with(tally(OTHER_FAILED), 1, own, failed=1) == 1


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_a_failure_in_any_phase_of_an_ordinary_test_keeps_1(when: str, own: int) -> None:
    assert ends_with(tally(Report("test_a.py::test_a", when=when, outcome="failed")), 1, own, failed=1) == 1


@pytest.mark.parametrize("own", OWN)
def test_a_failed_collection_keeps_1(own: int) -> None:
    assert ends_with(tally(GATE_FAILED, others_failed=True), 1, own, failed=2) == 1


@pytest.mark.parametrize("own", OWN)
def test_a_failure_that_nobody_reported_does_not_replace_the_gates_code(own: int) -> None:
    """A plugin may count a failure of its own, such as a coverage below its limit; that says nothing of a deploy."""
    decided = tally(GATE_FAILED).exit_status(1, own, testsfailed=2)
    assert decided.code == own
    assert "asks for exit code 1" in decided.said[0]


@pytest.mark.parametrize("own", OWN)
def test_a_failure_that_nobody_reported_keeps_1_beside_tests_of_the_user(own: int) -> None:
    assert ends_with(tally(GATE_FAILED, Report("test_a.py::test_a")), 1, own, failed=2) == 1


def test_a_skipped_or_passed_ordinary_test_is_no_failure() -> None:
    counted = tally(
        GATE_FAILED,
        Report("test_a.py::test_a"),
        Report("test_a.py::test_b", when="setup", outcome="skipped"),
    )
    assert ends_with(counted, 1, 75, failed=1) == 75


# -- which stages passed ---------------------------------------------------------------------------------------


def test_a_stage_passed_when_its_call_did() -> None:
    counted = tally(
        Report(node(Stage.BRANCH), when="setup"),
        Report(node(Stage.BRANCH)),
        Report(node(Stage.BRANCH), when="teardown"),
    )
    assert counted.passed_stages("conn_1") == {Stage.BRANCH}
    assert counted.passed_stages("conn_2") == frozenset()


@pytest.mark.parametrize(
    "reports",
    [
        [Report(node(Stage.BRANCH), when="setup")],
        [Report(node(Stage.BRANCH), when="setup", outcome="skipped")],
        [Report(node(Stage.BRANCH), when="setup", outcome="failed")],
        [Report(node(Stage.BRANCH), outcome="failed")],
        [Report(node(Stage.BRANCH)), Report(node(Stage.BRANCH), when="teardown", outcome="failed")],
        [],
    ],
    ids=["set up only", "skipped", "error", "failed", "failed in teardown", "never ran"],
)
def test_no_other_stage_passed(reports: list[Any]) -> None:
    assert tally(*reports).passed_stages("conn_1") == frozenset()
