"""Webhooks come first: whether so many come in at once that deliveries must give way to them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

MANY = 4
"""Webhooks at a time that show that there is more to do than the serving thread can."""
PRESSING_S = 0.05
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
    def is_pressing(self) -> bool:
        """Whether many webhooks were under way at once, now or a moment ago."""
        return self._now() < self._pressing_until

    def __enter__(self) -> None:
        self._under_way += 1
        if self._under_way >= MANY:
            self._pressing_until = self._now() + PRESSING_S

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way -= 1
