"""What a message needs to pass a filter: the ways to meet it, each a list of needs that must all be met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.rules.conditions import (
    Condition,
    Every,
    Fields,
    Leaf,
    Opposite,
    Some,
    TwoReadings,
)
from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.operators import answer
from pytest_fasthook.rules.places import Place
from pytest_fasthook.rules.ternary import Ternary, negated


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that must be true of one place.

    Attributes:
        leaf: the operator; ``None`` means that an object must be there.
        opposite: whether the operator must *not* hold.
    """

    place: Place
    leaf: Leaf | None
    opposite: bool = False

    @property
    def textual(self) -> bool:
        """Whether only text can be there."""
        return self.place[0] != "body"

    @property
    def presence(self) -> Ternary:
        """``True`` where something must be there, ``False`` where nothing may be."""
        if self.leaf is None or self.leaf.operator != "exists":
            return True if self.leaf is None or not self.opposite else None
        return bool(self.leaf.expected) is not self.opposite

    def met_by(self, value: Any) -> Ternary:
        """Whether ``value`` at this place meets the need."""
        if self.leaf is None:
            return isinstance(value, dict)
        said = answer(self.leaf.operator, self.leaf.expected, value, textual=self.textual)
        if not self.opposite:
            return said
        if said is False and value is ABSENT and self.leaf.operator != "exists":
            return None
        return negated(said)

    def wants(self, *operators: str) -> bool:
        """Whether this need is one of these operators, not negated."""
        return self.leaf is not None and not self.opposite and self.leaf.operator in operators


Way = tuple[Need, ...]


def ways(condition: Condition, place: Place, *, opposite: bool = False) -> Iterator[Way]:
    """Every way to meet a condition, the simplest reading first.

    What is not understood needs nothing here; whoever uses the result has to match the message afterwards.
    """
    match condition:
        case Leaf():
            yield (Need(place, condition, opposite),)
        case Fields(fields):
            yield from _fields(fields, place, opposite=opposite)
        case Every(parts):
            yield from _joined(parts, place, opposite=opposite, together=not opposite)
        case Some(parts):
            yield from _joined(parts, place, opposite=opposite, together=opposite)
        case Opposite(part):
            yield from ways(part, place, opposite=not opposite)
        case TwoReadings(first):
            yield from ways(first, place, opposite=opposite)
        case _:
            yield ()


def _fields(fields: tuple[tuple[str, Condition], ...], place: Place, *, opposite: bool) -> Iterator[Way]:
    below = [(part, _below(place, key)) for key, part in fields]
    if opposite:
        for part, inner in below:
            for way in ways(part, inner, opposite=True):
                yield (Need(place, None), *way)
                yield way
    else:
        yield from ((Need(place, None), *way) for way in _product(below, opposite=False))


def _below(place: Place, key: str) -> Place:
    return (*place, key.lower() if place == ("headers",) else key)


def _joined(parts: tuple[Condition, ...], place: Place, *, opposite: bool, together: bool) -> Iterator[Way]:
    here = [(part, place) for part in parts]
    if together:
        yield from _product(here, opposite=opposite)
    else:
        for part, _ in here:
            yield from ways(part, place, opposite=opposite)


def _product(parts: list[tuple[Condition, Place]], *, opposite: bool) -> Iterator[Way]:
    if not parts:
        yield ()
        return
    (part, place), *others = parts
    for way in ways(part, place, opposite=opposite):
        yield from ((*way, *rest) for rest in _product(others, opposite=opposite))
