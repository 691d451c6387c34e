"""Checks what a caller of a source URL proves, from the plain words of FastHook's source documentation."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from standin.script import AuthScript


def is_authentic(auth: AuthScript, *, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the call carries what the source demands; header names are in lower case."""
    if auth.kind == "HMAC":
        wanted = hmac.new(auth.secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(headers.get(auth.header, ""), wanted)
    if auth.kind == "API_KEY":
        return headers.get(auth.header, "") == auth.secret
    return _basic(headers.get("authorization", "")) == auth.secret


def _basic(header: str) -> str | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
