"""Source authentication, each kind with a message that passes and one that differs in one fact."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.ingress.signatures import authentication, is_authentic
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.redact import Secret
from pytest_fasthook.signing.providers import PROVIDERS
from pytest_fasthook.signing.requirement import Requirement, requirement
from pytest_fasthook.signing.schemes import Hmac
from pytest_fasthook.signing.sign import SignedRequest, prepare, sign

from .conftest import Api

SECRET, BODY, NOW = "s3cret", b'{"a": 1}', 1_700_000_000
KEY = SECRET.encode()
DIGEST = hmac.new(KEY, BODY, hashlib.sha256).digest()
HEX, B64 = DIGEST.hex(), base64.b64encode(DIGEST).decode()


def signed(text: bytes) -> str:
    return hmac.new(KEY, text, hashlib.sha256).hexdigest()


def is_let_in(config: dict[str, Any], headers: dict[str, str], body: bytes = BODY) -> bool:
    payload = Payload(method="POST", path="/", query="", headers=tuple(headers.items()), body=body)
    found = authentication("WEBHOOK", config)
    return found is not None and is_authentic(found, payload, urls=[""], now_s=NOW)


def generic(**auth: Any) -> dict[str, Any]:
    return {"auth_type": "HMAC", "auth": {"secret": SECRET, "signature_header": "X-Signature", **auth}}


def provider(name: str) -> dict[str, Any]:
    return {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": name, "webhook_signing_secret": SECRET}}


STANDARD = base64.b64encode(hmac.new(KEY, b"m1.1700000000." + BODY, hashlib.sha256).digest()).decode()
SVIX = {"svix-id": "m1", "svix-timestamp": f"{NOW}", "svix-signature": f"v1,bad v1,{STANDARD}"}
WEBHOOK = {name.replace("svix", "webhook"): value for name, value in SVIX.items()}
STRIPE = {"stripe-signature": f"t={NOW},v1=00,v1={signed(b'1700000000.' + BODY)}"}
SLACK = {"x-slack-request-timestamp": f"{NOW}", "x-slack-signature": f"v0={signed(b'v0:1700000000:' + BODY)}"}
TIMESTAMPED = {"x-signature": signed(b"5." + BODY), "x-time": "5"}

GOOD = [
    (generic(), {"x-signature": HEX}),
    (generic(), {"x-signature": B64}),
    (generic(), {"x-signature": f"sha256={HEX}"}),
    (generic(prefix="sig="), {"x-signature": f"sig={HEX}"}),
    (generic(encoding="base64"), {"x-signature": B64}),
    (generic(algorithm="SHA1"), {"x-signature": hmac.new(KEY, BODY, hashlib.sha1).hexdigest()}),
    (generic(timestamp_header="X-Time"), TIMESTAMPED),
    (generic(signature_header="stripe-signature"), STRIPE),
    (provider("GITHUB"), {"x-hub-signature-256": f"sha256={HEX}"}),
    (provider("META"), {"x-hub-signature-256": f"sha256={HEX}"}),
    (provider("SHOPIFY"), {"x-shopify-hmac-sha256": B64}),
    (provider("LINE"), {"x-line-signature": B64}),
    (provider("DOCUSIGN"), {"x-docusign-signature-1": B64}),
    (provider("stripe"), STRIPE),
    (provider("SLACK"), SLACK),
    (provider("SVIX"), SVIX),
    (provider("GITLAB"), WEBHOOK),
    (provider("GITLAB"), {"x-gitlab-token": SECRET}),
]


@pytest.mark.parametrize(("config", "headers"), GOOD)
def test_the_right_signature_passes_and_another_body_does_not(
    config: dict[str, Any], headers: dict[str, str]
) -> None:
    assert is_let_in(config, headers)
    assert not is_let_in(config, {})
    if "x-gitlab-token" not in headers:
        assert not is_let_in(config, headers, BODY + b" ")


@pytest.mark.parametrize(
    ("config", "headers"),
    [
        (generic(prefix="sig="), {"x-signature": HEX}),
        (generic(encoding="base64"), {"x-signature": HEX}),
        (generic(encoding="hex"), {"x-signature": B64}),
        (generic(secret="other"), {"x-signature": HEX}),
        (generic(timestamp_header="X-Time"), {"x-signature": TIMESTAMPED["x-signature"]}),
        (generic(signature_header="stripe-signature"), {"stripe-signature": "t=,v1="}),
        (provider("GITHUB"), {"x-hub-signature-256": HEX}),
        (provider("GITLAB"), {"x-gitlab-token": "other"}),
    ],
)
def test_what_differs_in_one_fact_is_refused(config: dict[str, Any], headers: dict[str, str]) -> None:
    assert not is_let_in(config, headers)


@pytest.mark.parametrize(
    ("source_type", "config"),
    [
        ("WEBHOOK", generic(algorithm="md5")),
        ("WEBHOOK", generic(encoding="ascii85")),
        ("WEBHOOK", generic(secret="")),
        ("WEBHOOK", generic(secret="\ud800")),
        ("WEBHOOK", generic(signature_header="no header")),
        ("WEBHOOK", generic(signature_header=None)),
        ("WEBHOOK", provider("NOBODY")),
        ("WEBHOOK", provider("PAYPAL")),
        ("WEBHOOK", provider("CLOSE")),
        ("DISCORD", {"auth_type": "PROVIDER_SIGNATURE", "auth": {"secret": SECRET}}),
        ("WEBHOOK", {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": "GITHUB"}}),
        ("WEBHOOK", {"auth_type": "BASIC_AUTH", "auth": {"username": "ann"}}),
        ("WEBHOOK", {"auth_type": "API_KEY", "auth": {"header_name": "x-key"}}),
        ("WEBHOOK", {"auth_type": "API_KEY", "auth": None}),
        ("WEBHOOK", {"auth_type": "API_KEY", "auth": [1]}),
        ("WEBHOOK", {"auth_type": ["HMAC"], "auth": {}}),
        ("WEBHOOK", {"auth_type": "MAGIC", "auth": {}}),
    ],
)
def test_what_cannot_be_checked_is_refused_when_the_source_is_made(
    api: Api, source_type: str, config: dict[str, Any]
) -> None:
    with pytest.raises(BadRequest):
        authentication(source_type, config)
    if "ud800" not in str(config):
        body = {"name": "s", "type": source_type, "config": config}
        assert api.call("POST", "/sources", body).status_code == 400
        body = {"name": "s", "type": "GITHUB", "config": {"auth_type": "HMAC", "auth": {"secret": SECRET}}}
        assert api.call("POST", "/sources", body).status_code == 200


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"header": "X-Sig", "encoding": "base64url"}, "x-sig", base64.urlsafe_b64encode(DIGEST).decode()),
        (
            {"header": "X-Sig", "encoding": "base64url"},
            "x-sig",
            base64.urlsafe_b64encode(DIGEST).decode().strip("="),
        ),
        ({"signature_header": "X-Sig", "algorithm": "SHA-256"}, "x-sig", HEX),
        ({"header_name": "X-Sig", "algorithm": "hmac-sha256", "encoding": "HEX"}, "x-sig", HEX),
        ({"header_key": "X-Sig", "signature_prefix": "v9="}, "x-sig", f"v9={HEX}"),
    ],
)
def test_hmac_takes_every_likely_spelling(auth: dict[str, Any], header: str, value: str) -> None:
    config = {"auth_type": "HMAC", "auth": {"secret": SECRET, **auth}}
    assert is_let_in(config, {header: value})
    assert not is_let_in(config, {header: value}, BODY + b" ")
    assert not is_let_in(config, {header: value[:-2]})


WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
SECRETS = {"CLOSE": "00ff" * 16, "GITLAB": WHSEC}
KEYED = {name: SECRETS.get(name, WHSEC.strip("=")) for name in PROVIDERS}
TOKENS = ("TELEGRAM", "BUILDKITE")


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_scheme_that_the_gate_signs_is_checked(
    emulator: Emulator, wire: httpx.Client, name: str
) -> None:
    auth = {
        "auth_type": "PROVIDER_SIGNATURE",
        "auth": {"provider": name, "webhook_signing_secret": KEYED[name]},
    }
    route = emulator.add_route(name="r", auth=auth)
    needed = requirement("WEBHOOK", auth)
    assert isinstance(needed, Requirement)
    request = prepare(needed, SignedRequest(method="POST", url=route.source_url + "p?q=1", body=BODY))

    def status(body: bytes, *, secret: str = KEYED[name], age: int = 0) -> int:
        now = datetime.now(UTC) - timedelta(seconds=age)
        headers = sign(needed, Secret(secret), request, now=now, message_id="m1")
        headers = {"content-type": "application/json", **headers}
        return wire.post(request.url, content=body, headers=headers).status_code

    assert status(BODY) == 200
    other = "11ee" * 16 if name == "CLOSE" else "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert status(BODY, secret=other) == 401
    if name not in TOKENS:
        assert status(BODY + b" ") == 401
    scheme = needed.scheme
    if isinstance(scheme, Hmac) and "{timestamp}" in scheme.signed:
        assert status(BODY, age=400) == 401
    assert wire.post(request.url, content=BODY).status_code == 401


def test_twilio_signs_a_form(emulator: Emulator, wire: httpx.Client) -> None:
    auth = provider("TWILIO")
    route = emulator.add_route(name="r", auth=auth)
    needed = requirement("WEBHOOK", auth)
    assert isinstance(needed, Requirement)
    form = {"content-type": "application/x-www-form-urlencoded"}
    request = SignedRequest(
        method="POST", url=route.source_url, body=b"b=2&a=1", content_type=form["content-type"]
    )
    headers = sign(needed, Secret(SECRET), request, now=datetime.now(UTC), message_id="m")
    assert wire.post(request.url, content=b"a=1&b=2", headers={**form, **headers}).status_code == 200
    assert wire.post(request.url, content=b"a=1&b=3", headers={**form, **headers}).status_code == 401
    assert wire.post(request.url, content=b"a=1&b=2", headers=dict(headers)).status_code == 401


@pytest.mark.parametrize("age", [301, -301])
@pytest.mark.parametrize(
    ("name", "header", "text", "prefix"),
    [
        ("STRIPE", "stripe-signature", "{t}.", "t={t},v1="),
        ("SLACK", "x-slack-signature", "v0:{t}:", "v0="),
    ],
)
def test_an_old_or_future_signature_is_refused(
    name: str, header: str, text: str, prefix: str, age: int
) -> None:
    moment = str(NOW - age)
    value = prefix.format(t=moment) + signed(text.format(t=moment).encode() + BODY)
    headers = {header: value, "x-slack-request-timestamp": moment}
    assert not is_let_in(provider(name), headers)
