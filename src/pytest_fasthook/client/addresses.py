"""URLs, paths and headers of calls, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from pytest_fasthook.errors import SettingsError

_LOGIN = re.compile(r"//[^/@]*@")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


def path_of(*segments: str) -> str:
    """Join path segments, percent-encoded.

    Raises:
        SettingsError: a segment is empty or only dots, and would name another resource.
    """
    for segment in segments:
        if not segment.strip("."):
            raise SettingsError(f"{segment!r} is not an id that can be asked for")
    return "".join("/" + quote(segment.encode("utf-8", "replace"), safe="") for segment in segments)


def base_url(text: str) -> str:
    """Return the API's base URL without a trailing slash.

    Raises:
        SettingsError: it is not a plain ``http`` or ``https`` URL.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text:
        raise SettingsError("the API URL must be an http or https URL with a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError("the API URL must not hold credentials, a query or a fragment")
    return text.rstrip("/")


def shown_url(url: str) -> str:
    """Return a URL without what may be secret in it: login and query."""
    return _LOGIN.sub("//", url.partition("?")[0])


def header_value(what: str, text: str) -> str:
    """Check a text that goes into a header of every call.

    Raises:
        SettingsError: it is empty or cannot be in a header; the text itself is not named, it may be a secret.
    """
    if not text or not text.isascii() or not text.isprintable() or text != text.strip():
        raise SettingsError(f"{what} must be printable ASCII text without spaces around it")
    return text


def header_lines(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Encode headers for the wire, in order, names as given.

    Raises:
        SettingsError: a name or value cannot be sent over HTTP; only the name is told.
    """
    return [(_name(name), _value(name, value)) for name, value in headers]


def _name(name: str) -> bytes:
    if not _HEADER_NAME.fullmatch(name):
        raise SettingsError(f"{name!r} cannot be the name of a header")
    return name.encode()


def _value(name: str, value: str) -> bytes:
    stripped = value.strip(" \t")
    if not _HEADER_VALUE.fullmatch(stripped):
        raise SettingsError(f"the value of header {name} holds control characters")
    return stripped.encode("utf-8", "replace")
