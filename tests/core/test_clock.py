"""The machine's clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_fasthook.clock import SystemClock


def test_now_is_aware_and_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_monotonic_clock_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_a_negative_sleep_is_none() -> None:
    """What is left of a deadline may be below zero by then."""
    SystemClock().sleep(-60.0)
