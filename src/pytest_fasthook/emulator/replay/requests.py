"""Replaying one request, exactly or modified, through the source's present pipeline."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from pytest_fasthook.emulator.errors import Conflict, Invalid, TooLarge
from pytest_fasthook.emulator.ingress.accept import admit
from pytest_fasthook.emulator.ingress.decide import Decision
from pytest_fasthook.emulator.lineage import Lineage
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.records import Request, Source
from pytest_fasthook.emulator.store.tables import SOURCES, load_payload
from pytest_fasthook.emulator.world import World

METHODS = ("GET", "QUERY", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
PARTS = ("method", "path", "query", "headers", "body")
WRAPPERS = ("modifications", "request", "replay")
MAX_BODY = 10_000_000
MAX_PATH = 2048


@dataclass(frozen=True, slots=True)
class Replay:
    """A replayed request, and whether it was changed."""

    request: Request
    mode: str


def retry_request(world: World, request: Request, body: Any, lineage: Lineage) -> Replay:
    """Send a stored request through its source again, as a new request.

    Args:
        world: the emulator.
        request: what is repeated; a rejected one as well.
        body: the call's JSON body; empty for an exact replay.
        lineage: how the new request is linked to the old one.

    Raises:
        Conflict: the source is gone or disabled, or the payload no longer exists.
        Invalid: the modifications cannot be read.
        TooLarge: the modified body is over 10 MB.
    """
    changes = read_modifications(body)
    source = SOURCES.find(world.database, "id = ? AND team_id = ?", (request.source_id, request.team_id))
    payload = load_payload(world.database, request.data_id)
    if payload is None:
        raise Conflict("the payload no longer exists")
    source = _enabled(source)
    payload = modified(payload, changes)
    # The sender proved who it is the first time; a changed body could not be signed again.
    decision = Decision(verified=request.verified)
    again = admit(world, source, payload, decision, lineage=lineage)
    return Replay(again, "modified" if changes else "exact")


def _enabled(source: Source | None) -> Source:
    if source is None or source.disabled_ms is not None:
        raise Conflict("the source is not enabled")
    return source


def read_modifications(body: Any) -> Mapping[str, Any]:
    """Read what is to be changed: under ``modifications``, one of its aliases, or at the top level."""
    if not isinstance(body, Mapping):
        raise Invalid("the request body must be a JSON object")
    given = [name for name in WRAPPERS if name in body]
    if len(given) > 1 or (given and len(body) > 1):
        raise Invalid(f"give one of {', '.join(WRAPPERS)}, or the parts at the top level")
    changes = body[given[0]] if given else body
    if not isinstance(changes, Mapping) or not set(changes) <= set(PARTS):
        raise Invalid(f"modifications take {', '.join(PARTS)}")
    _check(changes)
    return changes


def _check(changes: Mapping[str, Any]) -> None:
    if changes.get("method", "POST") not in METHODS:
        raise Invalid(f"method must be one of {', '.join(METHODS)}")
    path = changes.get("path", "/")
    if not isinstance(path, str) or len(path) > MAX_PATH:
        raise Invalid(f"path must be a text of at most {MAX_PATH} characters")
    if not isinstance(changes.get("query", ""), str | Mapping):
        raise Invalid("query must be a text or an object")
    headers = changes.get("headers", {})
    if not isinstance(headers, Mapping) or not all(_is_header(*pair) for pair in headers.items()):
        raise Invalid("headers must be an object of header names and texts of one line")


def _is_header(name: str, value: Any) -> bool:
    is_line = isinstance(value, str) and "\n" not in value and "\r" not in value
    return is_line and HEADER_NAME.fullmatch(name) is not None


def modified(payload: Payload, changes: Mapping[str, Any]) -> Payload:
    """Return the payload with the changes; headers that are not named stay."""
    parts: dict[str, Any] = {}
    if "method" in changes:
        parts["method"] = changes["method"]
    if "path" in changes:
        parts["path"] = "/" + changes["path"].removeprefix("/")
    if "query" in changes:
        parts["query"] = _query(changes["query"])
    if "headers" in changes:
        parts["headers"] = _headers(payload, changes["headers"])
    if "body" in changes:
        parts["body"] = _body(changes["body"])
    return replace(payload, **parts)


def _query(query: str | Mapping[str, Any]) -> str:
    return query.removeprefix("?") if isinstance(query, str) else urlencode(query, doseq=True)


def _headers(payload: Payload, headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    given = {name.lower(): str(value) for name, value in headers.items()}
    kept = tuple(pair for pair in payload.headers if pair[0] not in given)
    return (*kept, *given.items())


def _body(body: Any) -> bytes:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if len(raw) > MAX_BODY:
        raise TooLarge("the replay's body is over 10 MB")
    return raw
