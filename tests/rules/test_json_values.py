"""Strict and loose comparison of JSON values, and how they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.values import alike, number_in, same, shown, text_of


@pytest.mark.parametrize(
    ("first", "second"),
    [(1, 1.0), ("a", "a"), (None, None), (True, True), ([1, {"a": [2]}], [1.0, {"a": [2]}])],
)
def test_equal_json_is_the_same(first: Any, second: Any) -> None:
    assert same(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, True),
        (0, False),
        (1, "1"),
        (None, False),
        (None, 0),
        ([1], [1, 2]),
        ({"a": 1}, {"a": 1, "b": 1}),
        ([], {}),
    ],
)
def test_json_of_another_kind_or_content_is_not_the_same(first: Any, second: Any) -> None:
    assert not same(first, second)
    assert not same(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [(1, "1"), (1, True), ("true", True), ("1.0", 1), ("null", None), ("", 0), (" ", False)],
)
def test_what_javascript_could_call_equal_is_alike(first: Any, second: Any) -> None:
    assert alike(first, second)


@pytest.mark.parametrize(
    ("first", "second"), [(1, 2), ("a", "A"), ("", 1), ("1", "1.0"), (None, 0), ([1], 1)]
)
def test_what_is_different_is_not_alike(first: Any, second: Any) -> None:
    assert not alike(first, second)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (5, "5"), (5.0, "5"), (5.5, "5.5"), (True, "true"), (False, "false"), (None, "null")],
)
def test_scalars_are_written_as_in_json(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [("12", 12), (" 1.5 ", 1.5), ("", None), ("x", None), ("nan", None), ("inf", None), ([], None)],
)
def test_a_number_is_found_only_where_one_is_written(value: Any, number: float | None) -> None:
    assert number_in(value) == number


def test_a_long_value_is_shown_short_and_in_one_line() -> None:
    assert shown({"a": "x" * 500 + "\n"}).endswith("…")
    assert len(shown("x" * 500)) <= 120


@given(st.integers(-(2**53), 2**53))
def test_a_whole_number_is_found_again_in_its_text(value: int) -> None:
    assert number_in(text_of(value)) == value


def test_what_is_absent_is_shown_as_nothing() -> None:
    assert shown(ABSENT) == '"nothing"'


def test_text_is_shown_as_it_is_and_not_escaped() -> None:
    assert shown({"name": "é漢"}) == '{"name": "é漢"}'
