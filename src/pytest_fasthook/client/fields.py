"""The types of single fields of FastHook's answers.

FastHook's older pages show smaller objects than its contract, and its API still changes. So a field that is
absent, null or of another type reads as unknown (``None``), never as a wrong value. Only what a record cannot do
without (its ``id``, the counts of a metrics series) and what would say the opposite if it were dropped (a status,
a reason) is strict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AllowInfNan,
    BeforeValidator,
    Field,
    Strict,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from pytest_fasthook.iso import read_iso

NESTED_TOO_DEEPLY = "(nested too deeply to be told)"
"""Stands for a text that is something else, so deep that it cannot be written down."""
UNKNOWN_MOMENT = datetime.fromtimestamp(0, UTC)
"""Stands for a date that is set but cannot be read."""


def _valid_or_none(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


def _visible(value: object) -> object:
    """Show lone surrogates, which no file or terminal can hold, as escapes."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def as_whole(value: object) -> object:
    """Take ``3.0`` for 3: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _status(value: object) -> object:
    """Take ``"503"`` for 503."""
    digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 3
    return int(str(value)) if digits else as_whole(value)


def _text_of_anything(value: object) -> object:
    """Keep any value as a text; null and the empty text say nothing.

    Reading another type as absent would take an attempt that failed for one that did not, or another team's
    record for one that names no team.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _visible(value)
    try:
        return json.dumps(value, default=str)
    except RecursionError:
        return NESTED_TOO_DEEPLY


def read_moment(value: object) -> datetime | None:
    """Read an ISO 8601 timestamp as UTC; one without an offset is taken as UTC.

    Dates in the first and the last year that a ``datetime`` can hold read as unknown: nothing could be added to
    them or taken from them.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = read_iso(value)
    except ValueError:
        return None
    return moment if MINYEAR < moment.year < MAXYEAR else None


def _read_since(value: object) -> datetime | None:
    """Read since when a state holds; a value that is set but cannot be read still says that it holds.

    Reading it as unset would take a paused or disabled part of a route for an open one.
    """
    if value is None or value is False or value == "":
        return None
    return read_moment(value) or UNKNOWN_MOMENT


def _read_mark(value: object) -> object:
    """Read a mark that warns of something: whatever is set and does not say no is taken for yes.

    Reading ``"true"`` as unknown would take a replay for the request that it repeats.
    """
    if value is None or value == "" or isinstance(value, bool):
        return value if isinstance(value, bool) else None
    return str(value).strip().lower() not in {"false", "0", "0.0", "no"}


def _tuple_or_empty(value: object) -> object:
    return value if isinstance(value, list | tuple) else ()


Lenient = WrapValidator(_valid_or_none)
"""Makes a value that does not fit unknown."""

_Whole = Annotated[int, Strict(), Field(ge=0)]

Id = Annotated[str, BeforeValidator(_visible), Strict(), StringConstraints(min_length=1)]
"""Opaque, but a non-empty text."""
Text = Annotated[Annotated[str, Strict()] | None, BeforeValidator(_visible), Lenient]
TextOfAnything = Annotated[str | None, BeforeValidator(_text_of_anything)]
"""A text whose presence alone says something: absent, null and empty are nothing, all else is kept."""
Status = Annotated[_Whole | None, BeforeValidator(_status)]
"""An HTTP status, also one given as a text; null means that there was no answer; anything else is an error."""
Flag = Annotated[Annotated[bool, Strict()] | None, Lenient]
"""True or false; a text such as ``"true"`` is neither."""
Number = Annotated[Annotated[float, Strict(), Field(ge=0), AllowInfNan(False)] | None, Lenient]
"""A finite number that is not negative."""
WholeNumber = Annotated[_Whole | None, BeforeValidator(as_whole), Lenient]
"""A whole number that is not negative."""
Measure = Annotated[_Whole | None, BeforeValidator(as_whole)]
"""A count that verdicts are built on: absent or null is unknown, anything else must be a count."""
Moment = Annotated[datetime | None, BeforeValidator(read_moment)]
"""An ISO 8601 timestamp, read as UTC."""
Since = Annotated[datetime | None, BeforeValidator(_read_since)]
"""Since when a state holds; ``UNKNOWN_MOMENT`` where that is set but cannot be read."""
Marked = Annotated[bool | None, BeforeValidator(_read_mark)]
"""Whether a mark is set, in whatever form; absent, null and empty are unknown."""
JsonObject = Annotated[Mapping[str, Any] | None, Lenient]
"""A JSON object as it is."""
JsonArray = Annotated[tuple[Any, ...], BeforeValidator(_tuple_or_empty)]
"""A JSON array as it is; null and anything else is empty."""
TrueOnly = Annotated[bool, BeforeValidator(lambda value: value is True)]
"""True only where the answer says true."""
