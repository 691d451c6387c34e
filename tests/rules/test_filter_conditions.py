"""A filter's JSON is read with its doubts kept."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.rules.conditions import (
    Every,
    Fields,
    Leaf,
    Opposite,
    Some,
    TwoReadings,
    Unclear,
    understand,
)


@pytest.mark.parametrize("value", ["a", 1, True, None, ["a", 1]])
def test_a_plain_value_means_equality(value: Any) -> None:
    assert understand(value) == Leaf("is", value)


def test_nested_objects_follow_the_payload() -> None:
    assert understand({"a": {"b": 1}}) == Fields((("a", Fields((("b", Leaf("is", 1)),))),))


def test_operators_with_a_dollar_have_one_meaning() -> None:
    assert understand({"$gte": 1}) == Leaf("gte", 1)
    assert understand({"$gte": 1, "$lt": 5}) == Every((Leaf("gte", 1), Leaf("lt", 5)))


def test_operators_without_a_dollar_could_also_be_fields() -> None:
    found = understand({"in": ["a"]})
    assert found == TwoReadings(Leaf("in", ["a"]), Fields((("in", Leaf("is", ["a"])),)), frozenset({"in"}))


def test_a_name_among_other_fields_is_a_field() -> None:
    assert understand({"in": "x", "type": "a"}) == Fields(
        (("in", Leaf("is", "x")), ("type", Leaf("is", "a")))
    )


def test_a_dollar_among_fields_stays_an_operator() -> None:
    found = understand({"$or": [{"a": 1}], "b": 2})
    assert found == Every((Some((Fields((("a", Leaf("is", 1)),)),)), Fields((("b", Leaf("is", 2)),))))


def test_a_logical_name_among_fields_has_two_meanings() -> None:
    found = understand({"or": [{"a": 1}], "b": 2})
    assert isinstance(found, TwoReadings)
    assert found.keys == frozenset()


def test_logical_operators_hold_conditions() -> None:
    assert understand({"$and": ["a", {"$neq": 1}]}) == Every((Leaf("is", "a"), Leaf("neq", 1)))
    assert understand({"$not": {"$in": [1]}}) == Opposite(Leaf("in", [1]))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"$regex": "^a"}, "$regex is not an operator that is understood"),
        ({"$ref": "body.a"}, "$ref is not an operator that is understood"),
        ({"$eq": "a", "$options": "i"}, "$options is not an operator that is understood"),
        ({"$eq": {"$ref": "a"}}, 'eq cannot be understood with {"$ref": "a"}'),
        ({"$gte": None}, "gte cannot be understood with null"),
        ({"$or": []}, "or needs a list of conditions, not []"),
        ({"$and": {"a": 1}}, 'and needs a list of conditions, not {"a": 1}'),
        ([{"$eq": 1}], 'is cannot be understood with [{"$eq": 1}]'),
    ],
)
def test_what_is_not_understood_is_said(raw: Any, reason: str) -> None:
    assert understand(raw) == Unclear(reason)


def test_a_name_that_others_use_for_an_operator_is_not_taken_for_a_field() -> None:
    found = understand({"regex": "^a"})
    assert isinstance(found, Unclear)
    assert found.keys == frozenset({"regex"})


@pytest.mark.parametrize("name", ["ref", "size", "type", "length", "match"])
def test_common_field_names_are_fields(name: str) -> None:
    assert understand({name: "x"}) == Fields(((name, Leaf("is", "x")),))


def test_absurd_nesting_is_not_followed() -> None:
    raw: Any = 1
    for _ in range(5000):
        raw = {"a": raw}
    assert "nested" in repr(understand(raw))


def test_an_empty_object_asks_for_nothing() -> None:
    assert understand({}) == Fields(())
