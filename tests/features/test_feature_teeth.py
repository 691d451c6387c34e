"""``--fasthook-teeth`` against the emulator: a guarded route passes, one whose guard falls meanwhile does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from emulated import Emulated, check_whole, warnings
from expected import PASS, broken
from gate_run import Command

from pytest_fasthook.emulator import Route

SECRET = "s3cret-of-a-tooth"
ENV = {"FASTHOOK_SOURCE_SECRET": SECRET}
HMAC = {"auth_type": "HMAC", "auth": {"secret": SECRET, "signature_header": "x-signature"}}
BASIC = {"auth_type": "BASIC_AUTH", "auth": {"username": "shop", "password": "pa55word-of-a-tooth"}}
ORDERS = [{"type": "filter", "body": {"type": "order"}}]
LIMIT_S = 30.0


def test_the_demo_route_bites(folder: Path) -> None:
    run = Command(
        folder=folder,
        api_url="",
        connections=(),
        args=("--fasthook-emulator", "--fasthook-teeth"),
        env={"FASTHOOK_API_URL": None, "FASTHOOK_API_KEY": None, "FASTHOOK_TEAM_ID": None},
    ).run()

    assert run.exit_code == 0, run.output
    said = " ".join(run.output.split())
    assert "was refused (SOURCE_AUTH_FAILED)" in said
    assert "was ignored (FILTERED)" in said


@pytest.mark.parametrize(("auth", "secret"), [(HMAC, SECRET), (BASIC, "shop:pa55word-of-a-tooth")])
def test_a_guarded_route_refuses_and_ignores(auth: dict[str, Any], secret: str, emulated: Emulated) -> None:
    route = emulated.route(auth=auth, rules=ORDERS)

    run = emulated.gate(
        route,
        expected=PASS,
        args=("--fasthook-teeth",),
        env={"FASTHOOK_SOURCE_SECRET": secret},
        secrets=(secret.partition(":")[2] or secret,),
    )

    assert run.exit_code == 0
    fates = [(one["status"], one["rejection_cause"]) for one in emulated.probes(route)]
    assert sorted(fates, key=str) == [
        ("accepted", None),
        ("accepted", None),
        ("rejected", "SOURCE_AUTH_FAILED"),
    ]
    assert len(emulated.emulator.receiver.deliveries) == 1, "nothing negative is delivered"


def once_delivered(emulated: Emulated, change: Callable[[], object]) -> None:
    """Change the route between the delivery of the gate's own probe and the end of its last stage."""
    ends = threading.Event()
    for _ in range(int(LIMIT_S / 0.02)):
        if emulated.emulator.receiver.deliveries:
            change()
            return
        ends.wait(0.02)


def gated_while(emulated: Emulated, route: Route, change: Callable[[], object], **more: Any) -> None:
    emulated.emulator.faults.add("metrics_lag", seconds=2.0)
    with ThreadPoolExecutor(1) as other:
        changed = other.submit(once_delivered, emulated, change)
        run = emulated.gate(route, args=("--fasthook-teeth",), env=ENV, **more)
        changed.result(LIMIT_S)
    assert run.exit_code == 1


def test_auth_that_is_switched_off_lets_a_wrong_signature_through(emulated: Emulated) -> None:
    """The twin: the same route, but its source checks nothing when the negative probe comes."""
    route = emulated.route(auth=HMAC)
    body = {"config": {"auth_type": None, "auth": None}}

    gated_while(
        emulated,
        route,
        lambda: emulated.call("PUT", f"/sources/{route.source_id}", json=body),
        expected=broken("ingress", "NEGATIVE_ACCEPTED"),
    )


def test_a_filter_that_is_taken_away_lets_a_wrong_payload_through(emulated: Emulated) -> None:
    route = emulated.route(auth=HMAC, rules=ORDERS)

    gated_while(
        emulated,
        route,
        lambda: emulated.call("PUT", f"/connections/{route.connection_id}", json={"rules": []}),
        expected=broken("branch", "NEGATIVE_ACCEPTED"),
    )


def test_a_key_that_may_not_read_the_route_has_nothing_to_bite_with(emulated: Emulated) -> None:
    route = emulated.route(auth=None)
    wanted = {"name": "gate", "scopes": ["control:read"]}
    made = emulated.call("POST", "/project-api-keys", key=emulated.emulator.session_token, json=wanted)

    run = emulated.run(
        "--fasthook-teeth",
        f"--fasthook-source-url={route.source_url}",
        "--fasthook-advisory=latest_input",
        env={"FASTHOOK_API_KEY": made["data"]["api_key"]},
        connections=[route.connection_id],
    )

    check_whole(run)
    assert run.exit_code == 0, run.output
    assert "nothing to bite on at ingress" in warnings(run, route.connection_id)
