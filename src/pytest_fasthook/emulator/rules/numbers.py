"""Whole numbers in JSON, where ``60.0`` is one too."""

from __future__ import annotations

from typing import Any


def whole(value: Any) -> int | None:
    """Return a JSON value as a whole number, or ``None`` where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None
