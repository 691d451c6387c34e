"""Whether a stored request is the one that wait mode is to judge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_fasthook.values import Match

_ABSENT = object()
_QUERIES = ("query", "parsed_query")


def fits(conditions: Iterable[Match], data: Any) -> bool:
    """Whether all conditions hold; a request whose payload is not stored meets none."""
    return all(_holds(condition, data) for condition in conditions)


def _holds(condition: Match, data: Any) -> bool:
    if not isinstance(data, Mapping):
        return False
    return any(_equal(found, condition.value) for found in _found(condition, data))


def _found(condition: Match, data: Mapping[str, Any]) -> Iterable[Any]:
    """What is at the condition's place; a query may be stored parsed under another name."""
    names = _QUERIES if condition.target == "query" else (condition.target,)
    lower = condition.target == "headers"
    for name in names:
        value = data.get(name, _ABSENT)
        for key in condition.keys:
            value = _at(_parsed(value), key, lower=lower)
        if value is not _ABSENT:
            yield value


def _at(value: Any, key: str, *, lower: bool) -> Any:
    if isinstance(value, list) and key.isdecimal():
        return value[int(key)] if int(key) < len(value) else _ABSENT
    if not isinstance(value, Mapping):
        return _ABSENT
    if not lower:
        return value.get(key, _ABSENT)
    return next((item for name, item in value.items() if str(name).lower() == key.lower()), _ABSENT)


def _parsed(value: Any) -> Any:
    """A body that is stored as text may be JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _equal(found: Any, wanted: str) -> bool:
    """Equal as text, or as the JSON value that the text spells."""
    if isinstance(found, str):
        return found == wanted
    return _parsed(wanted) == found and isinstance(_parsed(wanted), bool) == isinstance(found, bool)
