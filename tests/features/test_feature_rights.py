"""Keys with few rights: what they can still prove, and that what they cannot see is said and never passed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulated import SHORT_S, Emulated, warnings
from expected import PASS, Expected, broken

from pytest_fasthook.emulator import Emulator, Route, Settings
from standin import API_KEY, TEAM

ADVISORY = "--fasthook-advisory=latest_input"
RIGHT = "the right to read connection"


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[Emulator]:
    """An emulator whose project keys may read requests, events, attempts and metrics, and nothing else."""
    with Emulator(api_key=API_KEY, team_id=TEAM, settings=Settings(strict_roles=True)) as emulator:
        yield emulator


def source_url(route: Route) -> str:
    return f"--fasthook-source-url={route.source_url}"


def test_with_the_source_url_such_a_key_gates_a_route(emulated: Emulated) -> None:
    route = emulated.route()
    run = emulated.gate(route, expected=PASS, args=(source_url(route), ADVISORY))
    assert RIGHT in warnings(run, route.connection_id)
    stages = {stage["stage"]: (stage["outcome"], stage["code"]) for stage in run.connections[0]["stages"]}
    assert stages.pop("latest_input") == ("error", "API_FORBIDDEN")
    assert set(stages.values()) == {("passed", None)}
    assert len(emulated.probes(route)) == 1


def test_the_url_may_come_from_the_environment_or_the_route_file(emulated: Emulated) -> None:
    first, second = emulated.route("first"), emulated.route("second")
    emulated.gate(first, expected=PASS, args=(ADVISORY,), env={"FASTHOOK_SOURCE_URL": first.source_url})
    table = f'[connections.{second.connection_id}]\nsource_url = "{second.source_url}"\n'
    emulated.write("fasthook.toml", f'{table}advisory = ["latest_input"]\n')
    emulated.gate(second, expected=PASS)


BLIND: list[tuple[str, tuple[str, ...], Expected]] = [
    ("no_url", (), broken("preflight", "API_FORBIDDEN", probes=0)),
    ("latest_input_decides", ("url",), broken("latest_input", "API_FORBIDDEN")),
    ("wait_without_url", ("--fasthook-mode=wait",), broken("preflight", "API_FORBIDDEN", probes=0)),
]


@pytest.mark.parametrize(("args", "expected"), [row[1:] for row in BLIND], ids=[row[0] for row in BLIND])
def test_what_a_stage_cannot_do_without_is_an_error(
    args: tuple[str, ...], expected: Expected, emulated: Emulated
) -> None:
    route = emulated.route()
    given = [source_url(route) if word == "url" else word for word in args]
    run = emulated.gate(route, expected=expected, args=given)
    assert run.exit_code == 77
    assert len(emulated.probes(route)) in expected.probes


def test_what_goes_wrong_behind_a_blind_preflight_is_still_seen(emulated: Emulated) -> None:
    """The twins of the pass: one fact of the route differs, and the key sees no more than before."""
    signed = emulated.route("signed", auth={"auth_type": "API_KEY", "auth": {"api_key": "k3y-1"}})
    filtered = emulated.route("filtered", rules=[{"type": "filter", "body": {"a": 1}}])
    paused = emulated.route("paused")
    owner = emulated.emulator.session_token
    emulated.call("PUT", f"/connections/{paused.connection_id}/pause", key=owner)
    expected = {
        signed.connection_id: broken("ingress", "INGRESS_REJECTED"),
        filtered.connection_id: broken("branch", "BRANCH_IGNORED"),
        paused.connection_id: broken("branch", "EVENT_HELD"),
    }
    tables = [
        f'[connections.{route.connection_id}]\nsource_url = "{route.source_url}"\nadvisory = ["latest_input"]\n'
        for route in (signed, filtered, paused)
    ]
    emulated.write("fasthook.toml", "".join(tables))
    emulated.gate(signed, filtered, paused, expected=expected)


def test_the_url_of_another_source_is_no_pass(emulated: Emulated) -> None:
    route, other = emulated.route("ours"), emulated.route("other")
    run = emulated.gate(
        route,
        expected=broken("branch", "BRANCH_NOT_SEEN"),
        args=(source_url(other), ADVISORY),
        timeout_s=SHORT_S,
    )
    assert run.exit_code == 75


def test_payload_and_headers_are_sent_as_given(emulated: Emulated) -> None:
    route = emulated.route()
    emulated.write("event.txt", "fixed {{probe_id}}")
    args = (source_url(route), ADVISORY, "--fasthook-payload=event.txt", "--fasthook-header=x-shop: 7")
    run = emulated.gate(route, expected=PASS, args=args)
    (record,) = emulated.requests(route)
    assert record["data"]["body"] == f"fixed {run.connections[0]['probe_id']}"
    assert record["data"]["headers"]["x-shop"] == "7"


def test_a_rules_file_that_cannot_be_compared_is_no_pass(emulated: Emulated) -> None:
    route = emulated.route()
    emulated.write("rules.json", "[]")
    emulated.write("fasthook.toml", f'[connections.{route.connection_id}]\nrules_file = "rules.json"\n')
    expected = broken("preflight", "API_FORBIDDEN", probes=0)
    emulated.gate(route, expected=expected, args=(source_url(route), ADVISORY))
    assert emulated.probes(route) == []


def test_wait_mode_follows_real_requests_of_the_connection(emulated: Emulated) -> None:
    other, route = emulated.route("other"), emulated.route("ours")
    emulated.post(other, {"a": 1})
    ours = emulated.post(route, {"a": 1}).json()["request_id"]
    emulated.emulator.settle()
    args = (source_url(route), ADVISORY, "--fasthook-mode=wait", "--fasthook-deploy-start=now-1h")
    run = emulated.gate(route, expected=PASS, args=args)
    assert run.connections[0]["ids"]["request_id"] == ours
    assert "sent as given" not in warnings(run, route.connection_id)


def test_a_whole_source_cannot_be_chosen_unseen(emulated: Emulated) -> None:
    route = emulated.route()
    run = emulated.run(f"--fasthook-source={route.source_id}", source_url(route))
    assert run.exit_code == 77
    assert run.connections[0]["cause"]["code"] == "API_FORBIDDEN"
    assert emulated.probes(route) == []


def test_a_session_sees_everything(emulated: Emulated) -> None:
    route = emulated.route()
    run = emulated.gate(route, expected=PASS, env={"FASTHOOK_API_KEY": emulated.emulator.session_token})
    assert run.connections[0]["warnings"] == []


def test_a_plan_needs_no_more_rights(emulated: Emulated) -> None:
    route = emulated.route()
    run = emulated.run(source_url(route), "--fasthook-plan", connections=[route.connection_id], reports=False)
    assert (run.exit_code, emulated.requests(route)) == (0, [])
    assert f"POST {route.source_url}" in run.output
    assert RIGHT in " ".join(run.output.split())
