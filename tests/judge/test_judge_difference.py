"""The first difference between two bodies: a phrase, or nothing where they are the same."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.judge.difference import first_difference, first_lack, parsed, value_difference

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**53), max_value=2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def sent(value: Any) -> bytes:
    return json.dumps(value).encode()


@given(VALUES)
def test_a_value_does_not_differ_from_itself(value: object) -> None:
    assert first_difference(sent(value), value) is None
    assert first_difference(sent(value), json.dumps(value)) is None
    assert first_difference(sent(value), base64.b64encode(sent(value)).decode()) is None
    assert value_difference(value, value) is None


@given(VALUES, VALUES)
def test_two_values_differ_exactly_when_their_json_does(one: object, other: object) -> None:
    same = canonical(one) == canonical(other)
    if isinstance(other, str) and not isinstance(one, str):
        same = same or canonical(parsed(other)) == canonical(one)
    if isinstance(other, str) and isinstance(one, str):
        same = same or other in {json.dumps(one), base64.b64encode(sent(one)).decode()}

    assert (first_difference(sent(one), other) is None) is same


def canonical(value: object) -> str:
    """One text for one JSON value; 1 and 1.0 are the same number, -0.0 and 0 too."""
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(float(value) + 0.0)
    return json.dumps(value)


@pytest.mark.parametrize(
    ("one", "other", "phrase"),
    [
        ({"a": 1}, {"a": 2}, "body.a: stored 2, sent 1"),
        ({"a": 1}, {}, "body.a: missing, sent 1"),
        ({}, {"a": 1}, "body.a: stored 1, not sent"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "body.a.b[1]: stored 3, sent 2"),
        ([1], [1, 2], "body: stored 2 items, sent 1"),
        ({"a": True}, {"a": 1}, "body.a: stored 1, sent true"),
        ({"a": None}, {"a": 0}, "body.a: stored 0, sent null"),
        ({"a": "1"}, {"a": 1}, 'body.a: stored 1, sent "1"'),
        ({"a": {}}, {"a": []}, "body.a: stored [], sent {}"),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, "body.b: stored 2, sent 1"),
        ({"a": "x" * 200}, {"a": 1}, 'body.a: stored 1, sent "' + "x" * 59 + "…"),
        ({"a": "x" * 58}, {"a": 1}, 'body.a: stored 1, sent "' + "x" * 58 + '"'),
        ({"a": "x" * 59}, {"a": 1}, 'body.a: stored 1, sent "' + "x" * 59 + "…"),
        ({"a": "é"}, {"a": 1}, 'body.a: stored 1, sent "\\u00e9"'),
        ({"k" * 115: 1}, {}, f"body.{'k' * 115}: missing, sent 1"),
        ({"k" * 116: 1}, {}, f"…ody.{'k' * 116}: missing, sent 1"),
        ({"k" * 200: 1}, {}, f"…{'k' * 120}: missing, sent 1"),
    ],
)
def test_the_phrase_names_the_place_and_both_values(one: object, other: object, phrase: str) -> None:
    assert first_difference(sent(one), other) == phrase


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, 1.0), (0, -0.0), (12345678901234567890, 12345678901234567000), (0.1, 0.10000000000000000555)],
)
def test_numbers_are_the_same_when_their_doubles_are(one: float, other: float) -> None:
    """FastHook's runtime has no other numbers; twins: the next double is another number."""
    assert first_difference(sent({"n": one}), {"n": other}) is None
    assert first_difference(sent({"n": 2**53}), {"n": 2**53 + 2}) is not None


def test_a_number_beyond_every_double_is_only_itself() -> None:
    huge = 10**400

    assert first_difference(sent(huge), huge) is None
    assert first_difference(sent(huge), huge + 1) is not None


@pytest.mark.parametrize("raw", [b"name=probe", b"<a/>", b"\xff\xfe\x00", b"[1, 2", b'"quoted"', b"NaN"])
def test_a_body_that_is_no_json_is_compared_as_text(raw: bytes) -> None:
    assert first_difference(raw, raw.decode("utf-8", "replace")) is None
    assert first_difference(raw, base64.b64encode(raw).decode()) is None
    assert first_difference(raw, "something else") is not None
    assert first_difference(raw, None) is not None


def test_a_byte_order_mark_is_not_part_of_the_body() -> None:
    assert first_difference(b'\xef\xbb\xbf{"a": 1}', {"a": 1}) is None


@pytest.mark.parametrize("stored", [None, "", {}])
def test_nothing_sent_is_stored_as_nothing(stored: object) -> None:
    assert first_difference(b"", stored) is None
    assert first_difference(b"x", stored) is not None


def nested(depth: int, leaf: object, *, as_list: bool = False) -> Any:
    value = leaf
    for _ in range(depth):
        value = [value] if as_list else {"a": value}
    return value


@pytest.mark.parametrize("as_list", [True, False])
def test_depth_is_no_limit(as_list: bool) -> None:  # noqa: FBT001 - a column of the table
    deep, other = nested(5000, 1, as_list=as_list), nested(5000, 2, as_list=as_list)

    assert value_difference(deep, nested(5000, 1, as_list=as_list)) is None
    phrase = value_difference(deep, other)
    assert phrase is not None
    assert phrase.endswith("stored 2, sent 1")
    assert len(phrase) < 200
    assert "deeply nested" in str(value_difference(nested(100_000, 1, as_list=as_list), 1))


class TestLack:
    @pytest.mark.parametrize(
        "actual", [{"v": 1}, {"v": 1.0, "more": 2}, {"v": 1, "deep": {"x": 1}}], ids=["same", "more", "deep"]
    )
    def test_fields_beside_the_expected_ones_do_not_count(self, actual: object) -> None:
        assert first_lack({"v": 1}, actual) is None

    @pytest.mark.parametrize(
        ("actual", "phrase"),
        [
            ({"v": 2}, "body.v: answered 2, expected 1"),
            ({}, "body.v: missing, expected 1"),
            ({"v": True}, "body.v: answered true, expected 1"),
            (None, 'body: answered null, expected {"v": 1}'),
            ("1.4", 'body: answered "1.4", expected {"v": 1}'),
        ],
    )
    def test_a_field_that_is_missing_or_another_is_told(self, actual: object, phrase: str) -> None:
        assert first_lack({"v": 1}, actual) == phrase


@pytest.mark.parametrize(
    ("expected", "answered", "lacks"),
    [("42", 42, False), ("4.5", 4.5, False), ("42", 43, True), ("042", 42, True), ("true", True, True)],
)
def test_an_expected_text_may_spell_a_number_that_is_answered(
    expected: str,
    answered: object,
    lacks: bool,  # noqa: FBT001 - a row's value
) -> None:
    """What comes from an environment variable is a text; a build number is often answered as a number."""
    assert (first_lack({"build": expected}, {"build": answered}) is not None) is lacks
