"""The hooks for payloads and verdicts: when they are asked, what they get, and what a broken one does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulated import Emulated, check_whole
from expected import PASS, broken
from gate_run import GateRun

from pytest_fasthook.emulator import Route

PAYLOAD = """
def pytest_fasthook_payload(connection_id, config):
    with open("asked.txt", "a") as file:
        file.write(connection_id + "\\n")
    return {value}
"""
VERDICT = """
import json, os

def pytest_fasthook_verdict(connection_id, verdict, report, config):
    with open("verdicts.json", "a") as file:
        file.write(json.dumps([connection_id, verdict, report, os.getpid()]) + "\\n")
    report.clear()
"""


def supplying(emulated: Emulated, value: str) -> None:
    emulated.write("conftest.py", PAYLOAD.replace("{value}", value))


def asked(emulated: Emulated) -> list[str]:
    file = emulated.folder / "asked.txt"
    return file.read_text().split() if file.exists() else []


def seen(emulated: Emulated) -> list[list[Any]]:
    file = emulated.folder / "verdicts.json"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def body(emulated: Emulated, route: Route) -> Any:
    (record,) = emulated.requests(route)
    return record["data"]["body"]


VALUES: dict[str, tuple[str, Any]] = {
    "json": ('{"type": "order", "n": [1, None]}', {"type": "order", "n": [1, None]}),
    "text": ('"plain {{unix}}"[:5]', "plain"),
    "bytes": ('b"<order/>"', "<order/>"),
    "empty_list": ("[]", []),
    "zero": ("0", 0),
}


@pytest.mark.parametrize("kind", VALUES)
def test_what_the_hook_supplies_is_sent(kind: str, emulated: Emulated) -> None:
    value, expected = VALUES[kind]
    supplying(emulated, value)
    route = emulated.route()
    emulated.gate(route, expected=PASS)
    assert body(emulated, route) == expected
    assert asked(emulated) == [route.connection_id]


def test_placeholders_are_filled_in(emulated: Emulated) -> None:
    supplying(emulated, '{"id": "{{probe_id}}"}')
    route = emulated.route()
    run = emulated.gate(route, expected=PASS, args=("-n", "2"))
    assert body(emulated, route) == {"id": run.connections[0]["probe_id"]}


def test_a_payload_that_the_filter_refuses_is_refused_as_any_other(emulated: Emulated) -> None:
    supplying(emulated, '{"type": "refund"}')
    route = emulated.route(rules=[{"type": "filter", "body": {"type": "order"}}])
    emulated.gate(route, expected=broken("preflight", "PAYLOAD_FILTERED", probes=0))


def test_nothing_supplied_means_a_body_from_the_rules(emulated: Emulated) -> None:
    """The twin: the same hook answers ``None``."""
    supplying(emulated, "None")
    route = emulated.route(rules=[{"type": "filter", "body": {"type": "order"}}])
    emulated.gate(route, expected=PASS)
    assert body(emulated, route)["type"] == "order"


@pytest.mark.parametrize("given", ["command_line", "route_file", "ini", "wait"])
def test_a_payload_of_the_settings_is_stronger(given: str, emulated: Emulated) -> None:
    supplying(emulated, '{"from": "hook"}')
    emulated.write("event.json", {"from": "file"})
    route = emulated.route()
    args: tuple[str, ...] = ()
    if given == "command_line":
        args = ("--fasthook-payload=event.json",)
    elif given == "route_file":
        emulated.write("fasthook.toml", '[defaults]\npayload = "event.json"\n')
    elif given == "ini":
        emulated.write("pytest.ini", "[pytest]\nfasthook_payload = event.json\n")
    else:
        emulated.post(route, {"from": "file"})
        emulated.emulator.settle()
        args = ("--fasthook-mode=wait", "--fasthook-deploy-start=now-1h")
    emulated.gate(route, expected=PASS, args=args)
    assert body(emulated, route) == {"from": "file"}
    assert asked(emulated) == []


def test_each_connection_is_asked_for_once(emulated: Emulated) -> None:
    supplying(emulated, '{"for": connection_id}')
    first, second = emulated.route("first"), emulated.route("second")
    emulated.gate(first, second, expected=PASS)
    assert asked(emulated) == [first.connection_id, second.connection_id]
    assert body(emulated, second) == {"for": second.connection_id}


def test_the_fixture_asks_as_well(emulated: Emulated) -> None:
    supplying(emulated, '{"from": "hook"}')
    emulated.write(
        "test_orders.py",
        "def test_supplied(fasthook):\n"
        "    assert fasthook.send().ingress().data['body'] == {'from': 'hook'}\n"
        "    assert fasthook.send({'a': 1}).ingress().data['body'] == {'a': 1}\n",
    )
    route = emulated.route()
    emulated.post(route, {"from": "somebody"})
    emulated.emulator.settle()
    for args in (("-n", "2"), ("--fasthook-mode=wait", "--fasthook-deploy-start=now-1h")):
        run = emulated.run("test_orders.py", *args, connections=[route.connection_id])
        assert run.exit_code == 0, run.output


@pytest.mark.parametrize("value", ["{1, 2}", 'float("nan")', '{"a": object()}'])
def test_what_cannot_be_sent_is_a_usage_error_before_anything_is_sent(value: str, emulated: Emulated) -> None:
    supplying(emulated, value)
    route = emulated.route()
    run = emulated.run(connections=[route.connection_id], reports=False)
    (line,) = [line for line in run.output.splitlines() if line.startswith("ERROR:")]
    assert (run.exit_code, emulated.requests(route)) == (4, []), run.output
    assert "pytest_fasthook_payload" in line
    assert route.connection_id in line
    assert "Traceback" not in run.output


def test_a_hook_that_raises_stops_the_run_before_anything_is_sent(emulated: Emulated) -> None:
    supplying(emulated, "1 / 0")
    route = emulated.route()
    run = emulated.run(connections=[route.connection_id], reports=False)
    assert run.exit_code == 3
    assert "ZeroDivisionError" in run.output
    assert emulated.requests(route) == []


# -- verdicts --------------------------------------------------------------------------------------------------


def verdict_run(emulated: Emulated, *args: str) -> tuple[GateRun, Route, Route]:
    bad, good = emulated.route("bad"), emulated.route("good")
    emulated.emulator.receiver.answer(500, name="bad")
    run = emulated.run(*args, connections=[bad.connection_id, good.connection_id])
    return run, bad, good


@pytest.mark.parametrize("args", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_every_verdict_is_seen_once_with_its_report(args: tuple[str, ...], emulated: Emulated) -> None:
    emulated.write("conftest.py", VERDICT)
    run, bad, good = verdict_run(emulated, *args)
    check_whole(run)
    assert run.exit_code == 1
    told = {connection_id: (verdict, report) for connection_id, verdict, report, _ in seen(emulated)}
    assert len(seen(emulated)) == 2
    assert {verdict for verdict, _ in told.values()} == {"pass", "fail"}
    assert told[bad.connection_id] == ("fail", run.connection(bad.connection_id))
    assert told[good.connection_id] == ("pass", run.connection(good.connection_id))
    assert len({process for *_, process in seen(emulated)}) == 1


def test_a_run_that_sends_nothing_has_a_verdict_too(emulated: Emulated) -> None:
    emulated.write("conftest.py", VERDICT)
    run = emulated.run(connections=["conn_unknown"])
    assert run.exit_code == 77
    ((connection_id, verdict, *_),) = seen(emulated)
    assert (connection_id, verdict) == ("conn_unknown", "error")


def test_collecting_alone_has_no_verdict(emulated: Emulated) -> None:
    emulated.write("conftest.py", VERDICT)
    emulated.run("--collect-only", connections=[emulated.route().connection_id], reports=False)
    assert seen(emulated) == []


BREAKING = """
import pytest

