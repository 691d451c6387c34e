"""What a whole command costs beyond the route's own latency, in time and in calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import environments
from gating import BARE, Pytest
from measuring import Measured, in_turns, median
from paced_fasthook import Lags, PacedRoute
from paced_server import PacedServer
from plots import Plot
from results import Section, table
from virtual_gate import VirtualRun

ROUNDS = {0.2: 7, 1.0: 7, 5.0: 5, 20.0: 2, 60.0: 1}
"""How often each latency, in seconds, is measured for real."""
MOST_CALLS = {5.0: 40, 60.0: 60}
SHARE, MOMENT_S = 0.1, 0.5


INTRODUCTION = """\
One route whose hops lag evenly; the last of them can be seen after the latency. *Beyond the latency* is the whole
command, from its start to its end; the part that bare pytest takes in the same round is beside it. The bound is a tenth
of the latency plus half a second. *Polling alone* is the same run on a virtual clock, where nothing takes time but
waiting: it does not depend on the machine. Looks follow each other after 0.18 s plus a twentieth of the time already
waited, after five seconds a tenth of it, with a last one at the deadline.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What one latency costs: medians of the real runs, and the run on a clock of its own."""

    latency_s: float
    wall_s: float
    beyond_s: float
    bare_s: float
    cpu_s: float
    calls: float
    virtual_s: float
    virtual_calls: int

    @property
    def bound_s(self) -> float:
        """What the overhead may be."""
        return SHARE * self.latency_s + MOMENT_S


def measure() -> Section:
    """Each latency for real, beside bare pytest, and on a virtual clock."""
    pytest = Pytest(environments.gate(), environments.folder_of_caches() / "empty")
    pytest.fresh_folder()
    found = [_measure(pytest, seconds, rounds) for seconds, rounds in ROUNDS.items()]
    heads = [
        "route's latency, s",
        "wall, s",
        "beyond the latency, s",
        "of that bare pytest, s",
        "the gate's own, s",
        "bound, s",
        "calls",
        "bound",
        "polling alone, s",
        "calls",
    ]
    text = f"{INTRODUCTION}\n{table(heads, [_row(one) for one in found])}"
    plot = Plot(
        title="Time beyond the route's own latency",
        across="the route's latency, s",
        up="s",
        lines={
            "bound": [(one.latency_s, one.bound_s) for one in found],
            "whole command": [(one.latency_s, one.beyond_s) for one in found],
            "beyond bare pytest": [(one.latency_s, max(0.01, one.beyond_s - one.bare_s)) for one in found],
            "polling alone": [(one.latency_s, max(0.01, one.virtual_s - one.latency_s)) for one in found],
        },
        dashed=frozenset({"bound"}),
    )
    return Section("overhead", "Overhead over the pipeline's own latency", text, {"overhead": plot})


def _route(seconds: float) -> PacedRoute:
    return PacedRoute(connection_id="conn_1", source_id="src_1", lags=Lags.adding_up_to(seconds))


def _measure(pytest: Pytest, seconds: float, rounds: int) -> Found:
    calls: list[int] = []

    def gated() -> Measured:
        with PacedServer([_route(seconds)]) as server:
            measured = pytest.gate(["conn_1"], server.api_url)
            calls.append(server.fasthook.calls.total())
        return measured

    runs = in_turns({"gate": gated, "bare": lambda: pytest.run(*BARE)}, rounds=rounds, warm_up=seconds < 2)
    virtual = VirtualRun([_route(seconds)]).run()
    return Found(
        latency_s=seconds,
        wall_s=_median(runs["gate"], "wall_s"),
        beyond_s=_median(runs["gate"], "wall_s") - seconds,
        bare_s=_median(runs["bare"], "wall_s"),
        cpu_s=_median(runs["gate"], "cpu_s"),
        calls=median([float(number) for number in calls]),
        virtual_s=virtual.clock.time,
        virtual_calls=virtual.calls,
    )


def _median(runs: Sequence[Measured], name: str) -> float:
    return median([getattr(run, name) for run in runs])


def _row(one: Found) -> list[object]:
    bound = MOST_CALLS.get(one.latency_s, "")
    times = (one.wall_s, one.beyond_s, one.bare_s, one.beyond_s - one.bare_s, one.bound_s)
    shown = [f"{value:.2f}" for value in times]
    lost = f"{one.virtual_s - one.latency_s:.2f}"
    return [f"{one.latency_s:g}", *shown, f"{one.calls:.0f}", bound, lost, one.virtual_calls]
