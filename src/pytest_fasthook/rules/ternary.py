"""Yes, no, or cannot say: the logic of filters that are only partly understood.

``None`` means "left to the service". It is the answer wherever two sensible readings of a filter disagree, so
that ``False`` is only ever said when every reading says it.
"""

from __future__ import annotations

from collections.abc import Iterable

Ternary = bool | None


def negated(value: Ternary) -> Ternary:
    """Swap yes and no; doubt stays doubt."""
    return None if value is None else not value


def every(values: Iterable[Ternary]) -> Ternary:
    """No as soon as one is no; otherwise doubtful as soon as one is."""
    seen = list(values)
    if False in seen:
        return False
    return None if None in seen else True


def some(values: Iterable[Ternary]) -> Ternary:
    """Yes as soon as one is yes; otherwise doubtful as soon as one is."""
    return negated(every(negated(value) for value in values))


def agreed(first: Ternary, second: Ternary) -> Ternary:
    """The answer that two readings share, or doubt."""
    return first if first == second else None