def pytest_fasthook_verdict(connection_id):
    {line}
"""


@pytest.mark.parametrize("line", ['raise KeyError("chat")', 'pytest.fail("chat")', 'assert "chat" == 1'])
def test_a_hook_that_breaks_is_told_and_no_success(line: str, emulated: Emulated) -> None:
    """Like a report that cannot be written: somebody who relies on it must hear of it."""
    emulated.write("conftest.py", BREAKING.replace("{line}", line))
    route = emulated.route()
    run = emulated.run(connections=[route.connection_id])
    assert run.exit_code == 1
    assert run.connections[0]["verdict"] == "pass"
    assert "pytest_fasthook_verdict" in run.output
    assert "chat" in run.output
    assert "conftest.py, line 5" in run.output
    assert "Traceback" not in run.output


def test_a_hook_that_breaks_keeps_another_exit_code(emulated: Emulated) -> None:
    emulated.write("conftest.py", BREAKING.replace("{line}", "raise KeyError"))
    run = emulated.run(connections=["conn_unknown"])
    assert run.exit_code == 77


def test_a_misspelt_hook_is_refused_by_pytest(emulated: Emulated) -> None:
    """The hooks are declared, so that an argument that does not exist is found at once."""
    emulated.write("conftest.py", "def pytest_fasthook_verdict(connection): pass\n")
    run = emulated.run(connections=[emulated.route().connection_id], reports=False)
    assert run.exit_code != 0
    assert "connection" in run.output
