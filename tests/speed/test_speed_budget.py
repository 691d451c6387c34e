"""The request budget: never exceeded, whoever asks, and enough for everybody who was let in."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paced_fasthook import Lags, PacedRoute
from virtual_gate import VirtualRun

from pytest_fasthook.gate.pace import queue_s, reading_queue_s, seats


def gated(count: int, seconds: float, *, per_minute: int, sources: int | None = None) -> VirtualRun:
    lags = Lags.adding_up_to(seconds)
    names = [(f"conn_{n:03d}", f"src_{n % (sources or count):03d}") for n in range(count)]
    routes = [PacedRoute(connection_id=name, source_id=source, lags=lags) for name, source in names]
    return VirtualRun(routes, per_minute=per_minute).run()


def most_in_a_minute(run: VirtualRun) -> int:
    times = sorted(at for at, _, _ in run.fasthook.asked)
    return max(bisect_left(times, start + 59.999) - number for number, start in enumerate(times))


@settings(max_examples=10, deadline=None)
@given(
    count=st.integers(1, 40),
    seconds=st.floats(0.0, 30.0),
    per_minute=st.integers(30, 600),
    sources=st.integers(1, 40),
)
def test_no_run_asks_more_in_any_minute_than_it_may(
    count: int, seconds: float, per_minute: int, sources: int
) -> None:
    assert most_in_a_minute(gated(count, seconds, per_minute=per_minute, sources=sources)) <= per_minute


@pytest.mark.parametrize("sources", [None, 1], ids=["sources_of_their_own", "one_source"])
def test_a_run_too_large_for_the_budget_takes_longer_and_passes(sources: int | None) -> None:
    run = gated(200, 5.0, per_minute=220, sources=sources)
    assert {tuple(run.outcomes(name)) for name in run.fasthook.routes} == {("passed",) * 6}
    assert most_in_a_minute(run) <= 220


def test_probes_are_sent_as_far_as_the_budget_sees_them_through() -> None:
    run = gated(200, 5.0, per_minute=220)
    sent = sorted(track.expect.sent.sent_at for track in run.gate.tracks)
    assert sent[0] == sent[90]
    assert sent[-1] > sent[0] + 20


def test_a_larger_budget_lets_all_set_out_at_once() -> None:
    run = gated(200, 5.0, per_minute=2000)
    assert len({track.expect.sent.sent_at for track in run.gate.tracks}) == 1


def test_seats_grow_with_the_budget_and_with_the_time() -> None:
    assert seats(per_minute=220, timeout_s=120) == pytest.approx(100)
    assert seats(per_minute=220, timeout_s=10) == pytest.approx(100)
    assert seats(per_minute=220, timeout_s=240) == pytest.approx(200)
    assert seats(per_minute=440, timeout_s=120) == pytest.approx(200)
    assert seats(per_minute=1, timeout_s=1) == 1


def test_queues_are_as_long_as_the_budget_needs() -> None:
    assert queue_s(per_minute=220, timeout_s=120, connections=99) == 0
    assert queue_s(per_minute=220, timeout_s=120, connections=200) == pytest.approx(60)
    assert reading_queue_s(per_minute=220, connections=110) == 0
    assert reading_queue_s(per_minute=220, connections=330) == pytest.approx(60)
