"""Scoped project API keys and sessions."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.ids import DEMO_TEAM

from .conftest import Api

KEY = (
    "id team_id name masked_key status scopes execute_grants rate_limit_per_minute legacy_project_secret "
    "created_by_user_id last_used_at secret_last_rotated_at revoked_at created_at updated_at"
)
RETRY = "POST:/v1/events/:id/retry"


def made(api: Api, **more: Any) -> dict[str, Any]:
    body = {"name": "ci", **more}
    answer: dict[str, Any] = api.ok("POST", "/project-api-keys", body, status=201)["data"]
    return answer


def status_with(api: Api, key: dict[str, Any], method: str, path: str, body: Any = None) -> int:
    headers = {"authorization": f"Bearer {key['api_key']}"}
    return api.call(method, path, body, headers=headers).status_code


def test_the_value_is_shown_once(api: Api) -> None:
    key = made(api)
    assert sorted(key) == sorted([*KEY.split(), "api_key"])
    assert len(key["api_key"]) == 4 + 64
    shown = api.get(f"/project-api-keys/{key['id']}")["data"]
    assert sorted(shown) == sorted(KEY.split())
    assert api.get("/project-api-keys")["data"] == [shown]
    assert key["api_key"] not in str(shown)
    assert shown["secret_last_rotated_at"] == shown["created_at"]


def test_a_key_does_what_its_scopes_and_grants_say(emulator: Emulator, api: Api) -> None:
    event = api.event(api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"}))
    reader = made(api)
    doer = made(api, scopes=["control:execute"], execute_grants=[RETRY])
    assert status_with(api, reader, "GET", "/events") == 200
    assert status_with(api, reader, "GET", "/connections/conn_demo") == 403
    assert status_with(api, reader, "POST", f"/events/{event['id']}/retry") == 403
    assert status_with(api, doer, "POST", f"/events/{event['id']}/retry") == 202
    assert status_with(api, doer, "POST", "/events/bulk_operations", {}) == 403
    assert status_with(api, doer, "GET", "/events") == 403


def test_an_audit_tells_what_a_key_did(api: Api) -> None:
    key = made(api)
    status_with(api, key, "GET", "/events")
    status_with(api, key, "DELETE", "/sources/src_1")
    denied, allowed = api.get(f"/project-api-keys/{key['id']}/audit")["data"]
    assert (allowed["route_key"], allowed["permission"], allowed["decision"]) == (
        "GET:/v1/events",
        "read",
        "allowed",
    )
    assert (denied["route_key"], denied["permission"], denied["decision"]) == (
        "DELETE:/v1/sources/:id",
        "edit",
        "denied",
    )
    assert api.get(f"/project-api-keys/{key['id']}")["data"]["last_used_at"] is not None


def test_a_key_has_a_rate_limit(emulator: Emulator, api: Api) -> None:
    emulator.clock.freeze()
    key = made(api, rate_limit_per_minute=2)
    headers = {"authorization": f"Bearer {key['api_key']}"}
    assert [status_with(api, key, "GET", "/events") for _ in range(2)] == [200, 200]
    limited = api.call("GET", "/events", headers=headers)
    assert limited.status_code == 429
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    emulator.clock.advance(60)
    assert status_with(api, key, "GET", "/events") == 200


def test_a_revoked_key_is_over(api: Api) -> None:
    key = made(api)
    path = f"/project-api-keys/{key['id']}"
    first = api.ok("POST", f"{path}/revoke")["data"]
    assert first["status"] == "revoked"
    assert api.ok("POST", f"{path}/revoke")["data"] == first
    assert status_with(api, key, "GET", "/events") == 401
    assert api.call("PATCH", path, {"name": "new"}).status_code == 409
    assert api.get(path)["data"] == first


def test_a_deleted_key_is_over_and_gone(api: Api) -> None:
    key = made(api)
    path = f"/project-api-keys/{key['id']}"
    for _ in range(2):
        assert api.ok("DELETE", path)["data"]["status"] == "revoked"
    assert status_with(api, key, "GET", "/events") == 401
    assert api.get("/project-api-keys")["data"] == []
    for gone in (path, f"{path}/audit"):
        assert api.call("GET", gone).status_code == 404


def test_a_key_can_be_switched_off_and_changed(api: Api) -> None:
    key = made(api)
    path = f"/project-api-keys/{key['id']}"
    api.ok("PATCH", path, {"status": "disabled"})
    assert status_with(api, key, "GET", "/events") == 401
    changed = api.ok("PUT", path, {"status": "active", "name": "new", "rate_limit_per_minute": 7})["data"]
    assert (changed["name"], changed["rate_limit_per_minute"], changed["scopes"]) == (
        "new",
        7,
        ["control:read"],
    )
    assert status_with(api, key, "GET", "/events") == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x" * 101},
        {"name": "x", "scopes": ["all"]},
        {"name": "x", "execute_grants": [RETRY]},
        {"name": "x", "scopes": ["control:execute"], "execute_grants": ["POST:/v1/x"]},
        {"name": "x", "rate_limit_per_minute": 0},
        {"name": "x", "rate_limit_per_minute": 10_001},
    ],
)
def test_what_is_no_key_is_400(api: Api, body: Any) -> None:
    assert api.call("POST", "/project-api-keys", body).status_code == 400


def test_there_is_a_most_of_keys(api: Api) -> None:
    for _ in range(25):
        made(api)
    assert api.call("POST", "/project-api-keys", {"name": "one too many"}).status_code == 409


def test_who_am_i(emulator: Emulator, api: Api) -> None:
    me = api.get("/auth/me")
    assert me["team_id"] == me["memberships"][0]["team_id"] == emulator.team_id
    assert {"id", "email", "name", "picture_url"} == set(me["user"])


def test_a_demo_session_begins_and_ends(emulator: Emulator, wire: httpx.Client) -> None:
    session = wire.post(f"{emulator.api_url}/auth/demo/login").json()
    headers = {"authorization": f"Bearer {session['token']}"}
    assert wire.get(f"{emulator.api_url}/auth/me", headers=headers).json()["team_id"] == DEMO_TEAM
    assert wire.post(f"{emulator.api_url}/auth/logout", headers=headers).status_code == 200
    assert wire.get(f"{emulator.api_url}/auth/me", headers=headers).status_code == 401


def test_there_is_no_google_here(emulator: Emulator, wire: httpx.Client) -> None:
    assert wire.post(f"{emulator.api_url}/auth/google/login").status_code == 401
