"""What a source's configuration demands is read in every likely spelling, and never guessed at."""

from __future__ import annotations

import base64
import hmac
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.redact import Secret
from pytest_fasthook.signing.providers import ALIASES, NOT_MAKEABLE, PROVIDERS, provider_name
from pytest_fasthook.signing.requirement import AuthKind, NotKnown, Requirement, requirement
from pytest_fasthook.signing.sign import SignedRequest, sign

BODY = b'{"a": 1}'
NOW = datetime(2026, 5, 29, 10, 0, 0, 123000, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def needed(auth_type: Any, source_type: str = "WEBHOOK", **auth: Any) -> Requirement:
    found = requirement(source_type, {"auth_type": auth_type, "auth": auth})
    assert isinstance(found, Requirement)
    return found


SECRET = "hush"


def headers(found: Requirement, secret: str = SECRET) -> dict[str, str]:
    request = SignedRequest(method="POST", url="https://hook-abc123.fasthook.io/", body=BODY)
    return dict(sign(found, Secret(secret), request, now=NOW, message_id="msg_1"))


def digest(text: bytes = BODY, *, algorithm: str = "sha256") -> bytes:
    return hmac.digest(b"hush", text, algorithm)


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"auth_type": None, "auth": None},
        {"auth_type": None, "auth": {"secret": "***"}},
        {"auth_type": "", "auth": None},
        {"auth_type": "NONE"},
        {"allowed_http_methods": ["POST"]},
    ],
)
@pytest.mark.parametrize("source_type", ["WEBHOOK", "STRIPE", None])
def test_without_an_auth_type_nothing_is_demanded(source_type: str | None, config: Any) -> None:
    assert requirement(source_type, config) is None


@pytest.mark.parametrize(
    "key", ["signature_header", "signature_header_name", "header", "header_key", "header_name", "name"]
)
def test_the_header_of_an_hmac_is_found_under_every_spelling(key: str) -> None:
    assert headers(needed("HMAC", **{key: "X-Signature"})) == {"x-signature": digest().hex()}


@pytest.mark.parametrize("key", ["prefix", "signature_prefix", "header_prefix", "value_prefix"])
def test_a_prefix_stands_before_the_signature(key: str) -> None:
    found = needed("HMAC", signature_header="x-s", **{key: "sha256="})
    assert headers(found) == {"x-s": f"sha256={digest().hex()}"}


def test_a_prefix_with_braces_is_taken_as_it_is() -> None:
    assert headers(needed("HMAC", header="x-s", prefix="{v1}="))["x-s"].startswith("{v1}=")


@pytest.mark.parametrize(
    ("encoding", "value"),
    [
        ("hex", digest().hex()),
        ("HEX", digest().hex()),
        ("base64", base64.b64encode(digest()).decode()),
        ("base64url", base64.urlsafe_b64encode(digest()).decode().rstrip("=")),
    ],
)
@pytest.mark.parametrize("key", ["encoding", "signature_encoding", "digest_encoding"])
def test_the_encoding_is_the_configured_one(key: str, encoding: str, value: str) -> None:
    assert headers(needed("HMAC", header="x-s", **{key: encoding})) == {"x-s": value}


@pytest.mark.parametrize(
    ("spelled", "algorithm"),
    [("sha1", "sha1"), ("SHA-256", "sha256"), ("hmac-sha512", "sha512"), ("HMAC_SHA256", "sha256")],
)
@pytest.mark.parametrize("key", ["algorithm", "hash_algorithm", "digest", "hash"])
def test_the_algorithm_is_the_configured_one(key: str, spelled: str, algorithm: str) -> None:
    found = needed("HMAC", header="x-s", **{key: spelled})
    assert headers(found) == {"x-s": digest(algorithm=algorithm).hex()}


