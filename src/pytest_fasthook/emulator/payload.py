"""A stored payload, and the JSON forms in which the API shows it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from pytest_fasthook.emulator.errors import BadRequest

LARGE_BODY = 1_000_000
"""Bytes from which a body counts as large (guessed)."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One HTTP message as it came in: names of headers in lower case, body as exact bytes.

    Attributes:
        is_cut: the body is only the beginning of what came in.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    is_cut: bool = False

    def header(self, name: str) -> str | None:
        """Return the first header of that name (lower case), if any."""
        return next((value for key, value in self.headers if key == name), None)


MAX_DEPTH = 500
"""How deep JSON may be nested: what can be read can also be searched and written again."""

_MAYBE_INFINITE = re.compile(rb"[0-9][eE]|[0-9]{300}")


def read_json(body: bytes | str) -> tuple[bool, Any]:
    """Read strict JSON: whether it is JSON, and the value.

    Numbers that are not finite, such as ``1e400``, and values nested more than 500 deep are not JSON here.
    """
    if not body:
        return False, None
    try:
        text = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        # Reading each number by a function of ours costs time: only where one may be too large.
        read_float = _finite if _MAYBE_INFINITE.search(text) else None
        value = json.loads(body, parse_constant=_refuse, parse_float=read_float)
    except (ValueError, RecursionError):
        return False, None
    return (False, None) if _is_deeper(value, text, MAX_DEPTH) else (True, value)


def _finite(text: str) -> float:
    number = float(text)
    return _refuse(text) if math.isinf(number) else number


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def _is_deeper(value: Any, text: bytes, depth: int) -> bool:
    if text.count(b"[") + text.count(b"{") <= depth:
        return False
    level = [value]
    for _ in range(depth):
        inner = (
            item.values() if isinstance(item, dict) else item
            for item in level
            if isinstance(item, dict | list)
        )
        level = [child for children in inner for child in children if isinstance(child, dict | list)]
        if not level:
            return False
    return True


_MAYBE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_BODY_DEPTH = 100


def read_body(raw: bytes) -> Any:
    """Return the JSON body of a call.

    Raises:
        BadRequest: it is no JSON, is nested more than 100 deep, or holds half of a surrogate pair.
    """
    is_json, value = read_json(raw)
    if not is_json:
        raise BadRequest("the request body is not JSON")
    if _is_deeper(value, raw, _BODY_DEPTH):
        raise BadRequest(f"the request body is nested more than {_BODY_DEPTH} deep")
    if _MAYBE_SURROGATE.search(raw) and clean_text(text := json.dumps(value, ensure_ascii=False)) != text:
        raise BadRequest("the request body holds half of a surrogate pair, which is no text")
    return value


def clean_text(text: str) -> str:
    """Return a text that can be stored and sent: halves of surrogate pairs become ``U+FFFD``."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def serialize_body(body: bytes) -> Any:
    """Return the body as parsed JSON where possible, else as text."""
    is_json, value = read_json(body)
    return value if is_json else body.decode("utf-8", "replace")


def serialize_headers(headers: Headers) -> dict[str, str]:
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
        "headers": serialize_headers(payload.headers),
        "body": serialize_body(payload.body),
        "query": parsed_query(payload.query),
        "path": payload.path,
        "method": payload.method,
    }


def serialize_data(payload: Payload) -> dict[str, Any]:
    """Return the ``data`` of requests and events; its layout is inferred, not stated by FastHook."""
    return {
        "method": payload.method,
        "path": payload.path,
        "query": payload.query or None,
        "parsed_query": parsed_query(payload.query),
        "headers": serialize_headers(payload.headers),
        "body": serialize_body(payload.body),
        "is_large_payload": payload.is_cut or len(payload.body) > LARGE_BODY,
    }


def lowered(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Headers:
    """Return headers as pairs with names in lower case."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((name.lower(), value) for name, value in pairs)
