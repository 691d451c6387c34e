"""Would this message pass this filter? Answered offline, and only where the answer is certain.

Relies on FastHook's documentation of filters: all given targets must match, nested objects follow the
payload, a plain value means equality. What ``operators.py`` and ``conditions.py`` call doubt comes out as
``matched=None``: left to the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_fasthook.rules.conditions import (
    Condition,
    Every,
    Fields,
    Leaf,
    Opposite,
    Some,
    TwoReadings,
    Unclear,
    understand,
)
from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.model import Filter
from pytest_fasthook.rules.operators import PLAIN, answer
from pytest_fasthook.rules.parse import TARGETS
from pytest_fasthook.rules.ternary import Ternary, agreed, every, negated, some
from pytest_fasthook.rules.values import shown

_FORMS = ("form", "xml")

_ADDED_ON_THE_WAY = re.compile(
    "host|content-length|transfer-encoding|connection|user-agent|accept|accept-encoding|date|via|forwarded"
    "|x-real-ip|x-request-id|traceparent|(x-forwarded|x-amzn|x-fasthook|cf|cdn)-.*"
)
"""Headers that the HTTP client, a proxy or FastHook's edge adds: that a message has none of them says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One condition that the message does not meet.

    Attributes:
        where: the place, such as ``body.data.total``.
        operator: the operator's name without ``$``; ``is`` for a plain value.
        expected: the condition's value, as JSON.
        actual: what is there, as JSON; :data:`ABSENT` where nothing is.
        text: all of this in one line.
    """

    where: str
    operator: str
    expected: Any
    actual: Any
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The answer to "would this message pass this filter?".

    Attributes:
        matched: ``None`` means that it is left to the service.
        misses: the conditions that are not met for certain.
        doubts: why it is left to the service, one line each.
    """

    matched: Ternary
    misses: tuple[Miss, ...] = ()
    doubts: tuple[str, ...] = ()


