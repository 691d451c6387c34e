"""Live rules and the rules file are compared by meaning."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.rules.comparing import differences

RULES: list[dict[str, Any]] = [
    {"type": "deduplicate", "window": 300000, "include_fields": ["body.id", "headers.x"]},
    {"type": "filter", "headers": {"x-topic": {"$in": ["a", "b"]}}, "body": {"total": {"gte": 100}}},
    {"type": "delay", "delay": 5000},
    {
        "type": "retry",
        "strategy": "linear",
        "interval": 1,
        "count": 3,
        "response_status_codes": ["429", "500"],
    },
]


@given(st.permutations(RULES))
def test_the_order_of_the_rules_makes_no_difference(rules: list[dict[str, Any]]) -> None:
    assert differences(rules, RULES) == ()


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        ({"type": "filter", "body": {"a": {"$gte": 1}}}, {"type": "filter", "body": {"a": {"gte": 1}}}),
        ({"type": "filter", "body": {"a": {"$eq": 1}}}, {"type": "filter", "body": {"a": 1}}),
        ({"type": "filter", "body": {"a": 1.0}}, {"type": "filter", "body": {"a": 1}}),
        ({"type": "filter", "headers": {"X-A": "1"}}, {"type": "filter", "headers": {"x-a": "1"}}),
        ({"type": "filter", "body": {"a": 1}, "query": None}, {"type": "filter", "body": {"a": 1}}),
        (
            {"type": "filter", "body": {"$or": [{"a": {"$eq": 1}}, {"b": 2}]}},
            {"type": "filter", "body": {"or": [{"a": 1}, {"b": 2}]}},
        ),
        (
            {"type": "retry", "response_status_codes": ["500", "429"]},
            {"type": "retry", "response_status_codes": [429, 500]},
        ),
        (
            {"type": "retry", "response_status_codes": 429},
            {"type": "retry", "response_status_codes": ["429"]},
        ),
        (
            {"type": "deduplicate", "include_fields": "body.id"},
            {"type": "deduplicate", "include_fields": ["body.id"]},
        ),
        ({"type": "deduplicate", "exclude_fields": []}, {"type": "deduplicate"}),
        ({"type": "delay", "delay": 5}, {"type": "delay", "delay_ms": 5}),
    ],
)
def test_the_same_meaning_makes_no_difference(live: Any, expected: Any) -> None:
    assert differences([live], [expected]) == ()


@pytest.mark.parametrize(
    ("live", "expected", "line"),
    [
        ({"type": "retry", "count": 3}, {"type": "retry", "count": 5}, "retry.count: live 3, expected 5"),
        (
            {"type": "filter", "body": {"a": {"$eq": {"b": 1}}}},
            {"type": "filter", "body": {"a": {"b": 1}}},
            'filter.body.a.$eq: only in the live rules ({"b": 1})',
        ),
        (
            {"type": "filter", "body": {"a": {"gte": 1}}},
            {"type": "filter", "body": {"a": {"gte": 2}}},
            "filter.body.a.$gte: live 1, expected 2",
        ),
        (
            {"type": "filter", "body": {"a": True}},
            {"type": "filter", "body": {"a": 1}},
            "filter.body.a: live true, expected 1",
        ),
        (
            {"type": "filter", "body": {"A": 1}},
            {"type": "filter", "body": {"a": 1}},
            "filter.body.A: only in the live rules (1)",
        ),
        ({"type": "delay", "delay": 5}, {"type": "delay"}, "delay.delay: only in the live rules (5)"),
        ({"type": "delay"}, {"type": "delay", "delay": 5}, "delay.delay: only in the file (5)"),
        (
            {"type": "filter", "body": ["a", "b"]},
            {"type": "filter", "body": ["b", "a"]},
            'filter.body: live ["a", "b"], expected ["b", "a"]',
        ),
    ],
)
def test_another_meaning_is_told_in_one_line(live: Any, expected: Any, line: str) -> None:
    assert line in differences([live], [expected])


def test_a_rule_on_one_side_only_is_named() -> None:
    assert differences([], [{"type": "filter", "body": {}}]) == ("filter: only in the file",)
    assert differences([{"type": "delay", "delay": 1}], []) == ("delay: only in the live rules",)


def test_two_rules_of_one_type_are_compared_one_by_one() -> None:
    twice = [{"type": "delay", "delay": 1}, {"type": "delay", "delay": 2}]
    assert differences(twice, twice) == ()
    assert differences(twice, twice[:1]) == ("delay #2: only in the live rules",)


def test_a_rule_without_a_type_is_compared_too() -> None:
    assert differences([{"count": 1}], [{"count": 1}]) == ()
    assert differences([{"count": 1}], [{"count": 2}]) == ("no type.count: live 1, expected 2",)


def test_what_is_no_rule_is_compared_as_it_is() -> None:
    assert differences(["x"], ["x"]) == ()
    assert differences(["x"], ["y"]) == ('no type: live "x", expected "y"',)


def test_values_that_may_be_secrets_are_not_shown() -> None:
    rules = [
        [{"type": "transform", "transformation": {"name": "t", "env": {"KEY": key}}}]
        for key in ("hunter2", "other")
    ]
    assert differences(*rules) == ("transform.transformation.env.KEY: live and expected values differ",)
    lines = differences(rules[0], [{"type": "transform", "transformation": {"name": "t"}}])
    assert lines == ("transform.transformation.env: only in the live rules",)


def test_every_difference_has_its_line() -> None:
    live = [{"type": "retry", "count": 3, "interval": 1}, {"type": "delay", "delay": 1}]
    expected = [{"type": "retry", "count": 4, "interval": 2}]
    assert differences(live, expected) == (
        "delay: only in the live rules",
        "retry.count: live 3, expected 4",
        "retry.interval: live 1, expected 2",
    )
