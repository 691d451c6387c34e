from __future__ import annotations

import threading

import pytest
from client_world import FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fasthook.client.limiter import MINUTE_S, RateLimiter


@settings(max_examples=60, deadline=None)
@given(per_minute=st.integers(1, 400), gaps=st.lists(st.floats(0, 20), max_size=20))
def test_no_minute_exceeds_the_budget(per_minute: int, gaps: list[float]) -> None:
    """Nor one second more than a minute: the API counts when calls arrive, and the first may be slow."""
    clock = FakeClock()
    limiter = RateLimiter(per_minute=per_minute, clock=clock)
    times = []
    for gap in [*gaps, *[0.0] * min(2 * per_minute, 300)]:
        clock.time += gap
        assert limiter.acquire()
        times.append(clock.time)

    for position, start in enumerate(times):
        within = sum(1 for time in times[position:] if time < start + 60.999)
        assert within <= per_minute


def test_a_burst_does_not_wait() -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute=200, clock=clock)

    assert all(limiter.acquire() for _ in range(160))
    assert clock.slept == []
    limiter.acquire()
    assert clock.slept == [pytest.approx(MINUTE_S / 41)]


def test_after_a_burst_the_rest_of_the_budget_is_spread_evenly() -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute=200, clock=clock)
    for _ in range(201):
        limiter.acquire()

    assert clock.slept == [pytest.approx(MINUTE_S / 41)] * 41


@settings(max_examples=30, deadline=None)
@given(per_minute=st.integers(1, 300), minutes=st.integers(1, 5))
def test_whoever_asks_all_the_time_gets_the_whole_budget(per_minute: int, minutes: int) -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute=per_minute, clock=clock)
    for _ in range(per_minute * minutes):
        limiter.acquire()

    assert clock.time - FakeClock().time < MINUTE_S * minutes


def test_leave_after_the_deadline_is_refused_at_once() -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute=1, clock=clock)
    limiter.acquire()

    assert not limiter.acquire(clock.time + 59)
    assert clock.slept == []
    assert not limiter.acquire(clock.time + 60)
    assert limiter.acquire(clock.time + 61)


def test_a_free_token_is_given_even_after_the_deadline() -> None:
    """The last look at a stage's deadline must be possible."""
    clock = FakeClock()

    assert RateLimiter(per_minute=10, clock=clock).acquire(clock.time - 5)


def test_a_pause_holds_everyone_back() -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute=200, clock=clock)
    limiter.pause_until(clock.time + 7)
    limiter.pause_until(clock.time + 3)

    assert not limiter.acquire(clock.time + 6)
    assert limiter.acquire(clock.time + 8)
    assert clock.slept == [pytest.approx(7)]


def test_threads_share_one_budget() -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute=100, clock=clock)
    granted: list[bool] = []
    now = clock.time
    threads = [
        threading.Thread(target=lambda: granted.extend(limiter.acquire(now) for _ in range(10)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert granted.count(True) == 80


def test_a_budget_below_one_call_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RateLimiter(per_minute=0, clock=FakeClock())
