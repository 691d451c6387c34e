from __future__ import annotations

import hashlib
import hmac
import socket
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Answer, Emulator

from .conftest import Api

RETRY: dict[str, Any] = {"type": "retry", "strategy": "exponential", "interval": 30_000, "count": 2}


def test_ids_travel_with_the_delivery(emulator: Emulator, api: Api) -> None:
    request_id = api.sent(emulator.add_route(name="r"))
    [delivery] = emulator.receiver.deliveries
    assert delivery.request_id == request_id
    assert delivery.event_id == api.event(request_id)["id"]


def test_what_the_sender_claims_about_ids_does_not_travel(emulator: Emulator, api: Api) -> None:
    forged = {"x-fasthook-event-id": "evt_forged", "x-fasthook-request-id": "req_forged", "cf-ray": "1"}
    request_id = api.sent(emulator.add_route(name="r"), headers=forged | {"x-fasthook-probe": "p"})
    [delivery] = emulator.receiver.deliveries
    assert delivery.request_id == request_id
    assert "forged" not in repr(delivery.raw_headers)
    assert "cf-ray" not in delivery.headers
    assert delivery.headers["x-fasthook-probe"] == "p"


def test_body_path_and_query_are_forwarded_unchanged(emulator: Emulator, wire: httpx.Client) -> None:
    route = emulator.add_route(name="r")
    wire.post(route.source_url + "a%2Fb?x=%20", content=b'{ "a":1 }', headers={"x-own": "1"})
    emulator.settle()
    [delivery] = emulator.receiver.deliveries
    assert (delivery.method, delivery.path, delivery.query) == ("POST", "/a%2Fb", "x=%20")
    assert delivery.body == b'{ "a":1 }'
    assert delivery.headers["x-own"] == "1"


def test_path_forwarding_can_be_off(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.add_route(name="r", destination={"path_forwarding_disabled": True}), path="deep?x=1")
    [delivery] = emulator.receiver.deliveries
    assert (delivery.path, delivery.query) == ("/", "")


def test_a_receiver_can_verify_the_signature(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.add_route(name="r", destination={"auth_type": "FASTHOOK_SIGNATURE", "auth": {}}))
    [delivery] = emulator.receiver.deliveries
    timestamp = delivery.headers["x-fasthook-timestamp"]
    signed = timestamp.encode() + b"." + delivery.body
    wanted = hmac.new(emulator.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
    assert delivery.headers["x-fasthook-signature"] == f"v1={wanted}"


@pytest.mark.parametrize("key", ["value", "header_value"])
def test_a_custom_header_is_sent(emulator: Emulator, api: Api, key: str) -> None:
    auth = {"auth_type": "CUSTOM_HEADER", "auth": {"header_name": "X-Token", key: "t"}}
    api.sent(emulator.add_route(name="r", destination=auth))
    assert emulator.receiver.deliveries[0].headers["x-token"] == "t"


def test_success_is_recorded(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(201, b'{"version": "v9"}')
    route = emulator.add_route(name="r")
    event = api.event(api.sent(route))
    assert (event["status"], event["attempts"], event["response_status"]) == ("SUCCESSFUL", 1, 201)
    [attempt] = api.get("/attempts", event_id=event["id"])["models"]
    assert (attempt["status"], attempt["attempt_number"], attempt["trigger"]) == ("SUCCESSFUL", 1, "INITIAL")
    assert (attempt["body"], attempt["response_status"]) == ({"version": "v9"}, 201)
    assert attempt["response_latency"] >= 0


@pytest.mark.parametrize("status", [301, 404, 500])
def test_any_other_answer_is_a_failure(emulator: Emulator, api: Api, status: int) -> None:
    emulator.receiver.answer(status, headers={"location": emulator.page_url})
    event = api.event(api.sent(emulator.add_route(name="r")))
    assert (event["status"], event["response_status"]) == ("FAILED", status)
    assert event["next_attempt_at"] is None
    assert len(emulator.receiver.deliveries) == 1


def test_retries_are_attempts_of_the_same_event_at_growing_intervals(emulator: Emulator, api: Api) -> None:
    emulator.receiver.script(500, 500, 200)
    request_id = api.sent(emulator.add_route(name="r", rules=[RETRY]))
    event = api.event(request_id)
    assert (event["status"], event["attempts"]) == ("QUEUED", 1)
    assert event["next_attempt_at"] is not None
    emulator.clock.advance(31)
    emulator.settle()
    assert api.event(request_id)["attempts"] == 2
    emulator.clock.advance(31)
    emulator.settle()
    assert api.event(request_id)["attempts"] == 2
    emulator.clock.advance(31)
    emulator.settle()
    event = api.event(request_id)
    assert (event["status"], event["attempts"], event["next_attempt_at"]) == ("SUCCESSFUL", 3, None)
    attempts = api.get("/attempts", event_id=event["id"], dir="asc")["models"]
    assert [item["trigger"] for item in attempts] == ["INITIAL", "AUTOMATIC", "AUTOMATIC"]
    assert [item["attempt_number"] for item in attempts] == [1, 2, 3]


def test_retries_end_with_the_rules_count(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(500)
    request_id = api.sent(emulator.add_route(name="r", rules=[RETRY]))
    for _ in range(3):
        emulator.clock.advance(1000)
        emulator.settle()
    event = api.event(request_id)
    assert (event["status"], event["attempts"], event["next_attempt_at"]) == ("FAILED", 3, None)


def test_a_status_off_the_list_is_not_retried(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(501)
    rule = RETRY | {"response_status_codes": ["500-599", "!501"]}
    assert api.event(api.sent(emulator.add_route(name="r", rules=[rule])))["status"] == "FAILED"


def test_nobody_listening_is_connection_refused_and_retried(emulator: Emulator, api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    rule = RETRY | {"response_status_codes": ["429"]}
    route = emulator.add_route(name="r", rules=[rule], destination_url=f"http://127.0.0.1:{port}/")
    event = api.event(api.sent(route))
    assert (event["status"], event["error_code"]) == ("QUEUED", "CONNECTION_REFUSED")
    [attempt] = api.get("/attempts", event_id=event["id"])["models"]
    assert (attempt["response_status"], attempt["error_code"]) == (None, "CONNECTION_REFUSED")
    assert attempt["responded_at"] is None


def test_a_reset_has_its_own_code(emulator: Emulator, api: Api) -> None:
    emulator.receiver.script(Answer(reset=True))
    assert api.event(api.sent(emulator.add_route(name="r")))["error_code"] == "CONNECTION_RESET"


def test_an_unknown_host_has_its_own_code(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r", destination_url="http://nowhere.invalid/")
    assert api.event(api.sent(route))["error_code"] == "DNS_LOOKUP_FAILED"


def test_http_spoken_to_a_tls_url_has_its_own_code(emulator: Emulator, api: Api) -> None:
    url = emulator.page_url.replace("http:", "https:")
    route = emulator.add_route(name="r", destination_url=url)
    assert api.event(api.sent(route))["error_code"] == "ERR_SSL_WRONG_VERSION_NUMBER"


def test_a_script_is_followed_by_the_lasting_answer(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(202)
    emulator.receiver.script(500)
    route = emulator.add_route(name="r")
    assert [api.event(api.sent(route))["response_status"] for _ in range(2)] == [500, 202]


def test_waiting_for_too_many_deliveries_says_how_many_came(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.add_route(name="r"))
    with pytest.raises(TimeoutError, match="1 of 2 deliveries"):
        emulator.receiver.wait(2, timeout=0.01)
