"""The webhook signatures of providers, one row each.

``FASTHOOK`` rows follow FastHook's own page on webhook signature schemes or the provider's page there;
``PROVIDER`` rows follow the provider's public documentation. A provider whose scheme is not certain, or
that nobody but the provider can make, is in :data:`NOT_MAKEABLE` with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pytest_fasthook.signing.schemes import BySecret, Hmac, ProviderScheme, Together, Token, TwilioSignature


class Origin(StrEnum):
    """Where a scheme is documented."""

    FASTHOOK = "FastHook's pages"
    BOTH = "FastHook's pages, completed from the provider's documentation"
    PROVIDER = "the provider's documentation"


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider's scheme and where it comes from."""

    scheme: ProviderScheme
    origin: Origin = Origin.PROVIDER


_STANDARD = Hmac(
    header="webhook-signature",
    encoding="base64",
    signed="{id}.{timestamp}.{body}",
    value="v1,{signature}",
    timestamp_header="webhook-timestamp",
    id_header="webhook-id",
    key="whsec",
)
_SVIX = Hmac(
    header="svix-signature",
    encoding="base64",
    signed="{id}.{timestamp}.{body}",
    value="v1,{signature}",
    timestamp_header="svix-timestamp",
    id_header="svix-id",
    key="whsec",
)
_SHA256_PREFIXED = Hmac(header="x-hub-signature-256", value="sha256={signature}")
_T_V1 = "t={timestamp},v1={signature}"
_T_BODY = "{timestamp}.{body}"

