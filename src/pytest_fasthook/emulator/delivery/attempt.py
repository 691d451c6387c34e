"""What one attempt came to, how it is recorded, and what the event does next."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.emulator.rules.rules import next_delay_ms, rule_of
from pytest_fasthook.emulator.store.records import Attempt, Connection, Event
from pytest_fasthook.emulator.store.tables import ATTEMPTS, EVENTS
from pytest_fasthook.emulator.world import AppState

_CERTIFICATE = {
    10: "SSL_CERT_EXPIRED",
    18: "SELF_SIGNED_CERT",
    62: "ERR_TLS_CERT_ALTNAME_INVALID",
    64: "ERR_TLS_CERT_ALTNAME_INVALID",
}
"""OpenSSL's verification results that have an error code of their own."""


MAX_ANSWER = 32_768
"""Bytes of a receiver's answer that are kept; a page of 255 attempts is written at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
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


def record_attempt(
    world: AppState, event: Event, connection: Connection | None, outcome: AttemptResult
) -> None:
    """Store an attempt and the event's new state in one transaction."""
    now = world.clock.now_ms()
    with world.database.transaction():
        ATTEMPTS.insert(world.database, _attempt(world, event, outcome, now))
        EVENTS.update(world.database, event.id, **_state(world, event, connection, outcome, now))


def fail_without_attempt(world: AppState, event: Event, *, code: str, message: str) -> None:
    """Fail an event that cannot be sent at all."""
    changes = {"error_code": code, "failure_message": message, "due_ms": None, "next_attempt_ms": None}
    EVENTS.update(world.database, event.id, status="FAILED", updated_ms=world.clock.now_ms(), **changes)


def hold(world: AppState, event: Event) -> None:
    """Keep an event back because its connection is paused."""
    now = world.clock.now_ms()
    EVENTS.update(world.database, event.id, status="HOLD", due_ms=None, next_attempt_ms=None, updated_ms=now)


def _attempt(world: AppState, event: Event, outcome: AttemptResult, now: int) -> Attempt:
    return Attempt(
        id=world.ids.sortable("att"),
        team_id=event.team_id,
        event_id=event.id,
        request_id=event.request_id,
        connection_id=event.connection_id,
        source_id=event.source_id,
        destination_id=event.destination_id,
        attempt_number=event.attempts + 1,
        trigger="AUTOMATIC" if event.attempts else event.trigger,
        status="SUCCESSFUL" if outcome.is_success else "FAILED",
        response_status=outcome.response_status,
        error_code=outcome.error_code,
        body=outcome.body,
        requested_url=outcome.requested_url,
        http_method=outcome.http_method,
        bulk_retry_id=event.retry_operation_id,
        latency_ms=outcome.latency_ms,
        responded_ms=now if outcome.response_status is not None else None,
        created_ms=now,
        updated_ms=now,
    )


def _state(
    world: AppState, event: Event, connection: Connection | None, outcome: AttemptResult, now: int
) -> dict[str, Any]:
    delay = None if outcome.is_success else _next_delay(event, connection, outcome)
    return {
        "status": _status(world, outcome, delay),
        "attempts": event.attempts + 1,
        "response_status": outcome.response_status,
        "error_code": outcome.error_code,
        "failure_message": None if outcome.is_success else _failure(outcome),
        "last_attempt_ms": now,
        "successful_ms": now if outcome.is_success else None,
        "next_attempt_ms": None if delay is None else now + delay,
        "due_ms": None if delay is None else world.clock.elapsed_ms() + delay,
        "updated_ms": now,
    }


def _next_delay(event: Event, connection: Connection | None, outcome: AttemptResult) -> int | None:
    rule = rule_of(connection.rules, "retry") if connection else None
    return next_delay_ms(rule, attempts=event.attempts + 1, response_status=outcome.response_status)


def _status(world: AppState, outcome: AttemptResult, delay: int | None) -> str:
    if outcome.is_success:
        return "SUCCESSFUL"
    return "QUEUED" if delay is not None and not world.settings.failed_while_retrying else "FAILED"


def _failure(outcome: AttemptResult) -> str:
    if outcome.response_status is None:
        return f"no answer: {outcome.error_code}"
    return f"the receiver answered {outcome.response_status}"
