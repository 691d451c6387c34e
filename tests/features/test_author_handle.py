"""The ``fasthook`` fixture in tests of one's own: sending and waiting, with the evidence of every hop."""

from __future__ import annotations

import re

from emulated import Emulated
from expected import STAGES
from gate_run import GateRun

from pytest_fasthook.emulator import Route

HELPERS = """
import json
import httpx
import pytest
from pytest_fasthook import Outcome, SettingsError, Stage, StageFailed, StageUndecided

SOURCE_URL = {source_url!r}

def somebody_sends(body, headers=None):
    return httpx.post(SOURCE_URL, json=body, headers=headers).json()["request_id"]
"""

WAITING = """
def test_an_event_sent_before_waiting_is_followed(fasthook):
    sent = somebody_sends({"type": "order", "id": 1}, {"x-shop": "7"})
    probe = fasthook.wait("body.id=1")
    assert probe.ingress().id == sent
    assert probe.branch().request_id == sent
    assert probe.delivery().response_status == 200
    assert probe.latest_input().request_id is not None
    assert probe.metrics().count >= 1
    assert set(probe.verify()) == set(Stage)

def test_an_event_sent_after_waiting_is_followed(fasthook):
    probe = fasthook.wait({"body.id": 2, "body.ok": True, "headers.x-shop": "7"})
    sent = somebody_sends({"type": "order", "id": 2, "ok": True}, {"x-shop": "7"})
    assert probe.ingress().id == sent
    probe.verify()

def test_several_conditions(fasthook):
    somebody_sends({"type": "order", "id": 3, "n": 1})
    sent = somebody_sends({"type": "order", "id": 3, "n": 2})
    assert fasthook.wait(["body.id=3", "body.n=2"]).ingress().id == sent

def test_probes_are_no_real_requests(fasthook):
    fasthook.send({"type": "order", "id": 4}).ingress()
    sent = somebody_sends({"type": "order", "id": 4})
    assert fasthook.wait("body.id=4").ingress().id == sent

def test_what_a_test_sends_is_not_what_another_one_waits_for(fasthook):
    assert fasthook.send({"type": "order"}).probe_id.startswith("probe_")
"""

NOTHING_COMES = """
def test_nothing_comes(fasthook):
    somebody_sends({"type": "order", "id": 1})
    probe = fasthook.wait("body.id=2")
    with pytest.raises(StageUndecided, match="body.id=2") as raised:
        probe.delivery()
    assert raised.value.result.cause == "REQUEST_NOT_SEEN"
    assert raised.value.result.stage is Stage.INGRESS

def test_it_is_filtered(fasthook):
    somebody_sends({"type": "refund", "id": 3})
    probe = fasthook.wait("body.id=3")
    probe.ingress()
    with pytest.raises(StageFailed, match="FILTERED"):
        probe.branch()
    with pytest.raises(StageFailed, match="FILTERED"):
        probe.verify()
    assert probe.results[Stage.DELIVERY].outcome is Outcome.BLOCKED

@pytest.mark.parametrize("match", ["body=1", "type=order", {"body.id": [1]}, ["path=/", "nonsense"]])
def test_a_condition_that_cannot_be_read(fasthook, match):
    with pytest.raises(SettingsError):
        fasthook.wait(match)

@pytest.mark.parametrize("payload", [{1, 2}, float("nan"), object()])
def test_a_payload_that_is_no_json(fasthook, payload):
    with pytest.raises(SettingsError, match="send"):
        fasthook.send(payload)
"""

SENDING = """
def test_a_payload_of_its_own_wins(fasthook):
    data = fasthook.send({"type": "order", "from": "test"}).ingress().data
    assert data["body"]["from"] == "test"

def test_bytes_and_text_go_as_they_are(fasthook):
    assert fasthook.send(b'{"type":  "order"}').ingress().data["body"] == {"type": "order"}
    probe = fasthook.send('{"type": "order", "id": "{{probe_id}}"}')
    assert probe.ingress().data["body"]["id"] == probe.probe_id

def test_without_one_the_settings_decide(fasthook):
    assert fasthook.send().ingress().data["body"]["from"] == "file"
"""

MODE_WAIT = """
def test_sending_still_sends(fasthook):
    fasthook.send({"type": "order"}).verify()
"""


def orders(emulated: Emulated) -> Route:
    return emulated.route(rules=[{"type": "filter", "body": {"type": "order"}}])


def run_tests(emulated: Emulated, route: Route, tests: str, *args: str, timeout_s: float = 20.0) -> GateRun:
    emulated.write("test_orders.py", HELPERS.format(source_url=route.source_url) + tests)
    return emulated.run("test_orders.py", "-v", *args, connections=[route.connection_id], timeout_s=timeout_s)


def passed(run: GateRun) -> int:
    """How many tests passed, not counting the gate's own stages."""
    found = re.search(r"^=+ (?:.* )?(\d+) passed.* =+$", run.output, re.MULTILINE)
    return int(found[1]) - len(STAGES) if found else 0


def test_a_real_request_is_followed_whether_it_came_before_or_after(emulated: Emulated) -> None:
    run = run_tests(emulated, orders(emulated), WAITING)
    assert (run.exit_code, passed(run)) == (0, 5), run.output


def test_what_does_not_come_or_does_not_pass_raises_the_cause(emulated: Emulated) -> None:
    run = run_tests(emulated, orders(emulated), NOTHING_COMES, timeout_s=3.0)
    assert (run.exit_code, passed(run)) == (0, 9), run.output


def test_a_payload_of_the_test_is_stronger_than_the_route_file(emulated: Emulated) -> None:
    route = orders(emulated)
    emulated.write("event.json", {"type": "order", "from": "file"})
    emulated.write("fasthook.toml", f'[connections.{route.connection_id}]\npayload = "event.json"\n')
    run = run_tests(emulated, route, SENDING)
    assert (run.exit_code, passed(run)) == (0, 3), run.output


def test_in_wait_mode_a_test_may_still_send(emulated: Emulated) -> None:
    route = orders(emulated)
    emulated.post(route, {"type": "order"})
    emulated.emulator.settle()
    args = ("--fasthook-mode=wait", "--fasthook-deploy-start=now-1h", "-n", "2")
    run = run_tests(emulated, route, MODE_WAIT, *args)
    assert (run.exit_code, passed(run)) == (0, 1), run.output
    assert len(emulated.probes(route)) == 1


def test_beside_a_resumed_run_a_test_sends_an_event_of_its_own(emulated: Emulated) -> None:
    """What the resumed run had sent is the gate's own affair."""
    route = orders(emulated)
    emulated.write("conftest.py", "def pytest_fasthook_payload(): raise AssertionError('nothing is sent')\n")
    emulated.write("event.json", {"type": "order"})
    first = emulated.run("--fasthook-payload=event.json", connections=[route.connection_id])
    assert first.exit_code == 0, first.output
    emulated.write("test_orders.py", MODE_WAIT)
    run = emulated.run("test_orders.py", "--fasthook-resume=reports/gate.json", reports=False)
    assert (run.exit_code, passed(run)) == (0, 1), run.output
    assert len(emulated.probes(route)) == 2