@pytest.mark.parametrize("key", ["timestamp_header", "timestamp_header_name", "timestamp_header_key"])
def test_with_a_timestamp_header_the_timestamp_is_signed_and_sent(key: str) -> None:
    found = needed("HMAC", header="x-s", **{key: "X-Time"})
    assert headers(found) == {"x-s": digest(f"{STAMP}.".encode() + BODY).hex(), "x-time": STAMP}
    (note,) = found.notes
    assert note.startswith("with a timestamp header, the timestamp, a dot and the body are signed; ")
    assert note.endswith("FastHook does not say so")


def test_without_one_there_is_nothing_to_note() -> None:
    assert needed("HMAC", header="x-s").notes == ()


@pytest.mark.parametrize("key", ["timestamp_format", "timestamp_unit"])
@pytest.mark.parametrize(
    ("spelled", "value"),
    [
        ("seconds", STAMP),
        ("Unix", STAMP),
        ("ms", f"{STAMP}123"),
        ("unix_ms", f"{STAMP}123"),
        ("ISO-8601", "2026-05-29T10:00:00Z"),
        ("rfc3339", "2026-05-29T10:00:00Z"),
    ],
)
def test_the_timestamp_has_the_configured_form(key: str, spelled: str, value: str) -> None:
    found = needed("HMAC", header="x-s", timestamp_header="x-time", **{key: spelled})
    signed = digest(f"{value}.".encode() + BODY).hex()
    assert headers(found) == {"x-s": signed, "x-time": value}


def test_a_timestamp_is_in_utc_wherever_the_gate_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = needed("HMAC", header="x-s", timestamp_header="x-time", timestamp_format="iso")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        stamp = headers(found)["x-time"]
    time.tzset()
    assert stamp == "2026-05-29T10:00:00Z"


def test_settings_may_stand_beside_auth() -> None:
    config = {"auth_type": "HMAC", "auth": {"signature_header": "x-s"}, "encoding": "base64"}
    found = requirement("WEBHOOK", config)
    assert isinstance(found, Requirement)
    assert headers(found) == {"x-s": base64.b64encode(digest()).decode()}


def test_generic_hmac_in_stripe_s_header_is_a_plain_hmac_of_the_body() -> None:
    found = needed("HMAC", "STRIPE", signature_header="stripe-signature")
    assert headers(found) == {"stripe-signature": digest().hex()}
    (note,) = found.notes
    assert note.startswith(
        "the source checks a plain HMAC of the body in stripe-signature, not the timestamped form"
    )
    assert note.endswith("PROVIDER_SIGNATURE is the setting for real Stripe webhooks")


def test_a_typed_source_without_a_header_uses_its_provider_s_form() -> None:
    found = needed("HMAC", "GITHUB", secret="***")
    assert headers(found) == {"x-hub-signature-256": f"sha256={digest().hex()}"}
    assert (found.kind, found.provider) == (AuthKind.HMAC, "GITHUB")
    assert found.notes == ("the configuration names no signature header, so the form of GITHUB is used",)


@pytest.mark.parametrize(
    "key", ["header_key", "header", "header_name", "key_header", "api_key_header", "name", "key_name", "key"]
)
def test_the_header_of_an_api_key_is_found_under_every_spelling(key: str) -> None:
    assert headers(needed("API_KEY", **{key: "X-Api-Key"})) == {"x-api-key": "hush"}


def test_a_redacted_key_is_not_taken_for_the_header() -> None:
    found = needed("API_KEY", key="********", header_name="x-key")
    assert found.headers == ("x-key",)


@pytest.mark.parametrize("placeholder", ["********", "[REDACTED]", "redacted", "\u2022\u2022\u2022\u2022"])
def test_an_api_key_without_a_visible_header_is_not_known(placeholder: str) -> None:
    found = requirement("WEBHOOK", {"auth_type": "API_KEY", "auth": {"key": placeholder}})
    assert found == NotKnown(
        kind="API_KEY", reason="the configuration does not show the header that carries the key"
    )


@pytest.mark.parametrize("key", ["prefix", "header_prefix", "value_prefix"])
def test_an_api_key_may_have_a_prefix(key: str) -> None:
    found = needed("API_KEY", header="authorization", **{key: "Bearer "})
    assert headers(found) == {"authorization": "Bearer hush"}


