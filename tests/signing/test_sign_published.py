"""Signatures that providers publish in their own documentation come out to the letter."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest

from pytest_fasthook.redact import Secret
from pytest_fasthook.signing.requirement import Requirement, requirement
from pytest_fasthook.signing.sign import SignedRequest, sign

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
TWILIO_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}


def signed(
    provider: str,
    secret: str,
    body: bytes,
    *,
    at: int = 0,
    message_id: str = "msg",
    url: str = "https://hook-abc123.fasthook.io/",
    content_type: str = "application/json",
) -> dict[str, str]:
    needed = requirement(provider, {"auth_type": "PROVIDER_SIGNATURE", "auth": {}})
    assert isinstance(needed, Requirement)
    request = SignedRequest(method="POST", url=url, body=body, content_type=content_type)
    now = datetime.fromtimestamp(at, UTC)
    return dict(sign(needed, Secret(secret), request, now=now, message_id=message_id))


def test_github() -> None:
    assert signed("GITHUB", "It's a Secret to Everybody", b"Hello, World!") == {
        "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }


def test_slack() -> None:
    assert signed("SLACK", "8f742231b10e8888abcd99yyyzzz85a5", SLACK_BODY, at=1531420618) == {
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        "x-slack-request-timestamp": "1531420618",
    }


def test_svix() -> None:
    body = b'{"event_type":"ping","data":{"success":true}}'
    headers = signed(
        "SVIX", "whsec_plJ3nmyCDGBKInavdOK15jsl", body, at=1731705121, message_id="msg_loFOjxBNrRLzqYUf"
    )
    assert headers == {
        "svix-id": "msg_loFOjxBNrRLzqYUf",
        "svix-timestamp": "1731705121",
        "svix-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    }


def test_standard_webhooks() -> None:
    headers = signed(
        "STANDARD_WEBHOOKS",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b'{"test": 2432232314}',
        at=1614265330,
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_twilio() -> None:
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in reversed(TWILIO_FORM.items()))
    headers = signed(
        "TWILIO",
        "12345",
        body.encode(),
        url="https://mycompany.com/myapp.php?foo=1&bar=2",
        content_type="application/x-www-form-urlencoded; charset=utf-8",
    )
    assert headers == {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}


@pytest.mark.parametrize("provider", ["GITHUB", "SLACK", "SHOPIFY", "TWILIO"])
def test_another_body_has_another_signature(provider: str) -> None:
    kind = "application/x-www-form-urlencoded"
    assert signed(provider, "s", b"a=1", content_type=kind) != signed(
        provider, "s", b"a=2", content_type=kind
    )


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("body", [b"Body=caf\xe9&From=1", b"Body=caf%E9&From=1", b"\xff\xfe", b"a=\xc3"])
def test_twilio_reads_bytes_that_are_not_utf_8_as_the_verifier_does(body: bytes) -> None:
    read = body.decode("utf-8", "replace").encode()
    assert signed("TWILIO", "key", body, content_type=FORM) == signed(
        "TWILIO", "key", read, content_type=FORM
    )
    assert signed("TWILIO", "key", body, content_type=FORM) != signed(
        "TWILIO", "key", b"Body=caf&From=1", content_type=FORM
    )


@pytest.mark.parametrize("provider", ["GITHUB", "TWILIO", "SQUARE", "SLACK"])
def test_a_secret_that_is_not_utf_8_is_used_by_its_bytes(provider: str) -> None:
    given = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert signed(provider, given, b"{}") != signed(provider, "caf", b"{}")
