"""Whether two lists of rules mean the same, and where they do not.

The server keeps rules in an order of its own (FastHook guide on API automation), so they are compared by
type, not by position. Spellings that mean the same make no difference: operators with and without ``$``,
``{"eq": x}`` and ``x``, status codes as texts and as numbers, empty settings and missing ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.operators import NAMES
from pytest_fasthook.rules.parse import DELAY_KEYS, TARGETS
from pytest_fasthook.rules.values import is_scalar, same, shown

_SETS = frozenset({"response_status_codes", "include_fields", "exclude_fields"})
"""Settings whose order means nothing."""

_HIDDEN = frozenset({"env"})
"""Settings that may hold secrets; that they differ is said, not how."""


def differences(live: Sequence[Any], expected: Sequence[Any]) -> tuple[str, ...]:
    """Say in one line each how the live rules differ from the expected ones; nothing when they do not.

    Args:
        live: the connection's rules as the API gives them, as JSON.
        expected: the rules of the rules file, as JSON.
    """
    return tuple(_unlike(_by_type(live), _by_type(expected)))


def _by_type(rules: Sequence[Any]) -> dict[str, Any]:
    """The rules by type; a further one of the same type gets a number."""
    named: dict[str, Any] = {}
    for rule in rules:
        kind = str(rule.get("type", "no type")) if isinstance(rule, Mapping) else "no type"
        count = sum(1 for name in named if name.partition(" #")[0] == kind)
        named[f"{kind} #{count + 1}" if count else kind] = _normal(kind, rule)
    return named


def _normal(kind: str, rule: Any) -> Any:
    if not isinstance(rule, Mapping):
        return rule
    settings = {key: value for key, value in rule.items() if key != "type" and not _empty(value)}
    if kind == "filter":
        return {
            key: _condition(value, top=key) if key in TARGETS else value for key, value in settings.items()
        }
    if kind == "delay":
        settings = {"delay" if key in DELAY_KEYS else key: value for key, value in settings.items()}
    return {key: _setting(key, value) for key, value in settings.items()}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, Mapping | list) and not value)


def _setting(key: str, value: Any) -> Any:
    if key in _SETS and isinstance(value, list | tuple | str | int):
        items = [value] if isinstance(value, str | int) else value
        return sorted({str(item).strip() for item in items})
    return value


def _condition(value: Any, *, top: str | None = None) -> Any:
    """A filter's condition with operators as ``$name`` and plain equality without any."""
    if isinstance(value, list):
        return [_condition(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    operators = all(key.removeprefix("$") in NAMES for key in value)
    inner = {_key(key, operators=operators, top=top): _condition(item) for key, item in value.items()}
    plain = inner.get("$eq")
    return plain if len(inner) == 1 and "$eq" in inner and is_scalar(plain) else inner


def _key(key: str, *, operators: bool, top: str | None) -> str:
    if operators:
        return f"${key.removeprefix('$')}"
    return key.lower() if top == "headers" else key


def _unlike(live: Any, expected: Any, where: str = "") -> Iterator[str]:
    if isinstance(live, Mapping) and isinstance(expected, Mapping):
        for key in sorted({*live, *expected}):
            inner = f"{where}.{key}" if where else key
            yield from _unlike(live.get(key, ABSENT), expected.get(key, ABSENT), inner)
    elif live is ABSENT:
        yield f"{where}: only in the file{_showing(expected, where)}"
    elif expected is ABSENT:
        yield f"{where}: only in the live rules{_showing(live, where)}"
    elif not same(live, expected):
        yield _both(live, expected, where)


def _secret(where: str) -> bool:
    return not _HIDDEN.isdisjoint(where.split("."))


def _showing(value: Any, where: str) -> str:
    """A setting's value; a whole rule is named without its content."""
    return "" if "." not in where or _secret(where) else f" ({shown(value)})"


def _both(live: Any, expected: Any, where: str) -> str:
    if _secret(where):
        return f"{where}: live and expected values differ"
    return f"{where}: live {shown(live)}, expected {shown(expected)}"
