"""The client for test authors: FastHook's API as plain typed values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from pytest_fasthook.client import api
from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.models import (
    Attempt,
    Connection,
    Destination,
    Event,
    IgnoredEvent,
    LatestInputAnswer,
    MeasureName,
    Metrics,
    Request,
    Source,
    Trace,
)
from pytest_fasthook.client.pages import Count, Page
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.clock import Clock, SystemClock
from pytest_fasthook.redact import Redactor, Secret

T = TypeVar("T")


class FastHookClient:
    """Reads and changes what one team has in FastHook.

    Every call raises ``UnreachableError``, ``RefusedError`` or ``UnreadableError`` of ``pytest_fasthook.errors``.
    Reads are repeated when that can help; writes are not, unless it is certain that nothing was sent.
    """

    def __init__(
        self,
        *,
        api_url: str,
        team_id: str,
        api_key: str | Secret,
        rate_limit: int = 200,
        clock: Clock | None = None,
        transport: Transport | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            api_url: with or without ``/v1``.
            team_id: the team; FastHook would fall back to a demo team without it.
            api_key: a project key or a session token.
            rate_limit: calls per minute that are never exceeded.
            clock: for tests.
            transport: for tests, and for sharing connections and budget with others; the other arguments are
                then not used.

        Raises:
            SettingsError: an argument cannot be used.
        """
        key = api_key if isinstance(api_key, Secret) else Secret(api_key)
        used_clock = clock or SystemClock()
        self.transport = transport or Transport(
            api_url=api_url,
            team_id=team_id,
            api_key=key,
            redactor=Redactor([key]),
            clock=used_clock,
            limiter=RateLimiter(per_minute=rate_limit, clock=used_clock),
        )
        self.team_id = team_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"FastHookClient({self.transport!r}, team_id={self.team_id!r})"

    def close(self) -> None:
        """Close all connections."""
        self.transport.close()
