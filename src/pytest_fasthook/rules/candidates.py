"""Values that may meet a place's needs, the likeliest and smallest first.

Candidates are only proposals: whoever asks for them tries each one against the needs. So this module has to
be inventive, not right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.needs import Need
from pytest_fasthook.rules.values import is_number, is_scalar, text_of

WORD = "fasthook"
"""Stands where any text will do."""

_FILLERS = ("", WORD, "0", "x", "Z", "_", "~", "-")
_JOINS = ("", "-", " ")
_ORDERS = ("gt", "gte", "lt", "lte")
_POOL = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def candidates(needs: list[Need]) -> Iterator[Any]:
    """Propose values for one place; arrays are left to :func:`arrays`."""
    textual = needs[0].textual
    proposed = _proposed(needs)
    yield from (text_of(value) if textual and is_scalar(value) else value for value in proposed)
    if needs[0].place == ("path",):
        yield from (f"/{value}" for value in _proposed(needs) if isinstance(value, str))


def _proposed(needs: list[Need]) -> Iterator[Any]:
    expected = [need.leaf.expected for need in needs if need.leaf and need.leaf.operator != "exists"]
    if any(need.presence is False for need in needs):
        yield ABSENT
    yield from _exact(needs)
    yield from _numbers([value for value in _flat(expected) if is_number(value)])
    yield from _texts(needs)
    yield from (not value for value in _flat(expected) if isinstance(value, bool))
    yield from (WORD, *(f"{WORD}-{number}" for number in range(1, len(needs) + 2)), *_unused(needs))
    yield from (1, 0, True, False, {}, [])


def _exact(needs: list[Need]) -> Iterator[Any]:
    for need in needs:
        if need.wants("is", "eq", "contains", "gte", "lte") and need.leaf:
            yield need.leaf.expected
        if need.wants("in") and need.leaf:
            yield from need.leaf.expected


def _flat(expected: list[Any]) -> list[Any]:
    return [item for value in expected for item in (value if isinstance(value, list) else [value])]


def _numbers(bounds: list[float]) -> Iterator[float]:
    """The numbers near, between and beyond the given ones."""
    ordered = sorted(set(bounds))
    for bound in ordered:
        yield from (bound + step for step in range(1, len(ordered) + 2))
        yield from (bound - step for step in range(1, len(ordered) + 2))
        yield bound
    for low, high in pairwise(ordered):
        yield (low + high) / 2
    yield from (math.nextafter(bound, way) for bound in ordered for way in (math.inf, -math.inf))


def _texts(needs: list[Need]) -> Iterator[str]:
    starts = max(_wanted(needs, "startsWith"), key=len, default="")
    ends = max(_wanted(needs, "endsWith"), key=len, default="")
    pieces = [piece for piece in _wanted(needs, "contains") if piece not in starts and piece not in ends]
    limits = list(_limits(needs))
    if starts or ends or pieces:
        yield from _assembled(starts, pieces, ends, [*_FILLERS, *_unused(needs)])
    yield from limits
    yield from (f"{limit}{ends}" for limit in limits if ends)


def _wanted(needs: list[Need], operator: str) -> list[str]:
    return [text_of(need.leaf.expected) for need in needs if need.wants(operator) and need.leaf]


def _assembled(starts: str, pieces: list[str], ends: str, fillers: Iterable[str]) -> Iterator[str]:
    """Beginning, pieces and end with different things between them; beginning and end may overlap."""
    if not pieces:
        yield from (
            starts + ends[size:]
            for size in range(min(len(starts), len(ends)), 0, -1)
            if starts.endswith(ends[:size])
        )
    for filler in fillers:
        for join in _JOINS:
            middle = join.join(pieces)
            yield f"{starts}{middle}{filler}{ends}"
            yield f"{starts}{filler}{middle}{filler}{ends}"


def _limits(needs: list[Need]) -> Iterator[str]:
    """Texts at, just above and just below the texts that are compared with."""
    for need in needs:
        if need.leaf and need.leaf.operator in _ORDERS and isinstance(need.leaf.expected, str):
            limit = need.leaf.expected
            yield from (limit, f"{limit}0", f"{limit}a")
            if limit:
                yield from (limit[:-1], f"{limit[:-1]}{chr(max(32, ord(limit[-1]) - 1))}", "0", "-1", " ")


def _unused(needs: list[Need]) -> list[str]:
    """A character that no need mentions, so that nothing can be said against it."""
    mentioned = {char for need in needs if need.leaf for char in str(need.leaf.expected)}
    return [char for char in _POOL if char not in mentioned][:1]


def arrays(needs: list[Need], *, plain: bool) -> Iterator[list[Any]]:
    """Propose an array that holds every scalar asked for.

    That a plain scalar matches an array that holds it is not documented, so ``plain`` has to allow it.
    """
    wanted = ("is", "contains") if plain else ("contains",)
    if not needs[0].textual and all(need.wants(*wanted) for need in needs):
        held = [need.leaf.expected for need in needs if need.leaf]
        if all(map(is_scalar, held)):
            yield held
