"""From the rules' JSON to :class:`Rules`; nothing here raises, whatever the service sends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from pytest_fasthook.rules.model import Deduplicate, Filter, Rules, Transform
from pytest_fasthook.rules.retrying import Retry, Strategy, readable

TARGETS = ("headers", "body", "query", "path")
"""What a filter may look at, in the order in which misses are told."""

DELAY_KEYS = ("delay", "delay_ms", "duration", "interval")
"""Spellings of the delay rule's duration; FastHook's pages show none."""

_HARMLESS = frozenset({"type", "id", "name", "description"})


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    """A rule cannot be read; the text says what is wrong with it."""


def parse_rules(raw: Sequence[Any]) -> Rules:
    """Read a connection's rules (FastHook contract, connection model).

    Unknown types and malformed rules become sentences in ``not_understood``. Of several rules of one type the
    first one counts and the others are named there.
    """
    read: dict[str, Any] = {}
    notes: list[str] = []
    for number, rule in enumerate(raw, start=1):
        notes.extend(_read_into(read, rule, number=number))
    return Rules(
        deduplicate=read.get("deduplicate"),
        transform=read.get("transform"),
        filter=read.get("filter"),
        delay_s=read.get("delay", 0.0),
        retry=read.get("retry"),
        not_understood=tuple(notes),
    )


def _read_into(read: dict[str, Any], rule: Any, *, number: int) -> Iterable[str]:
    """Read one rule into ``read``; yield what was not understood about it."""
    kind = rule.get("type") if isinstance(rule, Mapping) else None
    if not isinstance(kind, str):
        yield f"rule {number} has no type"
        return
    reader = _READERS.get(kind)
    if reader is None:
        yield f"rule {number} is of the unknown type {kind!r}"
    elif kind in read:
        yield f"rule {number} is one {kind} rule too many; the first one counts"
    else:
        yield from _read_with(reader, read, rule)


def _read_with(
    reader: Callable[[Mapping[str, Any]], tuple[Any, list[str]]],
    read: dict[str, Any],
    rule: Mapping[str, Any],
) -> Iterable[str]:
    kind = rule["type"]
    try:
        read[kind], notes = reader(rule)
    except _Unreadable as unreadable:
        notes = [str(unreadable)]
    yield from (f"{kind} rule: {note}" for note in notes)


def _deduplicate(rule: Mapping[str, Any]) -> tuple[Deduplicate, list[str]]:
    notes: list[str] = []
    window = _milliseconds(rule["window"], key="window") if rule.get("window") is not None else None
    include = _texts(rule, "include_fields", notes)
    exclude = _texts(rule, "exclude_fields", notes)
    return Deduplicate(window_s=window, include_fields=include, exclude_fields=exclude), notes


def _transform(rule: Mapping[str, Any]) -> tuple[Transform, list[str]]:
    identifier = rule.get("transformation_id")
    return Transform(transformation_id=identifier if isinstance(identifier, str) else None), []


def _filter(rule: Mapping[str, Any]) -> tuple[Filter, list[str]]:
    conditions = {target: rule[target] for target in TARGETS if rule.get(target) is not None}
    unknown = tuple(
        sorted(
            key
            for key, value in rule.items()
            if key not in _HARMLESS and key not in TARGETS and value is not None
        )
    )
    if not conditions and not unknown:
        raise _Unreadable("it has none of headers, body, query and path")
    return Filter(conditions=conditions, unknown=unknown), [f"{key!r} is unknown" for key in unknown]


def _delay(rule: Mapping[str, Any]) -> tuple[float, list[str]]:
    for key in DELAY_KEYS:
        if rule.get(key) is not None:
            return _milliseconds(rule[key], key=key), []
    raise _Unreadable(f"it has none of {', '.join(DELAY_KEYS)}")


def _retry(rule: Mapping[str, Any]) -> tuple[Retry, list[str]]:
    notes: list[str] = []
    strategy = rule.get("strategy")
    if strategy not in ("linear", "exponential"):
        raise _Unreadable(f"the strategy {strategy!r} is neither linear nor exponential")
    codes = tuple(code.strip() for code in _texts(rule, "response_status_codes", notes))
    notes.extend(f"the status code {code!r} is not understood" for code in codes if not readable(code))
    retry = Retry(
        strategy=cast("Strategy", strategy),
        interval_s=_milliseconds(rule.get("interval"), key="interval"),
        count=_whole(rule.get("count"), key="count"),
        status_codes=codes,
    )
    return retry, notes


_READERS: Mapping[str, Callable[[Mapping[str, Any]], tuple[Any, list[str]]]] = {
    "deduplicate": _deduplicate,
    "transform": _transform,
    "filter": _filter,
    "delay": _delay,
    "retry": _retry,
}


def _number(value: Any, *, key: str) -> float:
    """A number that is not negative; one written as text is accepted."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise _Unreadable(f"{key} is {value!r}, not a number from 0 up")
    return number


def _milliseconds(value: Any, *, key: str) -> float:
    return _number(value, key=key) / 1000


def _whole(value: Any, *, key: str) -> int:
    number = _number(value, key=key)
    if not number.is_integer():
        raise _Unreadable(f"{key} is {value!r}, not a whole number")
    return int(number)


def _texts(rule: Mapping[str, Any], key: str, notes: list[str]) -> tuple[str, ...]:
    """A list of texts; a single one may stand without its list, and whole numbers count as text."""
    value = rule.get(key)
    if value is None:
        return ()
    items = [value] if isinstance(value, str | int) else value
    if not isinstance(items, Sequence):
        notes.append(f"{key} is not a list")
        return ()
    good = [item for item in items if isinstance(item, str | int) and not isinstance(item, bool)]
    if len(good) < len(items):
        notes.append(f"{key} holds something other than texts")
    return tuple(str(item) for item in good)
