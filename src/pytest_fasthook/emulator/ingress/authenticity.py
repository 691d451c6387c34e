"""Source authentication (FastHook docs, source authentication): is this message from who it should be?

Key names that no readable page states are accepted in every likely spelling; the fidelity table in the
emulator's documentation lists them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from pytest_fasthook.emulator.ingress import providers
from pytest_fasthook.emulator.payload import Payload

KINDS = ("HMAC", "BASIC_AUTH", "API_KEY", "PROVIDER_SIGNATURE")
ALGORITHMS = ("sha256", "sha1", "sha512")
ENCODINGS = ("hex", "base64")


def is_configured(config: Mapping[str, Any] | None) -> bool:
    """Whether the source demands any authentication."""
    return bool(config and config.get("auth_type"))


def is_authentic(config: Mapping[str, Any], payload: Payload, *, now_s: float) -> bool:
    """Whether the message satisfies the source's authentication.

    Args:
        config: the source's config; its ``auth_type`` is set.
        payload: the message.
        now_s: seconds since 1970, for schemes that limit a signature's age.
    """
    auth = config.get("auth") or {}
    kind = str(config["auth_type"])
    if kind == "PROVIDER_SIGNATURE":
        return providers.is_signed(auth, payload, now_s=now_s)
    check = _CHECKS.get(kind)
    return check is not None and check(auth, payload)


def secret_of(config: Mapping[str, Any] | None) -> str | None:
    """Return what a sender must know, ``user:password`` for BASIC_AUTH; ``None`` without authentication."""
    auth = (config or {}).get("auth") or {}
    if (config or {}).get("auth_type") == "BASIC_AUTH":
        return f"{auth.get('username', '')}:{auth.get('password', '')}"
    return _first(auth, "secret", "webhook_signing_secret", *_API_KEY_VALUES)


_API_KEY_VALUES = ("api_key", "key", "value")
_API_KEY_HEADERS = ("header_name", "header_key", "header", "name")


def _hmac(auth: Mapping[str, Any], payload: Payload) -> bool:
    secret = auth.get("secret")
    given = payload.header(str(auth.get("signature_header", "")).lower())
    if not secret or not given:
        return False
    algorithm = str(auth.get("algorithm") or "sha256").lower()
    if algorithm not in ALGORITHMS:
        return False
    signed = payload.body
    timestamp_header = auth.get("timestamp_header")
    if timestamp_header:
        moment = payload.header(str(timestamp_header).lower())
        if moment is None:
            return False
        signed = moment.encode() + b"." + payload.body
    digest = hmac.new(str(secret).encode(), signed, getattr(hashlib, algorithm)).digest()
    return _is_given(given.strip(), digest, auth, algorithm) or _stripe_form(auth, payload, given)


def _is_given(given: str, digest: bytes, auth: Mapping[str, Any], algorithm: str) -> bool:
    """The configured prefix and encoding; without them hex or base64, with or without the usual prefix."""
    prefixes = [str(auth["prefix"])] if auth.get("prefix") else ["", f"{algorithm}="]
    encoding = str(auth.get("encoding") or "").lower()
    forms = {"hex": digest.hex(), "base64": base64.b64encode(digest).decode()}
    wanted = [forms[encoding]] if encoding in forms else list(forms.values())
    return any(
        hmac.compare_digest(given.encode(), (prefix + form).encode())
        for prefix in prefixes
        for form in wanted
    )


def _stripe_form(auth: Mapping[str, Any], payload: Payload, given: str) -> bool:
    """A generic HMAC on ``stripe-signature``, as in the automation guide, also takes Stripe's own form."""
    if str(auth.get("signature_header", "")).lower() != "stripe-signature":
        return False
    return providers.is_stripe(given, str(auth["secret"]), payload.body)


def _basic(auth: Mapping[str, Any], payload: Payload) -> bool:
    wanted = base64.b64encode(f"{auth.get('username', '')}:{auth.get('password', '')}".encode())
    scheme, _, given = (payload.header("authorization") or "").partition(" ")
    return scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), wanted)


def _api_key(auth: Mapping[str, Any], payload: Payload) -> bool:
    wanted = _first(auth, *_API_KEY_VALUES, "secret")
    given = payload.header((_first(auth, *_API_KEY_HEADERS) or "x-api-key").lower())
    return bool(wanted) and hmac.compare_digest((given or "").encode(), str(wanted).encode())


def _first(auth: Mapping[str, Any], *names: str) -> str | None:
    return next((str(auth[name]) for name in names if auth.get(name)), None)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any], Payload], bool]] = {
    "HMAC": _hmac,
    "BASIC_AUTH": _basic,
    "API_KEY": _api_key,
}
