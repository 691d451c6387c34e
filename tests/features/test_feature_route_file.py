"""``fasthook.toml`` on real routes: rules as code, the expected release, and settings of each connection's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulated import Emulated
from expected import PASS, Expected, broken

from pytest_fasthook.emulator import Route

RULES: list[dict[str, Any]] = [
    {
        "type": "retry",
        "strategy": "exponential",
        "interval": 30000,
        "count": 5,
        "response_status_codes": ["500-599"],
    },
    {"type": "filter", "body": {"type": {"$in": ["paid", "void"]}}, "headers": {"X-Shop": "7"}},
    {"type": "deduplicate", "window": 300000, "include_fields": ["body.id"]},
]
DRIFT = broken("preflight", "RULES_DRIFT", probes=0)


def changed(index: int, **fields: Any) -> list[dict[str, Any]]:
    return [rule | fields if number == index else rule for number, rule in enumerate(RULES)]


FILES: dict[str, tuple[Any, Expected]] = {
    "the_clis_connection_file": ({"name": "orders", "source_id": "src_of_staging", "rules": RULES}, PASS),
    "a_list_in_another_order": (RULES[::-1], PASS),
    "other_spellings": (
        changed(1, body={"type": {"in": ["paid", "void"]}}, headers={"x-shop": {"$eq": "7"}}),
        PASS,
    ),
    "another_window": (changed(2, window=60000), DRIFT),
    "another_value": (changed(1, body={"type": {"$in": ["paid"]}}), DRIFT),
    "one_rule_less": (RULES[:2], DRIFT),
    "one_rule_more": ([*RULES, {"type": "delay", "delay": 1000}], DRIFT),
}


@pytest.mark.parametrize("kind", FILES)
def test_live_rules_are_compared_as_they_were_meant(kind: str, emulated: Emulated) -> None:
    """The service keeps rules in an order and a spelling of its own."""
    content, expected = FILES[kind]
    route = emulated.route(rules=RULES)
    emulated.write("routes/connection.json", content)
    emulated.write(
        "fasthook.toml", f'[connections.{route.connection_id}]\nrules_file = "routes/connection.json"\n'
    )
    run = emulated.gate(route, expected=expected)
    assert len(emulated.probes(route)) == int(expected.passes)
    if not expected.passes:
        assert run.exit_code == 1


def test_the_difference_can_be_read(emulated: Emulated) -> None:
    route = emulated.route(rules=RULES)
    emulated.write("rules.json", changed(2, window=60000)[1:])
    emulated.write("fasthook.toml", '[defaults]\nrules_file = "rules.json"\n')
    run = emulated.gate(route, expected=DRIFT)
    message = run.connections[0]["cause"]["message"]
    for word in ("retry: only in the live rules", "deduplicate.window: live 300000, expected 60000"):
        assert word in message


RELEASES: dict[str, tuple[Any, str, Expected]] = {
    "new": ({"release": "f00d", "app": {"build": 42}, "more": []}, "42", PASS),
    "old": ({"release": "0ld", "app": {"build": 42}}, "42", broken("delivery", "WRONG_VERSION")),
    "other_build": ({"release": "f00d", "app": {"build": 41}}, "42", broken("delivery", "WRONG_VERSION")),
    "none": ({"ok": True}, "42", broken("delivery", "WRONG_VERSION")),
    "no_json": ("OK", "42", broken("delivery", "WRONG_VERSION")),
}


@pytest.mark.parametrize("kind", RELEASES)
def test_the_answer_must_be_of_the_expected_release(kind: str, emulated: Emulated) -> None:
    answer, build, expected = RELEASES[kind]
    body = answer if isinstance(answer, str) else json.dumps(answer)
    emulated.emulator.receiver.answer(200, body.encode())
    route = emulated.route()
    emulated.write(
        "fasthook.toml",
        f'[connections.{route.connection_id}.expect.response.body]\nrelease = "${{GIT_SHA}}"\n'
        'app = { build = "${BUILD}" }\n',
    )
    run = emulated.gate(route, expected=expected, env={"GIT_SHA": "f00d", "BUILD": build})
    if not expected.passes:
        assert (
            "f00d" in run.connections[0]["cause"]["message"] or "42" in run.connections[0]["cause"]["message"]
        )


def own_table(route: Route, *lines: str) -> str:
    return "\n".join([f"[connections.{route.connection_id}]", *lines, ""])


def test_each_connection_has_its_own_payload_headers_secret_and_limits(emulated: Emulated) -> None:
    auth = {"auth_type": "API_KEY", "auth": {"header_name": "x-key", "api_key": "k3y-of-shop"}}
    shop, bank = emulated.route("shop", auth=auth), emulated.route("bank")
    emulated.emulator.receiver.answer(200, delay=0.3)
    emulated.write("events/shop.json", {"shop": "{{probe_id}}"})
    emulated.write(
        "gate.toml",
        own_table(
            shop,
            'payload = "events/shop.json"',
            'headers = { x-env = "staging" }',
            'secret_env = "SHOP_KEY"',
            'max_latency = "10ms"',
        )
        + own_table(bank, 'advisory = ["metrics"]'),
    )
    expected = {shop.connection_id: broken("delivery", "DELIVERY_SLOW"), bank.connection_id: PASS}
    run = emulated.gate(
        shop,
        bank,
        expected=expected,
        args=("--fasthook-config=gate.toml",),
        env={"SHOP_KEY": "k3y-of-shop"},
        secrets=("k3y-of-shop",),
    )
    (sent,) = emulated.requests(shop)
    assert sent["data"]["body"] == {"shop": run.connection(shop.connection_id)["probe_id"]}
    assert sent["data"]["headers"]["x-env"] == "staging"
    (other,) = emulated.requests(bank)
    assert "x-env" not in other["data"]["headers"]


def test_a_file_for_another_connection_is_told(emulated: Emulated) -> None:
    route = emulated.route()
    emulated.write("fasthook.toml", f"[connections.{route.connection_id}x]\ntimeout = 5\n")
    run = emulated.gate(route, expected=PASS)
    assert f"{route.connection_id}x" in " ".join(run.connections[0]["warnings"])
