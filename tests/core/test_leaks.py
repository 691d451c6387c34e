"""The second net: a secret is found however it is written, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
import string
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from core_world import KEY
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pytest_fasthook.leaks import LONGEST_WORD, SHORTEST, SecretNet
from pytest_fasthook.redact import Redactor, Secret

SECRETS = st.text(
    string.ascii_letters + string.digits + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ äß€🎉", min_size=8
)
AROUND = st.text(st.characters(codec="utf-8"), max_size=20)
WAYS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "HTML": html.escape,
    "JSON": json.dumps,
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "HTML in JSON": lambda text: json.dumps(html.escape(text)),
    "URL": lambda text: quote(text, safe=""),
    "URL, small": lambda text: quote(text, safe="").lower() if text.islower() else quote(text, safe=""),
    "URL, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 in lines": lambda text: textwrap.fill(base64.b64encode(text.encode()).decode(), 11),
    "raw in lines": lambda text: "\n    ".join(textwrap.wrap(text, 7, drop_whitespace=False)),
    **{
        f"base64 after {count} bytes": lambda text, count=count: base64.b64encode(  # type: ignore[misc]
            b"user:"[:count] + text.encode() + b"tail"
        ).decode()
        for count in range(4)
    },
}


@pytest.mark.parametrize("way", WAYS)
@given(secret=SECRETS, before=AROUND, after=AROUND)
@example(secret="0000ß%00", before="", after="")
@example(secret="key&amp;%5c\\n", before="", after="")
def test_a_secret_is_found_however_it_is_written(way: str, secret: str, before: str, after: str) -> None:
    assume(secret.strip() == secret)
    assume("lines" not in way or " " not in secret)
    assume(not secret.isalpha() or len(secret) >= LONGEST_WORD)
    assume(not before.endswith("\\"))  # or the words before it turn the secret's first character into another
    assert SecretNet([secret]).form_in(before + " " + WAYS[way](secret) + " " + after) is not None


@given(secret=SECRETS, text=st.text(st.characters(codec="utf-8")))
def test_a_text_that_the_redactor_has_shown_has_nothing_left_to_find(secret: str, text: str) -> None:
    """Two ways to the same end: what one masks, the other no longer sees."""
    assume(secret.strip() == secret)
    shown = Redactor([secret]).show(f"{text}{secret}{text}")
    assert SecretNet([secret]).form_in(shown) is None


@pytest.mark.parametrize(
    "text",
    [
        "nothing at all",
        KEY[:-1],
        KEY.encode().hex()[:-2],
        base64.b64encode(KEY.encode()[:-8]).decode(),
        KEY.replace("0", "O"),
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert SecretNet([Secret(KEY)]).form_in(text) is None
    assert SecretNet([Secret(KEY)]).held_back(text) == text


def test_what_holds_a_secret_is_held_back_and_says_in_what_form() -> None:
    net = SecretNet([Secret(KEY)])
    for form, text in (
        ("raw", KEY),
        ("hex", KEY.encode().hex()),
        ("base64", base64.b64encode(KEY.encode()).decode()),
        (
            "escaped",
            quote(f"{KEY[:4]}%{KEY[4:]}").replace("%25", f"%{ord(KEY[4]):x}", 1).replace(KEY[4:], KEY[5:]),
        ),
    ):
        assert net.form_in(text) == form
        assert net.held_back(text).startswith("withheld: it would have shown a secret of this run")
        assert KEY not in net.held_back(text)


def test_the_parts_of_a_secret_are_secrets_too() -> None:
    net = SecretNet(["gate:pass-w0rd", "-----BEGIN KEY-----\nMIIBVgIBADANBg\nkqhkiG9w0BAQEF\n"])
    for text in ("pass-w0rd", "MIIBVgIBADANBg", "kqhkiG9w0BAQEF", "MIIBVgIBADANBg\n  kqhkiG9w0BAQEF"):
        assert net.form_in(f"it said {text}.") == "raw"
    assert net.form_in("gate: passwords") is None


def test_words_are_not_taken_for_secrets() -> None:
    """Reports are written in words: a weak secret that is one of them would refuse every report."""
    net = SecretNet(["delivery", "x" * (SHORTEST - 1), "fail"])
    assert net.form_in("delivery failed: xxxxxxx") is None
    assert net.form_in(b"delivery".hex()) == "hex"


def test_without_secrets_nothing_is_found() -> None:
    assert SecretNet([]).form_in(KEY) is None
    assert SecretNet(["", Secret("")]).form_in(KEY) is None


def test_the_net_shows_no_secret() -> None:
    assert KEY not in repr(SecretNet([KEY]))


def test_the_environment_holds_the_secrets_of_the_commands() -> None:
    names = {
        "FASTHOOK_API_KEY": "key-key-1",
        "FASTHOOK_SOURCE_SECRET": "any-any-2",
        "FASTHOOK_SOURCE_SECRET_A": "own-own-3",
    }
    net = SecretNet.of_environment(
        {**names, "FASTHOOK_TEAM_ID": "tm_12345678", "FASTHOOK_API_KEY_FILE": "/run/key"}
    )
    for value in names.values():
        assert net.form_in(value) == "raw"
    assert net.form_in("tm_12345678 /run/key") is None
