"""Whether a stored request is the one that wait mode is to judge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from pytest_fasthook.client.models import Request
from pytest_fasthook.evidence.log import Question
from pytest_fasthook.probe.probe import MARKER
from pytest_fasthook.settings.values import Match

_ABSENT = object()


def awaited(records: Sequence[Request], question: Question) -> tuple[Request | None, int]:
    """The oldest matching real request of a page, and how many could be one but came without their payload.

    Args:
        records: newest first.
        question: the window and the conditions.
    """
    inside = [record for record in records if _is_inside(record, question)]
    unclear = sum(not isinstance(record.data, Mapping) for record in inside)
    found = [record for record in inside if _is_real(record.data) and _fits(question.match, record.data)]
    return (found[-1] if found else None), unclear


def _is_inside(record: Request, question: Question) -> bool:
    """Whether a record is of the window, and no replay of an older one."""
    arrived = record.ingested_at or record.created_at
    return not record.is_replay and (arrived is None or question.since is None or arrived >= question.since)


def _is_real(data: Any) -> bool:
    """Whether somebody else sent it: every probe of a gate has the marker among its headers."""
    if not isinstance(data, Mapping):
        return False
    headers = data.get("headers")
    if isinstance(headers, Mapping):
        return MARKER not in {str(name).lower() for name in headers}
    return not _mentions(data, MARKER)


def _mentions(value: Any, text: str) -> bool:
    """Whether a key or text anywhere in a JSON value holds ``text``; walked without recursion, however deep it is."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str) and text in item.lower():
            return True
        if isinstance(item, Mapping):
            todo.extend([*item.keys(), *item.values()])
        elif isinstance(item, list):
            todo.extend(item)
    return False


def _fits(conditions: Iterable[Match], data: Any) -> bool:
    """Whether all conditions hold; a request whose payload is not stored meets none."""
    return all(_holds(condition, data) for condition in conditions)


def _holds(condition: Match, data: Any) -> bool:
    if not isinstance(data, Mapping):
        return False
    return any(_equal(found, condition.value) for found in _found(condition, data))


def _found(condition: Match, data: Mapping[str, Any]) -> Iterator[Any]:
    """What is at the condition's place; a header or a query's parameter may be there several times."""
    several = condition.target in {"query", "headers"}
    for place in _places(condition.target, data):
        value = place
        for key in condition.keys:
            value = _at(_parsed(value), key, lower=condition.target == "headers")
        if value is not _ABSENT:
            yield value
            yield from value if several and isinstance(value, list) else ()


def _places(target: str, data: Mapping[str, Any]) -> Iterator[Any]:
    """Where a target may be stored; a query also parsed under another name, or as it stood in the URL."""
    yield data.get(target, _ABSENT)
    if target == "query":
        raw = data.get("query")
        yield data.get("parsed_query", _ABSENT)
        yield parse_qs(raw.removeprefix("?"), keep_blank_values=True) if isinstance(raw, str) else _ABSENT


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
