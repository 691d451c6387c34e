"""Exact counts of traffic, without a look at each record where running totals are enough."""

from __future__ import annotations

from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.windows import Window
from pytest_fasthook.emulator.store.minutes import Counting, tallies
from pytest_fasthook.emulator.times import MINUTE
from pytest_fasthook.emulator.world import AppState

_ALWAYS = 10**9 * MINUTE
"""A width by which all of time is one bucket."""


def total_of(world: AppState, table: str, filters: Conditions, window: Window) -> int:
    """Count the records of a window.

    Args:
        world: the emulator.
        table: ``requests`` or ``events``.
        filters: all conditions but those about time.
        window: may be open; what is not to be seen yet is outside of it.
    """
    visible_until = world.visible_ms(table) + 1
    end_ms = visible_until if window.end_ms is None else min(window.end_ms, visible_until)
    counting = Counting(
        table=table, where=filters.where, values=filters.values, has_totals=filters.has_totals
    )
    found = tallies(world.database, counting, start_ms=window.start_ms or 0, end_ms=end_ms, width_ms=_ALWAYS)
    return sum(tally.number for tally in found)
