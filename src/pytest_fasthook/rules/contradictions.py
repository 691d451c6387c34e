"""Needs of one place that no value can meet, whatever the filter's finer points mean.

Only what is certain is called a contradiction: that no value was found says nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.needs import Need
from pytest_fasthook.rules.places import spelled
from pytest_fasthook.rules.values import is_number, is_scalar, shown, text_of


def contradiction(needs: list[Need]) -> str | None:
    """Say why no value meets all of these needs of one place; ``None`` where one might."""
    where = spelled(needs[0].place)
    for need in needs:
        allowed = _allowed(need)
        if allowed is not None and not any(_possible(value, needs) for value in allowed):
            listed = " or ".join("missing" if value is ABSENT else shown(value) for value in allowed)
            return f"{where} must be {listed or 'one of no values'}, which another condition forbids"
    return _empty_range(needs, where) or _ends_apart(needs, where)


def _allowed(need: Need) -> list[Any] | None:
    """The only values that meet a need, where they can be listed."""
    if need.presence is False:
        return [ABSENT]
    if need.leaf is None or not need.wants("eq", "is", "in"):
        return None
    values = need.leaf.expected if need.leaf.operator == "in" else [need.leaf.expected]
    return [text_of(value) if need.textual and is_scalar(value) else value for value in values]


def _possible(value: Any, needs: list[Need]) -> bool:
    return all(need.met_by(value) is not False for need in needs) or _may_be_array(needs)


def _may_be_array(needs: list[Need]) -> bool:
    """An array can hold several values that are asked for plainly."""
    return all(need.wants("is", "contains") for need in needs) and not needs[0].textual


def _empty_range(needs: list[Need], where: str) -> str | None:
    lows = [
        (need.leaf.expected, need.leaf.operator) for need in needs if need.wants("gt", "gte") and need.leaf
    ]
    highs = [
        (need.leaf.expected, need.leaf.operator) for need in needs if need.wants("lt", "lte") and need.leaf
    ]
    for low, above in lows:
        for high, below in highs:
            strict = above == "gt" or below == "lt"
            if _comparable(low, high) and (low > high or (low == high and strict)):
                return f"{where} must be {above} {shown(low)} and {below} {shown(high)}"
    return None


def _comparable(low: Any, high: Any) -> bool:
    return is_number(low) and is_number(high)


def _ends_apart(needs: list[Need], where: str) -> str | None:
    for operator, fits in (("startsWith", str.startswith), ("endsWith", str.endswith)):
        texts = sorted((need.leaf.expected for need in needs if need.wants(operator) and need.leaf), key=len)
        for short, long in pairwise(texts):
            if not fits(long, short):
                return f"{where} must be {operator} {shown(short)} and {operator} {shown(long)}"
    return None
