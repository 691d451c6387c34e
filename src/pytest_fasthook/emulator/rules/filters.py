"""Filter conditions (FastHook docs, filters): do headers, body, query and path satisfy them?

A plain value means equality, an object follows the payload, and an object whose keys are operators applies
them all. Operators may be written with or without ``$``. Values are JSON values: ``true`` is not ``1``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest

TARGETS = ("headers", "body", "query", "path")
MAX_DEPTH = 100
MAX_OPERATORS = 200
"""Operators and fields that one condition may have."""
MAX_VALUES = 10_000
"""Values that the arrays of one condition may have together."""
_ABSENT = object()


def matches(conditions: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether every given target satisfies its condition.

    Args:
        conditions: a filter rule; keys other than the four targets are not looked at.
        envelope: headers, body, query and path of the incoming request.
    """
    return all(
        satisfies(
            _lower_names(conditions[target]) if target == "headers" else conditions[target], envelope[target]
        )
        for target in TARGETS
        if target in conditions
    )


def satisfies(condition: Any, value: Any) -> bool:
    """Whether one value satisfies one condition."""
    if not isinstance(condition, Mapping):
        return equal(condition, value)
    if not condition:
        return True
    if _is_operators(condition):
        return all(_apply(name, operand, value) for name, operand in condition.items())
    members = {} if value is _ABSENT else value
    return isinstance(members, Mapping) and all(
        _member(key, want, members) for key, want in condition.items()
    )


def _member(key: str, want: Any, value: Mapping[str, Any]) -> bool:
    if key.startswith("$"):
        return _apply(key, want, value)
    return satisfies(want, value.get(key, _ABSENT))


def check_condition(condition: Any) -> None:
    """Refuse operators that do not exist and operands they cannot take.

    Raises:
        BadRequest: the condition can never be evaluated, or is larger than what can be evaluated for each webhook.
    """
    _check_size(condition)
    _check_form(condition)


def _check_size(condition: Any) -> None:
    level, operators, values = [condition], 0, 0
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                operators += len(item)
                inner.extend(item.values())
            elif isinstance(item, list):
                values += len(item)
                inner.extend(item)
        if operators > MAX_OPERATORS or values > MAX_VALUES:
            raise BadRequest(
                f"a condition may have {MAX_OPERATORS} operators and {MAX_VALUES} values in arrays"
            )
        level = inner
    if level:
        raise BadRequest(f"a condition may be nested {MAX_DEPTH} deep")


def _check_form(condition: Any) -> None:
    if isinstance(condition, list):
        for item in condition:
            _check_form(item)
    if not isinstance(condition, Mapping):
        return
    operators = _is_operators(condition)
    for key, operand in condition.items():
        if operators or key.startswith("$"):
            _check_operator(key, operand)
        else:
            _check_form(operand)


def _check_operator(key: str, operand: Any) -> None:
    name = key.removeprefix("$")
    if name not in _OPERATORS:
        raise BadRequest(f"unknown filter operator: {key}")
    if not _suits(name, operand):
        raise BadRequest(f"filter operator {key} takes {'true or false' if name == 'exists' else 'an array'}")
    if name in _LOGIC or not key.startswith("$"):
        _check_form(operand)


def equal(left: Any, right: Any) -> bool:
    """JSON equality: numbers by value, booleans only with booleans."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(item, right[key]) for key, item in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def _lower_names(condition: Any) -> Any:
    """Header names are compared in lower case, also inside ``$or``, ``$and`` and ``$not``."""
    if isinstance(condition, list):
        return [_lower_names(item) for item in condition]
    if not isinstance(condition, Mapping):
        return condition
    return {
        key if key.startswith("$") else key.lower(): _lower_names(item) if key.startswith("$") else item
        for key, item in condition.items()
    }


def _is_operators(condition: Mapping[str, Any]) -> bool:
    """Whether all keys are operators; one without ``$`` only where its operand suits it, else it names a field."""
    return all(
        key.removeprefix("$") in _OPERATORS and (key.startswith("$") or _suits(key, operand))
        for key, operand in condition.items()
    )


def _suits(name: str, operand: Any) -> bool:
    if name in {"in", "nin", "or", "and"}:
        return isinstance(operand, list)
    return isinstance(operand, bool) if name == "exists" else True


def _apply(key: str, operand: Any, value: Any) -> bool:
    name = key.removeprefix("$")
    return _LOGIC[name](operand, value) if name in _LOGIC else _COMPARE[name](operand, value)


def _contains(operand: Any, value: Any) -> bool:
    if isinstance(value, str):
        return isinstance(operand, str) and operand in value
    return isinstance(value, list) and any(equal(operand, item) for item in value)


def _is_in(operand: Any, value: Any) -> bool:
    options = {_frozen(option) for option in operand}
    candidates = value if isinstance(value, list) else [value]
    return any(_frozen(candidate) in options for candidate in candidates)


def _frozen(value: Any, depth: int = MAX_DEPTH + 1) -> Any:
    """A form that can be looked up in a set; two are the same exactly where the values are equal."""
    if isinstance(value, bool):
        return (bool, value)
    if not isinstance(value, dict | list) or depth == 0:
        return value if depth and value is not _ABSENT else object()
    if isinstance(value, list):
        return tuple(_frozen(item, depth - 1) for item in value)
    return frozenset((key, _frozen(item, depth - 1)) for key, item in value.items())


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(operand: Any, value: Any) -> bool:
        numbers = _is_number(operand) and _is_number(value)
        texts = isinstance(operand, str) and isinstance(value, str)
        return (numbers or texts) and test(value, operand)

    return compare


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda operand, value: isinstance(operand, str) and isinstance(value, str) and test(value, operand)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": equal,
    "neq": lambda operand, value: not equal(operand, value),
    "exists": lambda operand, value: (value is not _ABSENT) is operand,
    "contains": _contains,
    "in": _is_in,
    "nin": lambda operand, value: not _is_in(operand, value),
    "gt": _ordered(lambda value, operand: value > operand),
    "gte": _ordered(lambda value, operand: value >= operand),
    "lt": _ordered(lambda value, operand: value < operand),
    "lte": _ordered(lambda value, operand: value <= operand),
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
}
_LOGIC: Mapping[str, Callable[[Any, Any], bool]] = {
    "or": lambda operand, value: any(satisfies(item, value) for item in operand),
    "and": lambda operand, value: all(satisfies(item, value) for item in operand),
    "not": lambda operand, value: not satisfies(operand, value),
}
_OPERATORS = frozenset(_COMPARE) | frozenset(_LOGIC)
