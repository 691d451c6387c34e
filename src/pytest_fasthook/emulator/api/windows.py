"""Time windows of lists and metrics, cursors, and the last day in six bins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.emulator.api.call import Call
from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.store.records import Destination
from pytest_fasthook.emulator.times import DAY, MINUTE, iso, read_time
from pytest_fasthook.emulator.views.resources import BINS
from pytest_fasthook.emulator.world import AppState

_CURSOR = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, its end excluded; ``None`` where it is open."""

    start_ms: int | None
    end_ms: int | None

    def shown(self) -> dict[str, Any]:
        """Return the window as ``applied_range``."""
        return {"from": iso(self.start_ms), "to": iso(self.end_ms)}


def read_window(call: Call, *, has_default: bool = True) -> Window:
    """Read ``from`` and ``to``; without them it is the configured window that ends now."""
    now = call.world.clock.now_ms()
    start, end = call.one("from"), call.one("to")
    if start is None and end is None and not has_default:
        return Window(None, None)
    end_ms = read_time(end, now_ms=now, name="to") if end else now + 1
    default_ms = end_ms - round(call.world.settings.window * 1000)
    start_ms = read_time(start, now_ms=now, name="from") if start else default_ms
    return Window(start_ms, end_ms)


def write_cursor(created_ms: int, seq: int) -> str:
    """Return the cursor of a place in a list; to a client it is opaque."""
    return f"{created_ms}.{seq}"


def read_cursor(text: str | None) -> tuple[int, int] | None:
    """Read a cursor.

    Raises:
        BadRequest: it was not made here.
    """
    if text is None:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise BadRequest("cursor is not one of ours")
    return int(found[1]), int(found[2])


def attempts_bins(world: AppState, destination: Destination) -> list[int]:
    """Count a destination's attempts of the last day in six bins, oldest first."""
    found = day_bins(world, "attempts", destination.team_id, "destination_id", destination.id)
    return added(found.values())


def day_bins(world: AppState, table: str, team_id: str, column: str, value: str) -> dict[str, list[int]]:
    """Count the last day's requests, events or attempts of one resource, by status, in six bins, oldest first.

    The bins begin at whole minutes, so that running totals are enough to fill them.
    """
    end = world.clock.now_ms() // MINUTE + 1
    start = end - DAY // MINUTE
    rows = world.database.rows(
        f"SELECT status, (minute - ?) / ? AS bin, sum(number) AS n FROM {table}_minutes "  # noqa: S608 - names from code
        f"WHERE team_id = ? AND minute >= ? AND minute < ? AND {column} = ? GROUP BY status, bin",
        (start, DAY // BINS // MINUTE, team_id, start, end, value),
    )
    bins: dict[str, list[int]] = {}
    for row in rows:
        bins.setdefault(row["status"], [0] * BINS)[row["bin"]] = row["n"]
    return bins


def added(bins: Iterable[Sequence[int]]) -> list[int]:
    """Add bins up, bin by bin."""
    return [sum(numbers) for numbers in zip([0] * BINS, *bins, strict=True)]
