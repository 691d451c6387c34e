"""Moments as FastHook writes and reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RELATIVE = re.compile(r"now(?:-(\d+)([smhd]))?")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def iso(at: float) -> str:
    """Write a Unix moment as RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(at: float | None) -> str | None:
    """Write a moment that may not have come."""
    return None if at is None else iso(at)


def read_moment(text: str, *, now: float) -> float:
    """Read ISO 8601 or ``now-15m``; raises ValueError for anything else, and for a time without its zone."""
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        amount, unit = relative.groups()
        return now - int(amount) * _UNIT_S[unit] if amount else now
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return moment.timestamp()
