"""What a source answers besides the default: custom responses, providers' challenges, an upstream."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import APIError, Emulator
from pytest_fasthook.emulator.receiver import Receiver

from .conftest import Api


def answering(emulator: Emulator, **custom: Any) -> Any:
    return emulator.add_route(name="c", source_config={"custom_response": custom})


def test_a_custom_response_replaces_the_default(emulator: Emulator, api: Api) -> None:
    route = answering(emulator, content_type="json", body='{"received":true}')
    answer = api.send(route)
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert answer.headers["content-type"] == "application/json"
    emulator.settle()
    assert api.get("/requests")["models"][0]["status"] == "accepted"
    assert len(emulator.receiver.deliveries) == 1


@pytest.mark.parametrize(
    ("name", "shown"), [("text", "text/plain; charset=utf-8"), ("xml", "application/xml"), ("a/b", "a/b")]
)
def test_content_types(emulator: Emulator, api: Api, name: str, shown: str) -> None:
    answer = api.send(answering(emulator, content_type=name, body="<ok/>"))
    assert (answer.text, answer.headers["content-type"]) == ("<ok/>", shown)


def test_a_rejected_request_gets_no_custom_response(emulator: Emulator, api: Api) -> None:
    answer = api.send(answering(emulator, body='{"received":true}'), method="PUT")
    assert (answer.status_code, set(answer.json())) == (405, {"error"})


def test_templates_are_filled_and_cannot_break_out(emulator: Emulator, api: Api) -> None:
    body = (
        '{"id": "{{body.id}}", "n": {{body.n}}, "item": "{{body.list.1}}", "h": "{{headers.x-request-id}}", '
        '"mode": "{{ query.mode }}", "path": "{{path}}", "request": "{{request.id}}", "none": "{{body.none}}"}'
    )
    route = answering(emulator, body=body, headers={"X-Id": "{{body.id}}"})
    given = {"id": 'a"b\n', "n": {"x": 1}, "list": [0, "one"]}
    answer = api.send(route, given, path="p?mode=live", headers={"x-request-id": "r1"})
    [request] = api.get("/requests")["models"]
    assert answer.json() == {
        "id": 'a"b\n',
        "n": {"x": 1},
        "item": "one",
        "h": "r1",
        "mode": "live",
        "path": "/p",
        "request": request["id"],
        "none": "",
    }
    assert answer.headers["x-id"] == 'a"b'


RULES = [
    {"enabled": False, "match": {}, "status": 500},
    {"match": {"body": {"type": "a"}}, "status": 201, "body": "first", "content_type": "text"},
    {"conditions": {"method": ["PUT"]}, "response": {"status": 409, "body": "put"}},
    {"match": {"query": {"mode": "x"}, "headers": {"X-Y": "1"}}, "status": 202, "body": "both"},
]


@pytest.mark.parametrize(
    ("body", "more", "expected"),
    [
        ({"type": "a"}, {}, (201, "first")),
        ({"type": "b"}, {}, (200, "fallback")),
        ({"type": "a"}, {"method": "PUT"}, (201, "first")),
        ({"type": "b"}, {"method": "PUT"}, (409, "put")),
        ({}, {"path": "?mode=x", "headers": {"x-y": "1"}}, (202, "both")),
        ({}, {"path": "?mode=x"}, (200, "fallback")),
    ],
)
def test_the_first_enabled_rule_that_matches_wins(
    emulator: Emulator, api: Api, body: Any, more: dict[str, Any], expected: tuple[int, str]
) -> None:
    custom = {"body": "fallback", "rules": RULES}
    route = emulator.add_route(name="c", methods=("POST", "PUT"), source_config={"custom_response": custom})
    answer = api.send(route, body, **more)
    assert (answer.status_code, answer.text) == expected


@pytest.mark.parametrize(
    "custom",
    [
        "x",
        {"body": {}},
        {"status": 99},
        {"status": "200"},
        {"headers": {"bad name": "x"}},
        {"content_type": "js on"},
        {"rules": {}},
        {"rules": [{"match": {"cookies": {}}}]},
        {"rules": [{"match": {"body": {"a": {"$magic": 1}}}}]},
        {"rules": [{"response": {"status": 700}}]},
    ],
)
def test_a_response_that_could_not_be_given_is_refused(emulator: Emulator, custom: Any) -> None:
    with pytest.raises(APIError):
        emulator.add_route(name="c", source_config={"custom_response": custom})


def slack(secret: str) -> dict[str, Any]:
    return {
        "auth_type": "PROVIDER_SIGNATURE",
        "auth": {"provider": "SLACK", "webhook_signing_secret": secret},
    }


def test_slacks_verification_is_verified_and_answered(
    emulator: Emulator, api: Api, wire: httpx.Client
) -> None:
    route = emulator.add_route(name="s", auth=slack("k"))
    body = json.dumps({"type": "url_verification", "challenge": "c1"}).encode()
    moment = str(emulator.clock.now_ms() // 1000)
    digest = hmac.new(b"k", b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-request-timestamp": moment, "x-slack-signature": f"v0={digest}"}
    assert wire.post(route.source_url, content=body, headers=headers).json() == {"challenge": "c1"}
    assert api.get("/requests")["models"][0]["verified"] is True
    headers["x-slack-signature"] = "v0=00"
    assert wire.post(route.source_url, content=body, headers=headers).status_code == 401


def test_metas_challenge_is_answered_for_the_right_token(emulator: Emulator, wire: httpx.Client) -> None:
    auth = {"provider": "META", "webhook_signing_secret": "k", "verify_token": "t"}
    route = emulator.add_route(name="m", auth={"auth_type": "PROVIDER_SIGNATURE", "auth": auth})
    query = "?hub.mode=subscribe&hub.challenge=123&hub.verify_token="
    assert wire.get(f"{route.source_url}{query}t").text == "123"
    assert wire.get(f"{route.source_url}{query}wrong").status_code == 403
    assert wire.get(route.source_url).status_code == 405


def proxied(emulator: Emulator, **proxy: Any) -> Any:
    target = {"target_url": f"{emulator.page_url}__emulator__/receiver/upstream", **proxy}
    return emulator.add_route(name="p", source_config={"mode": "proxy", "proxy": target})


def test_the_upstreams_answer_is_the_sources_answer(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(
        422, b"no thanks", name="upstream", headers={"x-own": "1", "content-type": "text/plain"}
    )
    route = proxied(emulator, path_forwarding=True)
    answer = api.send(route, {"n": 1}, path="deep?x=1")
    assert (answer.status_code, answer.text, answer.headers["x-own"]) == (422, "no thanks", "1")
    emulator.settle()
    upstream, delivered = emulator.receiver.deliveries
    assert (upstream.name, upstream.path, upstream.query) == ("upstream", "/deep", "x=1")
    assert (delivered.name, delivered.body) == ("p", upstream.body)
    [listed] = api.get("/requests")["models"]
    exchange = api.get(f"/requests/{listed['id']}")["proxy_exchange"]
    assert (exchange["response_status"], exchange["response_body"]) == (422, "no thanks")
    assert (exchange["error_text"], exchange["response_body_truncated"]) == (None, False)
    trace = api.get(f"/requests/{listed['id']}/trace")
    assert trace["counts"]["proxy_exchanges"] == 1
    assert trace["proxy_exchange"] == exchange
    connection = api.get(f"/connections/{route.connection_id}")
    assert connection["source_proxy_url"].endswith("/upstream")


def test_an_upstream_that_is_down_is_502_and_the_request_stays_accepted(emulator: Emulator, api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    answer = api.send(proxied(emulator, target_url=f"http://127.0.0.1:{port}/"))
    assert answer.status_code == 502
    [listed] = api.get("/requests")["models"]
    assert listed["status"] == "accepted"
    assert api.get(f"/requests/{listed['id']}")["proxy_exchange"]["error_text"] == "CONNECTION_REFUSED"


def test_an_upstreams_answer_is_kept_up_to_the_limit(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(200, b"0123456789", name="upstream")
    assert api.send(proxied(emulator, max_response_bytes=4)).text == "0123"
    [listed] = api.get("/requests")["models"]
    assert api.get(f"/requests/{listed['id']}")["proxy_exchange"]["response_body_truncated"] is True


def test_a_slow_upstream_times_out(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(200, name="upstream", delay=0.5)
    answer = api.send(proxied(emulator, timeout_ms=50))
    assert answer.status_code == 502
    assert "TIMEOUT" in answer.json()["error"]


@pytest.mark.parametrize(
    "config",
    [
        {"mode": "mirror"},
        {"mode": "proxy"},
        {"mode": "proxy", "proxy": {"target_url": "ftp://x"}},
        {"mode": "proxy", "proxy": {"target_url": "http://x", "timeout_ms": 0}},
    ],
)
def test_a_proxy_that_could_not_be_called_is_refused(emulator: Emulator, config: Any) -> None:
    with pytest.raises(APIError):
        emulator.add_route(name="p", source_config=config)


@pytest.mark.parametrize(("status", "body"), [(200, "text"), (200, {"a": 1}), ("200", None), (True, None)])
def test_an_answer_that_cannot_be_given_is_refused_at_the_call(status: Any, body: Any) -> None:
    receiver = Receiver()
    with pytest.raises(TypeError, match=r"must be"):
        receiver.answer(status, body)
    receiver.answer(200, b"text")
