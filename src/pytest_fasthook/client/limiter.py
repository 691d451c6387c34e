"""The request budget that all connections of a run share."""

from __future__ import annotations

import threading
from collections import deque

from pytest_fasthook.clock import Clock

MINUTE_S = 61.0
"""A second more than the API counts: calls that take different times to arrive must not be too many there."""
BURST_SHARE = 0.8


class RateLimiter:
    """Gives leave for so many calls in any sixty seconds; safe from any thread.

    Most runs are short: most of the budget may be used at once, so that some routes can be watched closely from the
    start. What is left then is spread evenly until the first of those calls is a minute old, so that nobody has to
    wait long for the next call, and in the long run the whole budget can be used.
    """

    def __init__(self, *, per_minute: int, clock: Clock) -> None:
        """Start with the whole budget.

        Raises:
            ValueError: ``per_minute`` is below one.
        """
        if per_minute < 1:
            raise ValueError(f"per_minute must be at least 1, not {per_minute}")
        self.per_minute = per_minute
        self._clock = clock
        self._burst = max(1, int(per_minute * BURST_SHARE))
        self._given: deque[float] = deque()
        self._closed_until = clock.monotonic()
        self._lock = threading.Lock()

    def acquire(self, deadline: float | None = None) -> bool:
        """Wait for leave to make one call.

        Args:
            deadline: on ``clock.monotonic``; ``None`` waits as long as it takes.

        Returns:
            False, at once, where leave would come only after the deadline.
        """
        while (wait := self._take()) > 0:
            if deadline is not None and self._clock.monotonic() + wait > deadline:
                return False
            self._clock.sleep(wait)
        return True

    def pause_until(self, moment: float) -> None:
        """Let no call through before ``moment`` (on ``clock.monotonic``): the API asked for it."""
        with self._lock:
            self._closed_until = max(self._closed_until, moment)

    def _take(self) -> float:
        """Take leave and return 0, or return the seconds until it is worth asking again."""
        with self._lock:
            now = self._clock.monotonic()
            while self._given and self._given[0] + MINUTE_S <= now:
                self._given.popleft()
            free_at = max(self._closed_until, self._next_at(now))
            if free_at > now:
                return free_at - now
            self._given.append(now)
            return 0.0

    def _next_at(self, now: float) -> float:
        """When the next call may be made: now within the burst, else at an even pace until the first call is over."""
        if len(self._given) < self._burst:
            return now
        first, last, left = self._given[0], self._given[-1], self.per_minute - len(self._given)
        return last + (first + MINUTE_S - last) / (left + 1)
