"""The secret in a source's own body, for whoever has just written that source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_fasthook.signing.written import written_secret


def secret(auth: Any, **config: Any) -> str | None:
    found = written_secret({"auth_type": "ANY", "auth": auth, **config})
    return found.reveal() if found else None


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"secret": "s3cret", "signature_header": "x-signature"}, "s3cret"),
        ({"provider": "STRIPE", "webhook_signing_secret": "whsec_1"}, "whsec_1"),
        ({"username": "shop", "password": "pass"}, "shop:pass"),
        ({"user": "shop", "password": "pass"}, "shop:pass"),
        ({"header_name": "x-key", "api_key": "k"}, "k"),
        ({"key": "x-key", "value": "k"}, "k"),
        ({"key": "k"}, "k"),
    ],
)
def test_the_secret_is_found_by_any_likely_name(auth: Mapping[str, str], expected: str) -> None:
    assert secret(auth) == expected


@pytest.mark.parametrize(
    "auth",
    [
        None,
        {},
        [],
        {"secret": ""},
        {"secret": None},
        {"secret": 7},
        {"secret": "********"},
        {"secret": "[REDACTED]"},
        {"username": "shop"},
        {"provider": "STRIPE"},
    ],
)
def test_a_placeholder_is_no_secret(auth: Any) -> None:
    """What was read from FastHook, or has no auth, tells nothing."""
    assert secret(auth) is None


def test_a_source_without_config_has_none() -> None:
    assert written_secret(None) is None
    assert written_secret({}) is None


def test_the_secret_is_never_shown() -> None:
    assert "s3cret" not in repr(written_secret({"auth": {"secret": "s3cret"}}))
