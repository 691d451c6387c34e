"""What a source's configuration demands of a request.

Relies on FastHook's guide on source authentication and its page on webhook signature schemes. The spelling
of most keys inside ``auth`` is not published, so every likely one is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pytest_fasthook.signing.providers import NOT_MAKEABLE, PROVIDERS, provider_name
from pytest_fasthook.signing.schemes import Algorithm, Basic, Encoding, Hmac, Scheme, TimestampForm, Token


class AuthKind(StrEnum):
    """The source's ``auth_type``."""

    HMAC = "HMAC"
    BASIC_AUTH = "BASIC_AUTH"
    API_KEY = "API_KEY"
    PROVIDER_SIGNATURE = "PROVIDER_SIGNATURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """An authentication that can be satisfied, given the source's secret.

    Attributes:
        kind: the source's ``auth_type``.
        scheme: how the headers are made.
        provider: the provider whose scheme it is; ``None`` for the generic kinds.
        notes: readings of the configuration that a reader should know of, one line each.
    """

    kind: AuthKind
    scheme: Scheme
    provider: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that will be added, in lower case."""
        return self.scheme.headers

    @property
    def needs_secret(self) -> bool:
        """Whether a secret is needed; every kind of today does."""
        return True

    def __str__(self) -> str:
        name = f" of {self.provider}" if self.provider else ""
        return f"{self.kind}{name} in {', '.join(self.headers)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKnown:
    """An authentication that this version cannot satisfy, or does not know how to.

    Attributes:
        kind: what the source demands, in its own words.
        reason: why it cannot be made, in a line.
    """

    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


_ALGORITHMS: Mapping[str, Algorithm] = {"sha1": "sha1", "sha256": "sha256", "sha512": "sha512"}
_ENCODINGS: Mapping[str, Encoding] = {"hex": "hex", "base64": "base64", "base64url": "base64url"}
_TIMESTAMPS: Mapping[str, TimestampForm] = {
    "s": "seconds",
    "seconds": "seconds",
    "unix": "seconds",
    "ms": "milliseconds",
    "milliseconds": "milliseconds",
    "unixms": "milliseconds",
    "iso": "iso8601",
    "iso8601": "iso8601",
    "rfc3339": "iso8601",
}
_KINDS = {"BASIC": AuthKind.BASIC_AUTH, "APIKEY": AuthKind.API_KEY, "PROVIDER": AuthKind.PROVIDER_SIGNATURE}
_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]+")


class _Unknown(Exception):  # noqa: N818 - never leaves this module
    """A setting of the source has a value that is not known."""


def requirement(source_type: str | None, config: Mapping[str, Any] | None) -> Requirement | NotKnown | None:
    """Read what a source demands.

    Args:
        source_type: the source's ``type``, such as ``WEBHOOK`` or ``GITHUB``.
        config: the source's ``config``, with its secrets redacted.

    Returns:
        ``None`` where the source has no authentication, and :class:`NotKnown` where it has one that
        cannot be satisfied or understood.
    """
    auth = _auth(config)
    named = _auth_type(config, auth)
    if named is None:
        return None
    kind = _kind(named)
    if kind is None:
        return NotKnown(kind=named, reason="this kind of authentication is not known")
    try:
        return _READERS[kind](_Source(source_type, config or {}, auth))
    except _Unknown as unknown:
        return NotKnown(kind=str(kind), reason=str(unknown))


@dataclass(frozen=True, slots=True)
class _Source:
    """A source's configuration, with its ``auth`` part at hand."""

    type: str | None
    config: Mapping[str, Any]
    auth: Mapping[str, Any]

    def text(self, *keys: str) -> str | None:
        """The first of these settings that holds a text."""
        for part in (self.auth, self.config):
            for key in keys:
                value = part.get(key)
                if isinstance(value, str) and value.strip():
                    return value
        return None

    def header(self, *keys: str) -> str | None:
        """The first of these settings that can be a header's name, in lower case; redacted secrets cannot."""
        for key in keys:
            value = self.auth.get(key)
            if isinstance(value, str) and _NAME.fullmatch(value.strip()) and "redacted" not in value.lower():
                return value.strip().lower()
        return None