PROVIDERS: Mapping[str, Provider] = {
    "AFTERSHIP": Provider(Hmac(header="aftership-hmac-sha256", encoding="base64")),
    "ASANA": Provider(Hmac(header="x-hook-signature")),
    "BITBUCKET": Provider(Hmac(header="x-hub-signature", value="sha256={signature}")),
    "BUILDKITE": Provider(
        Together(
            Token(header="x-buildkite-token"),
            Hmac(
                header="x-buildkite-signature",
                signed=_T_BODY,
                value="timestamp={timestamp},signature={signature}",
            ),
        )
    ),
    "CALENDLY": Provider(Hmac(header="calendly-webhook-signature", signed=_T_BODY, value=_T_V1)),
    "CHECKOUT_COM": Provider(Hmac(header="cko-signature")),
    "CIRCLECI": Provider(Hmac(header="circleci-signature", value="v1={signature}")),
    "CLERK": Provider(_SVIX),
    "CLICKUP": Provider(Hmac(header="x-signature")),
    "CLOSE": Provider(
        Hmac(
            header="close-sig-hash",
            signed="{timestamp}{body}",
            timestamp_header="close-sig-timestamp",
            key="hex",
        )
    ),
    "COINBASE_COMMERCE": Provider(Hmac(header="x-cc-webhook-signature")),
    "CUSTOMER_IO": Provider(
        Hmac(header="x-cio-signature", signed="v0:{timestamp}:{body}", timestamp_header="x-cio-timestamp")
    ),
    "DOCUSIGN": Provider(Hmac(header="x-docusign-signature-1", encoding="base64"), Origin.BOTH),
    "DROPBOX": Provider(Hmac(header="x-dropbox-signature")),
    "GITHUB": Provider(_SHA256_PREFIXED, Origin.FASTHOOK),
    "GITLAB": Provider(
        BySecret(prefix="whsec_", matching=_STANDARD, otherwise=Token(header="x-gitlab-token")),
        Origin.FASTHOOK,
    ),
    "GOCARDLESS": Provider(Hmac(header="webhook-signature")),
    "HEROKU": Provider(Hmac(header="heroku-webhook-hmac-sha256", encoding="base64")),
    "INTERCOM": Provider(Hmac(header="x-hub-signature", algorithm="sha1", value="sha1={signature}")),
    "LAUNCHDARKLY": Provider(Hmac(header="x-ld-signature")),
    "LEMON_SQUEEZY": Provider(Hmac(header="x-signature")),
    "LINE": Provider(Hmac(header="x-line-signature", encoding="base64"), Origin.BOTH),
    "LINEAR": Provider(Hmac(header="linear-signature")),
    "META": Provider(_SHA256_PREFIXED, Origin.FASTHOOK),
    "MUX": Provider(Hmac(header="mux-signature", signed=_T_BODY, value=_T_V1)),
    "NOTION": Provider(Hmac(header="x-notion-signature", value="sha256={signature}")),
    "NYLAS": Provider(Hmac(header="x-nylas-signature")),
    "OPENAI": Provider(_STANDARD),
    "PADDLE": Provider(
        Hmac(header="paddle-signature", signed="{timestamp}:{body}", value="ts={timestamp};h1={signature}")
    ),
    "PAGERDUTY": Provider(Hmac(header="x-pagerduty-signature", value="v1={signature}")),
    "PAYSTACK": Provider(Hmac(header="x-paystack-signature", algorithm="sha512")),
    "RAZORPAY": Provider(Hmac(header="x-razorpay-signature")),
    "RESEND": Provider(_SVIX),
    "SANITY": Provider(
        Hmac(
            header="sanity-webhook-signature",
            encoding="base64url",
            signed=_T_BODY,
            value=_T_V1,
            timestamp="milliseconds",
        )
    ),
    "SENTRY": Provider(Hmac(header="sentry-hook-signature")),
    "SHOPIFY": Provider(Hmac(header="x-shopify-hmac-sha256", encoding="base64"), Origin.FASTHOOK),
    "SLACK": Provider(
        Hmac(
            header="x-slack-signature",
            signed="v0:{timestamp}:{body}",
            value="v0={signature}",
            timestamp_header="x-slack-request-timestamp",
        ),
        Origin.BOTH,
    ),
    "SQUARE": Provider(Hmac(header="x-square-hmacsha256-signature", encoding="base64", signed="{url}{body}")),
    "STANDARD_WEBHOOKS": Provider(_STANDARD, Origin.BOTH),
    "STRIPE": Provider(Hmac(header="stripe-signature", signed=_T_BODY, value=_T_V1), Origin.BOTH),
    "SVIX": Provider(_SVIX),
    "TELEGRAM": Provider(Token(header="x-telegram-bot-api-secret-token")),
    "TRELLO": Provider(
        Hmac(header="x-trello-webhook", algorithm="sha1", encoding="base64", signed="{body}{url}")
    ),
    "TWILIO": Provider(TwilioSignature()),
    "TWITCH": Provider(
        Hmac(
            header="twitch-eventsub-message-signature",
            signed="{id}{timestamp}{body}",
            value="sha256={signature}",
            timestamp="iso8601",
            timestamp_header="twitch-eventsub-message-timestamp",
            id_header="twitch-eventsub-message-id",
        )
    ),
    "TYPEFORM": Provider(Hmac(header="typeform-signature", encoding="base64", value="sha256={signature}")),
    "VERCEL": Provider(Hmac(header="x-vercel-signature", algorithm="sha1")),
    "WEBEX": Provider(Hmac(header="x-spark-signature", algorithm="sha1")),
    "WOO_COMMERCE": Provider(Hmac(header="x-wc-webhook-signature", encoding="base64")),
    "WORKOS": Provider(
        Hmac(
            header="workos-signature",
            signed=_T_BODY,
            value="t={timestamp}, v1={signature}",
            timestamp="milliseconds",
        )
    ),
    "XERO": Provider(Hmac(header="x-xero-signature", encoding="base64")),
    "ZENDESK": Provider(
        Hmac(
            header="x-zendesk-webhook-signature",
            encoding="base64",
            signed="{timestamp}{body}",
            timestamp="iso8601",
            timestamp_header="x-zendesk-webhook-signature-timestamp",
        )
    ),
    "ZOOM": Provider(
        Hmac(
            header="x-zm-signature",
            signed="v0:{timestamp}:{body}",
            value="v0={signature}",
            timestamp_header="x-zm-request-timestamp",
        )
    ),
}
"""Providers whose signature can be made from the secret."""

_PRIVATE_KEY = "only the provider holds the private key that signs"

NOT_MAKEABLE: Mapping[str, str] = {
    "AWS_SNS": _PRIVATE_KEY,
    "DISCORD": _PRIVATE_KEY,
    "DISCORD_EVENTS": _PRIVATE_KEY,
    "HUBSPOT": "HubSpot signs in three versions, and FastHook does not say which one it checks",
    "MAILGUN": "the signature is a part of the payload",
    "MICROSOFT_GRAPH": "the proof is a part of the payload, not a signature",
    "PAYPAL": _PRIVATE_KEY,
    "SENDGRID": _PRIVATE_KEY,
}
"""Providers whose signature cannot be made from a secret, and why."""

ALIASES: Mapping[str, str] = {
    "FACEBOOK": "META",
    "INSTAGRAM": "META",
    "LEMONSQUEEZY": "LEMON_SQUEEZY",
    "STANDARDWEBHOOKS": "STANDARD_WEBHOOKS",
    "WHATSAPP": "META",
    "WOOCOMMERCE": "WOO_COMMERCE",
}
"""Other names of the same scheme."""


def provider_name(text: str) -> str:
    """A provider's name as the tables spell it."""
    name = text.strip().upper().replace("-", "_").replace(" ", "_")
    return ALIASES.get(name, name)
