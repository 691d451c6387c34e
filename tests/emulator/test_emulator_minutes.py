"""Running totals agree with the records, whatever happens to them."""

from __future__ import annotations

from collections import Counter

import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.store.minutes import Counting, tallies
from pytest_fasthook.emulator.times import GRANULARITIES

from .conftest import Api

PAID = {"type": "invoice.paid"}


def lived(emulator: Emulator, api: Api) -> None:
    """Records of several minutes in several states, some changed and some deleted later."""
    emulator.receiver.script(500, 200, 500)
    for number in range(6):
        api.sent(emulator.demo, PAID | {"id": number})
        emulator.clock.advance(47)
    api.send(emulator.demo, headers={"x-signature": "no"})
    api.sent(emulator.demo, {"type": "other", "id": 9})
    emulator.clock.advance(100)
    emulator.settle()
    emulator.world.database.execute("DELETE FROM events WHERE seq = 2")


def counted(
    emulator: Emulator, table: str, *, width: int, has_totals: bool, start: int, end: int
) -> Counter[object]:
    counting = Counting(table=table, where="team_id = ?", values=[emulator.team_id], has_totals=has_totals)
    found: Counter[object] = Counter()
    for tally in tallies(emulator.world.database, counting, start_ms=start, end_ms=end, width_ms=width):
        found[tally.bucket, tally.status] += tally.number
    return +found


@pytest.mark.parametrize("table", ["requests", "events", "attempts"])
def test_totals_and_records_agree_at_every_width_and_edge(emulator: Emulator, api: Api, table: str) -> None:
    emulator.clock.freeze()
    lived(emulator, api)
    now = emulator.clock.now_ms()
    for name, width in GRANULARITIES.items():
        for start in (now - 600_000, now - 200_123, now - 59_000, now + 5):
            for end in (now + 1, now - 30_001):
                by_totals = counted(emulator, table, width=width, has_totals=True, start=start, end=end)
                by_records = counted(emulator, table, width=width, has_totals=False, start=start, end=end)
                assert by_totals == by_records, (name, start, end)


def test_nothing_is_left_of_deleted_records(emulator: Emulator, api: Api) -> None:
    lived(emulator, api)
    database = emulator.world.database
    for table in ("requests", "events", "attempts"):
        assert database.number(f"SELECT sum(number) FROM {table}_minutes") > 0  # noqa: S608 - three names
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - three names
        assert database.number(f"SELECT sum(number) FROM {table}_minutes") == 0  # noqa: S608 - three names
