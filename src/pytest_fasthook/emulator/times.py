"""The settable clock, and time as the API writes and reads it (FastHook contract, shared scalars)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from pytest_fasthook.emulator.errors import BadRequest

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
GRANULARITIES = {
    "1s": SECOND,
    "5s": 5 * SECOND,
    "10s": 10 * SECOND,
    "30s": 30 * SECOND,
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "1h": HOUR,
}
"""The metrics' bucket widths, in milliseconds."""

_RELATIVE = re.compile(r"now(?:([+-])(\d{1,9})([smhdw]))?")
_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799_999


def iso(ms: int | None) -> str | None:
    """Write milliseconds since 1970 as RFC 3339 in UTC with milliseconds."""
    if ms is None:
        return None
    moment = _EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def http_date(ms: int) -> str:
    """Write milliseconds since 1970 as a ``Date`` header."""
    return format_datetime(_EPOCH + timedelta(milliseconds=ms), usegmt=True)


def read_time(text: str, *, now_ms: int, name: str = "time") -> int:
    """Read an ISO 8601 timestamp or an expression such as ``now-15m``.

    Raises:
        BadRequest: it is neither.
    """
    relative = _RELATIVE.fullmatch(text.strip())
    # Longer ago than 1970 is as long ago as anything can be.
    ms = max(0, now_ms + _shift(relative)) if relative else _absolute(text.strip())
    if ms is None or not 0 <= ms <= _LATEST:
        raise BadRequest(f"{name} is neither an ISO 8601 timestamp nor relative to now: {text[:40]!r}")
    return ms


def _absolute(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round((aware - _EPOCH) / timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        return None


def _shift(relative: re.Match[str]) -> int:
    sign, amount, unit = relative.groups()
    if sign is None:
        return 0
    return int(amount) * _UNITS[unit] * (1 if sign == "+" else -1)


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
            BadRequest: it is no number, or leads further than 100 years from the machine's time.
        """
        with self._lock:
            self._offset_ms = _offset(seconds, since_ms=self._offset_ms)
        self._tell()

    def skew(self, seconds: float) -> None:
        """Set how far the service's clock is ahead of the true time; nothing falls due by it.

        Raises:
            BadRequest: it is no number, or more than 100 years.
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
        raise BadRequest(f"a clock may be set by at most {_FURTHEST_MS // 1000} seconds (100 years)")
    return since_ms + round(seconds * 1000)


def _machine_ms() -> int:
    return time.time_ns() // 1_000_000