def evaluate(filter: Filter, message: Message) -> Match:  # noqa: A002 - FastHook's own word
    """Say whether ``message`` passes ``filter``, and which conditions it misses."""
    found = _all_of(
        _target(name, filter.conditions[name], message) for name in TARGETS if name in filter.conditions
    )
    if filter.unknown:
        doubts = tuple(f"the filter rule's key {key!r} is not understood" for key in filter.unknown)
        return Match(matched=None, misses=found.misses, doubts=(*doubts, *found.doubts))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the message a condition is looked at."""

    target: str
    keys: tuple[str, ...] = ()

    @property
    def textual(self) -> bool:
        return self.target != "body"

    def inside(self, key: str) -> _Place:
        return replace(self, keys=(*self.keys, key))

    def __str__(self) -> str:
        return ".".join((self.target, *self.keys))


def _target(name: str, raw: Any, message: Message) -> Match:
    found = _look(understand(raw), target_value(message, name), _Place(name))
    if name == "body" and found.matched is False and _read_by_service(message):
        return Match(
            matched=None, doubts=("the body is a form or XML, which the service may read in its own way",)
        )
    return found


def target_value(message: Message, target: str) -> Any:
    """The part of a message that one target of a filter looks at."""
    if target == "headers":
        return {name.lower(): value for name, value in message.headers.items()}
    if target == "body" and message.body is None:
        return ABSENT
    return getattr(message, target)


def _read_by_service(message: Message) -> bool:
    kind = str(target_value(message, "headers").get("content-type", "")).lower()
    return isinstance(message.body, str) and any(word in kind for word in _FORMS)


def _look(condition: Condition, actual: Any, place: _Place) -> Match:  # noqa: PLR0911 - one per kind
    match condition:
        case Leaf():
            return _leaf(condition, actual, place)
        case Fields():
            return _fields(condition, actual, place)
        case Every(parts):
            return _all_of(_look(part, actual, place) for part in parts)
        case Some(parts):
            return _any_of([_look(part, actual, place) for part in parts], actual, place)
        case Opposite(part):
            return _opposite(part, actual, place)
        case TwoReadings():
            return _both(condition, actual, place)
    return _unclear(condition, actual, place)


def _leaf(leaf: Leaf, actual: Any, place: _Place) -> Match:
    said = answer(leaf.operator, leaf.expected, actual, textual=place.textual)
    if said is None:
        doubt = f"whether {place} with {_seen(actual)} matches {_wanted(leaf)} is not documented"
        return Match(matched=None, doubts=(doubt,))
    return Match(matched=said, misses=() if said else (_miss(leaf, actual, place),))


def _miss(leaf: Leaf, actual: Any, place: _Place) -> Miss:
    text = f"{place} is {_seen(actual)}, expected {_wanted(leaf)}"
    return Miss(where=str(place), operator=leaf.operator, expected=leaf.expected, actual=actual, text=text)


def _seen(actual: Any) -> str:
    return "missing" if actual is ABSENT else shown(actual)


def _wanted(leaf: Leaf) -> str:
    return shown(leaf.expected) if leaf.operator == PLAIN else f"{leaf.operator} {shown(leaf.expected)}"


def _fields(condition: Fields, actual: Any, place: _Place) -> Match:
    if isinstance(actual, list):
        return _items(condition, actual, place)
    found = _all_of(_field(key, part, actual, place) for key, part in condition.fields)
    if isinstance(actual, Mapping) or found.matched is not True:
        return found
    return Match(matched=None, doubts=(f"{place} is {_seen(actual)}, not an object",))


def _field(key: str, part: Condition, actual: Any, place: _Place) -> Match:
    name = key.lower() if place == _Place("headers") else key
    if place == _Place("headers") and _ADDED_ON_THE_WAY.fullmatch(name) and _child(actual, name) is ABSENT:
        return Match(matched=None, doubts=(f"{place.inside(name)} may be added on the way",))
    found = _look(part, _child(actual, name), place.inside(name))
    along = _along(actual, name)
    if along is ABSENT or agreed(found.matched, _look(part, along, place).matched) is not None:
        return found
    return Match(matched=None, doubts=(f"{name} could be one field of {place} or a path into it",))


def _child(actual: Any, key: str) -> Any:
    return actual.get(key, ABSENT) if isinstance(actual, Mapping) else ABSENT


def _along(actual: Any, name: str) -> Any:
    """What a dotted name leads to, where it is not itself a field."""
    if "." not in name or _child(actual, name) is not ABSENT:
        return ABSENT
    for key in name.split("."):
        actual = _child(actual, key)
    return actual


def _items(condition: Fields, items: list[Any], place: _Place) -> Match:
    """An array matches when one of its objects does; fields met by different objects leave it open."""
    whole = some(_fields(condition, item, place).matched for item in items if not isinstance(item, list))
    if whole is True:
        return Match(matched=True)
    apart = every(
        some(_fields(Fields((field,)), item, place).matched for item in items if not isinstance(item, list))
        for field in condition.fields
    )
    counted = any(key.isdecimal() for key, _ in condition.fields) or any(
        isinstance(item, list) for item in items
    )
    if whole is None or apart is not False or counted:
        return Match(
            matched=None, doubts=(f"{place} is an array, and how its items are matched is not documented",)
        )
    text = f"{place} has no item among its {len(items)} that matches {shown(_plainly(condition))}"
    return Match(
        matched=False,
        misses=(
            Miss(where=str(place), operator=PLAIN, expected=_plainly(condition), actual=items, text=text),
        ),
    )


def _plainly(condition: Condition) -> Any:  # noqa: PLR0911 - one per kind
    """A condition as JSON again, for showing it."""
    match condition:
        case Leaf(operator, expected):
            return expected if operator == PLAIN else {operator: expected}
        case Fields(fields):
            return {key: _plainly(part) for key, part in fields}
        case Every(parts):
            return {"and": [_plainly(part) for part in parts]}
        case Some(parts):
            return {"or": [_plainly(part) for part in parts]}
        case Opposite(part):
            return {"not": _plainly(part)}
        case TwoReadings(first):
            return _plainly(first)
    return condition.reason


def _all_of(found: Iterable[Match]) -> Match:
    parts = list(found)
    return Match(
        matched=every(part.matched for part in parts),
        misses=tuple(miss for part in parts for miss in part.misses),
        doubts=tuple(doubt for part in parts for doubt in part.doubts),
    )


def _any_of(parts: list[Match], actual: Any, place: _Place) -> Match:
    matched = some(part.matched for part in parts)
    if matched is not False:
        doubts = tuple(doubt for part in parts for doubt in part.doubts) if matched is None else ()
        return Match(matched=matched, doubts=doubts)
    reasons = tuple(miss.text for part in parts for miss in part.misses)
    text = f"{place} meets none of {len(parts)} alternatives: {'; '.join(reasons)}"
    miss = Miss(where=str(place), operator="or", expected=reasons, actual=actual, text=text)
    return Match(matched=False, misses=(miss,))


def _opposite(part: Condition, actual: Any, place: _Place) -> Match:
    found = _look(part, actual, place)
    if found.matched is False and actual is ABSENT and not _about_presence(part):
        return Match(matched=None, doubts=(f"whether a missing {place} passes a not is not documented",))
    if found.matched is not True:
        return Match(matched=negated(found.matched), doubts=found.doubts)
    unwanted = _plainly(part)
    text = f"{place} is {_seen(actual)}, expected not {shown(unwanted)}"
    miss = Miss(where=str(place), operator="not", expected=unwanted, actual=actual, text=text)
    return Match(matched=False, misses=(miss,))


def _about_presence(part: Condition) -> bool:
    inner = part.first if isinstance(part, TwoReadings) else part
    return isinstance(inner, Leaf) and inner.operator == "exists"


def _both(condition: TwoReadings, actual: Any, place: _Place) -> Match:
    first = _look(condition.first, actual, place)
    if condition.keys and not any(_child(actual, key) is not ABSENT for key in condition.keys):
        return first
    if agreed(first.matched, _look(condition.second, actual, place).matched) is not None:
        return first
    return Match(matched=None, doubts=(f"the condition on {place} can be read in two ways",))


def _unclear(condition: Unclear, actual: Any, place: _Place) -> Match:
    if condition.reading and any(_child(actual, key) is not ABSENT for key in condition.keys):
        return _look(condition.reading, actual, place)
    return Match(matched=None, doubts=(f"{place}: {condition.reason}",))


def spoken(found: Match) -> Iterator[str]:
    """The lines that explain an answer: the misses, or else the doubts."""
    yield from (miss.text for miss in found.misses) if found.matched is False else found.doubts
