"""How long a run takes beyond the route's own latency, and how many calls it makes, on a clock of its own."""

from __future__ import annotations

import pytest
from paced_fasthook import Lags, PacedRoute
from virtual_gate import VirtualRun

LATENCIES = [0.2, 1.0, 5.0, 20.0, 60.0]


def gated(seconds: float, *, call_s: float = 0.0) -> VirtualRun:
    """A run of one route whose hops lag evenly."""
    route = PacedRoute(connection_id="conn_1", source_id="src_1", lags=Lags.adding_up_to(seconds))
    run = VirtualRun([route], call_s=call_s).run()
    assert run.outcomes("conn_1") == ["passed"] * 6
    return run


def most_lost(seconds: float) -> float:
    """The longest pause there can be, and at most a tenth and a moment: just missed costs all of the next pause."""
    return min(max(0.18 + 0.05 * seconds, 0.1 * seconds - 0.05), 0.1 * seconds + 0.15)


@pytest.mark.parametrize("seconds", LATENCIES)
def test_polling_loses_at_most_a_tenth_and_a_moment(seconds: float) -> None:
    assert gated(seconds).clock.time <= seconds + most_lost(seconds)


@pytest.mark.parametrize("seconds", LATENCIES)
def test_a_real_api_costs_its_own_time_and_no_more(seconds: float) -> None:
    """The calls that any gate must make one after the other cost theirs on top: nine of them."""
    assert gated(seconds, call_s=0.05).clock.time <= seconds + most_lost(seconds) + 9 * 0.05


@pytest.mark.parametrize(("seconds", "most"), [(0.2, 15), (1.0, 20), (5.0, 40), (20.0, 50), (60.0, 60)])
def test_the_calls_stay_within_the_budget(seconds: float, most: int) -> None:
    assert gated(seconds).calls <= most


def test_a_route_without_lag_takes_one_call_for_each_thing_to_be_seen() -> None:
    assert gated(0.0).fasthook.calls == {
        "connection": 1,
        "requests": 1,
        "events": 2,  # our event, then the window's
        "attempts": 1,
        "latest_input": 1,
        "metrics": 1,
    }
