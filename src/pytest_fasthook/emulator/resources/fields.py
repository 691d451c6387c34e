"""Reading the fields of a request body, each with a message that names it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.times import read_time

NAME = re.compile(r"[A-Za-z0-9_-]{1,155}")
"""The form of destination and filter names (FastHook contract); sources and connections take any text."""


def known(body: Any, *names: str) -> Mapping[str, Any]:
    """Return the body as an object that has none but the named fields.

    Raises:
        BadRequest: it is no object, or has another field (the contract's request models are closed).
    """
    if not isinstance(body, Mapping):
        raise BadRequest("the request body must be a JSON object")
    unknown = sorted(set(body) - set(names))
    if unknown:
        raise BadRequest(f"unknown field: {unknown[0]}")
    return body


def text(body: Mapping[str, Any], name: str, *, most: int = 255) -> str:
    """Return a text that must be there and not be empty."""
    value = body.get(name)
    if not isinstance(value, str) or not value or len(value) > most:
        raise BadRequest(f"{name} must be a text of 1 to {most} characters")
    return value


def optional_text(body: Mapping[str, Any], name: str, *, most: int = 2048) -> str | None:
    """Return a text that may be missing or null."""
    value = body.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > most):
        raise BadRequest(f"{name} must be a text of at most {most} characters, or null")
    return value


def choice(body: Mapping[str, Any], name: str, options: Sequence[str], *, default: str) -> str:
    """Return one of a few texts."""
    value = body.get(name, default)
    if not isinstance(value, str) or value not in options:
        raise BadRequest(f"{name} must be one of {', '.join(options)}")
    return value


def mapping(body: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return an object that may be missing or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise BadRequest(f"{name} must be an object")
    return None if value is None else dict(value)


def moment(body: Mapping[str, Any], name: str, *, now_ms: int) -> int | None:
    """Return a timestamp that may be null, in milliseconds since 1970."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a timestamp or null")
    return read_time(value, now_ms=now_ms, name=name)
