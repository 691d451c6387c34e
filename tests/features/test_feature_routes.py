"""Routes as they are in real life: the gate sends what each one accepts, and every pass has a twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from emulated import Emulated, warnings
from expected import PASS, Expected, broken

from pytest_fasthook.emulator import Answer, Route

SECRET = "sp3cial/s3cret+of=this&source"
REFUSED = broken("ingress", "INGRESS_REJECTED")
MANY = ("--fasthook-rate-limit=2000",)


def provider(name: str, secret: str = SECRET) -> dict[str, Any]:
    return {
        "auth_type": "PROVIDER_SIGNATURE",
        "auth": {"provider": name, "webhook_signing_secret": secret},
    }


def hmac(**more: Any) -> dict[str, Any]:
    return {"auth_type": "HMAC", "auth": {"secret": SECRET, "signature_header": "x-signature"} | more}


AUTH: Mapping[str, tuple[dict[str, Any], str]] = {
    "hmac": (hmac(), SECRET),
    "hmac_prefix": (hmac(signature_header="x-hub-signature-256", prefix="sha256="), SECRET),
    "hmac_timestamp": (hmac(timestamp_header="x-timestamp", encoding="base64"), SECRET),
    "basic": (
        {"auth_type": "BASIC_AUTH", "auth": {"username": "shop", "password": SECRET}},
        f"shop:{SECRET}",
    ),
    "api_key": ({"auth_type": "API_KEY", "auth": {"header_name": "x-key", "api_key": SECRET}}, SECRET),
    "stripe": (provider("STRIPE"), SECRET),
    "github": (provider("GITHUB"), SECRET),
    "shopify": (provider("SHOPIFY"), SECRET),
    "slack": (provider("SLACK"), SECRET),
    "gitlab": (provider("GITLAB"), SECRET),
}


def signed_routes(emulated: Emulated, spoil: str = "") -> tuple[list[Route], dict[str, str | None]]:
    """A route for each kind of auth, and the environment with the secret of each one's source."""
    routes = [emulated.route(kind, auth=auth) for kind, (auth, _) in AUTH.items()]
    secrets = [secret for _, secret in AUTH.values()]
    names = [f"FASTHOOK_SOURCE_SECRET_{route.source_id}" for route in routes]
    return routes, {name: secret + spoil for name, secret in zip(names, secrets, strict=True)}


def test_the_probe_is_signed_as_each_source_demands(emulated: Emulated) -> None:
    routes, env = signed_routes(emulated)
    emulated.gate(*routes, expected=PASS, env=env, secrets=(SECRET,), args=MANY)
    for route in routes:
        assert [record["verified"] for record in emulated.requests(route)] == [True]


def test_other_secrets_are_refused(emulated: Emulated) -> None:
    """The twin: all is the same but one character of each secret."""
    routes, env = signed_routes(emulated, spoil="x")
    emulated.gate(*routes, expected=REFUSED, env=env, secrets=(SECRET,), args=MANY)


def test_without_secrets_nothing_is_sent(emulated: Emulated) -> None:
    routes, _ = signed_routes(emulated)
    run = emulated.gate(*routes, expected=broken("preflight", "SOURCE_SECRET_MISSING", probes=0), args=MANY)
    assert run.exit_code == 77
    assert [emulated.requests(route) for route in routes] == [[]] * len(routes)


def test_each_source_has_a_secret_of_its_own(emulated: Emulated) -> None:
    first = emulated.route("first", auth=AUTH["hmac"][0])
    second = emulated.route(
        "second", auth={"auth_type": "API_KEY", "auth": {"header": "x-key", "key": "4other"}}
    )
    env: dict[str, str | None] = {
        f"FASTHOOK_SOURCE_SECRET_{first.source_id}": SECRET,
        f"FASTHOOK_SOURCE_SECRET_{second.source_id.upper()}": "4other",
        "FASTHOOK_SOURCE_SECRET": "of neither",
    }
    emulated.gate(first, second, expected=PASS, env=env, secrets=(SECRET, "4other"))
    del env[f"FASTHOOK_SOURCE_SECRET_{second.source_id.upper()}"]
    expected = {first.connection_id: PASS, second.connection_id: REFUSED}
    emulated.gate(first, second, expected=expected, env=env)


METHODS = {("POST", "PUT"): "POST", ("PUT",): "PUT", ("GET",): "GET", ("DELETE", "GET"): "DELETE"}


def test_the_method_is_one_that_the_source_takes(emulated: Emulated) -> None:
    routes = [emulated.route("-".join(m), methods=m, auth=AUTH["hmac"][0]) for m in METHODS]
    emulated.gate(*routes, expected=PASS, env={"FASTHOOK_SOURCE_SECRET": SECRET}, args=MANY)
    sent = [record["data"]["method"] for route in routes for record in emulated.requests(route)]
    assert sent == list(METHODS.values())


FILTERS: Mapping[str, dict[str, Any]] = {
    "nested": {"body": {"data": {"object": {"status": "paid", "total": {"gte": 100}}}}},
    "operators": {
        "body": {"type": {"$in": ["a", "b"]}, "id": {"$exists": True}, "note": {"contains": "vip"}}
    },
    "headers": {
        "headers": {"x-shopify-topic": {"$in": ["orders/paid"]}, "x-github-delivery": {"exists": True}}
    },
    "query": {"query": {"env": "staging"}},
    "path": {"path": "/orders/new"},
    "all": {"body": {"a": 1}, "headers": {"x-a": "b"}, "query": {"c": "d"}, "path": "/e"},
}


