"""Negative probes differ from the real one in the fact that they are about, and only where that is certain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_fasthook.client.models import Connection, Source
from pytest_fasthook.probe.negatives import ignorable, refusable
from pytest_fasthook.probe.probe import TRIAL, Plan, Probe, probe_for
from pytest_fasthook.probe.route import Route, read_route
from pytest_fasthook.redact import Secret
from pytest_fasthook.rules.matching import evaluate
from pytest_fasthook.rules.message import Message

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def route(
    *,
    config: dict[str, Any] | None = None,
    rules: list[Any] | None = None,
    name: str = "conn_1",
    kind: str = "WEBHOOK",
) -> Route:
    source = Source.model_validate(
        {"id": "src_1", "type": kind, "url": "https://in.example/x", "config": config or {}}
    )
    connection = Connection.model_validate({"id": name, "source_id": "src_1", "rules": rules or []})
    return read_route(connection, source=source, destination=None)


def plan(secret: str | None = None, **facts: Any) -> Plan:
    return Plan(secrets={"": Secret(secret)} if secret else {}, **facts)


def auth(kind: str, **facts: Any) -> dict[str, Any]:
    return {"auth_type": kind, "auth": facts}


AUTHS: dict[str, tuple[dict[str, Any], str, str]] = {
    "hmac": (auth("HMAC", signature_header="x-signature"), "s3cret", "WEBHOOK"),
    "hmac_base64": (auth("HMAC", signature_header="x-sig", encoding="base64"), "s3cret", "WEBHOOK"),
    "api_key": (auth("API_KEY", header_name="x-key"), "k3y-of-theirs", "WEBHOOK"),
    "basic": (auth("BASIC_AUTH"), "shop:s3cret", "WEBHOOK"),
    "stripe": (auth("PROVIDER_SIGNATURE", provider="STRIPE"), "whsec_abc", "STRIPE"),
    "gitlab_token": (auth("PROVIDER_SIGNATURE", provider="GITLAB"), "t0ken", "GITLAB"),
    "gitlab_signed": (auth("PROVIDER_SIGNATURE", provider="GITLAB"), WHSEC, "GITLAB"),
    "github": (auth("PROVIDER_SIGNATURE", provider="GITHUB"), "s3cret", "GITHUB"),
    "twilio": (auth("PROVIDER_SIGNATURE", provider="TWILIO"), "s3cret", "TWILIO"),
}


@pytest.mark.parametrize("name", AUTHS)
def test_a_wrong_credential_has_the_form_of_the_right_one(name: str) -> None:
    config, secret, kind = AUTHS[name]
    guarded = route(config=config, kind=kind)
    right = probe_for([guarded], plan(secret), TRIAL)
    found = refusable([guarded], plan(secret), TRIAL)

    assert isinstance(right, Probe)
    assert found is not None
    assert (found.probe.method, found.probe.url, found.probe.body) == (right.method, right.url, right.body)
    wrong, good = dict(found.probe.headers), dict(right.headers)
    assert wrong.keys() == good.keys()
    assert wrong != good
    assert (secret.partition(":")[2] or secret) not in json.dumps(wrong)


def test_without_a_secret_auth_is_not_what_is_tried() -> None:
    assert refusable([route(config=auth("HMAC"))], plan(), TRIAL) is None


@pytest.mark.parametrize(
    ("allowed", "method"),
    [(["POST"], "PUT"), (["POST", "put"], "PATCH"), (["GET"], "PUT"), (["PUT", "PATCH", "DELETE"], "POST")],
)
def test_a_method_that_is_not_allowed(allowed: list[str], method: str) -> None:
    found = refusable([route(config={"allowed_http_methods": allowed})], plan(), TRIAL)

    assert found is not None
    assert found.probe.method == method


@pytest.mark.parametrize(
    "config",
    [{}, {"allowed_http_methods": []}, {"allowed_http_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"]}],
)
def test_a_source_that_checks_nothing_has_nothing_to_refuse(config: dict[str, Any]) -> None:
    assert refusable([route(config=config)], plan(), TRIAL) is None


FILTERS: list[dict[str, Any]] = [
    {"body": {"type": "order"}},
    {"body": {"total": {"$gte": 100}}},
    {"body": {"type": {"$in": ["a", "b"]}, "id": {"$exists": True}}},
    {"body": {"$not": {"kind": "test"}}},
    {"body": {"kind": {"$neq": "test"}}},
    {"body": {"order": {"state": {"$nin": ["void", "test"]}}}},
    {"body": {"note": {"$exists": False}}},
    {"headers": {"x-topic": "orders"}},
    {"query": {"env": "live"}},
    {"path": "/orders"},
    {"headers": {"x-topic": "orders"}, "body": {"type": "order"}},
]


@pytest.mark.parametrize("rule", FILTERS, ids=json.dumps)
def test_a_payload_that_a_filter_refuses_for_certain(rule: dict[str, Any]) -> None:
    filtered = route(rules=[{"type": "filter", **rule}])
    found = ignorable([filtered], plan(), TRIAL)

    assert found is not None
    assert filtered.rules.filter is not None
    assert evaluate(filtered.rules.filter, seen(found.probe)).matched is False


def seen(probe: Probe) -> Message:
    """The message as the service sees it, read back from what goes over the wire."""
    url = probe.url.removeprefix("https://in.example/x")
    path, _, query = url.partition("?")
    return Message(
        method=probe.method,
        path=path or "/",
        query=dict(pair.split("=") for pair in query.split("&") if pair),
        headers=dict(probe.headers),
        body=json.loads(probe.body) if probe.body else None,
    )


def test_one_payload_is_refused_by_the_filters_of_all_its_routes() -> None:
    routes = [
        route(name="conn_1", rules=[{"type": "filter", "body": {"type": "order"}}]),
        route(name="conn_2", rules=[{"type": "filter", "body": {"total": {"$gte": 5}}}]),
        route(name="conn_3"),
    ]

    found = ignorable(routes, plan(), TRIAL)

    assert found is not None
    assert [one.connection_id for one in found.routes] == ["conn_1", "conn_2"]


@pytest.mark.parametrize(
    "rules",
    [[], [{"type": "filter"}], [{"type": "filter", "body": {"$new": 1}}], [{"type": "retry", "count": 3}]],
    ids=["no_rule", "no_condition", "not_understood", "no_filter"],
)
def test_without_a_filter_that_is_understood_there_is_nothing_to_ignore(rules: list[Any]) -> None:
    assert ignorable([route(rules=rules)], plan(), TRIAL) is None


def test_a_filter_that_is_nested_without_end_breaks_nothing() -> None:
    condition: dict[str, Any] = {"$neq": 1}
    for _ in range(900):
        condition = {"a": condition}

    assert ignorable([route(rules=[{"type": "filter", "body": condition}])], plan(), TRIAL) is None


def test_a_payload_of_bytes_is_not_made_another_one() -> None:
    filtered = route(rules=[{"type": "filter", "headers": {"x-topic": "orders"}}])
    given = plan(payload=b"\xff\xfe\x00", headers=(("x-topic", "orders"),))
    found = ignorable([filtered], given, TRIAL)

    assert found is not None
    assert found.probe.body == b"\xff\xfe\x00"
    assert dict(found.probe.headers)["x-topic"] != "orders"


def test_a_payload_of_the_users_keeps_its_other_fields() -> None:
    filtered = route(rules=[{"type": "filter", "body": {"type": "order"}}])
    found = ignorable([filtered], plan(payload=b'{"type": "order", "id": 7}'), TRIAL)

    assert found is not None
    sent = json.loads(found.probe.body)
    assert sent["id"] == 7
    assert sent.get("type") != "order"
