"""How a signature or credential is made, as data: one frozen value per scheme, no code per provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Algorithm = Literal["sha1", "sha256", "sha512"]
Encoding = Literal["hex", "base64", "base64url"]
TimestampForm = Literal["seconds", "milliseconds", "iso8601"]
KeyForm = Literal["text", "whsec", "hex"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """An HMAC in a header.

    Attributes:
        header: the header that carries it, in lower case.
        algorithm: the digest.
        encoding: how the digest is written.
        signed: what is signed; ``{body}`` is the raw body, ``{url}`` the full URL, ``{method}`` the HTTP
        method,
            ``{timestamp}`` and ``{id}`` the values of this message.
        value: the header's value around ``{signature}``; may hold ``{timestamp}``.
        timestamp: how a timestamp is written.
        timestamp_header: the header that carries the timestamp, where one does.
        id_header: the header that carries the message id, where one does.
        key: how the secret becomes the key: its text, base64 behind ``whsec_``, or hex.
    """

    header: str
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    signed: str = "{body}"
    value: str = "{signature}"
    timestamp: TimestampForm = "seconds"
    timestamp_header: str | None = None
    id_header: str | None = None
    key: KeyForm = "text"

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that this scheme adds."""
        return tuple(name for name in (self.id_header, self.timestamp_header, self.header) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The secret itself in a header, behind a prefix where there is one."""

    header: str
    prefix: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that this scheme adds."""
        return (self.header,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """``Authorization: Basic``; the secret is ``user:password``, or the password of a known user."""

    username: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that this scheme adds."""
        return ("authorization",)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSignature:
    """Twilio's signature over the full URL and a form's parameters, or a URL with the body's digest."""

    header: str = "x-twilio-signature"

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that this scheme adds."""
        return (self.header,)


@dataclass(frozen=True, slots=True, kw_only=True)
class BySecret:
    """Two schemes of one provider, told apart by the secret's first characters."""

    prefix: str
    matching: Hmac | Token
    otherwise: Hmac | Token

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that this scheme may add."""
        return (*self.matching.headers, *self.otherwise.headers)


@dataclass(frozen=True, slots=True)
class Together:
    """A token and a signature, for a provider that sends either and a check that may want either."""

    token: Token
    signature: Hmac

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that this scheme adds."""
        return (*self.token.headers, *self.signature.headers)


Single = Hmac | Token | TwilioSignature
"""A provider's scheme that is made in one way."""

ProviderScheme = Single | BySecret | Together
Scheme = ProviderScheme | Basic
