"""Side questions are asked soon, then ever more seldom."""

from __future__ import annotations

from pytest_fasthook.judge.seldom import is_due


def test_the_gaps_grow_by_one_look_each_time() -> None:
    assert [looks for looks in range(40) if is_due(looks, first=1)] == [1, 6, 12, 19, 27, 36]


def test_the_first_time_is_the_callers_choice() -> None:
    assert [looks for looks in range(10) if is_due(looks, first=3)] == [3, 8]
