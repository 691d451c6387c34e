"""Reading and changing one place of a message, such as ``("body", "data", "id")``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fasthook.rules.message import ABSENT, Message

Place = tuple[str, ...]
"""A target (``headers``, ``body``, ``query``, ``path``) and the keys below it."""


def spelled(place: Place) -> str:
    """A place as people write it: ``body.data.id``."""
    return ".".join(place)


def value_at(message: Message, place: Place) -> Any:
    """What is there; :data:`ABSENT` where nothing is, and for a body that is missing."""
    value: Any = getattr(message, place[0])
    if place == ("body",) and value is None:
        return ABSENT
    for key in place[1:]:
        value = _inside(value, key)
    return value


def with_value(message: Message, place: Place, value: Any) -> Message:
    """A copy with ``value`` at ``place``; :data:`ABSENT` removes what is there.

    Objects on the way are made where they are missing, and take the place of anything that cannot hold a key.
    """
    target, *keys = place
    whole = _put(getattr(message, target), keys, value)
    changes: dict[str, Any] = {target: None if whole is ABSENT else whole}
    return replace(message, **changes)


def _inside(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return value[int(key)] if _counts(key, value) else ABSENT
    return value.get(key, ABSENT) if isinstance(value, Mapping) else ABSENT


def _counts(key: str, items: list[Any]) -> bool:
    return key.isdecimal() and key.isascii() and int(key) < len(items)


def _put(holder: Any, keys: list[str], value: Any) -> Any:
    if not keys:
        return value
    key, *below = keys
    if isinstance(holder, list) and _counts(key, holder):
        return [_put(item, below, value) if index == int(key) else item for index, item in enumerate(holder)]
    held: dict[str, Any] = dict(holder) if isinstance(holder, Mapping) else {}
    inner = _put(held.get(key, ABSENT), below, value)
    held.pop(key, None) if inner is ABSENT else held.update({key: inner})
    return held
