"""Counting traffic over time: whole minutes from running totals, the rest from the records themselves.

Triggers keep the totals (``schema.py``), so a count over a day reads a few thousand small rows instead of every
record, and it never looks at what lies outside the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.emulator.store.database import Database
from pytest_fasthook.emulator.times import MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What is counted.

    Attributes:
        table: ``requests``, ``events`` or ``attempts``.
        where: an SQL condition on columns of the table.
        values: its values.
        has_totals: the condition speaks only of what the running totals know: ids of resources, and statuses.
    """

    table: str
    where: str
    values: Sequence[Any]
    has_totals: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many records of one status there are in one bucket."""

    bucket: int
    status: str
    number: int


def tallies(
    database: Database, counting: Counting, *, start_ms: int, end_ms: int, width_ms: int
) -> Iterator[Tally]:
    """Count per bucket and status; a bucket may occur more than once.

    Args:
        database: where the records are.
        counting: what is counted.
        start_ms: the first moment.
        end_ms: the first moment after the window.
        width_ms: of a bucket; buckets begin at multiples of it.
    """
    first, last = -(-start_ms // MINUTE), end_ms // MINUTE
    if not counting.has_totals or width_ms % MINUTE or first >= last:
        yield from _records(database, counting, start_ms, end_ms, width_ms)
        return
    yield from _records(database, counting, start_ms, first * MINUTE, width_ms)
    yield from _totals(database, counting, first, last, width_ms)
    yield from _records(database, counting, last * MINUTE, end_ms, width_ms)


def _records(
    database: Database, counting: Counting, start_ms: int, end_ms: int, width_ms: int
) -> Iterator[Tally]:
    if start_ms >= end_ms:
        return
    rows = database.rows(
        f"SELECT created_ms / ? AS bucket, status, count(*) AS n FROM {counting.table} "  # noqa: S608 - built from code
        f"WHERE {counting.where} AND created_ms >= ? AND created_ms < ? GROUP BY bucket, status",
        (width_ms, *counting.values, start_ms, end_ms),
    )
    yield from (Tally(bucket=row["bucket"], status=row["status"], number=row["n"]) for row in rows)


def _totals(database: Database, counting: Counting, first: int, last: int, width_ms: int) -> Iterator[Tally]:
    rows = database.rows(
        f"SELECT minute / ? AS bucket, status, sum(number) AS n FROM {counting.table}_minutes "  # noqa: S608 - built from code
        f"WHERE {counting.where} AND minute >= ? AND minute < ? GROUP BY bucket, status",
        (width_ms // MINUTE, *counting.values, first, last),
    )
    yield from (Tally(bucket=row["bucket"], status=row["status"], number=row["n"]) for row in rows)
