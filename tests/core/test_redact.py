"""What may be shown: nothing that acts on a terminal, a log or a CI system, and no secret in any spelling."""

from __future__ import annotations

import base64
import html
import json
import re
import string
import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from core_world import harmless
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pytest_fasthook.redact import MASK, MIN_SECRET, Redactor, Secret, clean, one_line

ESCAPES = st.sampled_from(
    [
        *(
            "\x1b[31m",
            "\x1b[",
            "\x1b]0;x\x07",
            "\x1b",
            "\x9b31m",
            "::",
            "::error::",
            "##[",
            "##vso[",
            "##",
            "#",
            "[",
        ),
        *(
            "\r",
            "\x00",
            "\u202e",
            "\u2066",
            "\u200b",
            "\ud800",
            "\udfff",
            "\ufffe",
            "\U0001fffe",
            "\n",
            "\t",
            "error",
        ),
    ]
)
HOSTILE = st.lists(ESCAPES | st.text(st.characters(), max_size=4), max_size=12).map("".join)
COMMAND = re.compile(r"::[A-Za-z]|##[A-Za-z]*\[")

LETTERS = string.ascii_letters + string.digits
SIGNS = "!\"#$%&'()+,-./:;<=>?@[\\]^_`{|}~ äß€"
SECRETS = st.text(LETTERS + SIGNS, min_size=6, max_size=24).filter(
    lambda text: text.strip() == text and len(set(text)) > 3
)
AROUND = st.text(st.characters(codec="utf-8"), max_size=20)


def js_component(text: str) -> str:
    """JavaScript's ``encodeURIComponent``, which leaves other characters alone than Python does."""
    return quote(text, safe="!'()*")


def php_json(text: str) -> str:
    """PHP's ``json_encode``, which escapes slashes too."""
    return json.dumps(text)[1:-1].replace("/", "\\/")


def whole_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "upper": lambda text: text.encode().hex().upper(),
    "hex": lambda text: text.encode().hex(),
    "base64": whole_base64,
    "base64 in a URL": lambda text: quote(whole_base64(text), safe=""),
    "base64 in PHP's JSON": lambda text: whole_base64(text).replace("/", "\\/"),
    "urlsafe": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "quote": quote,
    "quote, all": lambda text: quote(text, safe=""),
    "quote, small": lambda text: quote(text, safe="").lower(),
    "quote plus": quote_plus,
    "quote, every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "quote, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JavaScript's URL": js_component,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "PHP's JSON": php_json,
    "HTML": html.escape,
}


def keeps(secret: str, shown: str) -> bool:
    """Whether a shown text still holds the secret in some spelling."""
    return any(
        spell(secret).lower() in shown.lower() for name, spell in SPELLINGS.items() if "64" not in name
    )


# -- clean -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain text, ümläut, 漢字, 🎉", "plain text, ümläut, 漢字, 🎉"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "<U+001B>]0;title<U+0007>text"),
        ("\x1b]never ended, expected 200", "<U+001B>]never ended, expected 200"),
        ("\x1b[, expected 200", "<U+001B>[, expected 200"),
        ("a\x1bMb", "a<U+001B>Mb"),
        ("a\x1bb", "a<U+001B>b"),
        ("a\x00b\x7fc\x85d", "a<U+0000>b<U+007F>c<U+0085>d"),
        ("a\rb", "a<U+000D>b"),
        ("a\ud800b", "a<U+D800>b"),
        ("a\u202eb", "a<U+202E>b"),
        ("a\ufffeb\U0010ffffc", "a<U+FFFE>b<U+10FFFF>c"),
        ("::error file=a::b", ": :error file=a: :b"),
        ("a ::set-output::", "a : :set-output::"),
        ("std::vector", "std: :vector"),
        ("a::1", "a::1"),
        ("##[error]x", "# #[error]x"),
        ("##vso[task.complete]", "# #vso[task.complete]"),
        ("##teamcity[a]", "# #teamcity[a]"),
        ("## heading", "## heading"),
        ("###[error]", "## #[error]"),
        ("#\x1b[0m#[error]", "# #[error]"),
        (":\x1b[0m:error", ": :error"),
        ("\x1b[\x1b[31m31mx", "<U+001B>[31mx"),
    ],
)
def test_what_could_act_becomes_visible_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@settings(deadline=None)
@given(HOSTILE)
def test_a_cleaned_text_is_harmless(text: str) -> None:
    cleaned = clean(text)
    assert harmless(cleaned)
    assert not COMMAND.search(cleaned)
    cleaned.encode("utf-8")


@settings(deadline=None)
@given(HOSTILE)
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40))
def test_a_harmless_text_stays_as_it_is(text: str) -> None:
    assume(not COMMAND.search(text))
    assume(not any(unicodedata.category(character) == "Cn" for character in text))
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), ("a", "a"), (" a\n\n b\t", "a b"), ("x" * 11, "x" * 9 + "…"), ("x" * 10, "x" * 10)],
)
def test_one_line_is_folded_and_no_longer_than_its_limit(text: str, line: str) -> None:
    assert one_line(text, limit=10) == line


