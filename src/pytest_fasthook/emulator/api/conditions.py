"""Building the WHERE of a traffic list from a call's filters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_fasthook.emulator.api.windows import Window

TOTALLED = frozenset(["team_id", "source_id", "connection_id", "destination_id", "status"])
"""The columns that running totals know (``store/minutes.py``)."""


@dataclass(slots=True)
class Conditions:
    """Conditions joined by AND, with their values; built step by step by one call.

    Attributes:
        has_totals: running totals can answer them, but for the window.
    """

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    has_totals: bool = True

    def add(self, part: str, *values: Any, has_totals: bool = False) -> None:
        """Add one condition; ``has_totals`` says that it is about a column that running totals know."""
        self.has_totals = self.has_totals and has_totals
        self.parts.append(part)
        self.values.extend(values)

    def where_in(self, column: str, options: Sequence[Any]) -> None:
        """Demand one of some values, where there are any."""
        if options:
            marks = ", ".join("?" * len(options))
            self.add(f"{column} IN ({marks})", *options, has_totals=column in TOTALLED)

    def where_not(self, usual: str) -> None:
        """Demand another status than the usual one: the others have an index of their own."""
        self.add(f"status <> '{usual}'", has_totals=True)

    def within(self, window: Window) -> None:
        """Demand a moment of creation inside a window."""
        if window.start_ms is not None:
            self.add("created_ms >= ?", window.start_ms)
        if window.end_ms is not None:
            self.add("created_ms < ?", window.end_ms)

    def after_cursor(self, place: tuple[int, int] | None) -> None:
        """Demand what comes after a cursor in a list that begins with the newest."""
        if place is not None:
            self.add("(created_ms, seq) < (?, ?)", *place)

    def search(self, text: str | None, *columns: str, found: Sequence[str], among: str = "data_id") -> None:
        """Demand a text in a column, or that a search has found it (``search.py``)."""
        if text is None:
            return
        places = [f"instr({column}, ?) > 0" for column in columns]
        elsewhere = f"{among} IN (SELECT value FROM json_each(?))"  # noqa: S608 - names from code
        self.add(f"({' OR '.join([*places, elsewhere])})", *[text] * len(columns), json.dumps(found))

    @property
    def where(self) -> str:
        """The whole condition."""
        return " AND ".join(self.parts)
