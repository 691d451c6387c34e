"""The client for test authors: FastHook's API as plain typed values."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from pytest_fasthook.client.bulk import Bulk
from pytest_fasthook.client.filter_trials import FilterTrials
from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.reads import Reads
from pytest_fasthook.client.redelivery import Redelivery
from pytest_fasthook.client.secrets import SecretsCalls
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.client.wire import HttpTransport
from pytest_fasthook.client.writes import Writes
from pytest_fasthook.clock import Clock, SystemClock
from pytest_fasthook.redact import Redactor, Secret


class FastHookClient(Reads, Writes, Redelivery, Bulk, SecretsCalls, FilterTrials):
    """Reads and changes what one team has in FastHook.

    Every call raises ``UnreachableError``, ``RefusedError`` or ``UnreadableError`` of
    ``pytest_fasthook.errors``. Reads are repeated when that can help; writes are not, unless it is certain
    that nothing was sent.
    """

    def __init__(  # noqa: PLR0913 - each is one seam or one setting, by keyword
        self,
        *,
        api_url: str,
        team_id: str,
        api_key: str | Secret,
        rate_limit: int = 200,
        clock: Clock | None = None,
        http: HttpTransport | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            api_url: with or without ``/v1``.
            team_id: the team; FastHook would fall back to a demo team without it.
            api_key: a project key or a session token.
            rate_limit: calls per minute that are never exceeded.
            clock: passes time, for tests.
            http: answers calls in place of sockets, for tests.

        Raises:
            SettingsError: an argument cannot be used.
        """
        key = api_key if isinstance(api_key, Secret) else Secret(api_key)
        used_clock = clock or SystemClock()
        self.transport = Transport(
            api_url=api_url,
            team_id=team_id,
            api_key=key,
            redactor=Redactor([key]),
            clock=used_clock,
            limiter=RateLimiter(per_minute=rate_limit, clock=used_clock),
            http=http,
        )

    @classmethod
    def over(cls, transport: Transport) -> Self:
        """Make a client that shares a transport, with its connections and its request budget."""
        client = cls.__new__(cls)
        client.transport = transport
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"FastHookClient({self.transport!r})"

    def close(self) -> None:
        """Close all connections; a shared transport is closed for everyone."""
        self.transport.close()
