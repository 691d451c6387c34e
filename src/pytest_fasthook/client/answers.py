"""What a call found, with the evidence it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from pytest_fasthook.client.replies import Reply

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """What one call found.

    Attributes:
        value: the typed value.
        raw: the JSON it was read from, for evidence.
        asked_at, seen_at: seconds on ``clock.monotonic``, before sending and after the last byte.
        server_date: the server's clock, from its ``Date`` header.
        call: the call in words, for example ``GET /connections/conn_1``.
    """

    value: T
    raw: Any = field(repr=False)
    asked_at: float
    seen_at: float
    server_date: datetime | None
    call: str

    def having(self, value: U) -> Answer[U]:
        """Return the same answer with another reading of it."""
        return Answer(
            value=value,
            raw=self.raw,
            asked_at=self.asked_at,
            seen_at=self.seen_at,
            server_date=self.server_date,
            call=self.call,
        )


def answer_of(reply: Reply, value: T) -> Answer[T]:
    """Pair a reply with what was read from it."""
    return Answer(
        value=value,
        raw=reply.value,
        asked_at=reply.asked_at,
        seen_at=reply.seen_at,
        server_date=reply.server_date,
        call=reply.call,
    )
