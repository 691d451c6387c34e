"""Webhooks come first: how many are being taken in right now, so that deliveries can give way to them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType


class Inflow:
    """Counts webhooks from the start of their request to the end of their answer; used on one event loop."""

    def __init__(self) -> None:
        self._under_way = 0
        self._when_quiet: Callable[[], None] | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether no webhook is being taken in."""
        return not self._under_way

    def tell_when_quiet(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` once, when the last webhook under way has been answered."""
        self._when_quiet = listener

    def __enter__(self) -> None:
        self._under_way += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._under_way -= 1
        if self.is_quiet and self._when_quiet:
            listener, self._when_quiet = self._when_quiet, None
            listener()
