"""Many connections in one run: time, calls and memory, and what one more connection costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import environments
from gating import Pytest
from paced_fasthook import Lags, PacedRoute
from paced_server import PacedServer
from plots import Plot
from results import Section, table
from virtual_gate import VirtualRun

COUNTS = (1, 3, 10, 50, 200, 1000)
LATENCY_S = 5.0
RAISED = 10_000
DEFAULT = 220
FOR_REAL_AT_DEFAULT = (50, 200)
"""A run that the default budget stretches to minutes is measured for real only at these counts."""


MEMORY = """
def pytest_unconfigure():
    with open("/proc/self/status", encoding="ascii") as status:
        print("MEMORY", next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""
"""A plugin that tells its process's largest resident size, in KiB; what ``wait4`` tells begins at its parent's."""

ONE_RUN = f"""\
Connections with sources of their own, each with a latency of {LATENCY_S:g} s, in one run, with
`--fasthook-rate-limit {RAISED}`, so that the route and not the budget bounds the run. *Calls for one more* compares
with the row above.
"""
BUDGETED = f"""\
The same with the default budget of {DEFAULT} calls a minute. A connection's latest input and metrics are asked for
one by one, which is two calls at least, so from about a hundred connections on the budget bounds the run; probes
are then sent as far as the budget can see them through, and the others follow. All pass.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """One run."""

    count: int
    wall_s: float
    cpu_s: float
    rss_mib: float
    calls: int


def measure() -> Section:
    """Runs with a raised request budget, and with the default one."""
    pytest = Pytest(environments.gate(), environments.folder_of_caches() / "empty")
    pytest.fresh_folder()
    (pytest.folder / "tells_memory.py").write_text(MEMORY, encoding="utf-8")
    raised = [_gated(pytest, count, RAISED) for count in COUNTS]
    default = [_gated(pytest, count, DEFAULT) for count in FOR_REAL_AT_DEFAULT]
    virtual = [_virtual(count, DEFAULT) for count in COUNTS]
    single = raised[0]
    heads = [
        "connections",
        "wall, s",
        "over the slowest route",
        "calls",
        "as so many single runs",
        "calls for one more",
        "processor s",
        "memory, MiB",
    ]
    short = ["connections", "virtual s", "virtual calls", "real s", "real calls"]
    budgeted = [[*_short(one), *_short(_of(one.count, default))] for one in virtual]
    text = "\n".join([ONE_RUN, table(heads, _rows(raised, single)), BUDGETED, table(short, budgeted)])
    plots = {
        "many_calls": Plot(
            title="API calls in one run",
            across="connections",
            up="calls",
            lines={
                "one run": [(one.count, one.calls) for one in raised],
                "single runs": [(one.count, one.count * single.calls) for one in raised],
            },
            dashed=frozenset({"single runs"}),
        ),
        "many_time": Plot(
            title=f"Wall time of one run, slowest route {LATENCY_S:g} s",
            across="connections",
            up="s",
            lines={
                "raised budget": [(one.count, one.wall_s) for one in raised],
                "default budget": [(one.count, one.wall_s) for one in virtual],
                "twice the route": [(one.count, 2 * LATENCY_S) for one in raised],
            },
            dashed=frozenset({"twice the route"}),
        ),
    }
    return Section("many", "Many connections in one run", text, plots)


def _routes(count: int) -> list[PacedRoute]:
    lags = Lags.adding_up_to(LATENCY_S)
    return [
        PacedRoute(connection_id=f"conn_{n:04d}", source_id=f"src_{n:04d}", lags=lags) for n in range(count)
    ]


def _gated(pytest: Pytest, count: int, per_minute: int) -> Found:
    with PacedServer(_routes(count)) as server:
        names = list(server.fasthook.routes)
        budget = f"--fasthook-rate-limit={per_minute}"
        run = pytest.gate(names, server.api_url, budget, "-p", "tells_memory")
        return Found(count, run.wall_s, run.cpu_s, _memory_mib(run.output), server.fasthook.calls.total())


def _memory_mib(output: str) -> float:
    return next(int(line.split()[1]) for line in output.splitlines() if line.startswith("MEMORY")) / 1024


def _virtual(count: int, per_minute: int) -> Found:
    run = VirtualRun(_routes(count), per_minute=per_minute).run()
    if any(set(run.outcomes(name)) != {"passed"} for name in run.fasthook.routes):
        raise RuntimeError(f"not every one of {count} connections passed")
    return Found(count, run.clock.time, 0.0, 0.0, run.calls)


def _rows(found: Sequence[Found], single: Found) -> list[list[object]]:
    first: list[object] = [*_row(found[0], single), ""]
    more = [(after.calls - before.calls) / (after.count - before.count) for before, after in pairwise(found)]
    rows = [[*_row(one, single), f"{each:.1f}"] for one, each in zip(found[1:], more, strict=True)]
    measured = [[f"{one.cpu_s:.1f}", f"{one.rss_mib:.0f}"] for one in found]
    return [[*row, *costs] for row, costs in zip([first, *rows], measured, strict=True)]


def _row(one: Found, single: Found) -> list[object]:
    share = f"{100 * one.calls / (one.count * single.calls):.0f} %"
    return [one.count, f"{one.wall_s:.1f}", f"{one.wall_s / LATENCY_S:.2f}", one.calls, share]


def _of(count: int, found: Sequence[Found]) -> Found | None:
    return next((one for one in found if one.count == count), None)


def _short(one: Found | None) -> list[object]:
    if one is None:
        return ["", ""]
    start: list[object] = [] if one.cpu_s else [one.count]
    return [*start, f"{one.wall_s:.0f}", one.calls]
