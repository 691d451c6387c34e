"""The JSON report: the document itself, complete and versioned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def render(document: Mapping[str, Any]) -> bytes:
    """Return the document as UTF-8 JSON with a final newline.

    Raises:
        ValueError: the document holds a number that JSON has no spelling for.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False)
    # Only a lone surrogate cannot be encoded, and its backslash form is its spelling in JSON.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the report, as shipped in this package."""
    text = files(__package__).joinpath("report.schema.json").read_text(encoding="utf-8")
    shipped: dict[str, Any] = json.loads(text)
    return shipped
