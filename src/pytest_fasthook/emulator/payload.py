"""A stored payload, and the JSON forms in which the API shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

LARGE_BODY = 1_000_000
"""Bytes from which a body counts as large (guessed)."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One HTTP message as it came in: names of headers in lower case, body as exact bytes."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header of that name (lower case), if any."""
        return next((value for key, value in self.headers if key == name), None)


def read_json(body: bytes | str) -> tuple[bool, Any]:
    """Read strict JSON: whether it is JSON, and the value."""
    if not body:
        return False, None
    try:
        return True, json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False, None


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def shown_body(body: bytes) -> Any:
    """Return the body as parsed JSON where possible, else as text."""
    is_json, value = read_json(body)
    return value if is_json else body.decode("utf-8", "replace")


def shown_headers(headers: Headers) -> dict[str, str]:
    """Join repeated headers with a comma, as HTTP allows."""
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def parsed_query(query: str) -> dict[str, Any]:
    """Read a query string; repeated keys become arrays."""
    return gathered(parse_qsl(query, keep_blank_values=True))


def gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn pairs into an object in which repeated keys become arrays."""
    values: dict[str, list[str]] = {}
    for key, value in pairs:
        values.setdefault(key, []).append(value)
    return {key: found[0] if len(found) == 1 else found for key, found in values.items()}


def envelope(payload: Payload) -> dict[str, Any]:
    """Return the payload as rules and transformations see it (FastHook docs, transformations)."""
    return {
        "headers": shown_headers(payload.headers),
        "body": shown_body(payload.body),
        "query": parsed_query(payload.query),
        "path": payload.path,
        "method": payload.method,
    }


def shown_data(payload: Payload) -> dict[str, Any]:
    """Return the ``data`` of requests and events; its layout is inferred, not stated by FastHook."""
    return {
        "method": payload.method,
        "path": payload.path,
        "query": payload.query or None,
        "parsed_query": parsed_query(payload.query),
        "headers": shown_headers(payload.headers),
        "body": shown_body(payload.body),
        "is_large_payload": len(payload.body) > LARGE_BODY,
    }


def lowered(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Headers:
    """Return headers as pairs with names in lower case."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((name.lower(), value) for name, value in pairs)
