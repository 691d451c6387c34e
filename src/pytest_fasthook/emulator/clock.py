"""One settable clock behind every time the emulator shows or waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pytest_fasthook.emulator.errors import Invalid

_FURTHEST_MS = 100 * 365 * 86_400_000


class SettableClock:
    """The machine's clock, which tests can stop and move.

    Two readings, both in milliseconds since 1970: ``now_ms`` is what the service shows (records, ``Date``
    header, windows), ``elapsed_ms`` is what falls due by (delays, retries). They differ by the skew only, so
    that a wrong service clock can be played without making anything due.

    Args:
        frozen: time passes only through ``advance``.
    """

    def __init__(self, *, frozen: bool = False) -> None:
        self._lock = threading.Lock()
        self._offset_ms = 0
        self._skew_ms = 0
        self._frozen_at: int | None = _machine_ms() if frozen else None
        self._listeners: list[Callable[[], None]] = []

    @property
    def frozen(self) -> bool:
        """Whether time stands still between calls of ``advance``."""
        return self._frozen_at is not None

    def elapsed_ms(self) -> int:
        """Milliseconds by which delays and retries fall due."""
        with self._lock:
            base = _machine_ms() if self._frozen_at is None else self._frozen_at
            return base + self._offset_ms

    def now_ms(self) -> int:
        """Milliseconds as the service shows them."""
        return self.elapsed_ms() + self._skew_ms

    def advance(self, seconds: float) -> None:
        """Let time pass at once; what falls due is done now.

        Raises:
            Invalid: it is no number, or leads further than 100 years from the machine's time.
        """
        with self._lock:
            self._offset_ms = _offset(seconds, since_ms=self._offset_ms)
        self._tell()

    def skew(self, seconds: float) -> None:
        """Set how far the service's clock is ahead of the true time; nothing falls due by it.

        Raises:
            Invalid: it is no number, or more than 100 years.
        """
        self._skew_ms = _offset(seconds)

    def freeze(self) -> None:
        """Stop the clock where it is."""
        with self._lock:
            if self._frozen_at is None:
                self._frozen_at = _machine_ms()

    def restore(self) -> None:
        """Run with the machine's clock again, without offset or skew."""
        with self._lock:
            self._offset_ms = self._skew_ms = 0
            self._frozen_at = None
        self._tell()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each jump; it must not block."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def _offset(seconds: float, *, since_ms: int = 0) -> int:
    # Written so that "not a number" is refused too.
    if not abs(seconds * 1000 + since_ms) <= _FURTHEST_MS:
        raise Invalid(f"a clock may be set by at most {_FURTHEST_MS // 1000} seconds (100 years)")
    return since_ms + round(seconds * 1000)


def _machine_ms() -> int:
    return time.time_ns() // 1_000_000
