"""Comparing JSON values, strictly and loosely, and showing them in a line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from pytest_fasthook.redact import one_line

Scalar = str | int | float | bool | None
SHOWN = 120
"""Characters of a value that a sentence may quote."""


def is_scalar(value: Any) -> bool:
    """Whether ``value`` is a JSON text, number, boolean or null."""
    return value is None or isinstance(value, str | int | float)


def is_number(value: Any) -> bool:
    """Whether ``value`` is a JSON number; booleans are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(first: Any, second: Any) -> bool:
    """Strict JSON equality: ``1`` equals ``1.0``, but not ``true`` and not ``"1"``."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if is_number(first) and is_number(second):
        return bool(first == second)
    return type(first) is type(second) and bool(first == second)


def alike(first: Any, second: Any) -> bool:
    """Loose equality of scalars, as JavaScript may see it: ``"5"`` and ``5``, ``1`` and ``true``."""
    if not (is_scalar(first) and is_scalar(second)) or (isinstance(first, str) and isinstance(second, str)):
        return same(first, second)
    if text_of(first) == text_of(second):
        return True
    left, right = _loosely(first), _loosely(second)
    return left is not None and left == right


def _loosely(value: Any) -> float | int | None:
    """The number that JavaScript makes of a scalar; an empty text counts as 0."""
    return 0 if isinstance(value, str) and not value.strip() else number_in(value)


def text_of(value: Scalar) -> str:
    """How a scalar is written where only text fits: in a header, a query parameter or a path."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def number_in(value: Any) -> float | int | None:
    """The number that a scalar stands for; ``None`` where it stands for none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def shown(value: Any) -> str:
    """Return ``value`` as JSON in one line that is not long."""
    return one_line(json.dumps(value, ensure_ascii=False, default=repr), limit=SHOWN)
