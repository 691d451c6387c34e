"""The schemes by which providers sign their webhooks, as data (FastHook docs, signature schemes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """An HMAC in a header.

    Attributes:
        header: the header that carries it, in lower case.
        algorithm: the digest.
        encodings: how the digest may be written.
        signed: what is signed, with ``{body}``, ``{url}``, ``{id}`` and ``{time}``.
        values: what the header may look like around ``{sig}``; with ``{time}`` it is a list of pairs.
        time: how a timestamp is written: ``s``, ``ms``, ``iso``, or ``any`` where its age does not count.
        time_header: the header that carries the timestamp, where one does.
        id_header: the header that carries the message's id, where one does.
        key: how the secret becomes the key.
    """

    header: str
    algorithm: str = "sha256"
    encodings: Sequence[str] = ("hex",)
    signed: str = "{body}"
    values: Sequence[str] = ("{sig}",)
    time: Literal["s", "ms", "iso", "any"] = "s"
    time_header: str | None = None
    id_header: str | None = None
    key: Literal["text", "whsec", "hex"] = "text"


@dataclass(frozen=True, slots=True)
class Token:
    """The secret itself in a header, behind a prefix where there is one."""

    header: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Twilio:
    """Twilio's signature over the full URL and a form's parameters, or a URL with the body's digest."""

    header: str = "x-twilio-signature"


Scheme = Hmac | Token | Twilio


def _hex(header: str, prefix: str = "", algorithm: str = "sha256") -> tuple[Scheme]:
    return (Hmac(header=header, algorithm=algorithm, values=(prefix + "{sig}",)),)


def _base64(header: str, prefix: str = "") -> tuple[Scheme]:
    return (Hmac(header=header, encodings=("base64",), values=(prefix + "{sig}",)),)


def pairs_scheme(
    header: str, value: str = "t={time},v1={sig}", signed: str = "{time}.{body}", **more: Any
) -> tuple[Scheme]:
    """Return the scheme of a header that is a list of pairs with a timestamp, as Stripe's is."""
    return (Hmac(header=header, values=(value,), signed=signed, **more),)


def _timed(header: str, time_header: str, *, prefix: str = "", **more: Any) -> tuple[Scheme]:
    return (Hmac(header=header, time_header=time_header, values=(prefix + "{sig}",), **more),)


def _standard(name: str) -> tuple[Scheme]:
    return _timed(
        f"{name}-signature",
        f"{name}-timestamp",
        prefix="v1,",
        id_header=f"{name}-id",
        signed="{id}.{time}.{body}",
        encodings=("base64",),
        key="whsec",
    )


_V0 = "v0:{time}:{body}"
_EITHER_STANDARD = (*_standard("webhook"), *_standard("svix"))

PROVIDERS: Mapping[str, Sequence[Scheme]] = {
    "AFTERSHIP": _base64("aftership-hmac-sha256"),
    "ASANA": _hex("x-hook-signature"),
    "BITBUCKET": _hex("x-hub-signature", "sha256="),
    "BUILDKITE": (
        Token("x-buildkite-token"),
        *pairs_scheme("x-buildkite-signature", "timestamp={time},signature={sig}"),
    ),
    "CALENDLY": pairs_scheme("calendly-webhook-signature"),
    "CHECKOUT_COM": _hex("cko-signature"),
    "CIRCLECI": _hex("circleci-signature", "v1="),
    "CLERK": _EITHER_STANDARD,
    "CLICKUP": _hex("x-signature"),
    "CLOSE": _timed("close-sig-hash", "close-sig-timestamp", signed="{time}{body}", key="hex"),
    "COINBASE_COMMERCE": _hex("x-cc-webhook-signature"),
    "CUSTOMER_IO": _timed("x-cio-signature", "x-cio-timestamp", signed=_V0),
    "DOCUSIGN": _base64("x-docusign-signature-1"),
    "DROPBOX": _hex("x-dropbox-signature"),
    "GITHUB": _hex("x-hub-signature-256", "sha256="),
    "GITLAB": (Token("x-gitlab-token"), *_EITHER_STANDARD),
    "GOCARDLESS": _hex("webhook-signature"),
    "HEROKU": _base64("heroku-webhook-hmac-sha256"),
    "INTERCOM": _hex("x-hub-signature", "sha1=", "sha1"),
    "LAUNCHDARKLY": _hex("x-ld-signature"),
    "LEMON_SQUEEZY": _hex("x-signature"),
    "LINE": _base64("x-line-signature"),
    "LINEAR": _hex("linear-signature"),
    "META": _hex("x-hub-signature-256", "sha256="),
    "MUX": pairs_scheme("mux-signature"),
    "NOTION": _hex("x-notion-signature", "sha256="),
    "NYLAS": _hex("x-nylas-signature"),
    "OPENAI": _EITHER_STANDARD,
    "PADDLE": pairs_scheme("paddle-signature", "ts={time};h1={sig}", "{time}:{body}"),
    "PAGERDUTY": _hex("x-pagerduty-signature", "v1="),
    "PAYSTACK": _hex("x-paystack-signature", algorithm="sha512"),
    "RAZORPAY": _hex("x-razorpay-signature"),
    "RESEND": _EITHER_STANDARD,
    "SANITY": pairs_scheme("sanity-webhook-signature", encodings=("base64url",), time="ms"),
    "SENTRY": _hex("sentry-hook-signature"),
    "SHOPIFY": _base64("x-shopify-hmac-sha256"),
    "SLACK": _timed("x-slack-signature", "x-slack-request-timestamp", prefix="v0=", signed=_V0),
    "SQUARE": (Hmac(header="x-square-hmacsha256-signature", encodings=("base64",), signed="{url}{body}"),),
    "STANDARD_WEBHOOKS": _EITHER_STANDARD,
    "STRIPE": pairs_scheme("stripe-signature"),
    "SVIX": _EITHER_STANDARD,
    "TELEGRAM": (Token("x-telegram-bot-api-secret-token"),),
    "TRELLO": (
        Hmac(header="x-trello-webhook", algorithm="sha1", encodings=("base64",), signed="{body}{url}"),
    ),
    "TWILIO": (Twilio(),),
    "TWITCH": _timed(
        "twitch-eventsub-message-signature",
        "twitch-eventsub-message-timestamp",
        prefix="sha256=",
        id_header="twitch-eventsub-message-id",
        signed="{id}{time}{body}",
        time="iso",
    ),
    "TYPEFORM": _base64("typeform-signature", "sha256="),
    "VERCEL": _hex("x-vercel-signature", algorithm="sha1"),
    "WEBEX": _hex("x-spark-signature", algorithm="sha1"),
    "WOO_COMMERCE": _base64("x-wc-webhook-signature"),
    "WORKOS": pairs_scheme("workos-signature", "t={time}, v1={sig}", time="ms"),
    "XERO": _base64("x-xero-signature"),
    "ZENDESK": _timed(
        "x-zendesk-webhook-signature",
        "x-zendesk-webhook-signature-timestamp",
        signed="{time}{body}",
        encodings=("base64",),
        time="iso",
    ),
    "ZOOM": _timed("x-zm-signature", "x-zm-request-timestamp", prefix="v0=", signed=_V0),
}
"""Each provider's schemes, by the provider's public documentation."""