# -- secrets ---------------------------------------------------------------------------------------------------


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("t0psecret")
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{[secret]}"):
        assert "t0psecret" not in shown
    assert secret.reveal() == "t0psecret"


def test_secrets_compare_by_value_and_only_with_secrets() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "secret",
    ["s3cr3t/of+the source=?&%", 'quo"te\\back(s)!*~', "päß€wörd", "fhp_0a1b2c3d4e5f6071", "a::b ##[c"],
)
def test_a_secret_is_masked_in_every_spelling(spelling: str, secret: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    shown = Redactor([Secret(secret)]).show(f"before {spelled} after")
    assert MASK in shown
    assert shown.startswith("before ***")
    assert len(shown) <= len("before *** after") + (8 if "64" in spelling or spelling == "urlsafe" else 0)


@settings(deadline=None)
@given(SECRETS, AROUND, AROUND, st.sampled_from(sorted(SPELLINGS)))
def test_no_secret_survives_in_any_text(secret: str, before: str, after: str, spelling: str) -> None:
    shown = Redactor([secret]).show(before + SPELLINGS[spelling](secret) + after)
    assert MASK in shown
    assert not keeps(secret, shown)


@settings(deadline=None)
@given(
    SECRETS,
    st.binary(max_size=12),
    st.binary(max_size=12),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_no_secret_survives_inside_a_base64_text(
    secret: str, before: bytes, after: bytes, encode: Callable[[bytes], bytes]
) -> None:
    """At most the characters that hold bits of its neighbours may stay: less than a byte of it at either end."""
    text = encode(before + secret.encode() + after).decode()
    shown = Redactor([secret]).show(text)
    assert MASK in shown
    left = shown.partition(MASK)
    kept = len(left[0]) + len(left[2])
    assert kept <= len(text) - len(base64.b64encode(secret.encode()).rstrip(b"=")) + 4


@pytest.mark.parametrize("secret", ["t0psecret", "t0psecreW"])
def test_of_a_secret_inside_base64_only_what_its_neighbours_share_stays(secret: str) -> None:
    """Nine bytes are twelve characters; a character on a border holds bits of both sides."""
    redactor = Redactor([secret])
    whole, one, two = (base64.b64encode(b"u" * before + secret.encode()).decode() for before in range(3))

    assert redactor.redact(f"x {whole} x") == "x *** x"
    assert redactor.redact(one) == f"{one[:2]}***{one[13:]}"
    assert redactor.redact(two) == f"{two[:3]}***{two[14:]}"


def test_a_secret_that_utf_8_cannot_write_is_masked_as_well() -> None:
    assert Redactor(["pass\ud800word"]).redact("the pass\ud800word") == "the ***"


@settings(deadline=None)
@given(SECRETS, st.lists(ESCAPES.filter(lambda text: text.startswith("\x1b[31")), min_size=1, max_size=3))
def test_an_escape_inside_a_secret_does_not_hide_it(secret: str, escapes: list[str]) -> None:
    middle = len(secret) // 2
    shown = Redactor([secret]).show(secret[:middle] + "".join(escapes) + secret[middle:])
    assert not keeps(secret, shown)


def test_a_secret_that_cleaning_would_change_is_masked_all_the_same() -> None:
    assert Redactor(["ab##[ef"]).show("ab#\x1b[0m#[ef") == MASK


@settings(deadline=None)
@given(st.lists(SECRETS, max_size=3), HOSTILE)
def test_showing_again_changes_nothing(secrets: list[str], text: str) -> None:
    redactor = Redactor(secrets)
    shown = redactor.show(f"{text}{''.join(secrets)}{text}")
    assert redactor.show(shown) == shown


@settings(deadline=None)
@given(HOSTILE, SECRETS)
def test_a_shown_text_is_harmless(text: str, secret: str) -> None:
    shown = Redactor([secret]).show(text)
    assert harmless(shown)
    assert not COMMAND.search(shown)


def test_the_longest_secret_is_masked_first() -> None:
    assert Redactor(["secret", "secret-and-more"]).redact("a secret-and-more b secret c") == "a *** b *** c"


def test_a_masked_text_keeps_everything_else() -> None:
    assert (
        Redactor(["t0psecret"]).show("user=a t0psecret; T0PSECRET; top-secret")
        == "user=a ***; ***; top-secret"
    )


def test_the_password_of_a_login_is_masked_alone_too() -> None:
    assert Redactor(["robot:pa55word"]).redact("pa55word of robot") == "*** of robot"


def test_each_line_of_a_key_file_is_masked() -> None:
    assert Redactor(["line one\nline two\n"]).redact("line two, line one") == "***, ***"


def test_a_text_too_short_to_be_a_secret_is_left_alone() -> None:
    assert Redactor(["a" * (MIN_SECRET - 1), ""]).redact("aaa banana") == "aaa banana"
    assert Redactor(["a" * MIN_SECRET]).redact("aaaa banana") == "*** banana"
    assert Redactor(["user:abc"]).redact("abc, user:abc") == "abc, ***"


def test_without_secrets_nothing_is_masked() -> None:
    redactor = Redactor()
    assert redactor.redact("anything") == "anything"
    assert not redactor.finds("anything")


def test_finding_is_what_redacting_would_change() -> None:
    redactor = Redactor(["t0psecret"])
    assert redactor.finds("a t0psecret b")
    assert redactor.finds(base64.b64encode(b"user:t0psecret").decode())
    assert not redactor.finds("a topsecret b")


# -- shown -----------------------------------------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=12,
)


def texts_in(value: Any) -> list[str]:
    """Every text in a JSON value, keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *texts_in(item))]
    return [text for item in value for text in texts_in(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("value", [None, True, False, 0, -7, 1.5, "text", [], {}, [1, {"a": [None]}]])
def test_a_plain_value_is_shown_as_it_is(value: Any) -> None:
    assert Redactor(["t0psecret"]).shown(value) == value


@settings(deadline=None)
@given(JSON_VALUES)
def test_a_shown_value_is_json_of_harmless_texts(value: Any) -> None:
    shown = Redactor(["t0psecret"]).shown(value)
    json.dumps(shown, allow_nan=False).encode()
    assert all(harmless(text) for text in texts_in(shown))


@settings(deadline=None)
@given(JSON_VALUES, SECRETS, st.sampled_from(sorted(SPELLINGS)))
def test_no_secret_survives_anywhere_in_a_value(value: Any, secret: str, spelling: str) -> None:
    spelled = SPELLINGS[spelling](secret)
    shown = Redactor([secret]).shown({"a": [spelled, value], spelled: {"b": value, "c": f"x{spelled}x"}})
    assert not any(keeps(secret, text) for text in texts_in(shown))


def test_a_number_that_is_the_secret_is_masked() -> None:
    assert Redactor(["4929123412341234"]).shown({"pin": 4929123412341234, "n": 49}) == {"pin": MASK, "n": 49}


def test_what_is_no_json_is_shown_as_text() -> None:
    assert Redactor(["t0psecret"]).shown({1: b"t0psecret", "n": float("nan")}) == {"1": "b'***'", "n": "nan"}


def test_a_long_text_is_cut_and_says_so() -> None:
    assert Redactor().shown("x" * 2005) == "x" * 2000 + "… (5 more characters)"


@pytest.mark.parametrize("at", range(1985, 2003))
def test_cutting_never_leaves_half_a_secret(at: int) -> None:
    secret = "t0psecret-half"
    shown = Redactor([secret]).shown("x" * at + secret + "y" * 100)
    assert "t0p" not in shown


def test_a_long_list_and_a_long_object_are_cut_and_say_so() -> None:
    assert Redactor().shown(list(range(62)))[-2:] == [59, "… 2 more"]
    shown = Redactor().shown({str(number): number for number in range(62)})
    assert (len(shown), shown["…"]) == (61, "2 more")


def test_a_long_key_is_cut() -> None:
    (key,) = Redactor().shown({"k" * 100_000: 1})
    assert len(key) < 2100


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
def test_a_deep_value_is_cut(wrap: Callable[[Any], Any]) -> None:
    value: Any = "bottom"
    for _ in range(5000):
        value = wrap(value)
    assert len(json.dumps(Redactor().shown(value))) < 200


def test_a_number_that_cannot_be_written_is_described() -> None:
    json.dumps(Redactor().shown([10**5000, -(10**5000)]))


def test_a_value_just_within_the_limits_is_not_cut() -> None:
    for value in ("x" * 2000, list(range(60)), {str(number): number for number in range(60)}):
        assert Redactor().shown(value) == value


@pytest.mark.parametrize(
    ("wrap", "cut"), [(lambda value: [value], "[…]"), (lambda value: {"a": value}, "{…}")]
)
def test_twelve_levels_are_shown_and_no_more(wrap: Callable[[Any], Any], cut: str) -> None:
    twelve: Any = "bottom"
    for _ in range(12):
        twelve = wrap(twelve)
    assert Redactor().shown(twelve) == twelve

    text = json.dumps(Redactor().shown(wrap(twelve)), ensure_ascii=False)
    assert cut in text
    assert "bottom" not in text


def test_the_limits_hold_at_every_depth() -> None:
    value = {"outer": [{"inner": ["text", 1, 2]}, 3], "b": {}, "c": 0}
    assert Redactor().shown(value, depth=4, items=2, chars=3) == {
        "out… (2 more characters)": [
            {"inn… (2 more characters)": ["tex… (1 more characters)", 1, "… 1 more"]},
            3,
        ],
        "b": {},
        "…": "1 more",
    }
    assert Redactor().shown(value, depth=2) == {"outer": ["{…}", 3], "b": {}, "c": 0}
    assert Redactor().shown({"a": [[1]]}, depth=2) == {"a": ["[…]"]}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_is_written_up_to_as_many_bits_as_python_writes(sign: int) -> None:
    assert Redactor().shown(sign * (2**8192 - 1)) == sign * (2**8192 - 1)
    assert Redactor().shown(sign * 2**8192) == "a number of 8193 bits"
    assert Redactor().shown(sign * float("inf")) == ("inf" if sign > 0 else "-inf")
