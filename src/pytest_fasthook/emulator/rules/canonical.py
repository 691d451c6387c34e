"""The form in which rules are stored: checked, one of each type, in FastHook's order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_fasthook.emulator.errors import Invalid
from pytest_fasthook.emulator.rules.filters import TARGETS, check_condition
from pytest_fasthook.emulator.rules.numbers import whole
from pytest_fasthook.emulator.rules.retry import MAX_DELAY_MS, is_code

ORDER = ("deduplicate", "transform", "filter", "delay", "retry")
FIELD = re.compile(r"(body|headers|query|path)(\.[^.]+){0,100}")
MAX_RETRIES = 50


def canonical(rules: Any) -> list[dict[str, Any]]:
    """Return the rules checked and in the order deduplicate, transform, filter, delay, retry.

    Raises:
        Invalid: something is not a rule, or a type occurs twice.
    """
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        raise Invalid("rules must be an array")
    by_type: dict[str, dict[str, Any]] = {}
    for rule in rules:
        kind = _type_of(rule)
        if kind in by_type:
            raise Invalid(f"rules hold more than one {kind} rule")
        by_type[kind] = _CHECKS[kind](rule)
    return [by_type[kind] for kind in ORDER if kind in by_type]


def rule_of(rules: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    """Return the rule of that type, if there is one."""
    return next((rule for rule in rules if rule["type"] == kind), None)


def _type_of(rule: Any) -> str:
    kind = rule.get("type") if isinstance(rule, Mapping) else None
    if not isinstance(kind, str) or kind not in ORDER:
        raise Invalid(f"a rule's type must be one of {', '.join(ORDER)}")
    return kind


def _deduplicate(rule: Mapping[str, Any]) -> dict[str, Any]:
    window = _whole_number(rule, "window", low=1, high=MAX_DELAY_MS)
    for name in ("include_fields", "exclude_fields"):
        _texts(rule, name)
        if not all(FIELD.fullmatch(path) for path in rule.get(name) or ()):
            raise Invalid(f"{name} takes paths such as body.id, headers.x-id, query.mode, path")
    if rule.get("include_fields") and rule.get("exclude_fields"):
        raise Invalid("a deduplicate rule takes include_fields or exclude_fields, not both")
    return {**rule, "window": window}


def _transform(rule: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(rule.get("transformation_id"), str):
        raise Invalid("a transform rule needs transformation_id")
    return dict(rule)


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    if not any(target in rule for target in TARGETS):
        raise Invalid("a filter rule needs at least one of headers, body, query, path")
    for target in TARGETS:
        if target in rule:
            check_condition(rule[target])
    return dict(rule)


def _delay(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {**rule, "delay": _whole_number(rule, "delay", low=0, high=MAX_DELAY_MS)}


def _retry(rule: Mapping[str, Any]) -> dict[str, Any]:
    if rule.get("strategy") not in ("linear", "exponential"):
        raise Invalid("a retry rule's strategy must be linear or exponential")
    interval = _whole_number(rule, "interval", low=1, high=MAX_DELAY_MS)
    count = _whole_number(rule, "count", low=0, high=MAX_RETRIES)
    _texts(rule, "response_status_codes")
    for code in rule.get("response_status_codes") or ():
        if not is_code(code):
            raise Invalid(f"not a status code, range, comparison or exclusion: {code!r}")
    return {**rule, "interval": interval, "count": count}


def _whole_number(rule: Mapping[str, Any], name: str, *, low: int, high: int) -> int:
    value = whole(rule.get(name))
    if value is None or not low <= value <= high:
        raise Invalid(f"a {rule['type']} rule's {name} must be a whole number from {low} to {high}")
    return value


def _texts(rule: Mapping[str, Any], name: str) -> None:
    value = rule.get(name)
    if value is not None and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise Invalid(f"a {rule['type']} rule's {name} must be an array of strings")


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "deduplicate": _deduplicate,
    "transform": _transform,
    "filter": _filter,
    "delay": _delay,
    "retry": _retry,
}
