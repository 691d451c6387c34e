"""The first difference between the bytes that were sent and the body that was stored."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

_SHOWN = 60


def first_difference(sent: bytes, stored: Any) -> str | None:
    """Where the stored body differs from the sent one, in one phrase; ``None`` when it does not.

    Bodies are compared as JSON where the sent one is JSON, else as text; a body that is no text may be stored
    base64-encoded.
    """
    try:
        expected = json.loads(sent)
    except (ValueError, RecursionError):
        return _text_difference(sent, stored)
    if isinstance(stored, str) and not isinstance(expected, str):
        try:
            stored = json.loads(stored)
        except (ValueError, RecursionError):
            return f"body: stored {_show(stored)}, sent {_show(expected)}"
    return _difference(expected, stored, "body")


def first_lack(expected: Mapping[str, Any], actual: Any, where: str) -> str | None:
    """The first expected field that is not there, or is another; fields beside the expected ones do not count."""
    if not isinstance(actual, Mapping):
        return f"{where}: answered {_show(actual)}, expected {_show(expected)}"
    for key, value in expected.items():
        at = f"{where}.{key}"
        if key not in actual:
            return f"{at}: missing, expected {_show(value)}"
        if isinstance(value, Mapping):
            found = first_lack(value, actual[key], at)
        else:
            found = (
                None
                if actual[key] == value
                else f"{at}: answered {_show(actual[key])}, expected {_show(value)}"
            )
        if found:
            return found
    return None


def parsed(text: Any) -> Any:
    """A text that holds JSON as that JSON; anything else as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text_difference(sent: bytes, stored: Any) -> str | None:
    if not sent and stored in (None, "", {}):
        return None
    forms = {sent.decode("utf-8", "replace"), base64.b64encode(sent).decode()}
    if isinstance(stored, str) and stored in forms:
        return None
    return f"body: stored {_show(stored)}, sent {_show(sent.decode('utf-8', 'replace'))}"


def _difference(expected: Any, actual: Any, where: str) -> str | None:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return _mapping_difference(expected, actual, where)
    if isinstance(expected, list) and isinstance(actual, list):
        return _list_difference(expected, actual, where)
    same = type(expected) is type(actual) or _numbers(expected, actual)
    if same and expected == actual:
        return None
    return f"{where}: stored {_show(actual)}, sent {_show(expected)}"


def _numbers(expected: Any, actual: Any) -> bool:
    """1 and 1.0 are the same JSON number; true and 1 are not."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in (expected, actual))


def _mapping_difference(expected: Mapping[str, Any], actual: Mapping[str, Any], where: str) -> str | None:
    for key in [*expected, *(key for key in actual if key not in expected)]:
        at = f"{where}.{key}"
        if key not in actual:
            return f"{at}: missing, sent {_show(expected[key])}"
        if key not in expected:
            return f"{at}: stored {_show(actual[key])}, not sent"
        found = _difference(expected[key], actual[key], at)
        if found:
            return found
    return None


def _list_difference(expected: list[Any], actual: list[Any], where: str) -> str | None:
    if len(expected) != len(actual):
        return f"{where}: stored {len(actual)} items, sent {len(expected)}"
    pairs = enumerate(zip(expected, actual, strict=True))
    found = (_difference(one, other, f"{where}[{index}]") for index, (one, other) in pairs)
    return next(filter(None, found), None)


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
