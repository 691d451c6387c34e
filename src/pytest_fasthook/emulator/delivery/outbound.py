"""What goes to the receiver: URL, method, headers, body, signature (FastHook docs, delivery signatures)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pytest_fasthook.emulator.forwarding import forwardable
from pytest_fasthook.emulator.payload import Headers, Payload
from pytest_fasthook.emulator.store.records import Destination, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """One delivery, ready to be sent."""

    method: str
    url: str
    headers: Headers
    body: bytes


def outbound(
    event: Event, destination: Destination, payload: Payload, *, signing_secret: str, now_s: int
) -> Outbound:
    """Build the delivery of an event.

    Args:
        event: its ids go into the tracing headers.
        destination: an HTTP destination; target, method and authentication come from its config.
        payload: what is delivered.
        signing_secret: the project's secret, for ``FASTHOOK_SIGNATURE``.
        now_s: seconds since 1970, for the signature's timestamp.
    """
    config = destination.config
    tracing = (("x-fasthook-event-id", event.id), ("x-fasthook-request-id", event.request_id))
    proof = _proof(config, payload.body, signing_secret=signing_secret, now_s=now_s)
    replaced = {name for name, _ in proof}
    kept = tuple(pair for pair in forwardable(payload.headers) if pair[0] not in replaced)
    return Outbound(
        method=str(config.get("http_method") or "POST"),
        url=target_url(config, payload),
        headers=(*kept, *tracing, *proof),
        body=payload.body,
    )


def target_url(config: Mapping[str, Any], payload: Payload) -> str:
    """Join the destination's URL with the request's path and query, unless path forwarding is off."""
    url = str(config["url"])
    if config.get("path_forwarding_disabled"):
        return url
    parts = urlsplit(url)
    path = parts.path if payload.path in ("", "/") else parts.path.rstrip("/") + payload.path
    query = "&".join(text for text in (parts.query, payload.query) if text)
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def signature(secret: str, body: bytes, *, timestamp: int) -> str:
    """Return ``v1=`` and the hex HMAC-SHA256 of timestamp, a dot and the body."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _proof(config: Mapping[str, Any], body: bytes, *, signing_secret: str, now_s: int) -> Headers:
    auth = config.get("auth") or {}
    kind = config.get("auth_type")
    if kind == "FASTHOOK_SIGNATURE":
        stamped = signature(signing_secret, body, timestamp=now_s)
        return (("x-fasthook-timestamp", str(now_s)), ("x-fasthook-signature", stamped))
    if kind == "CUSTOM_HEADER":
        value = auth.get("value") or auth.get("header_value") or ""
        return ((str(auth["header_name"]).lower(), str(value)),)
    if kind == "BASIC_AUTH":
        pair = f"{auth.get('username', '')}:{auth.get('password', '')}"
        return (("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),)
    if kind == "BEARER_TOKEN":
        return (("authorization", f"Bearer {auth.get('token', '')}"),)
    return ()
