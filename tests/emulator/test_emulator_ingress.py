from __future__ import annotations

from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator

from .conftest import Api

BASIC = {"auth_type": "BASIC_AUTH", "auth": {"username": "ann", "password": "pass:word"}}
KEY = {"auth_type": "API_KEY", "auth": {"header_name": "X-Key", "api_key": "k-1"}}


def test_an_accepted_event_is_answered_with_its_request_id(emulator: Emulator, api: Api) -> None:
    answer = api.send(emulator.add_route(name="open"))
    assert answer.status_code == 200
    request_id = answer.json()["request_id"]
    assert answer.json() == {"ok": True, "queued": True, "transport": "queue", "request_id": request_id}
    request = api.get(f"/requests/{request_id}")
    assert (request["status"], request["rejection_cause"], request["events_count"]) == ("accepted", None, 1)


def test_accepted_without_auth_is_not_verified(emulator: Emulator, api: Api) -> None:
    request_id = api.sent(emulator.add_route(name="open"))
    assert api.get(f"/requests/{request_id}")["verified"] is False


def test_accepted_with_auth_is_verified(emulator: Emulator, api: Api) -> None:
    request_id = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    assert api.get(f"/requests/{request_id}")["verified"] is True


def test_a_wrong_signature_is_401_and_a_stored_rejection_without_event(emulator: Emulator, api: Api) -> None:
    answer = api.send(emulator.demo, headers={"x-signature": "00" * 32})
    assert answer.status_code == 401
    assert set(answer.json()) == {"error"}
    [request] = api.get("/requests")["models"]
    assert (request["status"], request["rejection_cause"]) == ("rejected", "SOURCE_AUTH_FAILED")
    assert (request["verified"], request["events_count"]) == (False, 0)
    assert api.get("/events")["count"] == 0


def test_a_wrong_method_is_405_even_when_the_signature_is_wrong_too(emulator: Emulator, api: Api) -> None:
    answer = api.send(emulator.demo, method="PUT", headers={"x-signature": "wrong"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    [request] = api.get("/requests")["models"]
    assert request["rejection_cause"] == "SOURCE_METHOD_NOT_ALLOWED"


def test_a_disabled_source_rejects_before_anything_else(emulator: Emulator, api: Api) -> None:
    api.ok("PUT", f"/sources/{emulator.demo.source_id}/disable")
    answer = api.send(emulator.demo, method="PUT", headers={"x-signature": "wrong"})
    assert answer.status_code == 403
    [request] = api.get("/requests")["models"]
    assert request["rejection_cause"] == "SOURCE_DISABLED"


def test_an_unknown_source_is_404_and_leaves_no_record(
    emulator: Emulator, api: Api, wire: httpx.Client
) -> None:
    answer = wire.post(emulator.page_url + "hook-ffffff/")
    assert answer.status_code == 404
    assert api.get("/requests")["count"] == 0


def test_path_query_headers_and_exact_body_are_stored(
    emulator: Emulator, api: Api, wire: httpx.Client
) -> None:
    route = emulator.add_route(name="open")
    url = route.source_url + "a%20b/c?x=1&x=2&y="
    request_id = wire.post(url, content=b"not { json", headers={"X-Mine": "v"}).json()["request_id"]
    data = api.get(f"/requests/{request_id}")["data"]
    assert (data["method"], data["path"], data["query"]) == ("POST", "/a%20b/c", "x=1&x=2&y=")
    assert data["parsed_query"] == {"x": ["1", "2"], "y": ""}
    assert data["body"] == "not { json"
    assert data["headers"]["x-mine"] == "v"


def test_the_sources_host_label_works_too(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    route = emulator.add_route(name="open")
    hook = route.source_url.rstrip("/").rpartition("/")[2]
    answer = wire.post(emulator.page_url + "deep/path", headers={"host": f"{hook}.localhost"})
    assert api.get(f"/requests/{answer.json()['request_id']}")["data"]["path"] == "/deep/path"


@pytest.mark.parametrize(
    ("auth", "headers", "status"),
    [
        (BASIC, {"authorization": "Basic YW5uOnBhc3M6d29yZA=="}, 200),
        (BASIC, {"authorization": "Basic YW5uOndyb25n"}, 401),
        (BASIC, {}, 401),
        (KEY, {"x-key": "k-1"}, 200),
        (KEY, {"x-key": "k-2"}, 401),
        (KEY, {}, 401),
    ],
)
def test_other_authentications(
    emulator: Emulator, wire: httpx.Client, auth: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    route = emulator.add_route(name="guarded", auth=auth)
    assert wire.post(route.source_url, json={}, headers=headers).status_code == status


def test_the_secret_of_a_route_is_what_a_sender_needs(emulator: Emulator) -> None:
    assert emulator.add_route(name="a", auth=BASIC).secret == "ann:pass:word"
    assert emulator.add_route(name="b", auth=KEY).secret == "k-1"
    assert emulator.add_route(name="c").secret is None


def test_routes_can_share_a_source(emulator: Emulator, api: Api) -> None:
    first = emulator.add_route(name="first")
    second = emulator.add_route(name="second", source=first)
    assert second.source_id == first.source_id
    request_id = api.sent(first)
    assert api.get(f"/requests/{request_id}")["events_count"] == 2
    assert {item.name for item in emulator.receiver.deliveries} == {"first", "second"}
