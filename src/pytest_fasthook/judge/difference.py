"""The first difference between a body and what it should be, in one phrase.

Values are walked without recursion: a payload may be nested as deeply as JSON can be.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SHOWN = 60
_ABSENT = object()
_NESTED = "a deeply nested value"


@dataclass(frozen=True, slots=True)
class _Words:
    """How a difference is told, and whether fields that are not expected count as one."""

    actual: str
    expected: str
    exact: bool


_STORED = _Words("stored", "sent", exact=True)
_ANSWERED = _Words("answered", "expected", exact=False)


def first_difference(sent: bytes, stored: Any) -> str | None:
    """Where the stored body differs from the bytes sent; ``None`` when it does not.

    Bodies are compared as JSON where the sent one is JSON, else as text; any body may be stored as its text, or
    base64-encoded.
    """
    text = sent.decode("utf-8-sig", "replace")
    if isinstance(stored, str) and stored in {text, base64.b64encode(sent).decode()}:
        return None
    if not sent and stored in (None, {}):
        return None
    return value_difference(parsed(text), stored)


def value_difference(sent: Any, stored: Any) -> str | None:
    """Where the stored body differs from the value sent; ``None`` when it does not."""
    if isinstance(stored, str) and not isinstance(sent, str):
        stored = parsed(stored)
    return _first(sent, stored, _STORED)


def first_lack(expected: Mapping[str, Any], actual: Any) -> str | None:
    """The first expected field that an answer lacks; fields beside the expected ones do not count."""
    return _first(expected, actual, _ANSWERED)


def parsed(text: Any) -> Any:
    """A text that holds JSON as that JSON; anything else as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _first(expected: Any, actual: Any, words: _Words) -> str | None:
    todo = [("body", expected, actual)]
    while todo:
        where, one, other = todo.pop()
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            todo.extend(reversed(list(_fields(where, one, other, words))))
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            items = enumerate(zip(one, other, strict=True))
            todo.extend(reversed([(f"{where}[{index}]", *pair) for index, pair in items]))
        elif not (_same(one, other) or (not words.exact and _spelled(one, other))):
            return f"{_end_of(where)}: {_told(one, other, words)}"
    return None


def _fields(
    where: str, one: Mapping[str, Any], other: Mapping[str, Any], words: _Words
) -> Iterator[tuple[str, Any, Any]]:
    extra = (key for key in other if key not in one) if words.exact else ()
    for key in (*one, *extra):
        yield f"{where}.{key}", one.get(key, _ABSENT), other.get(key, _ABSENT)


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON scalars: 1 and 1.0 are the same number, true and 1 are not.

    Numbers are compared as the doubles that JSON promises to carry: the service is free to store no more of them.
    """
    if _is_number(one) and _is_number(other):
        try:
            return float(one) == float(other)
        except OverflowError:
            return bool(one == other)
    return type(one) is type(other) and not isinstance(one, list | Mapping) and bool(one == other)


def _spelled(one: Any, other: Any) -> bool:
    """Whether an expected text spells a number: what comes from an environment variable is always a text."""
    return isinstance(one, str) and _is_number(other) and one == json.dumps(other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _told(one: Any, other: Any, words: _Words) -> str:
    if other is _ABSENT:
        return f"missing, {words.expected} {_show(one)}"
    if one is _ABSENT:
        return f"{words.actual} {_show(other)}, not {words.expected}"
    if isinstance(one, list) and isinstance(other, list):
        return f"{words.actual} {len(other)} items, {words.expected} {len(one)}"
    return f"{words.actual} {_show(other)}, {words.expected} {_show(one)}"


def _show(value: Any) -> str:
    try:
        text = json.dumps(value)
    except RecursionError:
        return _NESTED
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _end_of(where: str) -> str:
    return where if len(where) <= 2 * _SHOWN else f"…{where[-2 * _SHOWN :]}"