def _auth(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    auth = (config or {}).get("auth")
    return auth if isinstance(auth, Mapping) else {}


def _auth_type(config: Mapping[str, Any] | None, auth: Mapping[str, Any]) -> str | None:
    """The kind of authentication in the source's words; ``None`` without one."""
    if config is None:
        return None
    named = config["auth_type"] if "auth_type" in config else auth.get("auth_type", auth.get("type"))
    if named is None and "auth_type" not in config and auth:
        named = AuthKind.PROVIDER_SIGNATURE if auth.get("provider") else "auth settings without a type"
    if named is None or str(named).strip().upper() in {"", "NONE"}:
        return None
    return str(named)


def _kind(named: str) -> AuthKind | None:
    name = named.strip().upper().replace("-", "_")
    return AuthKind(name) if name in set(AuthKind) else _KINDS.get(name)


def _hmac(source: _Source) -> Requirement | NotKnown:
    header = source.header(
        "signature_header", "signature_header_name", "header", "header_key", "header_name", "name"
    )
    if header is None:
        return _hmac_of_provider(source)
    stamp = source.header("timestamp_header", "timestamp_header_name", "timestamp_header_key")
    prefix = source.text("signature_prefix", "prefix", "header_prefix", "value_prefix") or ""
    scheme = Hmac(
        header=header,
        algorithm=_one_of(source, _ALGORITHMS, "sha256", "algorithm", "hash_algorithm", "digest", "hash"),
        encoding=_one_of(source, _ENCODINGS, "hex", "encoding", "signature_encoding", "digest_encoding"),
        value=f"{_literal(prefix)}{{signature}}",
        signed="{timestamp}.{body}" if stamp else "{body}",
        timestamp=_one_of(source, _TIMESTAMPS, "seconds", "timestamp_format", "timestamp_unit"),
        timestamp_header=stamp,
    )
    return Requirement(kind=AuthKind.HMAC, scheme=scheme, notes=tuple(_hmac_notes(scheme)))


def _hmac_of_provider(source: _Source) -> Requirement | NotKnown:
    """A typed source that names no header uses its provider's own."""
    name = provider_name(source.type or "")
    row = PROVIDERS.get(name)
    if row is None or not isinstance(row.scheme, Hmac):
        raise _Unknown("the configuration does not show the signature's header")
    note = f"the configuration names no signature header, so the form of {name} is used"
    return Requirement(kind=AuthKind.HMAC, scheme=row.scheme, provider=name, notes=(note,))


def _hmac_notes(scheme: Hmac) -> list[str]:
    notes = []
    if scheme.header == "stripe-signature":
        notes.append(
            "the source checks a plain HMAC of the body in stripe-signature, not the timestamped form that "
            "Stripe itself sends; PROVIDER_SIGNATURE is the setting for real Stripe webhooks"
        )
    if scheme.timestamp_header:
        notes.append(
            "with a timestamp header, the timestamp, a dot and the body are signed; FastHook does not say so"
        )
    return notes


def _literal(text: str) -> str:
    """A text that means itself inside a template."""
    return text.replace("{", "{{").replace("}", "}}")


def _one_of(source: _Source, known: Mapping[str, Any], default: str, *keys: str) -> Any:
    text = source.text(*keys)
    if text is None:
        return known[default]
    plain = re.sub(r"[^a-z0-9]", "", text.lower()).removeprefix("hmac")
    if plain not in known:
        raise _Unknown(f"{keys[0]} {text!r} is not known")
    return known[plain]


def _basic(source: _Source) -> Requirement:
    username = source.text("username", "user")
    shown = username if username and "*" not in username and "redacted" not in username.lower() else None
    return Requirement(kind=AuthKind.BASIC_AUTH, scheme=Basic(username=shown))


def _api_key(source: _Source) -> Requirement:
    header = source.header(
        *("header_key", "header", "header_name", "key_header", "api_key_header", "name", "key_name", "key")
    )
    if header is None:
        raise _Unknown("the configuration does not show the header that carries the key")
    prefix = source.text("prefix", "header_prefix", "value_prefix") or ""
    return Requirement(kind=AuthKind.API_KEY, scheme=Token(header=header, prefix=prefix))


def _provider(source: _Source) -> Requirement | NotKnown:
    given = source.auth.get("provider") or source.type or ""
    name = provider_name(str(given))
    kind = f"{AuthKind.PROVIDER_SIGNATURE} of {name}"
    row = PROVIDERS.get(name)
    if row is None:
        reason = NOT_MAKEABLE.get(name, "its signature scheme is not known to this version")
        return NotKnown(kind=kind, reason=reason)
    return Requirement(kind=AuthKind.PROVIDER_SIGNATURE, scheme=row.scheme, provider=name)


_READERS = {
    AuthKind.HMAC: _hmac,
    AuthKind.BASIC_AUTH: _basic,
    AuthKind.API_KEY: _api_key,
    AuthKind.PROVIDER_SIGNATURE: _provider,
}
