"""The emulator's filter conditions, as values."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.emulator import APIError
from pytest_fasthook.emulator.rules.filters import check_condition, matches, satisfies

ENVELOPE = {
    "headers": {"x-topic": "orders"},
    "body": {"type": "invoice.paid", "data": {"total": 100, "tags": ["a", "b"], "ok": True, "none": None}},
    "query": {"mode": "live", "id": ["1", "2"]},
    "path": "/orders",
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"body": {"type": "invoice.paid"}}, True),
        ({"body": {"type": "invoice.failed"}}, False),
        ({"path": "/orders"}, True),
        ({"path": "/order"}, False),
        ({"headers": {"X-Topic": "orders"}}, True),
        ({"headers": {"x-topic": "Orders"}}, False),
        ({"query": {"mode": "live"}}, True),
        ({"query": {"id": ["1", "2"]}}, True),
        ({"body": {"type": "invoice.paid"}, "path": "/other"}, False),
        ({"body": {"data": {"total": 100}}}, True),
        ({"body": {"data": {"total": 100.0}}}, True),
        ({"body": {"data": {"total": "100"}}}, False),
        ({"body": {"data": {"ok": True}}}, True),
        ({"body": {"data": {"ok": 1}}}, False),
        ({"body": {"data": {"none": None}}}, True),
        ({"body": {"data": {"missing": None}}}, False),
        ({"body": {}}, True),
        ({"headers": {"$or": [{"X-Topic": "orders"}, {"x-other": "1"}]}}, True),
    ],
)
def test_targets_and_equality(condition: dict[str, Any], *, holds: bool) -> None:
    assert matches(condition, ENVELOPE) is holds


@pytest.mark.parametrize("dollar", ["", "$"])
@pytest.mark.parametrize(
    ("operator", "operand", "yes", "no"),
    [
        ("eq", 1, 1, 2),
        ("neq", 1, 2, 1),
        ("gt", 1, 2, 1),
        ("gte", 1, 1, 0),
        ("lt", 1, 0, 1),
        ("lte", 1, 1, 2),
        ("gt", "b", "c", "a"),
        ("gt", 1, 2, "2"),
        ("in", ["a", "b"], "a", "c"),
        ("in", ["a"], ["x", "a"], ["x"]),
        ("nin", ["a"], "b", "a"),
        ("contains", "ab", "xaby", "xay"),
        ("contains", 1, [0, 1], [0]),
        ("startsWith", "a", "ab", "ba"),
        ("endsWith", "a", "ba", "ab"),
    ],
)
def test_operators_with_and_without_dollar(
    dollar: str, operator: str, operand: Any, yes: Any, no: Any
) -> None:
    condition = {"field": {dollar + operator: operand}}
    assert satisfies(condition, {"field": yes})
    assert not satisfies(condition, {"field": no})


@pytest.mark.parametrize("dollar", ["", "$"])
def test_exists(dollar: str) -> None:
    for wanted in (True, False):
        condition = {"a": {"b": {dollar + "exists": wanted}}}
        assert satisfies(condition, {"a": {"b": None}}) is wanted
        assert satisfies(condition, {"a": {}}) is not wanted
        assert satisfies(condition, {}) is not wanted


def test_logic() -> None:
    either = {"$or": [{"a": 1}, {"b": {"gt": 5}}]}
    assert satisfies(either, {"a": 1})
    assert satisfies(either, {"a": 2, "b": 6})
    assert not satisfies(either, {"a": 2, "b": 5})
    assert satisfies({"$and": [{"a": 1}, {"b": 2}]}, {"a": 1, "b": 2})
    assert not satisfies({"$and": [{"a": 1}, {"b": 2}]}, {"a": 1})
    assert satisfies({"a": {"$not": {"in": [1, 2]}}}, {"a": 3})
    assert not satisfies({"a": {"$not": {"in": [1, 2]}}}, {"a": 1})
    assert satisfies({"a": 1, "$or": [{"b": 1}, {"b": 2}]}, {"a": 1, "b": 2})
    assert not satisfies({"a": 1, "$or": [{"b": 1}, {"b": 2}]}, {"a": 1, "b": 3})


def test_an_object_does_not_match_a_list() -> None:
    assert not satisfies({"a": 1}, [{"a": 1}])


@pytest.mark.parametrize(
    "condition",
    [{"a": {"$regex": "x"}}, {"a": {"$in": "x"}}, {"a": {"$exists": 1}}, {"$or": {"a": 1}}, [{"$nope": 1}]],
)
def test_conditions_that_cannot_be_evaluated_are_refused(condition: Any) -> None:
    with pytest.raises(APIError):
        check_condition(condition)


def test_an_operators_name_without_dollar_may_be_a_field() -> None:
    assert satisfies({"in": "x", "exists": 5}, {"in": "x", "exists": 5})
    assert not satisfies({"in": "x"}, {"in": "y"})


def test_an_ordinary_field_may_begin_with_any_word() -> None:
    check_condition({"regex": "x", "nested": {"in": [1]}})