@pytest.mark.parametrize("key", ["whsec_aHVzaA==", "whsec_aHVzaCE=", "whsec_aHVzaCEh"])
def test_a_signing_key_may_come_without_its_padding(key: str) -> None:
    found = needed("PROVIDER_SIGNATURE", "SVIX")
    assert headers(found, secret=key) == headers(found, secret=key.rstrip("="))


def test_basic_auth_takes_user_and_password_from_the_secret() -> None:
    value = base64.b64encode(b"ann:hush:x").decode()
    assert headers(needed("BASIC_AUTH"), secret="ann:hush:x") == {"authorization": f"Basic {value}"}


@pytest.mark.parametrize("key", ["username", "user"])
def test_basic_auth_takes_a_visible_user_from_the_configuration(key: str) -> None:
    value = base64.b64encode(b"ann:hush").decode()
    assert headers(needed("BASIC_AUTH", password="***", **{key: "ann"})) == {
        "authorization": f"Basic {value}"
    }


@pytest.mark.parametrize("username", [None, "***", "[redacted]"])
def test_basic_auth_without_a_user_is_a_wrong_secret(username: str | None) -> None:
    with pytest.raises(
        SettingsError, match=r"^the secret of a BASIC_AUTH source must have .* user:password$"
    ) as caught:
        headers(needed("BASIC_AUTH", username=username))
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("provider", "secret", "wanted"),
    [
        ("SVIX", "whsec_!!!", "^the source's secret must be base64, with or without whsec_ before it$"),
        ("CLOSE", "not hex", "^the source's secret must be hex$"),
        ("TELEGRAM", "caf\u00e9", "^the source's secret holds characters that a header cannot carry$"),
        ("TELEGRAM", "two\nlines", "^the source's secret holds characters that a header cannot carry$"),
    ],
)
def test_a_secret_of_the_wrong_form_is_said_without_being_shown(
    provider: str, secret: str, wanted: str
) -> None:
    with pytest.raises(SettingsError, match=wanted) as caught:
        headers(needed("PROVIDER_SIGNATURE", provider=provider), secret=secret)
    assert secret not in str(caught.value)


def test_the_provider_is_the_configured_one_or_else_the_source_s_type() -> None:
    assert needed("PROVIDER_SIGNATURE", "WEBHOOK", provider="slack").provider == "SLACK"
    assert needed("PROVIDER_SIGNATURE", "GITHUB").provider == "GITHUB"
    assert needed("PROVIDER_SIGNATURE", "GITHUB", provider="STRIPE").provider == "STRIPE"


@pytest.mark.parametrize(
    ("config", "kind", "reason"),
    [
        ({"auth_type": "OAUTH2", "auth": {}}, "OAUTH2", ": this kind of authentication is not known"),
        (
            {"auth_type": "HMAC", "auth": {"secret": "***"}},
            "HMAC",
            ": the configuration does not show the signature's header",
        ),
        ({"auth_type": "HMAC", "auth": {"header": "x", "algorithm": "md5"}}, "HMAC", ": algorithm 'md5'"),
        ({"auth_type": "HMAC", "auth": {"header": "x", "encoding": "base32"}}, "HMAC", ": encoding 'base32'"),
        (
            {"auth_type": "PROVIDER_SIGNATURE", "auth": {}},
            "PROVIDER_SIGNATURE of WEBHOOK",
            ": its signature scheme is not known to this version",
        ),
        ({"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": "DISCORD"}}, "DISCORD", "private key"),
        ({"auth": {"secret": "***"}}, "auth settings without a type", "is not known"),
        ({"auth_type": 5, "auth": {}}, "5", "is not known"),
    ],
)
def test_what_cannot_be_made_is_named_with_the_reason(config: Any, kind: str, reason: str) -> None:
    found = requirement("WEBHOOK", config)
    assert isinstance(found, NotKnown)
    assert kind in found.kind
    assert reason in str(found)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"auth_type": "OAUTH2", "auth": {"type": "HMAC"}}, "OAUTH2"),
        ({"auth": {"auth_type": "OAUTH2", "type": "HMAC"}}, "OAUTH2"),
        ({"auth": {"type": "OAUTH2", "provider": "GITHUB"}}, "OAUTH2"),
        ({"auth": {"auth_type": None, "provider": ""}}, "auth settings without a type"),
    ],
)
def test_the_kind_is_the_one_said_first(config: Any, kind: str) -> None:
    found = requirement("WEBHOOK", config)
    assert isinstance(found, NotKnown)
    assert found.kind == kind


