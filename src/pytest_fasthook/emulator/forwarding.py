"""Which headers of a request go on to the receiver."""

from __future__ import annotations

from pytest_fasthook.emulator.payload import Headers

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
