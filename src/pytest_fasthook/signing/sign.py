"""Making the headers that a source's authentication demands, over the exact bytes that will be sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.redact import Secret
from pytest_fasthook.signing.requirement import Requirement
from pytest_fasthook.signing.schemes import (
    Basic,
    BySecret,
    Hmac,
    KeyForm,
    Scheme,
    TimestampForm,
    Token,
    TwilioSignature,
)

_FORM = "application/x-www-form-urlencoded"
_BODY_DIGEST = "bodySHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """What a signature may cover.

    Attributes:
        method: the HTTP method.
        url: the full URL, exactly as it will be sent.
        body: the exact bytes of the body.
        content_type: the body's content type.
    """

    method: str
    url: str
    body: bytes
    content_type: str = "application/json"


def prepare(requirement: Requirement, request: SignedRequest) -> SignedRequest:
    """Return the request as the scheme wants it sent; call this before :func:`sign` and send its ``url``.

    Only Twilio changes anything: a body that is not a form is signed through its digest in the query
    (``bodySHA256``).
    """
    if not isinstance(requirement.scheme, TwilioSignature) or _is_form(request) or not request.body:
        return request
    parts = urlsplit(request.url)
    kept = [pair for pair in parts.query.split("&") if pair and not pair.startswith(f"{_BODY_DIGEST}=")]
    digest = hashlib.sha256(request.body).hexdigest()
    query = "&".join([*kept, f"{_BODY_DIGEST}={digest}"])
    return replace(request, url=urlunsplit(parts._replace(query=query)))


def sign(
    requirement: Requirement, secret: Secret, request: SignedRequest, *, now: datetime, message_id: str
) -> Mapping[str, str]:
    """Make the headers that satisfy ``requirement``.

    Args:
        requirement: what the source demands.
        secret: the source's secret; ``user:password`` for BASIC_AUTH.
        request: the request, as returned by :func:`prepare`.
        now: the time that a timestamped scheme signs; aware.
        message_id: the message's id for the schemes that sign one.

    Returns:
        Headers by lower-case name, to be set on the request (they win over headers of the same name).

    Raises:
        SettingsError: the secret does not have the form that the scheme needs.
    """
    return _headers(requirement.scheme, secret, request, now=now, message_id=message_id)


def _headers(
    scheme: Scheme, secret: Secret, request: SignedRequest, *, now: datetime, message_id: str
) -> Mapping[str, str]:
    match scheme:
        case Hmac():
            return _hmac(scheme, secret, request, now=now, message_id=message_id)
        case Token(header=header, prefix=prefix):
            return {header: f"{prefix}{_ascii(secret)}"}
        case Basic():
            return {"authorization": f"Basic {_credentials(scheme, secret)}"}
        case TwilioSignature(header=header):
            return {header: _twilio(secret, request)}
        case BySecret():
            chosen = scheme.matching if secret.reveal().startswith(scheme.prefix) else scheme.otherwise
            return _headers(chosen, secret, request, now=now, message_id=message_id)
    hashed = _hmac(scheme.signature, secret, request, now=now, message_id=message_id)
    return {scheme.token.header: _ascii(secret), **hashed}


def _hmac(
    scheme: Hmac, secret: Secret, request: SignedRequest, *, now: datetime, message_id: str
) -> Mapping[str, str]:
    stamp = _timestamp(scheme.timestamp, now)
    signed = _fill(scheme.signed, request, stamp=stamp, message_id=message_id)
    digest = hmac.new(_key(scheme.key, secret), signed, scheme.algorithm).digest()
    value = scheme.value.format(signature=_encode(scheme.encoding, digest), timestamp=stamp)
    headers = {scheme.header: value}
    if scheme.timestamp_header:
        headers[scheme.timestamp_header] = stamp
    if scheme.id_header:
        headers[scheme.id_header] = message_id
    return headers


def _fill(template: str, request: SignedRequest, *, stamp: str, message_id: str) -> bytes:
    """Fill a template, every one of which holds the body; its bytes go in as they are."""
    before, _, after = template.partition("{body}")
    values = {"timestamp": stamp, "id": message_id, "url": request.url}
    return b"".join((before.format(**values).encode(), request.body, after.format(**values).encode()))


def _timestamp(form: TimestampForm, now: datetime) -> str:
    if form == "iso8601":
        return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if form == "milliseconds":
        return str(int(now.timestamp() * 1000))
    return str(int(now.timestamp()))


def _encode(encoding: str, digest: bytes) -> str:
    if encoding == "hex":
        return digest.hex()
    if encoding == "base64":
        return base64.b64encode(digest).decode()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _key(form: KeyForm, secret: Secret) -> bytes:
    text = secret.reveal()
    if form == "text":
        return _bytes(text)
    try:
        return bytes.fromhex(text) if form == "hex" else _base64(text.removeprefix("whsec_"))
    except ValueError:
        wanted = "hex" if form == "hex" else "base64, with or without whsec_ before it"
        raise SettingsError(f"the source's secret must be {wanted}") from None


def _bytes(text: str) -> bytes:
    """A secret's own bytes: what is not UTF-8 in a variable of the environment comes as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")


def _base64(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _ascii(secret: Secret) -> str:
    text = secret.reveal()
    if not text.isascii() or not text.isprintable():
        raise SettingsError("the source's secret holds characters that a header cannot carry")
    return text


def _credentials(scheme: Basic, secret: Secret) -> str:
    text = secret.reveal()
    if ":" not in text:
        if scheme.username is None:
            raise SettingsError("the secret of a BASIC_AUTH source must have the form user:password")
        text = f"{scheme.username}:{text}"
    return base64.b64encode(_bytes(text)).decode()


def _is_form(request: SignedRequest) -> bool:
    return request.content_type.partition(";")[0].strip().lower() == _FORM


def _twilio(secret: Secret, request: SignedRequest) -> str:
    """HMAC-SHA1 over the URL and, for a form, its parameters in the order of their names."""
    signed = request.url
    if _is_form(request):
        # Who verifies has read the form as UTF-8 before, with U+FFFD for whatever is none.
        text = request.body.decode("utf-8", "replace")
        pairs = sorted(set(parse_qsl(text, keep_blank_values=True)))
        signed += "".join(f"{name}{value}" for name, value in pairs)
    digest = hmac.new(_bytes(secret.reveal()), signed.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
