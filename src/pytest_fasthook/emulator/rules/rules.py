"""The rules of a connection: their stored form, and what deduplicate and retry rules decide."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.rules.filters import TARGETS, check_condition


def as_int(value: Any) -> int | None:
    """Return a JSON value as a whole number, or ``None`` where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


MAX_DELAY_MS = 30 * 24 * 3_600_000
"""The longest that an interval, a delay or a window may be, and that an exponential retry waits."""
_RANGE = re.compile(r"(\d{3})-(\d{3})")
_COMPARISON = re.compile(r"(>=|<=|>|<)(\d{3})")
_CODE = re.compile(r"!?(?:\d{3}(?:-\d{3})?|(?:>=|<=|>|<)\d{3})")


def next_delay_ms(
    rule: Mapping[str, Any] | None, *, attempts: int, response_status: int | None
) -> int | None:
    """Return how long to wait before the next attempt, or ``None`` when there is none.

    Args:
        rule: the connection's retry rule, if it has one; without it nothing is retried.
        attempts: how many attempts of the event have failed so far.
        response_status: the receiver's status; ``None`` means a network failure or a time-out, which are
            always worth a retry (FastHook docs, webhook sender).
    """
    if rule is None or attempts > rule["count"]:
        return None
    if response_status is not None and not is_retried(rule.get("response_status_codes"), response_status):
        return None
    interval = int(rule["interval"])
    return (
        min(MAX_DELAY_MS, interval * 2 ** (attempts - 1)) if rule["strategy"] == "exponential" else interval
    )


def is_retried(codes: Sequence[str] | None, status: int) -> bool:
    """Whether a failed status is on the list; exclusions win, without inclusions all the rest is on it."""
    excluded = [code[1:] for code in codes or () if code.startswith("!")]
    included = [code for code in codes or () if not code.startswith("!")]
    if any(_covers(code, status) for code in excluded):
        return False
    return not included or any(_covers(code, status) for code in included)


def is_code(text: str) -> bool:
    """Whether a text is a status, a range, a comparison, or the exclusion of one."""
    return _CODE.fullmatch(text) is not None


def _covers(code: str, status: int) -> bool:
    span = _RANGE.fullmatch(code)
    if span:
        return int(span[1]) <= status <= int(span[2])
    comparison = _COMPARISON.fullmatch(code)
    if not comparison:
        return int(code) == status
    limit = int(comparison[2])
    return {
        ">": status > limit,
        "<": status < limit,
        ">=": status >= limit,
        "<=": status <= limit,
    }[comparison[1]]


ORDER = ("deduplicate", "transform", "filter", "delay", "retry")
FIELD = re.compile(r"(body|headers|query|path)(\.[^.]+){0,100}")
MAX_RETRIES = 50


def normalize_rules(rules: Any) -> list[dict[str, Any]]:
    """Return the rules checked and in the order deduplicate, transform, filter, delay, retry.

    Raises:
        BadRequest: something is not a rule, or a type occurs twice.
    """
    if not isinstance(rules, Sequence) or isinstance(rules, str):
        raise BadRequest("rules must be an array")
    by_type: dict[str, dict[str, Any]] = {}
    for rule in rules:
        kind = _type_of(rule)
        if kind in by_type:
            raise BadRequest(f"rules hold more than one {kind} rule")
        by_type[kind] = _CHECKS[kind](rule)
    return [by_type[kind] for kind in ORDER if kind in by_type]


def rule_of(rules: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    """Return the rule of that type, if there is one."""
    return next((rule for rule in rules if rule["type"] == kind), None)


def _type_of(rule: Any) -> str:
    kind = rule.get("type") if isinstance(rule, Mapping) else None
    if not isinstance(kind, str) or kind not in ORDER:
        raise BadRequest(f"a rule's type must be one of {', '.join(ORDER)}")
    return kind


def _deduplicate(rule: Mapping[str, Any]) -> dict[str, Any]:
    window = _whole_number(rule, "window", low=1, high=MAX_DELAY_MS)
    for name in ("include_fields", "exclude_fields"):
        _texts(rule, name)
        if not all(FIELD.fullmatch(path) for path in rule.get(name) or ()):
            raise BadRequest(f"{name} takes paths such as body.id, headers.x-id, query.mode, path")
    if rule.get("include_fields") and rule.get("exclude_fields"):
        raise BadRequest("a deduplicate rule takes include_fields or exclude_fields, not both")
    return {**rule, "window": window}


def _transform(rule: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(rule.get("transformation_id"), str):
        raise BadRequest("a transform rule needs transformation_id")
    return dict(rule)


def _filter(rule: Mapping[str, Any]) -> dict[str, Any]:
    if not any(target in rule for target in TARGETS):
        raise BadRequest("a filter rule needs at least one of headers, body, query, path")
    for target in TARGETS:
        if target in rule:
            check_condition(rule[target])
    return dict(rule)


def _delay(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {**rule, "delay": _whole_number(rule, "delay", low=0, high=MAX_DELAY_MS)}


def _retry(rule: Mapping[str, Any]) -> dict[str, Any]:
    if rule.get("strategy") not in ("linear", "exponential"):
        raise BadRequest("a retry rule's strategy must be linear or exponential")
    interval = _whole_number(rule, "interval", low=1, high=MAX_DELAY_MS)
    count = _whole_number(rule, "count", low=0, high=MAX_RETRIES)
    _texts(rule, "response_status_codes")
    for code in rule.get("response_status_codes") or ():
        if not is_code(code):
            raise BadRequest(f"not a status code, range, comparison or exclusion: {code!r}")
    return {**rule, "interval": interval, "count": count}


def _whole_number(rule: Mapping[str, Any], name: str, *, low: int, high: int) -> int:
    value = as_int(rule.get(name))
    if value is None or not low <= value <= high:
        raise BadRequest(f"a {rule['type']} rule's {name} must be a whole number from {low} to {high}")
    return value


def _texts(rule: Mapping[str, Any], name: str) -> None:
    value = rule.get(name)
    if value is not None and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise BadRequest(f"a {rule['type']} rule's {name} must be an array of strings")


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "deduplicate": _deduplicate,
    "transform": _transform,
    "filter": _filter,
    "delay": _delay,
    "retry": _retry,
}


def deduplicate_key(rule: Mapping[str, Any], envelope: Mapping[str, Any]) -> str:
    """Return a digest that is equal exactly for requests which the rule calls duplicates.

    With ``include_fields`` only those count; with ``exclude_fields`` all but those; with neither the whole
    request counts.
    """
    included = rule.get("include_fields")
    if included:
        counted: Any = [_at(envelope, steps(field)) for field in included]
    else:
        whole = {target: envelope[target] for target in TARGETS}
        counted = _without(whole, [steps(field) for field in rule.get("exclude_fields") or ()])
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def steps(field: str) -> list[str]:
    """Return the steps to a field; the name of a header is one step and is compared without case."""
    target, dot, rest = field.partition(".")
    return [target, rest.lower()] if dot and target == "headers" else field.split(".")


def _at(value: Any, path: Sequence[str]) -> list[Any]:
    """The value at a path, in a list that is empty where the path leads nowhere."""
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return []
    return [value]


def _without(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    if not paths or not isinstance(value, Mapping):
        return value
    gone = {path[0] for path in paths if len(path) == 1}
    return {
        name: _without(item, [path[1:] for path in paths if len(path) > 1 and path[0] == name])
        for name, item in value.items()
        if name not in gone
    }
