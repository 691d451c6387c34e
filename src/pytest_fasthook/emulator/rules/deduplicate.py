"""The deduplicate rule: one key per request, made from the fields that count."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_fasthook.emulator.rules.filters import TARGETS


def key(rule: Mapping[str, Any], envelope: Mapping[str, Any]) -> str:
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
