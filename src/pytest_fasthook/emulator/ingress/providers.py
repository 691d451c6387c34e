"""Signatures of named providers, each by its published contract (FastHook docs, signature schemes)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from pytest_fasthook.emulator.payload import Payload

TOLERANCE_S = 300
"""How old or how far ahead a timestamp may be where a scheme carries one."""


def is_signed(auth: Mapping[str, Any], payload: Payload, *, now_s: float) -> bool:
    """Whether the message carries the provider's signature made with the configured secret."""
    secret = auth.get("webhook_signing_secret") or auth.get("secret")
    check = _PROVIDERS.get(str(auth.get("provider", "")).upper())
    return bool(secret) and check is not None and check(str(secret), payload, now_s)


def is_stripe(header: str, secret: str, body: bytes, *, now_s: float | None = None) -> bool:
    """Whether a ``t=…,v1=…`` header signs the body; the age counts only where ``now_s`` is given."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    moment = next((value for name, _, value in pairs if name == "t"), "")
    if not moment.isdecimal() or (now_s is not None and not _is_fresh(moment, now_s)):
        return False
    wanted = _digest(secret, moment.encode() + b"." + body).hex()
    return any(_same(value, wanted) for name, _, value in pairs if name == "v1")


def _stripe(secret: str, payload: Payload, now_s: float) -> bool:
    return is_stripe(payload.header("stripe-signature") or "", secret, payload.body, now_s=now_s)


def _hex_with_prefix(header: str, prefix: str) -> Callable[[str, Payload, float], bool]:
    def check(secret: str, payload: Payload, _now_s: float) -> bool:
        return _same(payload.header(header), prefix + _digest(secret, payload.body).hex())

    return check


def _base64(header: str) -> Callable[[str, Payload, float], bool]:
    def check(secret: str, payload: Payload, _now_s: float) -> bool:
        return _same(payload.header(header), base64.b64encode(_digest(secret, payload.body)).decode())

    return check


def _slack(secret: str, payload: Payload, now_s: float) -> bool:
    moment = payload.header("x-slack-request-timestamp") or ""
    if not _is_fresh(moment, now_s):
        return False
    signed = b"v0:" + moment.encode() + b":" + payload.body
    return _same(payload.header("x-slack-signature"), "v0=" + _digest(secret, signed).hex())


def _standard_webhooks(secret: str, payload: Payload, now_s: float) -> bool:
    prefix = "webhook" if payload.header("webhook-id") else "svix"
    message, moment = payload.header(f"{prefix}-id"), payload.header(f"{prefix}-timestamp") or ""
    if message is None or not _is_fresh(moment, now_s):
        return False
    signed = f"{message}.{moment}.".encode() + payload.body
    wanted = "v1," + base64.b64encode(hmac.new(_raw_key(secret), signed, hashlib.sha256).digest()).decode()
    return any(_same(given, wanted) for given in (payload.header(f"{prefix}-signature") or "").split())


def _raw_key(secret: str) -> bytes:
    """The key of the Standard Webhooks scheme: base64 after ``whsec_``, or the text itself."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return secret.encode()


def _gitlab(secret: str, payload: Payload, now_s: float) -> bool:
    return _same(payload.header("x-gitlab-token"), secret) or _standard_webhooks(secret, payload, now_s)


def _digest(secret: str, signed: bytes) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).digest()


def _same(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(given.strip().encode(), wanted.encode())


def _is_fresh(moment: str, now_s: float) -> bool:
    return moment.isdecimal() and len(moment) < 16 and abs(int(moment) - now_s) <= TOLERANCE_S


_PROVIDERS: Mapping[str, Callable[[str, Payload, float], bool]] = {
    "STRIPE": _stripe,
    "GITHUB": _hex_with_prefix("x-hub-signature-256", "sha256="),
    "META": _hex_with_prefix("x-hub-signature-256", "sha256="),
    "SHOPIFY": _base64("x-shopify-hmac-sha256"),
    "LINE": _base64("x-line-signature"),
    "DOCUSIGN": _base64("x-docusign-signature-1"),
    "SLACK": _slack,
    "GITLAB": _gitlab,
    "SVIX": _standard_webhooks,
    "CLERK": _standard_webhooks,
    "RESEND": _standard_webhooks,
}

PROVIDERS = tuple(_PROVIDERS)
"""The providers whose signatures the emulator can check."""
