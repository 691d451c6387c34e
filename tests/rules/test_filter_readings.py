"""Certain answers are the answers of every plain reading of the documentation."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.rules.matching import evaluate
from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.model import Filter
from pytest_fasthook.rules.ternary import Ternary

NAMES = ("a", "b")
SCALARS = st.sampled_from(["a", "b", "ab", "", "1", 0, 1, 2, True, False, None])
PAYLOADS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    max_leaves=5,
)
LEAVES = st.one_of(
    SCALARS,
    st.fixed_dictionaries({"$eq": SCALARS}),
    st.fixed_dictionaries({"$neq": SCALARS}),
    st.fixed_dictionaries({"$gt": st.integers(0, 2)}),
    st.fixed_dictionaries({"$gte": st.integers(0, 2), "$lte": st.integers(0, 2)}),
    st.fixed_dictionaries({"$lt": st.sampled_from(["a", "b", 1])}),
    st.fixed_dictionaries({"$in": st.lists(SCALARS, max_size=3)}),
    st.fixed_dictionaries({"$nin": st.lists(SCALARS, max_size=3)}),
    st.fixed_dictionaries({"$contains": st.sampled_from(["a", "b"])}),
    st.fixed_dictionaries({"$startsWith": st.sampled_from(["a", "b"])}),
    st.fixed_dictionaries({"$endsWith": st.sampled_from(["a", "b"])}),
    st.fixed_dictionaries({"$exists": st.booleans()}),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=2),
        st.fixed_dictionaries({"$or": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"$and": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"$not": inner}),
    ),
    max_leaves=5,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), CONDITIONS, min_size=1, max_size=2)


class Reading:
    """One plain way to read the documentation; ``strict`` compares like JSON, else like JavaScript."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.operators: Mapping[str, Callable[[Any, Any], bool]] = {
            "or": lambda parts, actual: any(self.holds(part, actual) for part in parts),
            "and": lambda parts, actual: all(self.holds(part, actual) for part in parts),
            "not": lambda part, actual: not self.holds(part, actual),
            "exists": lambda wanted, actual: (actual is not ABSENT) is wanted,
            "eq": self.equal,
            "neq": lambda wanted, actual: not self.equal(wanted, actual),
            "in": lambda wanted, actual: any(self.equal(item, actual) for item in wanted),
            "nin": lambda wanted, actual: not any(self.equal(item, actual) for item in wanted),
            "contains": lambda wanted, actual: isinstance(actual, str | list) and wanted in actual,
            "startsWith": lambda wanted, actual: isinstance(actual, str) and actual.startswith(wanted),
            "endsWith": lambda wanted, actual: isinstance(actual, str) and actual.endswith(wanted),
            "gt": self.ordered(operator.gt),
            "gte": self.ordered(operator.ge),
            "lt": self.ordered(operator.lt),
            "lte": self.ordered(operator.le),
        }

    def holds(self, condition: Any, actual: Any) -> bool:
        if isinstance(condition, Mapping):
            return all(self.part(key, value, actual) for key, value in condition.items())
        if isinstance(actual, list):
            return any(self.equal(condition, item) for item in actual)
        return self.equal(condition, actual)

    def part(self, key: str, value: Any, actual: Any) -> bool:
        if key.startswith("$"):
            return self.operators[key[1:]](value, actual)
        if isinstance(actual, list):
            return any(self.part(key, value, item) for item in actual)
        return self.holds(value, actual.get(key, ABSENT) if isinstance(actual, Mapping) else ABSENT)

    def equal(self, expected: Any, actual: Any) -> bool:
        if type(expected) is type(actual):
            return bool(expected == actual)
        if self.strict or not isinstance(actual, str | int) or expected is None:
            return False
        return bool(number(expected) == number(actual))

    def ordered(self, test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        def holds(wanted: Any, actual: Any) -> bool:
            if type(wanted) is not type(actual) and not self.strict and isinstance(actual, str | int):
                wanted, actual = number(wanted), number(actual)
            same_kind = type(wanted) is type(actual) and isinstance(actual, str | int)
            return same_kind and test(actual, wanted)

        return holds


def number(value: Any) -> Any:
    """What JavaScript makes of a scalar where it needs a number; other texts are unlike anything."""
    if isinstance(value, str):
        return int(value or "0") if value.isdecimal() or not value else object()
    return int(value)


def matched(condition: Any, body: Any) -> Ternary:
    return evaluate(Filter(conditions={"body": condition}), Message(body=body)).matched


def read(condition: Any, body: Any) -> list[bool]:
    return [Reading(strict=strict).holds(condition, body) for strict in (True, False)]


DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), PAYLOADS, max_size=2)


@given(BODIES, DOCUMENTS)
def test_no_is_only_said_where_every_plain_reading_says_no(condition: Any, body: Any) -> None:
    if matched(condition, body) is False:
        assert read(condition, body) == [False, False]


@given(BODIES, DOCUMENTS)
def test_yes_is_only_said_where_every_plain_reading_says_yes(condition: Any, body: Any) -> None:
    if matched(condition, body) is True:
        assert read(condition, body) == [True, True]


@given(BODIES, DOCUMENTS)
def test_operators_mean_the_same_with_and_without_a_dollar(condition: Any, body: Any) -> None:
    assert matched(condition, body) is matched(without_dollars(condition), body)


def without_dollars(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key.removeprefix("$"): without_dollars(inner) for key, inner in value.items()}
    return [without_dollars(item) for item in value] if isinstance(value, list) else value