def test_without_a_payload_the_filter_is_satisfied(emulated: Emulated) -> None:
    routes = [emulated.route(kind, rules=[{"type": "filter", **wanted}]) for kind, wanted in FILTERS.items()]
    by_get = {"type": "filter", "headers": {"x-a": "b"}, "query": {"c": "d"}, "path": "/e"}
    routes.append(emulated.route("get", methods=("GET",), rules=[by_get]))
    emulated.gate(*routes, expected=PASS, args=MANY)
    assert [len(emulated.requests(route)) for route in routes] == [1] * len(routes)


def test_a_payload_that_cannot_pass_says_which_condition_failed(emulated: Emulated) -> None:
    """The twin of a satisfied filter: the user's own payload differs in one value."""
    route = emulated.route(rules=[{"type": "filter", **FILTERS["nested"]}])
    emulated.write("event.json", {"data": {"object": {"status": "paid", "total": 99}}})
    expected = broken("preflight", "PAYLOAD_FILTERED", probes=0)
    run = emulated.gate(route, expected=expected, args=("--fasthook-payload=event.json",))
    message = run.connections[0]["cause"]["message"]
    for word in ("body.data.object.total", "99", "100"):
        assert word in message
    assert emulated.requests(route) == []


DEDUPLICATE = {"type": "deduplicate", "window": 300_000, "include_fields": ["body.id", "headers.x-delivery"]}


def test_a_fixed_payload_passes_twice_on_a_deduplicating_route(emulated: Emulated) -> None:
    route = emulated.route(rules=[DEDUPLICATE, {"type": "filter", "body": {"type": "paid"}}])
    emulated.write("event.json", {"id": "evt_1", "type": "paid", "amount": 5})
    args = ("--fasthook-payload=event.json", "--fasthook-header=x-delivery: 1")
    for _ in range(2):
        run = emulated.gate(route, expected=PASS, args=args)
        assert "body.id" in warnings(run, route.connection_id)
    bodies = [delivery.json() for delivery in emulated.emulator.receiver.deliveries]
    assert [(body["type"], body["amount"]) for body in bodies] == [("paid", 5)] * 2
    assert len({body["id"] for body in bodies}) == 2


def test_the_same_body_twice_would_have_been_ignored(emulated: Emulated) -> None:
    """The twin: the route really deduplicates, so without fresh values the second run could not have passed."""
    route = emulated.route(rules=[DEDUPLICATE])
    for _ in range(2):
        emulated.post(route, {"id": "evt_1"}, headers={"x-delivery": "1"})
    assert [record["ignored_count"] for record in emulated.requests(route)] == [1, 0]


def test_a_delay_rule_extends_the_budget(emulated: Emulated) -> None:
    route = emulated.route(rules=[{"type": "delay", "delay": 3000}])
    run = emulated.gate(route, expected=PASS, timeout_s=2.5)
    delivery = next(s for s in run.connections[0]["stages"] if s["stage"] == "delivery")
    assert delivery["duration_s"] > 2.0


def test_a_receiver_that_takes_as_long_does_not_get_the_time(emulated: Emulated) -> None:
    """The twin: three seconds that no rule announces."""
    route = emulated.route()
    emulated.emulator.receiver.answer(delay=5.0)
    run = emulated.gate(route, expected=broken("delivery", "DELIVERY_PENDING"), timeout_s=2.5)
    assert run.exit_code == 75


def retrying(emulated: Emulated, interval_ms: int) -> Route:
    """A route whose receiver fails once, and whose rule tries again after so long."""
    rule = {"type": "retry", "strategy": "linear", "interval": interval_ms, "count": 3}
    route = emulated.route(rules=[rule | {"response_status_codes": ["500-599"]}])
    emulated.emulator.receiver.script(Answer(503), Answer(200))
    return route


RETRIES: Mapping[str, tuple[int, tuple[str, ...], Expected]] = {
    "near": (1000, (), PASS),
    "near_but_only_the_first_counts": (
        1000,
        ("--fasthook-attempts=first",),
        broken("delivery", "DELIVERY_FAILED"),
    ),
    "far": (60_000, (), broken("delivery", "DELIVERY_FAILED")),
}


@pytest.mark.parametrize("kind", RETRIES)
def test_a_retry_is_waited_for_where_it_lies_inside_the_budget(kind: str, emulated: Emulated) -> None:
    interval_ms, args, expected = RETRIES[kind]
    route = retrying(emulated, interval_ms)
    run = emulated.gate(route, expected=expected, args=args)
    delivery = next(s for s in run.connections[0]["stages"] if s["stage"] == "delivery")
    assert delivery["duration_s"] < 15.0
    assert ("503" in warnings(run, route.connection_id)) is expected.passes
    assert len(emulated.probes(route)) == 1


def test_a_noisy_source_neither_saves_nor_sinks(emulated: Emulated) -> None:
    good, bad = emulated.route("good"), emulated.route("bad", destination_url="http://127.0.0.1:9/closed")
    for number in range(130):
        emulated.post(good, {"n": number})
    emulated.emulator.settle()
    expected = {
        good.connection_id: PASS,
        bad.connection_id: broken("delivery", "DELIVERY_FAILED", "DELIVERY_PENDING"),
    }
    emulated.gate(good, bad, expected=expected, timeout_s=8.0)
