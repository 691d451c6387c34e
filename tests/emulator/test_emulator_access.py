from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from pytest_fasthook.emulator import Emulator, Settings

from .conftest import Api

SAFE = "/connections/conn_demo"


def bearer(token: str, team: str | None = None) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} | ({"x-team-id": team} if team else {})


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer"}, {"authorization": "Basic abc"}, bearer("fhp_wrong")]
)
def test_no_or_a_wrong_credential_is_401(
    emulator: Emulator, wire: httpx.Client, headers: dict[str, str]
) -> None:
    response = wire.get(emulator.api_url + SAFE, headers=headers | {"x-team-id": emulator.team_id})
    assert response.status_code == 401
    assert set(response.json()) == {"error"}


def test_a_foreign_team_is_403(emulator: Emulator, wire: httpx.Client) -> None:
    headers = bearer(emulator.api_key, "tm_" + "f" * 18)
    assert wire.get(emulator.api_url + SAFE, headers=headers).status_code == 403


def test_without_a_team_the_demo_team_answers_in_silence(emulator: Emulator, wire: httpx.Client) -> None:
    headers = bearer(emulator.api_key)
    assert wire.get(emulator.api_url + SAFE, headers=headers).status_code == 404
    assert wire.get(emulator.api_url + "/connections", headers=headers).json()["count"] == 0


def test_the_team_can_be_named_in_the_query(emulator: Emulator, wire: httpx.Client) -> None:
    url = f"{emulator.api_url}{SAFE}?team_id={emulator.team_id}"
    assert wire.get(url, headers=bearer(emulator.api_key)).status_code == 200


def test_the_header_wins_over_the_query(emulator: Emulator, wire: httpx.Client) -> None:
    url = f"{emulator.api_url}{SAFE}?team_id=tm_other"
    assert wire.get(url, headers=bearer(emulator.api_key, emulator.team_id)).status_code == 200


def test_the_version_prefix_is_optional(emulator: Emulator, wire: httpx.Client) -> None:
    headers = bearer(emulator.api_key, emulator.team_id)
    plain = wire.get(emulator.page_url.rstrip("/") + SAFE, headers=headers)
    assert plain.json() == wire.get(emulator.api_url + SAFE, headers=headers).json()


@pytest.fixture(scope="module")
def strict() -> Iterator[Emulator]:
    with Emulator(seed_demo=True, settings=Settings(strict_roles=True)) as emulator:
        yield emulator


@pytest.mark.parametrize(
    ("path", "status"),
    [(SAFE, 403), ("/sources", 403), (f"{SAFE}/latest-input", 403), ("/requests", 200), ("/events", 200)],
)
def test_under_strict_roles_a_key_reads_traffic_only(
    strict: Emulator, wire: httpx.Client, path: str, status: int
) -> None:
    headers = bearer(strict.api_key, strict.team_id)
    assert wire.get(strict.api_url + path, headers=headers).status_code == status


def test_under_strict_roles_a_session_reads_everything(strict: Emulator, wire: httpx.Client) -> None:
    headers = bearer(strict.session_token, strict.team_id)
    assert wire.get(strict.api_url + SAFE, headers=headers).status_code == 200


def test_secrets_are_not_shown(emulator: Emulator, api: Api) -> None:
    secret = emulator.demo.secret
    assert secret is not None
    for path in (SAFE, "/connections", "/sources", f"/sources/{emulator.demo.source_id}"):
        text = api.call("GET", path).text
        assert secret not in text
        assert "********" in text
