"""Source authentication, each kind with a message that passes and one that differs in one fact."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from pytest_fasthook.emulator.ingress.authenticity import is_authentic
from pytest_fasthook.emulator.payload import Payload

SECRET, BODY, NOW = "s3cret", b'{"a": 1}', 1_700_000_000
KEY = SECRET.encode()
DIGEST = hmac.new(KEY, BODY, hashlib.sha256).digest()
HEX, B64 = DIGEST.hex(), base64.b64encode(DIGEST).decode()


def signed(text: bytes) -> str:
    return hmac.new(KEY, text, hashlib.sha256).hexdigest()


def is_let_in(config: dict[str, Any], headers: dict[str, str], body: bytes = BODY) -> bool:
    payload = Payload(method="POST", path="/", query="", headers=tuple(headers.items()), body=body)
    return is_authentic(config, payload, now_s=NOW)


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
        (generic(algorithm="md5"), {"x-signature": HEX}),
        (generic(secret=""), {"x-signature": HEX}),
        (generic(secret="other"), {"x-signature": HEX}),
        (generic(timestamp_header="X-Time"), {"x-signature": TIMESTAMPED["x-signature"]}),
        (generic(signature_header="stripe-signature"), {"stripe-signature": "t=,v1="}),
        (provider("GITHUB"), {"x-hub-signature-256": HEX}),
        (provider("GITLAB"), {"x-gitlab-token": "other"}),
        (provider("NOBODY"), {"x-signature": HEX}),
        ({"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": "GITHUB"}}, {"x-hub-signature-256": HEX}),
        ({"auth_type": "MAGIC", "auth": {}}, {}),
    ],
)
def test_what_differs_in_one_fact_is_refused(config: dict[str, Any], headers: dict[str, str]) -> None:
    assert not is_let_in(config, headers)


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
