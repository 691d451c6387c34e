"""Source authentication (FastHook docs, source authentication, signature schemes): is a message from who it should be?

Every scheme is data. What is not in these tables is refused when a source is created, so that no source can refuse
every message. Key names that no readable page states are accepted in every likely spelling.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.ingress.schemes import PROVIDERS, Hmac, Scheme, Token, Twilio, pairs_scheme
from pytest_fasthook.emulator.payload import Payload, clean_text

KINDS = ("HMAC", "BASIC_AUTH", "API_KEY", "PROVIDER_SIGNATURE")
TOLERANCE_S = 300
"""How old or how far ahead the timestamp of a provider's scheme may be."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a source demands: any one of some schemes, with a secret."""

    schemes: Sequence[Scheme]
    secret: str


_ALIASES = {
    "FACEBOOK": "META",
    "INSTAGRAM": "META",
    "LEMONSQUEEZY": "LEMON_SQUEEZY",
    "STANDARDWEBHOOKS": "STANDARD_WEBHOOKS",
    "WHATSAPP": "META",
    "WOOCOMMERCE": "WOO_COMMERCE",
}

_SECRETS = ("secret", "webhook_signing_secret", "signing_secret")
_KEY_VALUES = ("api_key", "value", *_SECRETS, "token", "key")
_KEY_HEADERS = ("header_name", "header_key", "header", "key_header", "api_key_header", "name", "key_name")
HMAC_HEADERS = ("signature_header", "signature_header_name", "header", "header_key", "header_name", "name")
_TIME_HEADERS = ("timestamp_header", "timestamp_header_name", "timestamp_header_key")
_PREFIXES = ("signature_prefix", "prefix", "header_prefix", "value_prefix")
_ALGORITHMS = ("algorithm", "hash_algorithm", "digest", "hash")
_ENCODINGS = ("encoding", "signature_encoding", "digest_encoding")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def provider_of(source_type: str, auth: Mapping[str, Any]) -> str:
    """Return the provider's name as the table spells it."""
    given = str(auth.get("provider") or source_type).strip().upper().replace("-", "_").replace(" ", "_")
    return _ALIASES.get(given, given)


def authentication(source_type: str, config: Mapping[str, Any] | None) -> Authentication | None:
    """Read what a source demands of its messages; ``None`` where it demands nothing.

    Raises:
        BadRequest: it demands something that cannot be checked here.
    """
    kind = (config or {}).get("auth_type")
    if not config or kind is None:
        return None
    auth = config.get("auth") or {}
    if kind not in KINDS or not isinstance(auth, Mapping):
        raise BadRequest(
            f"config.auth_type must be null or one of {', '.join(KINDS)}, with config.auth an object"
        )
    secret = secret_of(config)
    if not secret or clean_text(secret) != secret:
        raise BadRequest(f"config.auth of {kind} holds no secret to check messages by")
    found = Authentication(_schemes(source_type, str(kind), auth), secret)
    if any(isinstance(scheme, Hmac) and scheme.key == "hex" for scheme in found.schemes):
        _hex_key(secret)
    return found


def secret_of(config: Mapping[str, Any] | None) -> str | None:
    """Return what a sender must know, ``user:password`` for BASIC_AUTH; ``None`` without authentication."""
    auth = (config or {}).get("auth") or {}
    kind = (config or {}).get("auth_type")
    if kind == "BASIC_AUTH":
        user, password = _text(auth, "username", "user"), _text(auth, "password", *_SECRETS)
        return None if password is None else f"{user or ''}:{password}"
    return _text(auth, *(_KEY_VALUES if kind == "API_KEY" else (*_SECRETS, "token", "key", "value")))


def is_authentic(found: Authentication, payload: Payload, *, urls: Sequence[str], now_s: float) -> bool:
    """Whether a message satisfies a source's authentication.

    Args:
        found: what the source demands.
        payload: the message.
        urls: how the sender may have written the full URL.
        now_s: seconds since 1970, for schemes that limit a signature's age.
    """
    return any(_passes(scheme, found.secret, payload, urls, now_s) for scheme in found.schemes)


