"""One raw value in, one checked value out: how settings are spelled. Every error names value and source."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.iso import read_iso
from pytest_fasthook.redact import clean, one_line

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_LONGEST_S = 7 * 86400
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,199}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = frozenset({"x-fasthook-probe", "host", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class Value:
    """A raw value and the words for where it came from."""

    text: Any
    where: str

    def wrong(self, expected: str) -> SettingsError:
        """The one line a user gets for a wrong value."""
        shown = one_line(clean(str(self.text)), limit=80)
        return SettingsError(f"{self.where}: {shown!r} is not valid; expected {expected}")


@dataclass(frozen=True, slots=True)
class DeployStart:
    """When the deploy began: a date, or so long before the gate starts."""

    at: datetime | None = None
    ago: timedelta = timedelta()

    def resolve(self, gate_start: datetime) -> datetime:
        """The date, given when the gate started (both on the server's clock)."""
        return self.at if self.at is not None else gate_start - self.ago


@dataclass(frozen=True, slots=True)
class Match:
    """One condition on a real request.

    Attributes:
        target: ``body``, ``headers``, ``query`` or ``path``.
        keys: the way into the target; empty for the target itself.
        value: what must be there, as text.
    """

    target: str
    keys: tuple[str, ...]
    value: str

    def __str__(self) -> str:
        return f"{'.'.join((self.target, *self.keys))}={self.value}"


def request_match(text: str, where: str) -> Match:
    """A condition such as ``body.type=invoice.paid``."""
    path, equals, value = text.partition("=")
    target, *keys = path.strip().split(".")
    whole = target == "path" and not keys
    inside = target in {"body", "headers", "query"} and bool(keys) and all(keys)
    if not equals or not (whole or inside):
        raise Value(text, where).wrong(
            "PATH=VALUE with body.…, headers.…, query.… or path, such as body.type=paid"
        )
    return Match(target, tuple(keys), value.strip())


def parse_duration(text: str) -> float | None:
    """Seconds in ``90``, ``90s``, ``2m``, ``500ms`` or ``1h``; ``None`` when it is none of these or zero."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        return None
    seconds = float(match["number"]) * _SECONDS[match["unit"]]
    return seconds if 0 < seconds <= 7 * 86400 else None


def duration(value: Value) -> float:
    """Seconds above zero."""
    seconds = parse_duration(str(value.text))
    if seconds is None:
        raise value.wrong("a duration such as 90, 90s, 2m or 500ms, above zero and at most 7 days")
    return seconds


def listed(value: Value) -> list[str]:
    """The parts of a repeatable option that may also be separated by commas."""
    return [part.strip() for text in value.text for part in text.split(",") if part.strip()]


def identifier(text: str, where: str, *, example: str) -> str:
    """An id of FastHook's: opaque, but fit for an address and for a test case's name."""
    if not _ID.fullmatch(text):
        raise Value(text, where).wrong(f"an id such as {example}")
    return text


def base_url(value: Value) -> str:
    """An http or https URL without a slash at its end; a login in it is never shown."""
    text = _web_url(value, "an http or https URL such as https://api.fasthook.io/v1")
    if urlsplit(text).query:
        raise value.wrong("an http or https URL such as https://api.fasthook.io/v1")
    return text.rstrip("/")


def source_url(value: Value) -> str:
    """The http or https URL of a source, which may have a query."""
    return _web_url(value, "an http or https URL such as https://hook-xxxxxx.fasthook.io/")


def _web_url(value: Value, expected: str) -> str:
    text = str(value.text).strip()
    if "@" in text:
        raise SettingsError(f"{value.where}: a URL with a login in it is not valid; expected {expected}")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    else:
        usable = usable and not parts.fragment
    if not usable or not text.isprintable() or " " in text:
        raise value.wrong(expected)
    return text


def header(text: str, where: str) -> tuple[str, str]:
    """Name and value of a header; the value, which may be a secret, is never shown."""
    name, colon, content = text.partition(":")
    name, content = name.strip(), content.strip()
    if not colon or not _HEADER_NAME.fullmatch(name):
        # It may be a credential whose name was forgotten, so only the beginning is shown.
        shown = one_line(clean(text), limit=9)
        raise SettingsError(
            f"{where}: {shown!r} is not valid; expected 'Name: value', such as 'x-env: staging'"
        )
    if name.lower() in _OWN_HEADERS:
        raise SettingsError(f"{where}: the header {name} is set by the gate itself and cannot be given")
    if not content.isprintable() or not content.isascii():
        raise SettingsError(f"{where}: the value of {name} holds characters that no header can carry")
    return name, content


def deploy_start(value: Value, *, now: datetime) -> DeployStart:
    """A date, or so long before the gate starts."""
    text = str(value.text).strip()
    if text == "now":
        return DeployStart()
    ago = parse_duration(text.removeprefix("now-")) if text.startswith("now-") else None
    if ago is not None:
        return DeployStart(ago=timedelta(seconds=ago))
    start = _iso(text)
    if start is None or start > now + timedelta(hours=1):
        raise value.wrong(
            "a time in the past, ISO 8601 such as 2026-01-31T12:00:00Z or relative such as now-15m"
        )
    return DeployStart(at=start)


def moment(text: str) -> datetime:
    """A date in ISO 8601, as UTC.

    Raises:
        ValueError: it is none.
    """
    parsed = _iso(text)
    if parsed is None:
        raise ValueError(f"{text!r} is not a date")
    return parsed


def _iso(text: str) -> datetime | None:
    try:
        return read_iso(text)
    except ValueError:
        return None


def choice(value: Value, choices: Sequence[str]) -> str:
    """One of a closed list."""
    if value.text not in choices:
        raise value.wrong(" or ".join(choices))
    return str(value.text)


def rate(value: Value) -> float:
    """A share from 0 to 1."""
    try:
        share = float(value.text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise value.wrong("a number from 0 to 1")
    return share


def calls_a_minute(value: Value) -> int:
    """A whole number of API calls a minute."""
    text = str(value.text).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 10000):
        raise value.wrong("a whole number of calls a minute from 1 to 10000")
    return int(text)


def api_key(value: Value) -> str:
    """A key that a header can carry; the value is never shown."""
    text = str(value.text).strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(
            f"{value.where}: the API key is empty or holds characters that no header can carry"
        )
    return text


def secret_variable(source_id: str | None) -> str:
    """The name of the variable for a source's secret, spelled as shells take it."""
    return "FASTHOOK_SOURCE_SECRET" + (f"_{re.sub('[^A-Z0-9]', '_', source_id.upper())}" if source_id else "")


def source_secret(value: Value) -> str:
    """A source's secret; the value is never shown."""
    # A line end is what CI systems and editors add to a secret, never part of it.
    text = str(value.text).strip("\r\n")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise SettingsError(f"{value.where}: the secret is not UTF-8 text")
    return text


def payload_bytes(payload: Any, where: str) -> bytes:
    """The bytes of a payload given in code: bytes and text as they are, anything else as JSON.

    Raises:
        SettingsError: it is not JSON; its content is never shown.
    """
    if isinstance(payload, bytes | bytearray):
        return bytes(payload)
    try:
        return payload.encode() if isinstance(payload, str) else json.dumps(payload, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        kind = type(payload).__name__
        raise SettingsError(f"{where}: a payload of type {kind} cannot be sent as JSON ({error})") from None
