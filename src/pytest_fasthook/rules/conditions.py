"""From a filter's JSON to a tree of conditions, with every doubt about its meaning kept in the tree.

An object whose keys are all operator names holds operators, with or without ``$`` (FastHook documentation,
filters). A name without ``$`` could also be a field of the payload, so that reading stays in the tree too and
counts wherever the payload has such a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.rules.operators import LOGICAL, NAMES, OPERATORS, PLAIN
from pytest_fasthook.rules.values import shown

DEPTH = 50
"""Levels of nesting that are read; a filter people write has a handful."""

SUSPECT = frozenset(
    {
        *(
            "all",
            "any",
            "none",
            "ne",
            "exist",
            "regex",
            "regexp",
            "matches",
            "elemMatch",
            "icontains",
            "equals",
        ),
        *(
            "startswith",
            "endswith",
            "starts_with",
            "ends_with",
            "not_in",
            "notIn",
            "not_contains",
            "notContains",
        ),
    }
)
"""Names that other services use for operators: an object of these may be operators that we do not know."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One operator on one value."""

    operator: str
    expected: Any


@dataclass(frozen=True, slots=True)
class Fields:
    """Conditions on the fields of an object."""

    fields: tuple[tuple[str, Condition], ...]


@dataclass(frozen=True, slots=True)
class Every:
    """All parts must hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part must hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """The part must not hold."""

    part: Condition


@dataclass(frozen=True, slots=True)
class TwoReadings:
    """Two meanings of the same JSON.

    Attributes:
        keys: the second reading counts only where the payload has one of these; it always counts without any.
    """

    first: Condition
    second: Condition
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something that is not understood.

    Attributes:
        reading: what it means where the payload has one of ``keys``, if that is clear.
    """

    reason: str
    reading: Condition | None = None
    keys: frozenset[str] = frozenset()


Condition = Leaf | Fields | Every | Some | Opposite | TwoReadings | Unclear


def understand(raw: Any, *, depth: int = DEPTH) -> Condition:
    """Read the JSON of one condition; what cannot be read becomes :class:`Unclear`."""
    if depth <= 0:
        return Unclear(f"the filter is nested more than {DEPTH} levels deep")
    if isinstance(raw, Mapping):
        return _object(raw, depth - 1)
    return _leaf(PLAIN, raw)


def _object(raw: Mapping[str, Any], depth: int) -> Condition:
    strange = next((key for key in raw if key.startswith("$") and key[1:] not in NAMES), None)
    if strange is not None:
        return Unclear(f"{strange} is not an operator that is understood")
    bare = frozenset(key for key in raw if key in NAMES)
    if raw and all(_name(key) in NAMES for key in raw):
        operators = _operators(raw, depth)
        return TwoReadings(operators, _fields(raw, depth), bare) if bare else operators
    return _with_fields(raw, depth)


def _with_fields(raw: Mapping[str, Any], depth: int) -> Condition:
    """Read an object with at least one key that can only be a field."""
    fields = _fields(raw, depth)
    if raw and all(key in SUSPECT for key in raw):
        return Unclear(f"{', '.join(raw)} may be an operator that is not known", fields, frozenset(raw))
    logical = {key for key, value in raw.items() if key in LOGICAL and _fits(key, value)}
    if not logical:
        return fields
    plain = {key: value for key, value in raw.items() if key not in logical}
    operators = {key: value for key, value in raw.items() if key in logical}
    return TwoReadings(fields, Every((_operators(operators, depth), _fields(plain, depth))))


def _fits(name: str, value: Any) -> bool:
    return isinstance(value, Mapping if name == "not" else list)


def _name(key: str) -> str:
    return key.removeprefix("$")


def _operators(raw: Mapping[str, Any], depth: int) -> Condition:
    parts = tuple(_operator(_name(key), value, depth) for key, value in raw.items())
    return parts[0] if len(parts) == 1 else Every(parts)


def _operator(name: str, value: Any, depth: int) -> Condition:
    if name == "not":
        return Opposite(understand(value, depth=depth))
    if name not in LOGICAL:
        return _leaf(name, value)
    if not isinstance(value, list) or not value:
        return Unclear(f"{name} needs a list of conditions, not {shown(value)}")
    parts = tuple(understand(part, depth=depth) for part in value)
    return Some(parts) if name == "or" else Every(parts)


def _fields(raw: Mapping[str, Any], depth: int) -> Condition:
    """Read the keys as fields; keys with ``$`` stay operators."""
    operators = {key: value for key, value in raw.items() if key.startswith("$")}
    names = {key: value for key, value in raw.items() if not key.startswith("$")}
    fields = Fields(tuple((key, understand(value, depth=depth)) for key, value in names.items()))
    return Every((_operators(operators, depth), fields)) if operators else fields


def _leaf(name: str, expected: Any) -> Condition:
    if _has_operator(expected) or not OPERATORS[name].accepts(expected):
        return Unclear(f"{name} cannot be understood with {shown(expected)}")
    return Leaf(name, expected)


def _has_operator(value: Any) -> bool:
    """Whether a value that should be plain holds an operator or a reference somewhere."""
    waiting, seen = [value], 0
    while waiting:
        item = waiting.pop()
        seen += 1
        if isinstance(item, Mapping):
            if any(str(key).startswith("$") for key in item):
                return True
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return False
