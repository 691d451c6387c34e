"""Wait mode on a busy emulator: real requests count, whatever a gate or a replay adds to them does not."""

from __future__ import annotations

from typing import Any

import pytest
from emulated import SHORT_S, Emulated
from expected import PASS, Expected, broken

from pytest_fasthook.emulator import Answer, Route

WAIT = ("--fasthook-mode=wait", "--fasthook-deploy-start=now-1h")
NOT_SEEN = broken("ingress", "REQUEST_NOT_SEEN", probes=0)


def busy_route(emulated: Emulated) -> tuple[Route, str]:
    """A route with real traffic, a probe of another gate and a replay; and the id of its one real order."""
    route = emulated.route()
    emulated.post(route, {"type": "order"}, headers={"x-fasthook-probe": "probe_of_another_gate"})
    emulated.post(route, {"type": "ping"}, path="health?deep=1")
    order = emulated.post(
        route, {"type": "order", "id": 7, "lines": [{"sku": "a-1"}]}, path="in?env=live&tag=a&tag=b"
    ).json()["request_id"]
    emulated.post(route, {"type": "order", "id": 8})
    emulated.call("POST", f"/requests/{order}/retry", json={})
    emulated.emulator.settle()
    return route, order


@pytest.mark.parametrize(
    "matches",
    [
        ("body.type=order",),
        ("body.lines.0.sku=a-1",),
        ("headers.Content-Type=application/json", "path=/in"),
        ("query.env=live", "query.tag=b", "body.id=7"),
    ],
    ids=" ".join,
)
def test_the_first_matching_real_request_is_followed(matches: tuple[str, ...], emulated: Emulated) -> None:
    """An older probe of another gate and a newer replay match as well, and are neither."""
    route, order = busy_route(emulated)
    args = (*WAIT, *(f"--fasthook-match={match}" for match in matches))
    run = emulated.gate(route, expected=PASS, args=args)
    assert run.connections[0]["ids"]["request_id"] == order
    assert run.connections[0]["probe_id"] is None


@pytest.mark.parametrize("match", ["body.id=9", "query.env=test", "headers.x-shop=1", "path=/out"])
def test_one_condition_that_nothing_meets_is_no_pass(match: str, emulated: Emulated) -> None:
    """The twin: the same traffic, and one value that differs."""
    route, _ = busy_route(emulated)
    run = emulated.gate(
        route, expected=NOT_SEEN, args=(*WAIT, f"--fasthook-match={match}"), timeout_s=SHORT_S
    )
    assert run.exit_code == 75
    assert match in run.connections[0]["cause"]["message"]


def test_probes_and_replays_alone_are_no_traffic(emulated: Emulated) -> None:
    route = emulated.route()
    probe = emulated.post(route, {"a": 1}, headers={"X-FastHook-Probe": "probe_1"}).json()["request_id"]
    emulated.call("POST", f"/requests/{probe}/retry", json={})
    emulated.gate(route, expected=NOT_SEEN, args=WAIT, timeout_s=SHORT_S)


def test_two_gates_do_not_take_each_other_for_traffic(emulated: Emulated) -> None:
    route = emulated.route()
    emulated.gate(route, expected=PASS)
    emulated.gate(route, expected=NOT_SEEN, args=WAIT, timeout_s=SHORT_S)


STATES: list[tuple[str, dict[str, Any], Expected]] = [
    (
        "refused",
        {"auth": {"auth_type": "API_KEY", "auth": {"api_key": "k3y-1"}}},
        broken("ingress", "INGRESS_REJECTED"),
    ),
    ("filtered", {"rules": [{"type": "filter", "body": {"a": 2}}]}, broken("branch", "BRANCH_IGNORED")),
    ("undelivered", {}, broken("delivery", "DELIVERY_FAILED")),
    ("passing", {}, PASS),
]


def test_each_hop_of_a_real_request_is_judged(emulated: Emulated) -> None:
    expected = {}
    for name, facts, verdict in STATES:
        emulated.emulator.receiver.answer(500, name="undelivered")
        route = emulated.route(name, **facts)
        emulated.post(route, {"a": 1})
        expected[route.connection_id] = verdict
    emulated.emulator.settle()
    run = emulated.run(*WAIT, connections=list(expected))
    for connection_id, verdict in expected.items():
        found = run.connection(connection_id)["cause"]
        assert (found and (found["stage"], found["code"])) == (
            (verdict.stage, verdict.codes[0]) if verdict.stage else None
        )
    assert run.exit_code == 1


def test_nothing_is_sent_and_no_secret_needed(emulated: Emulated) -> None:
    auth = {"auth_type": "HMAC", "auth": {"signature_header": "x-signature"}}
    route = emulated.route(auth=auth)
    run = emulated.gate(route, expected=NOT_SEEN, args=WAIT, timeout_s=SHORT_S)
    assert run.exit_code == 75
    assert emulated.requests(route) == []


def test_under_xdist_a_request_that_fails_for_good_is_still_told(emulated: Emulated) -> None:
    emulated.emulator.receiver.script(Answer(404))
    route = emulated.route()
    emulated.post(route, {"a": 1})
    emulated.emulator.settle()
    args = (*WAIT, "-n", "2")
    emulated.gate(route, expected=broken("delivery", "DELIVERY_FAILED", probes=0), args=args)
