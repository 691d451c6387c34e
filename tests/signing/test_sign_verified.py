"""Every signature verifies with a verifier that shares no code with the signer, and no altered one does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import standardwebhooks
import stripe
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.redact import Secret
from pytest_fasthook.signing.providers import PROVIDERS
from pytest_fasthook.signing.requirement import Requirement, requirement
from pytest_fasthook.signing.sign import SignedRequest, prepare, sign

URL = "https://hook-abc123.fasthook.io/in?env=test"
BODY = b'{"id": "evt_1", "note": "caf\xc3\xa9"}'
TEXT_SECRET = "s3cret with spaces"
WHSEC = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
HEX_SECRET = "ab" * 24

Headers = Mapping[str, str]
Verifier = Callable[[Headers, bytes, str], bool]


def mac(secret: str | bytes, *parts: str | bytes, digest: str = "sha256") -> bytes:
    key = secret.encode() if isinstance(secret, str) else secret
    text = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return hmac.digest(key, text, digest)


def b64(raw: bytes) -> str:
    return base64.standard_b64encode(raw).decode("ascii")


def fields(header: str, separator: str = ",") -> dict[str, str]:
    parts = (part.strip().partition("=") for part in header.split(separator))
    return {name: value for name, _, value in parts}


def recent(seconds: float | str) -> bool:
    return abs(float(seconds) - datetime.now(UTC).timestamp()) < 60


def hexed(header: str, prefix: str = "", digest: str = "sha256") -> Verifier:
    """The plain form: a hex digest of the body behind a prefix."""
    return lambda headers, body, secret: headers[header] == prefix + mac(secret, body, digest=digest).hex()


def b64ed(header: str, prefix: str = "", digest: str = "sha256") -> Verifier:
    return lambda headers, body, secret: headers[header] == prefix + b64(mac(secret, body, digest=digest))


def token(header: str) -> Verifier:
    return lambda headers, _body, secret: headers[header] == secret


def pair(header: str, time: str, signature: str, *, dot: str = ".", separator: str = ",") -> Verifier:
    """Time and digest in one header, the time signed before the body."""

    def verify(headers: Headers, body: bytes, secret: str) -> bool:
        found = fields(headers[header], separator)
        wanted = mac(secret, found[time], dot, body).hex()
        return recent(found[time]) and found[signature] == wanted

    return verify


def v0(header: str, clock: str, prefix: str = "v0=") -> Verifier:
    """``v0``, the time from its own header and the body, joined by colons."""

    def verify(headers: Headers, body: bytes, secret: str) -> bool:
        wanted = prefix + mac(secret, "v0:", headers[clock], ":", body).hex()
        return recent(headers[clock]) and headers[header] == wanted

    return verify


def by_svix(headers: Headers, body: bytes, secret: str) -> bool:
    try:
        svix.webhooks.Webhook(secret).verify(body, dict(headers))
    except svix.webhooks.WebhookVerificationError:
        return False
    return True


def by_standard_webhooks(headers: Headers, body: bytes, secret: str) -> bool:
    try:
        verified = standardwebhooks.Webhook(secret).verify(body.decode(), dict(headers))
    except standardwebhooks.WebhookVerificationError:
        return False
    return bool(verified == json.loads(body))


def by_stripe(headers: Headers, body: bytes, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body.decode(), headers["stripe-signature"], secret, 300)
    except stripe.SignatureVerificationError:
        return False
    return True


def close(headers: Headers, body: bytes, secret: str) -> bool:
    wanted = mac(bytes.fromhex(secret), headers["close-sig-timestamp"], body).hex()
    return recent(headers["close-sig-timestamp"]) and headers["close-sig-hash"] == wanted


def sanity(headers: Headers, body: bytes, secret: str) -> bool:
    found = fields(headers["sanity-webhook-signature"])
    wanted = base64.urlsafe_b64encode(mac(secret, found["t"], ".", body)).decode().replace("=", "")
    return recent(int(found["t"]) / 1000) and found["v1"] == wanted


def workos(headers: Headers, body: bytes, secret: str) -> bool:
    found = fields(headers["workos-signature"])
    return recent(int(found["t"]) / 1000) and found["v1"] == mac(secret, found["t"], ".", body).hex()


def zendesk(headers: Headers, body: bytes, secret: str) -> bool:
    stamp = headers["x-zendesk-webhook-signature-timestamp"]
    fresh = recent(datetime.fromisoformat(stamp).timestamp())
    return fresh and headers["x-zendesk-webhook-signature"] == b64(mac(secret, stamp, body))


def twitch(headers: Headers, body: bytes, secret: str) -> bool:
    prefix = "twitch-eventsub-message-"
    stamp = headers[f"{prefix}timestamp"]
    wanted = "sha256=" + mac(secret, headers[f"{prefix}id"], stamp, body).hex()
    return recent(datetime.fromisoformat(stamp).timestamp()) and headers[f"{prefix}signature"] == wanted


def twilio(headers: Headers, body: bytes, secret: str) -> bool:
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    return headers["x-twilio-signature"] == b64(mac(secret, url, digest="sha1"))


def buildkite(headers: Headers, body: bytes, secret: str) -> bool:
    signature = pair("x-buildkite-signature", "timestamp", "signature")
    return headers["x-buildkite-token"] == secret and signature(headers, body, secret)


VERIFIERS: dict[str, tuple[str, Verifier]] = {
    "AFTERSHIP": (TEXT_SECRET, b64ed("aftership-hmac-sha256")),
    "ASANA": (TEXT_SECRET, hexed("x-hook-signature")),
    "BITBUCKET": (TEXT_SECRET, hexed("x-hub-signature", "sha256=")),
    "BUILDKITE": (TEXT_SECRET, buildkite),
    "CALENDLY": (TEXT_SECRET, pair("calendly-webhook-signature", "t", "v1")),
    "CHECKOUT_COM": (TEXT_SECRET, hexed("cko-signature")),
    "CIRCLECI": (TEXT_SECRET, hexed("circleci-signature", "v1=")),
    "CLERK": (WHSEC, by_svix),
    "CLICKUP": (TEXT_SECRET, hexed("x-signature")),
    "CLOSE": (HEX_SECRET, close),
    "COINBASE_COMMERCE": (TEXT_SECRET, hexed("x-cc-webhook-signature")),
    "CUSTOMER_IO": (TEXT_SECRET, v0("x-cio-signature", "x-cio-timestamp", "")),
    "DOCUSIGN": (TEXT_SECRET, b64ed("x-docusign-signature-1")),
    "DROPBOX": (TEXT_SECRET, hexed("x-dropbox-signature")),
    "GITHUB": (TEXT_SECRET, hexed("x-hub-signature-256", "sha256=")),
    "GITLAB": (TEXT_SECRET, token("x-gitlab-token")),
    "GOCARDLESS": (TEXT_SECRET, hexed("webhook-signature")),
    "HEROKU": (TEXT_SECRET, b64ed("heroku-webhook-hmac-sha256")),
    "INTERCOM": (TEXT_SECRET, hexed("x-hub-signature", "sha1=", "sha1")),
    "LAUNCHDARKLY": (TEXT_SECRET, hexed("x-ld-signature")),
    "LEMON_SQUEEZY": (TEXT_SECRET, hexed("x-signature")),
    "LINE": (TEXT_SECRET, b64ed("x-line-signature")),
    "LINEAR": (TEXT_SECRET, hexed("linear-signature")),
    "META": (TEXT_SECRET, hexed("x-hub-signature-256", "sha256=")),
    "MUX": (TEXT_SECRET, pair("mux-signature", "t", "v1")),
    "NOTION": (TEXT_SECRET, hexed("x-notion-signature", "sha256=")),
    "NYLAS": (TEXT_SECRET, hexed("x-nylas-signature")),
    "OPENAI": (WHSEC, by_standard_webhooks),
    "PADDLE": (TEXT_SECRET, pair("paddle-signature", "ts", "h1", dot=":", separator=";")),
    "PAGERDUTY": (TEXT_SECRET, hexed("x-pagerduty-signature", "v1=")),
    "PAYSTACK": (TEXT_SECRET, hexed("x-paystack-signature", digest="sha512")),
    "RAZORPAY": (TEXT_SECRET, hexed("x-razorpay-signature")),
    "RESEND": (WHSEC, by_svix),
    "SANITY": (TEXT_SECRET, sanity),
    "SENTRY": (TEXT_SECRET, hexed("sentry-hook-signature")),
    "SHOPIFY": (TEXT_SECRET, b64ed("x-shopify-hmac-sha256")),
    "SLACK": (TEXT_SECRET, v0("x-slack-signature", "x-slack-request-timestamp")),
    "SQUARE": (
        TEXT_SECRET,
        lambda headers, body, secret: headers["x-square-hmacsha256-signature"] == b64(mac(secret, URL, body)),
    ),
    "STANDARD_WEBHOOKS": (WHSEC, by_standard_webhooks),
    "STRIPE": (WHSEC, by_stripe),
    "SVIX": (WHSEC, by_svix),
    "TELEGRAM": ("abc_DEF-123", token("x-telegram-bot-api-secret-token")),
    "TRELLO": (
        TEXT_SECRET,
        lambda headers, body, secret: (
            headers["x-trello-webhook"] == b64(mac(secret, body, URL, digest="sha1"))
        ),
    ),
    "TWILIO": (TEXT_SECRET, twilio),
    "TWITCH": (TEXT_SECRET, twitch),
    "TYPEFORM": (TEXT_SECRET, b64ed("typeform-signature", "sha256=")),
    "VERCEL": (TEXT_SECRET, hexed("x-vercel-signature", digest="sha1")),
    "WEBEX": (TEXT_SECRET, hexed("x-spark-signature", digest="sha1")),
    "WOO_COMMERCE": (TEXT_SECRET, b64ed("x-wc-webhook-signature")),
    "WORKOS": (TEXT_SECRET, workos),
    "XERO": (TEXT_SECRET, b64ed("x-xero-signature")),
    "ZENDESK": (TEXT_SECRET, zendesk),
    "ZOOM": (TEXT_SECRET, v0("x-zm-signature", "x-zm-request-timestamp")),
}
NOT_OVER_THE_BODY = {"GITLAB", "TELEGRAM"}


def headers_of(provider: str, secret: str, body: bytes, *, age: timedelta = timedelta()) -> Headers:
    needed = requirement("WEBHOOK", {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": provider}})
    assert isinstance(needed, Requirement)
    request = prepare(needed, SignedRequest(method="POST", url=URL, body=body))
    now = datetime.now(UTC) - age
    return sign(needed, Secret(secret), request, now=now, message_id="msg_1")


def test_every_provider_has_a_verifier() -> None:
    assert set(VERIFIERS) == set(PROVIDERS)


@pytest.mark.parametrize("provider", sorted(VERIFIERS))
def test_a_signature_verifies(provider: str) -> None:
    secret, verify = VERIFIERS[provider]
    assert verify(headers_of(provider, secret, BODY), BODY, secret)


@pytest.mark.parametrize("provider", sorted(set(VERIFIERS) - NOT_OVER_THE_BODY))
def test_a_changed_body_does_not_verify(provider: str) -> None:
    secret, verify = VERIFIERS[provider]
    assert not verify(headers_of(provider, secret, BODY), BODY.replace(b"evt_1", b"evt_2"), secret)


@pytest.mark.parametrize("provider", sorted(VERIFIERS))
def test_a_changed_secret_does_not_verify(provider: str) -> None:
    secret, verify = VERIFIERS[provider]
    swapped = {"a": "b", "M": "N", "s": "t"}[(first := secret.removeprefix("whsec_")[0])]
    other = secret.replace(first, swapped, 1) if first != "M" else secret.replace("whsec_M", "whsec_N", 1)
    assert not verify(headers_of(provider, other, BODY), BODY, secret)


@pytest.mark.parametrize("provider", sorted(VERIFIERS))
def test_the_requirement_names_every_header_that_is_sent(provider: str) -> None:
    secret, _ = VERIFIERS[provider]
    needed = requirement(provider, {"auth_type": "PROVIDER_SIGNATURE", "auth": None})
    assert isinstance(needed, Requirement)
    assert set(headers_of(provider, secret, BODY)) <= set(needed.headers)


def test_a_stale_signature_does_not_verify() -> None:
    old = timedelta(hours=1)
    assert not by_stripe(headers_of("STRIPE", WHSEC, BODY, age=old), BODY, WHSEC)
    assert not by_svix(headers_of("SVIX", WHSEC, BODY, age=old), BODY, WHSEC)
    assert not by_standard_webhooks(headers_of("OPENAI", WHSEC, BODY, age=old), BODY, WHSEC)


def test_gitlab_signs_when_the_secret_is_a_signing_key() -> None:
    headers = headers_of("GITLAB", WHSEC, BODY)
    assert "x-gitlab-token" not in headers
    assert by_standard_webhooks(headers, BODY, WHSEC)


@given(st.binary(max_size=200), st.text(min_size=1), st.data())
def test_one_flipped_byte_of_any_body_is_noticed(body: bytes, secret: str, data: st.DataObject) -> None:
    headers = headers_of("GITHUB", secret, body)
    verify = hexed("x-hub-signature-256", "sha256=")
    assert verify(headers, body, secret)
    if body:
        place = data.draw(st.integers(0, len(body) - 1))
        flipped = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert not verify(headers, flipped, secret)


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4), st.binary(min_size=24, max_size=64)
)
def test_any_json_and_any_key_verify_with_svix_and_stripe(document: dict[str, str], key: bytes) -> None:
    secret = f"whsec_{base64.b64encode(key).decode()}"
    body = json.dumps(document).encode()
    assert by_svix(headers_of("SVIX", secret, body), body, secret)
    assert by_standard_webhooks(headers_of("OPENAI", secret, body), body, secret)
    assert by_stripe(headers_of("STRIPE", secret, body), body, secret)


def test_the_digest_of_a_json_body_goes_into_twilio_s_url() -> None:
    needed = requirement("TWILIO", {"auth_type": "PROVIDER_SIGNATURE", "auth": {}})
    assert isinstance(needed, Requirement)
    request = SignedRequest(method="POST", url=URL, body=BODY)
    prepared = prepare(needed, request)
    query = parse_qs(urlsplit(prepared.url).query)
    assert query == {"env": ["test"], "bodySHA256": [hashlib.sha256(BODY).hexdigest()]}
    assert prepare(needed, prepared) == prepared


FORM = SignedRequest(
    method="POST",
    url=URL,
    body=b"From=%2B1415&Digits=&Media=b&Media=a&Media=a",
    content_type=" Application/X-WWW-form-urlencoded ; charset=utf-8",
)


def test_twilio_signs_a_form_by_its_parameters_in_order_blank_ones_too() -> None:
    needed = requirement("TWILIO", {"auth_type": "PROVIDER_SIGNATURE", "auth": {}})
    assert isinstance(needed, Requirement)
    headers = sign(needed, Secret(TEXT_SECRET), FORM, now=datetime.now(UTC), message_id="msg_1")

    signed = f"{URL}DigitsFrom+1415MediaaMediab"
    assert headers == {"x-twilio-signature": b64(mac(TEXT_SECRET, signed, digest="sha1"))}


def test_only_a_body_that_is_no_form_is_digested_for_twilio() -> None:
    needed = requirement("TWILIO", {"auth_type": "PROVIDER_SIGNATURE", "auth": {}})
    assert isinstance(needed, Requirement)
    bodyless = SignedRequest(method="GET", url=URL, body=b"")

    assert prepare(needed, FORM) == FORM
    assert prepare(needed, bodyless) == bodyless

    bare = SignedRequest(method="POST", url="https://hook-abc123.fasthook.io/in", body=BODY)
    stale = SignedRequest(method="POST", url=f"{bare.url}?bodySHA256=old&a=1&&b=2", body=BODY)
    digest = f"bodySHA256={hashlib.sha256(BODY).hexdigest()}"
    assert prepare(needed, bare).url == f"{bare.url}?{digest}"
    assert prepare(needed, stale).url == f"{bare.url}?a=1&b=2&{digest}"
    assert prepare(needed, stale).body == BODY


def test_no_other_scheme_changes_the_request() -> None:
    needed = requirement("GITHUB", {"auth_type": "PROVIDER_SIGNATURE", "auth": {}})
    assert isinstance(needed, Requirement)
    request = SignedRequest(method="POST", url=URL, body=BODY)

    assert prepare(needed, request) == request
