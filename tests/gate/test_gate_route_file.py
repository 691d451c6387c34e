"""What each connection needs by itself: ``fasthook.toml``, whole sources, plans, and keys with few rights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from expected import PASS, Expected, broken
from gate_checks import check_document, check_run, check_verdict
from gate_run import command
from route_parts import FAILED, GUIDE_RULES, SECRET

from standin import (
    API_KEY,
    SOURCE_SECRET,
    ApiScript,
    AttemptScript,
    AuthScript,
    Fault,
    RouteScript,
    SourceScript,
    StandIn,
)

RELEASE = '[connections.conn_orders]\nexpect.response.body.release = "${GIT_SHA}"\n'
NO_CONNECTIONS = ApiScript(
    faults=tuple(
        Fault(endpoint=name, status=403) for name in ("connection", "connections", "source", "destination")
    )
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"release": "f00d", "more": 1}, PASS),
        ({"release": "0ld"}, broken("delivery", "WRONG_VERSION")),
        ({"more": 1}, broken("delivery", "WRONG_VERSION")),
        ("f00d", broken("delivery", "WRONG_VERSION")),
        (None, broken("delivery", "WRONG_VERSION")),
    ],
    ids=["expected", "older", "none", "text", "empty"],
)
def test_the_receiver_must_be_the_expected_release(answer: object, expected: Expected, folder: Path) -> None:
    (folder / "fasthook.toml").write_text(RELEASE)
    with StandIn(RouteScript(attempts=(AttemptScript(body=answer),))) as standin:
        run = command(folder, standin, env={"GIT_SHA": "f00d"}).run()
        check_run(run, standin)
        check_verdict(run, "conn_orders", expected)
    assert run.exit_code == (0 if expected.passes else 1)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (GUIDE_RULES, PASS),
        (GUIDE_RULES[::-1], PASS),
        (GUIDE_RULES[:2], broken("preflight", "RULES_DRIFT", probes=0)),
        (
            ({**GUIDE_RULES[0], "window": 1000}, *GUIDE_RULES[1:]),
            broken("preflight", "RULES_DRIFT", probes=0),
        ),
        ((), broken("preflight", "RULES_DRIFT", probes=0)),
    ],
    ids=["same", "other_order", "one_less", "one_changed", "none"],
)
def test_live_rules_must_be_those_of_the_rules_file(
    rules: tuple[dict[str, object], ...], expected: Expected, folder: Path
) -> None:
    (folder / "rules.json").write_text(json.dumps({"name": "orders", "rules": list(rules)}))
    (folder / "fasthook.toml").write_text('[connections.conn_orders]\nrules_file = "rules.json"\n')
    with StandIn(RouteScript(rules=GUIDE_RULES)) as standin:
        run = command(folder, standin).run()
        check_run(run, standin)
        check_verdict(run, "conn_orders", expected)
        assert len(standin.probes) in expected.probes


def test_a_connections_own_settings_reach_only_that_connection(folder: Path) -> None:
    (folder / "gate.toml").write_text(
        '[connections.conn_a]\nheaders = { x-shop = "7" }\nsecret_env = "SHOP_SECRET"\nmax_latency = "1ms"\n'
    )
    slow = (AttemptScript(lag_s=0.3),)
    first = RouteScript(
        connection_id="conn_a", source=SourceScript(id="src_a", auth=AuthScript()), attempts=slow
    )
    second = RouteScript(connection_id="conn_b", source=SourceScript(id="src_b"), attempts=slow)
    with StandIn(first, second) as standin:
        run = command(
            folder,
            standin,
            connections=("conn_a", "conn_b"),
            args=("--fasthook-config=gate.toml",),
            env={"SHOP_SECRET": SOURCE_SECRET},
        ).run()
        check_run(run, standin)
        check_verdict(run, "conn_a", broken("delivery", "DELIVERY_SLOW"))
        check_verdict(run, "conn_b", PASS)
        assert {probe.source.id: probe.headers.get("x-shop") for probe in standin.probes} == {
            "src_a": "7",
            "src_b": None,
        }


@pytest.mark.parametrize(
    "text",
    [
        "[connections.conn_orders\n",
        "[connections.conn_orders]\ntimeout = 'soon'\n",
        "[connections.conn_orders]\ntime_out = '9s'\n",
        "[connections.conn_orders]\nadvisory = ['preflight']\n",
        "[connections.conn_orders]\npayload = 'nowhere.json'\n",
        "[connections.conn_orders]\nrules_file = 'nowhere.json'\n",
        "[connections.conn_orders]\nsecret_env = 'NOT_SET_AT_ALL'\n",
        "[connections.conn_orders]\nexpect.response.body.release = '${NOT_SET_AT_ALL}'\n",
        "connections = 7\n",
    ],
    ids=["syntax", "value", "name", "advisory", "payload", "rules", "secret", "variable", "shape"],
)
def test_a_wrong_file_is_one_line_with_its_place(text: str, folder: Path) -> None:
    (folder / "fasthook.toml").write_text(text)
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, reports=False).run()
    lines = [line for line in run.output.splitlines() if line.strip()]
    assert (run.exit_code, len(lines), standin.calls) == (4, 1, []), run.output
    assert "fasthook.toml" in lines[0]


def test_every_enabled_connection_of_a_source_is_gated_with_one_probe(folder: Path) -> None:
    routes = (
        RouteScript(connection_id="conn_a"),
        RouteScript(connection_id="conn_b"),
        RouteScript(connection_id="conn_off", disabled=True),
        RouteScript(connection_id="conn_else", source=SourceScript(id="src_else")),
    )
    with StandIn(*routes) as standin:
        run = command(folder, standin, connections=(), args=("--fasthook-source=src_orders",)).run()
        check_run(run, standin)
    assert (run.exit_code, len(standin.probes)) == (0, 1)
    assert sorted(c["connection_id"] for c in run.connections) == ["conn_a", "conn_b"]
    assert "conn_off" in run.output


def test_one_broken_connection_of_a_source_sinks_the_run(folder: Path) -> None:
    routes = (RouteScript(connection_id="conn_a"), RouteScript(connection_id="conn_b", attempts=(FAILED,)))
    with StandIn(*routes) as standin:
        run = command(folder, standin, connections=(), args=("--fasthook-source=src_orders",)).run()
        check_run(run, standin)
        check_verdict(run, "conn_a", PASS)
        check_verdict(run, "conn_b", broken("delivery", "DELIVERY_FAILED"))
    assert (run.exit_code, len(standin.probes)) == (1, 1)


@pytest.mark.parametrize(
    "routes", [(), (RouteScript(disabled=True),)], ids=["unknown_source", "nothing_enabled"]
)
def test_a_source_with_nothing_to_gate_is_never_a_success(
    routes: tuple[RouteScript, ...], folder: Path
) -> None:
    with StandIn(*routes) as standin:
        run = command(
            folder, standin, connections=(), args=("--fasthook-source=src_orders",), reports=False
        ).run()
    assert run.exit_code != 0
    assert "Traceback" not in run.output
    assert standin.probes == []


def test_a_plan_sends_nothing_and_shows_no_secret(folder: Path) -> None:
    with StandIn(RouteScript(source=SourceScript(auth=AuthScript()), rules=GUIDE_RULES)) as standin:
        run = command(folder, standin, args=("--fasthook-plan",), env=SECRET, reports=False).run()
        assert (run.exit_code, standin.probes) == (0, []), run.output
    assert "invoice.paid" in run.output
    assert SOURCE_SECRET not in run.output
    assert API_KEY not in run.output


def test_a_plan_for_a_paused_connection_has_the_preflights_verdict(folder: Path) -> None:
    with StandIn(RouteScript(paused=True)) as standin:
        run = command(folder, standin, args=("--fasthook-plan",), reports=False).run()
        assert (run.exit_code, standin.probes) == (1, [])
    assert "CONNECTION_PAUSED" in run.output


def test_a_key_that_may_not_read_connections_gates_with_the_source_url(folder: Path) -> None:
    with StandIn(RouteScript(), api=NO_CONNECTIONS) as standin:
        url = f"--fasthook-source-url={standin.source_url('src_orders')}"
        run = command(folder, standin, args=(url,)).run()
        check_run(run, standin)
        check_verdict(run, "conn_orders", PASS)
    assert (run.exit_code, len(standin.probes)) == (0, 1)
    assert run.connections[0]["warnings"]


def test_the_source_url_alone_makes_no_broken_route_pass(folder: Path) -> None:
    with StandIn(RouteScript(attempts=(FAILED,)), api=NO_CONNECTIONS) as standin:
        url = f"--fasthook-source-url={standin.source_url('src_orders')}"
        run = command(folder, standin, args=(url,)).run()
        check_verdict(run, "conn_orders", broken("delivery", "DELIVERY_FAILED"))
    assert run.exit_code == 1


@pytest.mark.parametrize(
    ("route", "may_pause", "paused"),
    [
        (RouteScript(attempts=(FAILED,)), True, {"conn_orders"}),
        (RouteScript(attempts=(FAILED,)), False, set()),
        (RouteScript(), True, set()),
    ],
    ids=["failed", "failed_without_the_right", "passed"],
)
def test_a_failing_connection_is_paused_only_when_asked_for(
    route: RouteScript, folder: Path, *, may_pause: bool, paused: set[str]
) -> None:
    with StandIn(route, api=ApiScript(may_pause=may_pause)) as standin:
        run = command(folder, standin, args=("--fasthook-on-fail=pause",)).run()
        assert standin.world.paused == paused
    check_document(run)
    assert run.exit_code == (1 if route.attempts == (FAILED,) else 0)
    assert "Traceback" not in run.output
