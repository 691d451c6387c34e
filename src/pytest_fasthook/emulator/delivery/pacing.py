"""Which deliveries may go now: rate limits of destinations, and webhooks that come first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from pytest_fasthook.emulator.times import HOUR, MINUTE, SECOND

MANY = 4
"""Webhooks at a time that show that there is more to do than the serving thread can."""
OVERLOADED_S = 0.05
"""How long after such a moment deliveries give way."""


class Inflow:
    """Counts webhooks from when they have come in whole to the end of their answer; used on one event loop.

    Args:
        now: a clock in seconds that only goes forward.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._under_way = 0
        self._pressing_until = float("-inf")

    @property
    def overloaded(self) -> bool:
        """Whether many webhooks were under way at once, now or a moment ago."""
        return self._now() < self._pressing_until

    def __enter__(self) -> None:
        self._under_way += 1
        if self._under_way >= MANY:
            self._pressing_until = self._now() + OVERLOADED_S

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way -= 1


_PERIODS = {"second": SECOND, "minute": MINUTE, "hour": HOUR}


class RateLimiter:
    """Remembers when each destination was delivered to; what was before a restart is forgotten."""

    def __init__(self) -> None:
        self._starts: dict[str, deque[int]] = {}

    def reserve(self, destination_id: str, config: Mapping[str, Any], *, now_ms: int) -> int | None:
        """Take a place for a delivery now.

        Args:
            destination_id: where it goes.
            config: the destination's config with its ``rate_limit`` and ``rate_limit_period``.
            now_ms: the present moment.

        Returns:
            ``None`` when the delivery may go; else the moment at which to ask again.
        """
        limit = config.get("rate_limit")
        if not limit:
            self._starts.pop(destination_id, None)
            return None
        width = _PERIODS[config.get("rate_limit_period") or "second"]
        starts = self._starts.setdefault(destination_id, deque())
        while starts and starts[0] <= now_ms - width:
            starts.popleft()
        if len(starts) < limit:
            starts.append(now_ms)
            return None
        return starts[-limit] + width
