"""Rules are read tolerantly: what cannot be read becomes a sentence, never an error and never a guess."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.rules.model import Deduplicate, Filter, Rules, Transform
from pytest_fasthook.rules.parse import parse_rules
from pytest_fasthook.rules.retrying import Retry

SERVER_ORDER: list[Any] = [
    {"type": "deduplicate", "window": 300000, "include_fields": ["body.id"]},
    {"type": "transform", "transformation_id": "trs_1"},
    {"type": "filter", "body": {"type": "order.failed"}, "path": "/orders"},
    {"type": "delay", "delay": 2500},
    {
        "type": "retry",
        "strategy": "exponential",
        "interval": 30000,
        "count": 5,
        "response_status_codes": ["429", "500-599", "!501"],
    },
]
EXPECTED = Rules(
    deduplicate=Deduplicate(window_s=300.0, include_fields=("body.id",)),
    transform=Transform(transformation_id="trs_1"),
    filter=Filter(conditions={"body": {"type": "order.failed"}, "path": "/orders"}),
    delay_s=2.5,
    retry=Retry(strategy="exponential", interval_s=30.0, count=5, status_codes=("429", "500-599", "!501")),
)


def test_every_type_is_read() -> None:
    assert parse_rules(SERVER_ORDER) == EXPECTED


def test_the_order_of_the_rules_means_nothing() -> None:
    assert parse_rules(SERVER_ORDER[::-1]) == EXPECTED


def test_no_rules_are_empty_rules() -> None:
    assert parse_rules([]) == Rules()


@pytest.mark.parametrize("key", ["delay", "delay_ms", "duration", "interval"])
def test_a_delay_is_read_in_milliseconds_under_every_spelling(key: str) -> None:
    assert parse_rules([{"type": "delay", key: 1500}]).delay_s == 1.5


def test_no_delay_at_all_is_a_delay_too() -> None:
    rules = parse_rules([{"type": "delay", "delay": 0}])
    assert (rules.delay_s, rules.not_understood) == (0.0, ())


def test_the_first_of_two_rules_counts_and_the_other_is_named() -> None:
    rules = parse_rules([{"type": "delay", "delay": 1000}, {"type": "delay", "delay": 9000}])
    assert rules.delay_s == 1.0
    assert rules.not_understood == ("rule 2 is one delay rule too many; the first one counts",)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"type": "split"}, "rule 1 is of the unknown type 'split'"),
        ({"delay": 5}, "rule 1 has no type"),
        ("retry", "rule 1 has no type"),
        (None, "rule 1 has no type"),
        ({"type": "delay"}, "delay rule: it has none of delay, delay_ms, duration, interval"),
        ({"type": "delay", "delay": -1}, "delay rule: delay is -1, not a number from 0 up"),
        ({"type": "delay", "delay": True}, "delay rule: delay is True, not a number from 0 up"),
        ({"type": "delay", "delay": "soon"}, "delay rule: delay is 'soon', not a number from 0 up"),
        ({"type": "delay", "delay": float("nan")}, "delay rule: delay is nan, not a number from 0 up"),
        (
            {"type": "deduplicate", "window": "soon"},
            "deduplicate rule: window is 'soon', not a number from 0 up",
        ),
        ({"type": "filter"}, "filter rule: it has none of headers, body, query and path"),
        ({"type": "filter", "body": {}, "negate": True}, "filter rule: 'negate' is unknown"),
        (
            {"type": "retry", "strategy": "random", "interval": 1, "count": 1},
            "retry rule: the strategy 'random' is neither linear nor exponential",
        ),
        (
            {"type": "retry", "strategy": "linear", "count": 1},
            "retry rule: interval is None, not a number from 0 up",
        ),
        (
            {"type": "retry", "strategy": "linear", "interval": 1, "count": 1.5},
            "retry rule: count is 1.5, not a whole number",
        ),
        (
            {
                "type": "retry",
                "strategy": "linear",
                "interval": 1,
                "count": 1,
                "response_status_codes": ["4xx"],
            },
            "retry rule: the status code '4xx' is not understood",
        ),
        (
            {"type": "deduplicate", "include_fields": {"a": 1}},
            "deduplicate rule: include_fields is not a list",
        ),
        (
            {"type": "deduplicate", "include_fields": ["body.id", None]},
            "deduplicate rule: include_fields holds something other than texts",
        ),
    ],
)
def test_what_cannot_be_read_becomes_one_sentence(rule: Any, sentence: str) -> None:
    assert parse_rules([rule]).not_understood == (sentence,)


def test_a_broken_rule_does_not_hide_the_others() -> None:
    rules = parse_rules([{"type": "retry"}, *SERVER_ORDER[:4]])
    assert rules.retry is None
    assert rules.filter == EXPECTED.filter
    assert rules.delay_s == EXPECTED.delay_s


def test_settings_written_as_text_or_number_are_both_read() -> None:
    rule = {
        "type": "retry",
        "strategy": "linear",
        "interval": "60000",
        "count": "3",
        "response_status_codes": [500, " 429 "],
    }
    assert parse_rules([rule]).retry == Retry(
        strategy="linear", interval_s=60.0, count=3, status_codes=("500", "429")
    )


def test_empty_targets_of_a_filter_are_no_conditions() -> None:
    rules = parse_rules([{"type": "filter", "body": {"a": 1}, "headers": None, "query": None}])
    assert rules.filter == Filter(conditions={"body": {"a": 1}})


def test_keys_that_only_name_a_rule_do_not_open_its_match() -> None:
    named = {"type": "filter", "id": "rule_1", "name": "n", "description": "d", "body": {"a": 1}}
    assert parse_rules([named]) == Rules(filter=Filter(conditions={"body": {"a": 1}}))


def test_an_unknown_key_is_kept_so_that_matching_stays_open() -> None:
    rules = parse_rules([{"type": "filter", "filter_id": "flt_1"}])
    assert rules.filter == Filter(unknown=("filter_id",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *("type", "window", "include_fields", "exclude_fields", "transformation_id", "headers", "body"),
        *("delay", "strategy", "interval", "count", "response_status_codes"),
    ]
)
TYPES = st.sampled_from(["deduplicate", "transform", "filter", "delay", "retry"])


@given(st.lists(JSON | st.dictionaries(KEYS, JSON | TYPES, max_size=6), max_size=5))
def test_nothing_the_service_sends_raises(raw: list[Any]) -> None:
    rules = parse_rules(raw)
    assert rules.delay_s >= 0
    assert all(sentence and "\n" not in sentence for sentence in rules.not_understood)
