"""What each operator says: yes, no, or that it is not documented."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.operators import NAMES, OPERATORS, answer

CERTAIN = [
    # operator, expected, values that pass, values that do not
    ("is", "a", ["a", ["b", "a"]], ["b", "A", "", 1, ABSENT, ["b"], {"a": 1}, None]),
    ("is", 1, [1, 1.0, [1]], [2, "2", ABSENT, None, [2], {}]),
    ("is", True, [True], [False, "yes", 0, ABSENT, None]),
    ("is", None, [None, [None]], ["", 0, False]),
    ("is", [1, 2], [[1, 2]], [[1], [1, 3], 3, ABSENT, "a"]),
    ("eq", "a", ["a"], ["b", ABSENT, None, ["b"], {"b": 1}]),
    ("eq", {"a": 1}, [{"a": 1}], ["a", {}, {"b": 1}, ABSENT]),
    ("eq", [1], [[1]], [[2], 2, ABSENT]),
    ("neq", "a", ["b", 1, None, ["b"], {}], ["a"]),
    ("neq", 5, [6, "x", False], [5, 5.0]),
    ("gt", 5, [6, 5.1], [5, 4, "x", "4", ABSENT, {}, [], [4], None, True]),
    ("gte", 5, [5, 6], [4.9, ABSENT, {}, "x"]),
    ("lt", 5, [4, -1, 4.9], [5, 6, "7", ABSENT, {}]),
    ("lte", 5, [5, 4], [5.1, ABSENT]),
    ("gte", "2026-01-01", ["2026-01-01", "2026-06-01T00:00:00Z"], ["2025-12-31", ABSENT, {}]),
    ("lt", "b", ["a", ""], ["b", "c", ABSENT]),
    ("in", ["a", 1], ["a", 1, 1.0], ["b", 2, ABSENT, None, ["b"], {}]),
    ("in", [], [], ["a", 1, None, ABSENT]),
    ("nin", ["a", 1], ["b", 2, None, False], ["a", 1]),
    ("contains", "b", ["abc", "b", ["b", "c"]], ["ac", "B", ABSENT, 5, ["a"], {"a": 1}]),
    ("contains", 5, [[5]], ["a", [6], 6, ABSENT]),
    ("startsWith", "ab", ["ab", "abc"], ["b", "cab", "AB", ABSENT, ["c"], 5, {}]),
    ("endsWith", "bc", ["bc", "abc"], ["b", "bcd", ABSENT, 5, {}]),
    ("exists", True, ["", 0, False, [], {}, "a"], [ABSENT]),
    ("exists", False, [ABSENT], ["", 0, False, [], {}]),
]


@pytest.mark.parametrize(("name", "expected", "passing", "failing"), CERTAIN)
def test_the_answer_is_certain_where_every_reading_agrees(
    name: str, expected: Any, passing: list[Any], failing: list[Any]
) -> None:
    assert {repr(value): answer(name, expected, value, textual=False) for value in passing} == {
        repr(value): True for value in passing
    }
    assert {repr(value): answer(name, expected, value, textual=False) for value in failing} == {
        repr(value): False for value in failing
    }


DOUBTFUL = [
    ("is", 1, "1"),
    ("is", "1", 1),
    ("is", True, 1),
    ("is", True, "true"),
    ("is", None, ABSENT),
    ("is", [1, 2], [2, 1]),
    ("is", [1], [1, 2]),
    ("is", ["a", "b"], "a"),
    ("is", [{"a": 1}], [{"a": 1, "b": 2}]),
    ("eq", "a", ["a", "b"]),
    ("eq", {"a": 1}, {"a": 1, "b": 2}),
    ("neq", "a", ABSENT),
    ("neq", "a", ["a", "b"]),
    ("neq", 1, "1"),
    ("gt", 5, "6"),
    ("gt", "5", 6),
    ("gt", "9", "10"),
    ("gt", 5, [6]),
    ("gt", 0, True),
    ("gte", 0, None),
    ("gte", 0, ""),
    ("gt", "", 5),
    ("lt", "", -1),
    ("in", ["a"], ["a", "b"]),
    ("in", [1], "1"),
    ("in", [None], ABSENT),
    ("nin", ["a"], ABSENT),
    ("nin", ["a"], ["b"]),
    ("nin", ["a"], {}),
    ("contains", 5, "a5"),
    ("contains", "5", 15),
    ("contains", "a", {"a": 1}),
    ("contains", "a", ["ab"]),
    ("startsWith", "1", 12),
    ("startsWith", "a", ["ab"]),
    ("exists", True, None),
    ("exists", False, None),
]


@pytest.mark.parametrize(("name", "expected", "actual"), DOUBTFUL)
def test_the_answer_is_open_where_readings_differ(name: str, expected: Any, actual: Any) -> None:
    assert answer(name, expected, actual, textual=False) is None


@pytest.mark.parametrize(
    ("name", "expected", "passing", "failing"),
    [
        ("is", 5, "5", "6"),
        ("is", True, "true", "false"),
        ("eq", 5, "5", "6"),
        ("gte", 100, "150", "50"),
        ("lt", 100, "50", "100"),
        ("in", [1, 2], "2", "3"),
        ("nin", [1, 2], "3", "2"),
        ("contains", 5, "a5", "a6"),
        ("neq", 5, "6", "5"),
    ],
)
def test_where_only_text_can_be_a_number_is_compared_with_the_number_written(
    name: str, expected: Any, passing: str, failing: str
) -> None:
    assert answer(name, expected, passing, textual=True) is True
    assert answer(name, expected, failing, textual=True) is False


def test_another_spelling_of_a_number_in_text_stays_open() -> None:
    assert answer("is", 5, "5.0", textual=True) is None


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("exists", 1),
        ("exists", "true"),
        ("gt", None),
        ("gte", True),
        ("lt", [1]),
        ("in", "abc"),
        ("in", [{"a": 1}]),
        ("nin", {"a": 1}),
        ("contains", ["a"]),
        ("contains", None),
        ("startsWith", 5),
        ("endsWith", ["a"]),
    ],
)
def test_an_operator_with_a_value_that_makes_no_sense_is_not_accepted(name: str, bad: Any) -> None:
    assert not OPERATORS[name].accepts(bad)


def test_every_operator_of_the_documentation_is_known() -> None:
    documented = {"eq", "exists", "contains", "gte", "in"}
    inferred = {"neq", "gt", "lt", "lte", "nin", "startsWith", "endsWith", "not", "or", "and"}
    assert documented | inferred == NAMES


ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("ab1", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(sorted(OPERATORS)), ANY, ANY | st.just(ABSENT), st.booleans())
def test_an_accepted_operator_answers_whatever_is_there(
    name: str,
    expected: Any,
    actual: Any,
    textual: bool,  # noqa: FBT001 - drawn by name
) -> None:
    if OPERATORS[name].accepts(expected):
        assert answer(name, expected, actual, textual=textual) in {True, False, None}


@given(ANY, ANY, st.sampled_from([("eq", "neq"), ("in", "nin")]))
def test_a_negative_operator_never_says_the_same_as_its_positive(
    expected: Any, actual: Any, pair: tuple[str, str]
) -> None:
    positive, negative = pair
    value = expected if positive == "eq" else [1, "a"]
    said = answer(positive, value, actual, textual=False)
    assert said is None or said is not answer(negative, value, actual, textual=False)
