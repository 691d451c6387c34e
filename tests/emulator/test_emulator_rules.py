"""Retry, deduplicate and canonical form, as values."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.emulator import APIError
from pytest_fasthook.emulator.rules.rules import deduplicate_key, is_retried, next_delay_ms, normalize_rules

LINEAR = {"type": "retry", "strategy": "linear", "interval": 1000, "count": 3}
EXPONENTIAL = LINEAR | {"strategy": "exponential"}


@pytest.mark.parametrize(
    ("codes", "yes", "no"),
    [
        (["429"], [429], [428, 500]),
        (["500-599", "!501"], [500, 599], [501, 499]),
        ([">499"], [500], [499]),
        (["<=404"], [404, 300], [405]),
        (["!404"], [500, 403], [404]),
        (["!500-599"], [400], [500]),
        (None, [300, 500], []),
        ([], [404], []),
    ],
)
def test_status_codes(codes: list[str] | None, yes: list[int], no: list[int]) -> None:
    assert all(is_retried(codes, status) for status in yes)
    assert not any(is_retried(codes, status) for status in no)


def test_intervals() -> None:
    def delays(rule: dict[str, Any]) -> list[int | None]:
        return [next_delay_ms(rule, attempts=n, response_status=500) for n in (1, 2, 3, 4)]

    assert delays(LINEAR) == [1000, 1000, 1000, None]
    assert delays(EXPONENTIAL) == [1000, 2000, 4000, None]


def test_network_failures_are_always_retried_and_nothing_is_without_a_rule() -> None:
    picky = LINEAR | {"response_status_codes": ["429"]}
    assert next_delay_ms(picky, attempts=1, response_status=None) == 1000
    assert next_delay_ms(picky, attempts=1, response_status=500) is None
    assert next_delay_ms(None, attempts=1, response_status=None) is None


def seen(**body: Any) -> dict[str, Any]:
    return {"headers": {}, "query": {}, "path": "/", "body": body}


@pytest.mark.parametrize(
    ("rule", "other", "same"),
    [
        ({"include_fields": ["body.id"]}, seen(id=1, n=9), True),
        ({"include_fields": ["body.id"]}, seen(id=2), False),
        ({"include_fields": ["body.id"]}, seen(id="1"), False),
        ({"include_fields": ["body.list.0"]}, seen(list=[0]), False),
        ({"exclude_fields": ["body.n"]}, seen(id=1, n=9), True),
        ({"exclude_fields": ["body.n"]}, seen(id=2, n=1), False),
        ({"exclude_fields": ["headers"]}, seen(id=1, n=1) | {"headers": {"a": "b"}}, True),
        ({}, seen(id=1, n=1), True),
        ({}, seen(id=1, n=2), False),
        ({}, seen(id=1, n=1) | {"path": "/x"}, False),
    ],
)
def test_deduplicate_keys(rule: dict[str, Any], other: dict[str, Any], *, same: bool) -> None:
    assert (deduplicate_key(rule, seen(id=1, n=1)) == deduplicate_key(rule, other)) is same


@pytest.mark.parametrize(
    "rules",
    [
        "x",
        [1],
        [{"type": "magic"}],
        [{"type": "delay", "delay": 1}, {"type": "delay", "delay": 2}],
        [{"type": "delay"}],
        [{"type": "delay", "delay": -1}],
        [{"type": "delay", "delay": True}],
        [{"type": "delay", "delay": "60"}],
        [{"type": "deduplicate"}],
        [{"type": "deduplicate", "window": 1, "include_fields": "body.id"}],
        [{"type": "deduplicate", "window": 1, "include_fields": ["a"], "exclude_fields": ["b"]}],
        [{"type": "transform"}],
        [{"type": "filter"}],
        [{"type": "filter", "body": {"a": {"$magic": 1}}}],
        [LINEAR | {"strategy": "random"}],
        [LINEAR | {"interval": 0}],
        [LINEAR | {"count": 1000}],
        [LINEAR | {"response_status_codes": ["5xx"]}],
        [LINEAR | {"response_status_codes": [500]}],
    ],
)
def test_what_is_no_rule_is_refused(rules: Any) -> None:
    with pytest.raises(APIError):
        normalize_rules(rules)
