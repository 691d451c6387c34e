"""Filter and deduplicate rules, as far as the routes of these tests need them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_MISSING = object()
_OPERATORS = frozenset({"eq", "exists", "in", "contains", "gte"})


def filter_matches(rule: Mapping[str, Any], envelope: Mapping[str, Any]) -> bool:
    """Whether every target the rule names (headers, body, query, path) fits the request."""
    targets = [name for name in ("headers", "body", "query", "path") if rule.get(name) is not None]
    return all(_fits(rule[name], envelope.get(name, _MISSING)) for name in targets)


def deduplicate_key(rule: Mapping[str, Any], envelope: Mapping[str, Any]) -> str:
    """The values of the rule's fields, as one text."""
    return json.dumps([_at(envelope, name) for name in rule.get("include_fields", [])], sort_keys=True)


def _at(envelope: Mapping[str, Any], dotted: str) -> Any:
    value: Any = envelope
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _fits(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(wanted == value)
    operators = {key.removeprefix("$"): want for key, want in wanted.items()}
    if operators and operators.keys() <= _OPERATORS:
        return all(_holds(name, want, value) for name, want in operators.items())
    return isinstance(value, Mapping) and all(
        _fits(want, value.get(key, _MISSING)) for key, want in wanted.items()
    )


def _holds(operator: str, want: Any, value: Any) -> bool:
    if operator == "exists":
        return bool((value is not _MISSING) == want)
    if value is _MISSING:
        return False
    if operator == "contains":
        return want in value if isinstance(value, str | list) else False
    if operator == "gte":
        return isinstance(value, int | float) and bool(value >= want)
    return value in want if operator == "in" else bool(value == want)
