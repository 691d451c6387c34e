"""Whether a source lets a message in, checked in FastHook's order: enabled, method, authentication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_fasthook.emulator.errors import Invalid
from pytest_fasthook.emulator.ingress.signatures import authentication, is_authentic, sender_urls
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.records import Source

METHODS = ("POST", "PUT", "PATCH", "DELETE")
"""What a source allows that lists no methods, as FastHook's presets do."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one message.

    Attributes:
        verified: authentication is configured and was passed.
        cause: why it is rejected; ``None`` when it is accepted.
        status: the HTTP status of a rejection.
    """

    verified: bool = False
    cause: str | None = None
    status: int = 200


def methods_of(source: Source) -> Sequence[str]:
    """Return the methods that a source lets in."""
    allowed: Sequence[str] = (source.config or {}).get("allowed_http_methods") or METHODS
    return allowed


def decide(source: Source, payload: Payload, *, now_s: float, max_body: int) -> Decision:
    """Decide about one message.

    Args:
        source: the source it came to.
        payload: the message.
        now_s: seconds since 1970.
        max_body: bytes that a body may have.
    """
    if source.disabled_ms is not None:
        return Decision(cause="SOURCE_DISABLED", status=403)
    if payload.method not in methods_of(source):
        return Decision(cause="SOURCE_METHOD_NOT_ALLOWED", status=405)
    if len(payload.body) > max_body:
        return Decision(cause="PAYLOAD_TOO_LARGE", status=413)
    return _authenticated(source, payload, now_s)


def _authenticated(source: Source, payload: Payload, now_s: float) -> Decision:
    refused = Decision(cause="SOURCE_AUTH_FAILED", status=401)
    try:
        demanded = authentication(source.type, source.config)
    except Invalid:  # stored by an earlier version
        return refused
    if demanded is None:
        return Decision()
    urls = list(sender_urls(source.hook, payload))
    return Decision(verified=True) if is_authentic(demanded, payload, urls=urls, now_s=now_s) else refused