def _schemes(source_type: str, kind: str, auth: Mapping[str, Any]) -> Sequence[Scheme]:
    if kind == "BASIC_AUTH":
        return (Token("authorization", "Basic "),)
    if kind == "API_KEY":
        has_other_value = _text(auth, *_KEY_VALUES[:-1]) is not None
        names = (*_KEY_HEADERS, "key") if has_other_value else _KEY_HEADERS
        return (Token(_header(auth, *names) or "x-api-key", _text(auth, *_PREFIXES) or ""),)
    if kind == "HMAC" and (header := _header(auth, *HMAC_HEADERS)):
        return _generic(header, auth)
    name = provider_of(source_type, auth)
    if name in PROVIDERS:
        return PROVIDERS[name]
    if kind == "HMAC":
        raise BadRequest("config.auth of HMAC needs signature_header, the header that carries the signature")
    raise BadRequest(f"signatures of {name} cannot be checked here; known are {', '.join(PROVIDERS)}")


def _generic(header: str, auth: Mapping[str, Any]) -> Sequence[Scheme]:
    """The configured form; without encoding hex or base64, without prefix with or without the usual one."""
    algorithm = _one_of(auth, _ALGORITHMS, ("sha256", "sha1", "sha512")) or "sha256"
    encoding = _one_of(auth, _ENCODINGS, ("hex", "base64", "base64url"))
    prefix, time_header = _text(auth, *_PREFIXES), _header(auth, *_TIME_HEADERS)
    scheme = Hmac(
        header=header,
        algorithm=algorithm,
        encodings=(encoding,) if encoding else ("hex", "base64"),
        values=(prefix + "{sig}",) if prefix else ("{sig}", algorithm + "={sig}"),
        signed="{time}.{body}" if time_header else "{body}",
        time_header=time_header,
        time="any",
    )
    # A generic HMAC on stripe-signature, as in the automation guide, also takes Stripe's own form.
    own = pairs_scheme(header, time="any") if header == "stripe-signature" else ()
    return (scheme, *own)


def _one_of(auth: Mapping[str, Any], names: Sequence[str], known: Sequence[str]) -> str | None:
    given = _text(auth, *names)
    if given is None:
        return None
    plain = re.sub(r"[^a-z0-9]", "", given.lower()).removeprefix("hmac")
    if plain not in known:
        raise BadRequest(
            f"config.auth.{names[0]} must be one of {', '.join(known)}: {given[:40]!r} cannot be checked"
        )
    return plain


def _text(auth: Mapping[str, Any], *names: str) -> str | None:
    return next((str(auth[name]) for name in names if auth.get(name)), None)


def _header(auth: Mapping[str, Any], *names: str) -> str | None:
    given = _text(auth, *names)
    if given is not None and not _HEADER_NAME.fullmatch(given.strip()):
        raise BadRequest(f"config.auth names a header that cannot be one: {given[:40]!r}")
    return given.strip().lower() if given else None


def _passes(scheme: Scheme, secret: str, payload: Payload, urls: Sequence[str], now_s: float) -> bool:
    given = payload.header(scheme.header)
    if given is None:
        return False
    if isinstance(scheme, Token):
        return _has_token(scheme, secret, given)
    if isinstance(scheme, Twilio):
        return any(_is_twilio(secret, payload, url, given) for url in urls)
    return any(
        _is_signed(scheme, value, secret, payload, url=url, now_s=now_s)
        for value, url in product(scheme.values, urls)
    )


def _has_token(scheme: Token, secret: str, given: str) -> bool:
    if scheme.prefix == "Basic ":
        kind, _, given = given.partition(" ")
        return kind.lower() == "basic" and _same(given.strip(), base64.b64encode(secret.encode()).decode())
    return _same(given.strip(), scheme.prefix + secret)


def _is_signed(  # noqa: PLR0913 - what a signature is made of
    scheme: Hmac, value: str, secret: str, payload: Payload, *, url: str, now_s: float
) -> bool:
    moment, given = _parts(value, str(payload.header(scheme.header)))
    moment = payload.header(scheme.time_header) if scheme.time_header else moment
    message = payload.header(scheme.id_header) if scheme.id_header else ""
    if message is None or ("{time}" in scheme.signed and not _is_fresh(scheme.time, moment, now_s)):
        return False
    before, _, after = scheme.signed.partition("{body}")
    facts = {"time": moment, "id": message, "url": url}
    signed = before.format(**facts).encode() + payload.body + after.format(**facts).encode()
    digests = [hmac.new(key, signed, scheme.algorithm).digest() for key in _keys(scheme, secret)]
    wanted = [_encoded(encoding, digest) for encoding in scheme.encodings for digest in digests]
    return any(_same(text.rstrip("="), form.rstrip("=")) for text in given for form in wanted)


