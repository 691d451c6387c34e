"""What goes to the receiver, and how (FastHook docs, delivery signatures)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from pytest_fasthook.emulator.delivery.attempt import MAX_ANSWER, AttemptResult
from pytest_fasthook.emulator.delivery.transport import OutgoingRequest, Sender
from pytest_fasthook.emulator.payload import Headers, Payload, serialize_body
from pytest_fasthook.emulator.store.records import Destination, Event
from pytest_fasthook.emulator.store.tables import signing_secret
from pytest_fasthook.emulator.world import AppState

_HOP_BY_HOP = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
_CONTROL = frozenset(
    [
        "x-fasthook-event-id",
        "x-fasthook-request-id",
        "x-fasthook-signature",
        "x-fasthook-timestamp",
        "x-fasthook-tunnel",
    ]
)
_EDGE_PREFIXES = ("cf-", "x-forwarded-")

_EDGE = frozenset(["cdn-loop", "forwarded", "true-client-ip", "via", "x-real-ip"])


def forwardable(headers: Headers) -> Headers:
    """Drop hop-by-hop, edge network and FastHook's own control headers."""
    named = {
        name.strip().lower() for key, value in headers if key == "connection" for name in value.split(",")
    }
    return tuple(pair for pair in headers if pair[0] not in named and not _is_dropped(pair[0]))


def _is_dropped(name: str) -> bool:
    return name in _HOP_BY_HOP or name in _CONTROL or name in _EDGE or name.startswith(_EDGE_PREFIXES)


def outbound(
    event: Event, destination: Destination, payload: Payload, *, signing_secret: str, now_s: int
) -> OutgoingRequest:
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
    return OutgoingRequest(
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


class Transport(Protocol):
    """Takes one event to one destination."""

    async def carry(self, event: Event, destination: Destination, payload: Payload) -> AttemptResult:
        """Deliver, and say what came of it; never raises for what the other side does."""


class HttpTransport:
    """Delivers to HTTP destinations."""

    def __init__(self, world: AppState, sender: Sender) -> None:
        self._world = world
        self._sender = sender

    async def carry(self, event: Event, destination: Destination, payload: Payload) -> AttemptResult:
        """Sign and send one delivery."""
        delivery = outbound(
            event,
            destination,
            payload,
            signing_secret=signing_secret(self._world.database, event.team_id),
            now_s=self._world.clock.now_ms() // 1000,
        )
        seconds = self._world.settings.delivery_timeout
        exchanged = await self._sender.send(delivery, seconds=seconds, most=MAX_ANSWER)
        return AttemptResult(
            response_status=exchanged.status,
            error_code=exchanged.error_code,
            body=None if exchanged.status is None else serialize_body(exchanged.body),
            requested_url=delivery.url,
            http_method=delivery.method,
            latency_ms=exchanged.latency_ms,
        )
