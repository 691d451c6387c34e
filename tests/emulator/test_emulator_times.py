from __future__ import annotations

import pytest

from pytest_fasthook.emulator import APIError, SettableClock
from pytest_fasthook.emulator.times import http_date, iso, read_time

NOW = 1_700_000_000_123


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("now", NOW),
        ("now-15m", NOW - 900_000),
        ("now+1h", NOW + 3_600_000),
        ("now-2d", NOW - 172_800_000),
        ("2023-11-14T22:13:20.123Z", NOW),
        ("2023-11-14T23:13:20.123+01:00", NOW),
        ("2023-11-14T22:13:20.123", NOW),
        ("1970-01-01", 0),
        ("now-9999w", 0),
    ],
)
def test_times_are_read(text: str, ms: int) -> None:
    assert read_time(text, now_ms=NOW) == ms


@pytest.mark.parametrize(
    "text", ["", "yesterday", "now-15", "now-m", "12", "2023-13-01", "now+999999999w", "0001-01-01"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(APIError):
        read_time(text, now_ms=NOW)


def test_times_are_written() -> None:
    assert iso(NOW) == "2023-11-14T22:13:20.123Z"
    assert iso(None) is None
    assert http_date(NOW) == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_a_frozen_clock_moves_only_when_it_is_advanced() -> None:
    clock = SettableClock(frozen=True)
    told: list[int] = []
    clock.on_change(lambda: told.append(clock.now_ms()))
    before = clock.now_ms()
    assert clock.now_ms() == before
    clock.advance(1.5)
    assert told == [before + 1500]
    assert clock.frozen


def test_skew_is_shown_but_makes_nothing_due() -> None:
    clock = SettableClock(frozen=True)
    due = clock.elapsed_ms()
    clock.skew(-60)
    assert (clock.now_ms(), clock.elapsed_ms()) == (due - 60_000, due)


def test_freezing_and_restoring() -> None:
    clock = SettableClock()
    clock.freeze()
    clock.advance(3600)
    frozen = clock.now_ms()
    clock.restore()
    assert not clock.frozen
    assert clock.now_ms() < frozen
