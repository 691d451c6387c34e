from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from client_world import Script, transport_over

from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.client.secrets import ProjectSecrets
from pytest_fasthook.errors import ApiError, SettingsError, UnreadableError
from pytest_fasthook.redact import Secret

API_KEY = "fhp_hush_hush_api"
SIGNING = "whs_hush_hush_signing"
ANSWER = {"api_key": {"value": API_KEY, "masked": "fhp_***"}, "signing_secret": {"value": SIGNING}}
BOTH = ProjectSecrets(api_key=Secret(API_KEY), signing_secret=Secret(SIGNING))


def client_over(handler: Callable[[httpx.Request], httpx.Response]) -> FastHookClient:
    return FastHookClient.over(transport_over(handler))


def test_both_secrets_are_read_and_not_shown() -> None:
    found = client_over(Script(httpx.Response(200, json=ANSWER))).get_project_secrets()

    assert found == BOTH
    assert "hush" not in f"{found!r} {found}"


@pytest.mark.parametrize(
    ("names", "body"),
    [
        (("signing_secret",), {"rotate": ["signing_secret"]}),
        (("api_key",), {"rotate": ["api_key"]}),
        (("api_key", "signing_secret"), {}),
    ],
)
def test_only_what_is_named_is_rotated(names: tuple[Any, ...], body: dict[str, Any]) -> None:
    script = Script(httpx.Response(200, json=ANSWER))

    assert client_over(script).rotate_project_secrets(*names) == BOTH
    assert script.asked[0].url.path == "/v1/project-secrets/rotate"
    assert json.loads(script.asked[0].content) == body


@pytest.mark.parametrize("names", [(), ("password",), ("api_key", "password")])
def test_nothing_is_rotated_by_accident(names: tuple[Any, ...]) -> None:
    script = Script(httpx.Response(200, json=ANSWER))

    with pytest.raises(SettingsError, match="name what to rotate"):
        client_over(script).rotate_project_secrets(*names)
    assert script.asked == []


def test_a_secret_of_ones_own_is_set() -> None:
    script = Script(httpx.Response(200, json={"signing_secret": SIGNING}))
    found = client_over(script).set_project_secrets(signing_secret=Secret(SIGNING))

    assert found == ProjectSecrets(api_key=None, signing_secret=Secret(SIGNING))
    assert json.loads(script.asked[0].content) == {"signing_secret": SIGNING}


def test_setting_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="give an api_key"):
        client_over(Script(httpx.Response(200, json=ANSWER))).set_project_secrets(api_key=Secret(""))


@pytest.mark.parametrize(
    "value", [{}, [], "x", {"api_key": {"masked": "fhp_***"}}, {"api_key": {"value": ""}}]
)
def test_an_answer_without_secrets_is_unreadable(value: Any) -> None:
    with pytest.raises(UnreadableError) as caught:
        client_over(Script(httpx.Response(200, json=value))).get_project_secrets()

    assert caught.value.field == "api_key"


CALLS: list[Callable[[FastHookClient], object]] = [
    lambda client: client.get_project_secrets(),
    lambda client: client.rotate_project_secrets("api_key"),
    lambda client: client.set_project_secrets(api_key=Secret(API_KEY)),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=json.dumps(ANSWER).encode()[:-1]),
        httpx.Response(400, json={"error": f"odd: {SIGNING}"}),
        httpx.Response(500, text=SIGNING),
        httpx.Response(429, text=SIGNING),
    ],
)
def test_no_error_repeats_anything_of_the_answer(
    call: Callable[[FastHookClient], object], answer: httpx.Response
) -> None:
    with pytest.raises(ApiError, match="body withheld") as caught:
        call(client_over(Script(answer)))

    assert "hush" not in f"{caught.value} {caught.value!r}"
