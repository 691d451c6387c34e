"""Doubt is neither yes nor no, and certainty wins over it where it decides."""

from __future__ import annotations

import itertools

import pytest

from pytest_fasthook.rules.ternary import Ternary, agreed, every, negated, some

VALUES: tuple[Ternary, ...] = (True, False, None)


@pytest.mark.parametrize(("first", "second"), list(itertools.product(VALUES, VALUES)))
def test_or_is_and_seen_from_the_other_side(first: Ternary, second: Ternary) -> None:
    assert some([first, second]) is negated(every([negated(first), negated(second)]))


@pytest.mark.parametrize("value", VALUES)
def test_one_no_decides_every(value: Ternary) -> None:
    assert every([value, False]) is False


@pytest.mark.parametrize("value", VALUES)
def test_one_yes_decides_some(value: Ternary) -> None:
    assert some([value, True]) is True


def test_doubt_stays_where_nothing_decides() -> None:
    assert every([True, None]) is None
    assert some([False, None]) is None
    assert negated(None) is None


def test_of_nothing_every_holds_and_some_does_not() -> None:
    assert every([]) is True
    assert some([]) is False


def test_two_readings_that_differ_are_doubt() -> None:
    assert agreed(True, False) is None
    assert agreed(False, False) is False
