"""How single fields of FastHook's answers are read: what does not fit becomes ``None``, never a wrong value.

FastHook's older pages show smaller objects than its contract, and its API still changes. So a field that is
absent, null or of another type reads as unknown. Only what a record cannot do without (its ``id``, the counts
of a metrics series) and what would say the opposite if it were dropped (a status, a reason) is strict.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

from pytest_fasthook.iso import read_iso


def read_text(value: object) -> str | None:
    """Read a text; lone surrogates, which no file or terminal can hold, become visible escapes."""
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "backslashreplace").decode()


def read_id(value: object) -> str:
    """Read an id: opaque, but a non-empty text.

    Raises:
        ValueError: it is neither.
    """
    text = read_text(value)
    if not text:
        msg = "must be a non-empty text"
        raise ValueError(msg)
    return text


def read_said(value: object) -> str | None:
    """Read a text whose presence alone says something: absent, null and empty are nothing, all else is kept.

    Reading another type as absent would take an attempt that failed for one that did not, or a stranger's record
    for one that names no team.
    """
    if value is None or value == "":
        return None
    try:
        return read_text(value) or json.dumps(value, default=str)
    except RecursionError:
        return NESTED_TOO_DEEPLY


def read_status(value: object) -> int | None:
    """Read an HTTP status, also one given as a text; null means that there was no answer.

    Raises:
        ValueError: it is there and not a whole number: what it says is not "no answer".
    """
    digits = value.isascii() and value.isdigit() and len(value) <= 3 if isinstance(value, str) else False
    status = int(str(value)) if digits else read_count(value)
    if value is not None and status is None:
        msg = "must be an HTTP status"
        raise ValueError(msg)
    return status


def read_flag(value: object) -> bool | None:
    """Read true or false; a text such as ``"true"`` is neither."""
    return value if isinstance(value, bool) else None


def read_number(value: object) -> float | None:
    """Read a finite number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def read_count(value: object) -> int | None:
    """Read a whole number that is not negative."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    number = read_number(value)
    return int(number) if number is not None and number.is_integer() else None


def read_measure(value: object) -> int | None:
    """Read a count that verdicts are built on: absent or null is unknown, anything else must be a count.

    Raises:
        ValueError: it is there and not a count.
    """
    count = read_count(value)
    if value is not None and count is None:
        msg = "must be a whole number that is not negative"
        raise ValueError(msg)
    return count


def read_moment(value: object) -> datetime | None:
    """Read an ISO 8601 timestamp as UTC; one without an offset is taken as UTC.

    A date at the end of what a ``datetime`` can hold is none that anything can be added to, and no moment of a record.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = read_iso(value)
    except ValueError:
        return None
    return moment if MINYEAR < moment.year < MAXYEAR else None


def read_since(value: object) -> datetime | None:
    """Read since when a state holds; a value that is set but cannot be read still says that it holds.

    Reading it as unset would take a paused or disabled part of a route for an open one.
    """
    if value is None or value is False or value == "":
        return None
    return read_moment(value) or UNKNOWN_MOMENT


def read_as_is(value: object) -> Any:
    """Read any JSON."""
    return value


def read_mapping(value: object) -> Mapping[str, Any] | None:
    """Read a JSON object as it is."""
    return value if isinstance(value, Mapping) else None


def read_items(value: object) -> tuple[Any, ...]:
    """Read a JSON array as it is; null and anything else is empty."""
    return tuple(value) if isinstance(value, list | tuple) else ()


NESTED_TOO_DEEPLY = "(nested too deeply to be told)"
"""Stands for a text that is something else, so deep that it cannot be written down."""
UNKNOWN_MOMENT = datetime.fromtimestamp(0, UTC)
"""Stands for a date that is set but cannot be read."""
