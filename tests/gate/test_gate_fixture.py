"""The handle for test authors: each step waits for its evidence, returns it, or raises with the cause."""

from __future__ import annotations

from pathlib import Path

from gate_run import GateRun, command
from route_parts import FAILED

from standin import RouteScript, StandIn

STEPS = """
def test_steps(fasthook):
    probe = fasthook.send({"type": "invoice.paid"}, headers={"x-shop": "7"})
    assert probe.ingress().id.startswith("req_")
    assert probe.branch().id.startswith("evt_")
    assert probe.delivery()
    assert probe.latest_input()
    assert probe.metrics()

def test_all_at_once(fasthook):
    assert fasthook.send().verify()
"""

EXPECTS_FAILURE = """
import pytest
from pytest_fasthook import StageFailed

def test_the_cause_is_raised(fasthook):
    probe = fasthook.send()
    probe.branch()
    with pytest.raises(StageFailed, match="503") as raised:
        probe.delivery()
    assert raised.value.result.cause == "DELIVERY_FAILED"
    with pytest.raises(StageFailed):
        probe.verify()
"""


def run_file(folder: Path, text: str, route: RouteScript) -> tuple[GateRun, StandIn]:
    (folder / "test_shop.py").write_text(text)
    with StandIn(route) as standin:
        return command(folder, standin, args=("test_shop.py", "-v"), reports=False).run(), standin


def test_the_steps_of_a_good_route_return_their_evidence(folder: Path) -> None:
    run, standin = run_file(folder, STEPS, RouteScript())
    assert run.exit_code == 0, run.output
    assert len(standin.probes) == 3
    sent = [probe for probe in standin.probes if probe.headers.get("x-shop") == "7"]
    assert [probe.envelope["body"]["type"] for probe in sent] == ["invoice.paid"]
    assert all(probe.probe_id for probe in standin.probes)


def test_the_steps_of_a_broken_route_raise_the_cause(folder: Path) -> None:
    run, _ = run_file(folder, EXPECTS_FAILURE, RouteScript(attempts=(FAILED,)))
    assert "test_the_cause_is_raised[conn_orders] PASSED" in run.output
    assert run.exit_code == 1


def test_a_test_that_meets_a_broken_route_fails(folder: Path) -> None:
    """The twin of the first: the same test file on a route that does not deliver."""
    run, _ = run_file(folder, STEPS, RouteScript(attempts=(FAILED,)))
    assert run.exit_code == 1
    assert "test_steps[conn_orders] FAILED" in run.output
