"""What one attempt came to."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_CERTIFICATE = {
    10: "SSL_CERT_EXPIRED",
    18: "SELF_SIGNED_CERT",
    62: "ERR_TLS_CERT_ALTNAME_INVALID",
    64: "ERR_TLS_CERT_ALTNAME_INVALID",
}
"""OpenSSL's verification results that have an error code of their own."""


MAX_ANSWER = 65_536
"""Bytes of a receiver's answer that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of one attempt.

    Attributes:
        response_status: the receiver's status; ``None`` where it gave none.
        error_code: why it gave none (names inferred from Hookdeck); ``None`` where it answered.
        body: the answer's body, parsed where it is JSON.
        latency_ms: from sending to the end of the answer.
    """

    response_status: int | None = None
    error_code: str | None = None
    body: Any = None
    requested_url: str | None = None
    http_method: str | None = None
    latency_ms: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.response_status is not None and 200 <= self.response_status < 300


def error_code(error: BaseException) -> str:
    """Name a network failure by its first cause that has a name."""
    return next((code for cause in _causes(error) if (code := _code(cause))), "UNKNOWN")


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, BaseExceptionGroup):
            for inner in current.exceptions:
                yield from _causes(inner)
        yield current
        current = current.__cause__ or current.__context__


def _code(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, "SSL_ERROR_CA_UNKNOWN")
    if isinstance(error, ssl.SSLError):
        return "ERR_SSL_WRONG_VERSION_NUMBER" if "WRONG_VERSION" in str(error) else "PROTOCOL_ERROR"
    for kind, code in _KINDS:
        if isinstance(error, kind):
            return code
    return _by_errno(error) if isinstance(error, OSError) else None


def _by_errno(error: OSError) -> str | None:
    unreachable = error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)
    return "HOST_UNREACHABLE" if unreachable else None


_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "DNS_LOOKUP_FAILED"),
    (ConnectionRefusedError, "CONNECTION_REFUSED"),
    (ConnectionResetError, "CONNECTION_RESET"),
    (BrokenPipeError, "CONNECTION_RESET"),
    (TimeoutError, "TIMEOUT"),
)
