from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.client.hiding import Hiding, secrets_in
from pytest_fasthook.redact import Redactor


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"config": {"auth": {"secret": "s1", "signature_header": "x-sig"}}}, ["s1"]),
        ({"config": {"auth": {"header_name": "x-key", "header_value": "s2"}}}, ["s2"]),
        ({"auth": {"webhook_signing_secret": "s3", "provider": "STRIPE"}}, ["s3"]),
        ({"auth": {"username": "u", "password": "s4"}}, ["s4"]),
        ({"auth": {"key": "s5", "key_header": "x"}}, ["s5"]),
        ({"secret": {"primary": "s6", "more": ["s7"]}}, ["s6", "s7"]),
        ({"name": "a", "rules": [{"type": "filter", "body": {"type": "b"}}]}, []),
        (None, []),
    ],
)
def test_secrets_are_found_by_the_name_of_their_field(body: Any, found: list[str]) -> None:
    assert [secret.reveal() for secret in secrets_in(body)] == found


def test_both_redactors_are_asked() -> None:
    hiding = Hiding(Redactor(["known-key"]), ["fresh-secret"])

    assert hiding.show("known-key fresh-secret other") == "*** *** other"
    assert hiding.finds("known-key")
    assert hiding.finds("fresh-secret")
    assert not hiding.finds("other")
