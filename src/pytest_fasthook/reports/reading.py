"""Reading a JSON report back, and saying which of its fields is wrong.

Texts are cleaned on the way in. The gate has done so already; a document that was read back from a file may
have been through other hands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pytest_fasthook.errors import FastHookError
from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.reports.model import Run


class ReportShapeError(FastHookError, ValueError):
    """A report's document is not of the published shape; the text names the field."""


def read(document: Mapping[str, Any]) -> Run:
    """Read the document.

    Raises:
        ReportShapeError: it is not of the published shape; the text names the first wrong field.
    """
    try:
        return Run.model_validate(_cleaned(document))
    except ValidationError as error:
        raise ReportShapeError(_describe(error.errors(include_url=False)[0])) from None


_EXPECTED: Mapping[str, str] = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "model_type": "an object",
    "mapping_type": "an object",
}
_KINDS: Mapping[type, str] = {
    bool: "true or false",
    type(None): "null",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def _describe(error: ErrorDetails) -> str:
    """What is wrong with the first wrong field, and where it stands."""
    return f"report{_path(error['loc'])} {_what(error)}"


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _what(error: ErrorDetails) -> str:
    kind, given, context = error["type"], error.get("input"), error.get("ctx", {})
    texts: Mapping[str, str] = {
        "missing": "is missing",
        "string_pattern_mismatch": "is not of the published form" if str(given).strip() else "is blank",
        "string_too_short": "is blank",
        "too_short": "is empty",
        "greater_than_equal": f"is {given}, not a number from 0 up",
        "finite_number": f"is {given}, not a number from 0 up",
        "enum": f"is {given!r}, not {context.get('expected')}",
        "literal_error": f"is {given!r}, not {context.get('expected')}",
        "value_error": str(context.get("error")),
    }
    if kind in _EXPECTED:
        return f"is {_KINDS.get(type(given), 'a number')}, not {_EXPECTED[kind]}"
    return one_line(texts.get(kind, error["msg"]))


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
