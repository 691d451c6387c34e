"""The request budget that all connections of a run share."""

from __future__ import annotations

import threading

from pytest_fasthook.clock import Clock

BURST_SHARE = 0.6
_WHOLE = 1 - 1e-9
"""A token is whole up to the rounding of float sums."""


class RateLimiter:
    """A thread-safe token bucket: a burst first, then an even flow.

    Most runs are short: the burst lets a few routes be watched closely from the start.

    Burst and refill together never exceed ``per_minute`` calls in any sixty seconds.
    """

    def __init__(self, *, per_minute: int, clock: Clock) -> None:
        """Start with a full bucket.

        Raises:
            ValueError: ``per_minute`` is below one.
        """
        if per_minute < 1:
            raise ValueError(f"per_minute must be at least 1, not {per_minute}")
        self.per_minute = per_minute
        self._clock = clock
        self._burst = max(1, int(per_minute * BURST_SHARE))
        self._per_second = max(1, per_minute - self._burst) / 60
        self._tokens = float(self._burst)
        self._filled_at = clock.monotonic()
        self._closed_until = self._filled_at
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
        """Take a token and return 0, or return the seconds until it is worth asking again."""
        with self._lock:
            now = self._clock.monotonic()
            self._fill(now)
            if now < self._closed_until:
                return self._closed_until - now
            if self._tokens < _WHOLE:
                return (1 - self._tokens) / self._per_second
            self._tokens -= 1
            return 0.0

    def _fill(self, now: float) -> None:
        gained = max(0.0, now - self._filled_at) * self._per_second
        self._tokens = min(float(self._burst), self._tokens + gained)
        self._filled_at = now
