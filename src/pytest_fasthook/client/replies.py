"""What came back from a call, and how it is read: from bytes to JSON or to the error it means. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_fasthook.client.retry import read_http_date, read_retry_after
from pytest_fasthook.errors import (
    ApiError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreadableError,
)
from pytest_fasthook.redact import Redactor, one_line

KEPT_HEADERS = frozenset({"content-type", "date", "retry-after", "x-request-id", "cf-ray"})
DETAIL_CHARS = 200
_READ_CHARS = 8 * DETAIL_CHARS
"""Redaction sees more than is shown, so that no secret is cut in two and shown by half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """An HTTP answer before anybody has looked into it.

    Attributes:
        headers: names in lower case.
        complete: false where the body was cut, by us or on the way.
        asked_at, seen_at: seconds on ``clock.monotonic``, before sending and after the last byte.
        received_at: the local wall clock when the answer was there.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    complete: bool = True
    asked_at: float
    seen_at: float
    received_at: datetime

    @property
    def server_date(self) -> datetime | None:
        """The server's clock, from its ``Date`` header."""
        return read_http_date(self.headers.get("date"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A successful answer of the API.

    Attributes:
        value: the parsed JSON; ``None`` also for an empty body of a write.
        headers: the few that are of use for support.
        asked_at, seen_at: seconds on ``clock.monotonic``, before sending and after the last byte.
        server_date: the server's clock, from its ``Date`` header.
        call: the call in words, for example ``GET /connections/conn_1``.
    """

    status: int
    value: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    asked_at: float
    seen_at: float
    server_date: datetime | None
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressReply:
    """What a source's URL answered; any status is an answer.

    Attributes:
        body: at most the first 64 KiB.
        complete: false where the body was cut, by us or on the way.
        request_id: from FastHook's default answer; custom responses and proxies have none.
        asked_at, seen_at: seconds on ``clock.monotonic``, before sending and after the last byte.
        server_date: the server's clock, from its ``Date`` header.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    complete: bool
    request_id: str | None
    asked_at: float
    seen_at: float
    server_date: datetime | None


def read_reply(raw: RawReply, *, call: str, redactor: Redactor, withhold: bool = False) -> Reply:
    """Read an API answer.

    Args:
        raw: the answer.
        call: the call in words, for messages.
        redactor: makes messages fit to be shown.
        withhold: the body may hold secrets that nobody knows yet, so no message repeats any of it.

    Raises:
        UnreachableError: a 5xx; ``RateLimitedError`` for 429.
        RefusedError: another 4xx.
        UnreadableError: a redirect, an unknown status, or a body that is not JSON.
    """
    if not 200 <= raw.status < 300:
        raise _error_of(raw, describe(raw, call=call, redactor=redactor, withhold=withhold), call=call)
    if not raw.complete:
        raise UnreadableError(f"{call}: the answer is larger than {len(raw.body)} bytes", call=call)
    try:
        value = _parse(raw.body) if raw.body or call.startswith("GET ") else None
    except (ValueError, RecursionError):
        text = describe(raw, call=call, redactor=redactor, withhold=withhold)
        raise UnreadableError(f"{text} is not JSON", call=call) from None
    kept = {name: text for name, text in raw.headers.items() if name in KEPT_HEADERS}
    return Reply(
        status=raw.status,
        value=value,
        headers=kept,
        asked_at=raw.asked_at,
        seen_at=raw.seen_at,
        server_date=raw.server_date,
        call=call,
    )


def read_ingress(raw: RawReply) -> IngressReply:
    """Read a source's answer."""
    return IngressReply(
        status=raw.status,
        headers=dict(raw.headers),
        body=raw.body,
        complete=raw.complete,
        request_id=_request_id(raw.body),
        asked_at=raw.asked_at,
        seen_at=raw.seen_at,
        server_date=raw.server_date,
    )


def describe(raw: RawReply, *, call: str, redactor: Redactor, withhold: bool = False) -> str:
    """Say in one line what a call was answered, fit to be shown."""
    kind = raw.headers.get("content-type", "no content type")
    detail = "body withheld" if withhold else redactor.show(_detail(raw.body))
    location = raw.headers.get("location") if 300 <= raw.status < 400 else None
    moved = f", redirects to {one_line(redactor.show(location), limit=DETAIL_CHARS)}" if location else ""
    text = f"{call}: {raw.status} ({kind}){moved}: {one_line(detail, limit=DETAIL_CHARS) or 'empty body'}"
    return one_line(redactor.show(text), limit=2 * DETAIL_CHARS)


def _error_of(raw: RawReply, text: str, *, call: str) -> ApiError:
    wait = read_retry_after(raw.headers.get("retry-after"), now=raw.server_date or raw.received_at)
    if raw.status == 429:
        return RateLimitedError(text, call=call, retry_after=wait)
    if raw.status == 404 and _sentence_of_fasthook(raw.body) is None:
        return UnreadableError(f"{text}; FastHook answers unknown ids with a JSON error", call=call)
    if 400 <= raw.status < 500:
        return RefusedError(text, call=call, status=raw.status)
    if 500 <= raw.status < 600:
        return UnreachableError(text, call=call, reason="status", status=raw.status, retry_after=wait)
    return UnreadableError(text, call=call)


def _sentence_of_fasthook(body: bytes) -> str | None:
    value = _parse_or_none(body)
    return _message(value) if isinstance(value, Mapping) else None


def _parse(body: bytes) -> Any:
    return json.loads(body)


def _parse_or_none(body: bytes) -> Any:
    try:
        return _parse(body)
    except (ValueError, RecursionError):
        return None


def _request_id(body: bytes) -> str | None:
    value = _parse_or_none(body)
    request_id = value.get("request_id") if isinstance(value, Mapping) else None
    return request_id if isinstance(request_id, str) and request_id else None


def _detail(body: bytes) -> str:
    value = _parse_or_none(body)
    return _message(value) or body[:_READ_CHARS].decode("utf-8", "replace")


def _message(value: Any) -> str | None:
    """Find the sentence in any of FastHook's error bodies (contract: ``ErrorResponse`` and exceptions)."""
    if isinstance(value, str):
        return value[:_READ_CHARS]
    if not isinstance(value, Mapping):
        return None
    error = value.get("error")
    inner = error if isinstance(error, Mapping) else {}
    places = (error, inner.get("message"), inner.get("code"), value.get("message"), value.get("code"))
    return next((text[:_READ_CHARS] for text in places if isinstance(text, str) and text), None)
