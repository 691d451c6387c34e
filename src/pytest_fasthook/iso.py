"""Dates as ISO 8601 writes them: read strictly, written as FastHook writes them, and as UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_USUAL = re.compile(
    r"\d{4}-\d\d-\d\dT[01]\d:[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)", re.ASCII
)
"""What FastHook writes; Python reads it by itself, twenty times faster than dateutil and without loading it."""


def read_iso(text: str) -> datetime:
    """Read a date; one without an offset is taken as UTC, and digits beyond microseconds are cut.

    Raises:
        ValueError: it is none, or none that a ``datetime`` can hold.
    """
    try:
        parsed = datetime.fromisoformat(text) if _USUAL.fullmatch(text) else _by_dateutil(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies beyond the years 1 to 9999") from None


def write_iso(moment: datetime) -> str:
    """Write a date in UTC to the millisecond, with a ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _by_dateutil(text: str) -> datetime:
    from dateutil.parser import isoparse  # noqa: PLC0415 - keeps start-up light

    parsed: datetime = isoparse(text)
    return parsed