def test_a_setting_inside_auth_goes_before_one_beside_it_and_a_blank_one_is_none() -> None:
    auth = {"header": "x-s", "prefix": "inside="}
    beside = {"auth_type": "HMAC", "prefix": "beside=", "value_prefix": "late="}
    assert headers(read({**beside, "auth": auth}))["x-s"].startswith("inside=")
    assert headers(read({**beside, "auth": {**auth, "prefix": " "}}))["x-s"].startswith("beside=")
    assert headers(read({**beside, "prefix": None, "auth": {"header": "x-s"}}))["x-s"].startswith("late=")


def read(config: Any) -> Requirement:
    found = requirement("WEBHOOK", config)
    assert isinstance(found, Requirement)
    return found


def test_a_provider_without_an_auth_type_is_a_provider_s_signature() -> None:
    found = requirement("WEBHOOK", {"auth": {"provider": "GITHUB"}})
    assert isinstance(found, Requirement)
    assert found.kind is AuthKind.PROVIDER_SIGNATURE


@pytest.mark.parametrize(
    ("spelled", "kind"),
    [
        ("hmac", AuthKind.HMAC),
        ("Basic-Auth", AuthKind.BASIC_AUTH),
        ("BASIC", AuthKind.BASIC_AUTH),
        ("ApiKey", AuthKind.API_KEY),
    ],
)
def test_the_kind_is_read_in_other_spellings(spelled: str, kind: AuthKind) -> None:
    assert needed(spelled, header="x").kind is kind


def test_the_kind_may_stand_inside_auth() -> None:
    found = requirement("WEBHOOK", {"auth": {"type": "API_KEY", "header": "x-key"}})
    assert isinstance(found, Requirement)
    assert found.kind is AuthKind.API_KEY


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("lemon-squeezy", "LEMON_SQUEEZY"),
        (" Woo Commerce ", "WOO_COMMERCE"),
        ("whatsapp", "META"),
        ("x", "X"),
    ],
)
def test_a_provider_is_found_in_other_spellings(spelled: str, name: str) -> None:
    assert provider_name(spelled) == name


def test_no_provider_is_both_made_and_not_made() -> None:
    assert not set(PROVIDERS) & set(NOT_MAKEABLE)
    assert set(ALIASES.values()) <= set(PROVIDERS)
    assert all(provider_name(name) == name for name in PROVIDERS)


def test_a_requirement_says_in_words_what_it_is() -> None:
    assert str(needed("PROVIDER_SIGNATURE", "STRIPE")) == "PROVIDER_SIGNATURE of STRIPE in stripe-signature"
    assert str(needed("API_KEY", header="x-key")) == "API_KEY in x-key"
    assert needed("API_KEY", header="x-key").needs_secret


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
AUTH = st.dictionaries(
    st.sampled_from(
        ["header", "key", "prefix", "encoding", "algorithm", "provider", "username", "timestamp_header"]
    ),
    JSON,
    max_size=4,
)
KINDS = st.sampled_from([*AuthKind, "OTHER"])


@given(
    st.none() | st.text(max_size=8), st.fixed_dictionaries({"auth_type": KINDS | JSON, "auth": AUTH | JSON})
)
def test_no_configuration_raises(source_type: str | None, config: Any) -> None:
    found = requirement(source_type, config)
    if isinstance(found, Requirement):
        assert all(name == name.lower() for name in found.headers)
