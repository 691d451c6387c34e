"""A plan reads everything, shows what a run would do, sends and changes nothing, and ends as preflight does."""

from __future__ import annotations

import re

import pytest
from emulated import Emulated, check_whole
from gate_run import GateRun

from standin import API_KEY

SECRET = "sp3cial/s3cret+of=this&source"
HMAC = {"auth_type": "HMAC", "auth": {"secret": SECRET, "signature_header": "x-signature"}}
RULES = [
    {"type": "filter", "body": {"type": "order"}},
    {"type": "delay", "delay": 4000},
    {"type": "retry", "strategy": "linear", "interval": 9000, "count": 5},
]


def planned(emulated: Emulated, *args: str, connections: list[str]) -> GateRun:
    env = {"FASTHOOK_SOURCE_SECRET": SECRET}
    run = emulated.run("--fasthook-plan", *args, connections=connections, env=env)
    for secret in (SECRET, API_KEY):
        assert secret not in run.output
    return run


def line(run: GateRun, word: str) -> str:
    """The plan's line that begins with this word."""
    return next(line for line in run.output.splitlines() if re.match(rf"  {word} +\S", line))


def test_a_plan_shows_everything_and_sends_nothing(emulated: Emulated) -> None:
    route = emulated.route(auth=HMAC, rules=RULES)
    args = ("--fasthook-max-latency=3s", "--fasthook-advisory=metrics", "--fasthook-header=x-shop: 7")
    run = planned(emulated, *args, connections=[route.connection_id])
    assert run.exit_code == 0, run.output
    assert emulated.requests(route) == []
    assert f"POST {route.source_url}" in line(run, "send")
    assert {"x-signature", "x-shop", "x-fasthook-probe"} <= set(re.split(r"[ ,]+", line(run, "headers")))
    assert '"type":"order"' in line(run, "body")
    assert "metrics (advisory)" in line(run, "check")
    assert "latency at most 3 s" in line(run, "limits")
    assert "24 s = 20 s time-out + 4 s delay rule" in line(run, "budget")
    assert "5 by the rule (linear), 2 of them" in line(run, "retries")


def test_the_reports_say_that_it_was_a_plan(emulated: Emulated) -> None:
    route = emulated.route()
    run = planned(emulated, connections=[route.connection_id])
    (connection,) = run.connections
    assert any("this was a plan" in warning for warning in connection["warnings"])
    assert [stage["outcome"] for stage in connection["stages"]] == ["passed", *["blocked"] * 5]


@pytest.mark.parametrize(
    ("call", "exit_code", "code"),
    [
        ("pause", 1, "CONNECTION_PAUSED"),
        ("disable", 1, "CONNECTION_DISABLED"),
        (None, 77, "CONNECTION_NOT_FOUND"),
    ],
)
def test_a_plan_ends_with_the_verdict_of_preflight(
    call: str | None, exit_code: int, code: str, emulated: Emulated
) -> None:
    route = emulated.route()
    if call:
        emulated.call("PUT", f"/connections/{route.connection_id}/{call}")
    run = planned(emulated, connections=[route.connection_id if call else "conn_unknown"])
    assert run.exit_code == exit_code
    assert run.connections[0]["cause"]["code"] == code
    assert emulated.requests(route) == []


def test_a_plan_changes_nothing_even_where_a_run_would_pause(emulated: Emulated) -> None:
    route = emulated.route(rules=RULES)
    emulated.write("rules.json", [])
    emulated.write("fasthook.toml", f'[connections.{route.connection_id}]\nrules_file = "rules.json"\n')
    run = planned(emulated, "--fasthook-on-fail=pause", connections=[route.connection_id])
    assert run.connections[0]["cause"]["code"] == "RULES_DRIFT"
    assert emulated.call("GET", f"/connections/{route.connection_id}")["paused_at"] is None


def test_a_plan_shows_the_one_event_for_connections_that_share_it(emulated: Emulated) -> None:
    first = emulated.route("first", rules=[{"type": "filter", "body": {"type": "order"}}])
    second = emulated.route("second", source=first, rules=[{"type": "filter", "body": {"shop": 7}}])
    run = planned(emulated, connections=[first.connection_id, second.connection_id])
    assert run.exit_code == 0
    bodies = [one for one in run.output.splitlines() if one.startswith("  body ")]
    assert len(bodies) == 2
    assert all('"type":"order"' in body and '"shop":7' in body for body in bodies)
    assert f"the same probe is for {second.connection_id}" in run.output


def test_a_plan_of_waiting(emulated: Emulated) -> None:
    route = emulated.route()
    args = ("--fasthook-mode=wait", "--fasthook-match=body.type=order")
    run = planned(emulated, *args, connections=[route.connection_id])
    assert "nothing; wait for body.type=order" in line(run, "send")


def test_tests_that_would_send_are_skipped(emulated: Emulated) -> None:
    """With path arguments their tests run after the plan, and a plan sends nothing."""
    route = emulated.route()
    emulated.write("test_orders.py", "def test_order(fasthook):\n    fasthook.send().verify()\n")
    run = planned(emulated, "test_orders.py", "-rs", connections=[route.connection_id])
    assert run.exit_code == 0
    assert "--fasthook-plan sends nothing" in run.output
    assert emulated.requests(route) == []


@pytest.mark.parametrize("args", [("-n", "2"), ("-q",)], ids=" ".join)
def test_a_plan_is_the_same_however_pytest_is_called(args: tuple[str, ...], emulated: Emulated) -> None:
    route = emulated.route()
    run = planned(emulated, *args, connections=[route.connection_id])
    assert (run.exit_code, emulated.requests(route)) == (0, [])
    assert f"POST {route.source_url}" in run.output


def test_a_run_after_the_plan_sends_what_was_shown(emulated: Emulated) -> None:
    """The plan's twin: the same words without ``--fasthook-plan``."""
    route = emulated.route(auth=HMAC, rules=RULES[:1])
    shown = planned(emulated, connections=[route.connection_id])
    run = emulated.run(connections=[route.connection_id], env={"FASTHOOK_SOURCE_SECRET": SECRET})
    check_whole(run, SECRET)
    (record,) = emulated.requests(route)
    body = record["data"]["body"]
    assert '"type":"order"' in line(shown, "body")
    assert body == {"type": "order", "fasthook_probe": run.connections[0]["probe_id"]}