def _parts(template: str, header: str) -> tuple[str | None, list[str]]:
    """The timestamp, where the header carries one, and every signature in it."""
    if "{time}" not in template:
        prefix = template.removesuffix("{sig}")
        found = [header.strip(), *re.split(r"\s+" if "," in prefix else r"[\s,]+", header)]
        return None, [text.removeprefix(prefix) for text in found if text.startswith(prefix)]
    separator = ";" if ";" in template else ","
    named = {
        text: name.strip() for name, _, text in (part.partition("=") for part in template.split(separator))
    }
    pairs = [
        (name.strip(), text.strip())
        for name, _, text in (part.partition("=") for part in header.split(separator))
    ]
    moment = next((text for name, text in pairs if name == named["{time}"]), None)
    return moment, [text for name, text in pairs if name == named["{sig}"]]


def _is_fresh(form: str, moment: str | None, now_s: float) -> bool:
    if moment is None or form == "any":
        return moment is not None
    try:
        if form == "iso":
            seconds = datetime.fromisoformat(moment).timestamp()
        else:
            seconds = (
                int(moment) / (1000 if form == "ms" else 1) if re.fullmatch(r"[0-9]{1,15}", moment) else 0
            )
    except (ValueError, OverflowError):
        return False
    return abs(seconds - now_s) <= TOLERANCE_S


def _encoded(encoding: str, digest: bytes) -> str:
    if encoding == "hex":
        return digest.hex()
    return (base64.b64encode if encoding == "base64" else base64.urlsafe_b64encode)(digest).decode()


def _keys(scheme: Hmac, secret: str) -> list[bytes]:
    if scheme.key == "text":
        return [secret.encode()]
    return [_hex_key(secret)] if scheme.key == "hex" else _standard_keys(secret)


def _hex_key(secret: str) -> bytes:
    try:
        return bytes.fromhex(secret)
    except ValueError:
        raise BadRequest("the secret of this provider must be hex") from None


def _standard_keys(secret: str) -> list[bytes]:
    """The key of the Standard Webhooks scheme: base64 after ``whsec_``, padded or not; or the text itself."""
    text = secret.removeprefix("whsec_")
    try:
        return [base64.b64decode(text + "=" * (-len(text) % 4), validate=True), secret.encode()]
    except binascii.Error:
        return [secret.encode()]


def _is_twilio(secret: str, payload: Payload, url: str, given: str) -> bool:
    kind = (payload.header("content-type") or "").partition(";")[0].strip().lower()
    signed = url
    if kind == "application/x-www-form-urlencoded":
        pairs = parse_qsl(payload.body.decode("utf-8", "replace"), keep_blank_values=True)
        signed += "".join(f"{name}{value}" for name, value in sorted(set(pairs)))
    elif payload.body and not _has_digest(payload):
        return False
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()
    return _same(given.strip(), base64.b64encode(digest).decode())


def _has_digest(payload: Payload) -> bool:
    given = dict(parse_qsl(payload.query)).get("bodySHA256", "")
    return _same(given.lower(), hashlib.sha256(payload.body).hexdigest())


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def sender_urls(hook: str, payload: Payload) -> Iterator[str]:
    """Return how a sender may have written the URL of a message to a source.

    Args:
        hook: the source's label.
        payload: the message; its ``Host`` header and path are the sender's own.
    """
    host = payload.header("host") or ""
    query = f"?{payload.query}" if payload.query else ""
    paths = [payload.path] if host.startswith(f"{hook}.") else [f"/{hook}{payload.path}"]
    if payload.path == "/":
        paths.append(paths[0].removesuffix("/"))
    for scheme, path in product(("http", "https"), paths):
        yield f"{scheme}://{host}{path}{query}"
