"""The table of signatures in the documentation, written from the providers' table.

``python -m pytest_fasthook.signing.table`` prints the page; a test compares it with the page that is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pytest_fasthook.signing.providers import NOT_MAKEABLE, PROVIDERS, Provider
from pytest_fasthook.signing.schemes import BySecret, Hmac, ProviderScheme, Single, Together, Token

_INTRODUCTION = """\
# Signatures

What the gate sends to a source that checks a signature or a credential. The secret comes from the environment
(`FASTHOOK_SOURCE_SECRET`, or `FASTHOOK_SOURCE_SECRET_<SOURCE ID>` for one source); the signature is made over the
exact bytes that are sent. A source that demands something not listed here gets no probe: the gate says what it
cannot make.

## By `auth_type`

| `auth_type` | sent | secret |
| --- | --- | --- |
| none | nothing | none |
| `HMAC` | HMAC-SHA256 of the body, in hex, in the configured header, behind the configured prefix | the secret |
| `BASIC_AUTH` | `authorization: Basic …` | `user:password`, or the password where the user is visible |
| `API_KEY` | the key in the configured header | the key |
| `PROVIDER_SIGNATURE` | what the provider sends, see below | the provider's webhook secret |

- FastHook publishes few of the key names inside `auth`, so every likely spelling is read: the header as
  `signature_header`, `header`, `header_key`, `header_name`; further `prefix`, `encoding` (`hex`, `base64`),
  `algorithm` and `timestamp_header`. A value that is not known is never guessed at.
- With a timestamp header, the timestamp, a dot and the body are signed. This is inferred from the form of
  FastHook's own delivery signature.
- `HMAC` with the header `stripe-signature` is a plain HMAC of the body, as FastHook documents the kind. Real Stripe
  webhooks carry a timestamped form, which is `PROVIDER_SIGNATURE` of `STRIPE`.

## By provider

`{body}` is the raw body, `{url}` the full URL; `{timestamp}` and `{id}` are the values of this message.
"""


def signatures_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_INTRODUCTION, *_providers(), "", "## Not made", "", *_not_made(), ""])


def _providers() -> Iterator[str]:
    yield "| provider | header | made from | value | from |"
    yield "| --- | --- | --- | --- | --- |"
    for name, provider in sorted(PROVIDERS.items()):
        yield from _rows(name, provider)


def _rows(name: str, provider: Provider) -> Iterator[str]:
    for scheme in _parts(provider.scheme):
        made, value = _described(scheme)
        headers = ", ".join(f"`{header}`" for header in scheme.headers)
        yield f"| `{name}` | {headers} | {made} | {value} | {provider.origin} |"


def _parts(scheme: ProviderScheme) -> tuple[Single, ...]:
    if isinstance(scheme, BySecret):
        return (scheme.matching, scheme.otherwise)
    return (scheme.token, scheme.signature) if isinstance(scheme, Together) else (scheme,)


def _described(scheme: Single) -> tuple[str, str]:
    """What is hashed, and what the header's value looks like."""
    match scheme:
        case Hmac():
            return f"HMAC-{scheme.algorithm.upper()} of `{scheme.signed}`{_key(scheme)}", _value(scheme)
        case Token(prefix=prefix):
            return "the secret itself", f"`{prefix}{{secret}}`"
    return "HMAC-SHA1 of `{url}` and the form's parameters, or of `{url}` with `bodySHA256`", "base64"


def _key(scheme: Hmac) -> str:
    return {"text": "", "whsec": ", key in base64 behind `whsec_`", "hex": ", key in hex"}[scheme.key]


def _value(scheme: Hmac) -> str:
    form = "" if "{timestamp}" not in scheme.value + scheme.signed else f", timestamp in {scheme.timestamp}"
    return f"`{scheme.value}` in {scheme.encoding}{form}"


def _not_made() -> Iterator[str]:
    yield "| provider | why |"
    yield "| --- | --- |"
    for name, reason in sorted(NOT_MAKEABLE.items()):
        yield f"| `{name}` | {reason} |"
    yield "| any other | its scheme is not known to this version |"


if __name__ == "__main__":
    sys.stdout.write(signatures_page())
