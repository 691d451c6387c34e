"""Time as the API writes and reads it (FastHook contract, shared scalars)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from pytest_fasthook.emulator.errors import Invalid

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
        Invalid: it is neither.
    """
    relative = _RELATIVE.fullmatch(text.strip())
    # Longer ago than 1970 is as long ago as anything can be.
    ms = max(0, now_ms + _shift(relative)) if relative else _absolute(text.strip())
    if ms is None or not 0 <= ms <= _LATEST:
        raise Invalid(f"{name} is neither an ISO 8601 timestamp nor relative to now: {text[:40]!r}")
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
