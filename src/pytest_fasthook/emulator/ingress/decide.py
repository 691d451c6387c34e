"""Whether a source lets a message in, checked in FastHook's order: enabled, method, authentication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_fasthook.emulator.ingress.authenticity import is_authentic, is_configured
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
    config = source.config or {}
    if source.disabled_ms is not None:
        return Decision(cause="SOURCE_DISABLED", status=403)
    if payload.method not in methods_of(source):
        return Decision(cause="SOURCE_METHOD_NOT_ALLOWED", status=405)
    if len(payload.body) > max_body:
        return Decision(cause="PAYLOAD_TOO_LARGE", status=413)
    if not is_configured(config):
        return Decision()
    if not is_authentic(config, payload, now_s=now_s):
        return Decision(cause="SOURCE_AUTH_FAILED", status=401)
    return Decision(verified=True)
