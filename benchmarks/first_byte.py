"""How long it takes from the start of the command to the probe's first byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import environments
from gating import BARE, Pytest
from measuring import Measured, in_turns, median
from paced_fasthook import PacedRoute
from paced_server import PacedServer
from results import Section, table

ROUNDS = 15
ROUTE = PacedRoute(connection_id="conn_1", source_id="src_1")


@dataclass(frozen=True, slots=True)
class Started:
    """One run: all of it, and the moments inside, in seconds from its start."""

    whole: Measured
    first_call_s: float
    first_probe_s: float


def measure() -> Section:
    """The gate on a route without latency, against bare pytest that finds nothing to do."""
    pytest = Pytest(environments.gate(), environments.folder_of_caches() / "empty")
    pytest.fresh_folder()
    cases: Mapping[str, Callable[[], Started]] = {
        "bare pytest": lambda: Started(pytest.run(*BARE), 0.0, 0.0),
        "the gate": lambda: _gated(pytest),
        "the gate in a fresh container": lambda: _gated(pytest, fresh=True),
    }
    found = in_turns(cases, rounds=ROUNDS)
    heads = [
        "",
        "processor ms",
        "over bare",
        "wall ms",
        "over bare",
        "first call at, ms",
        "first byte at, ms",
        "over bare",
    ]
    rows = [_row(name, runs, found["bare pytest"]) for name, runs in found.items()]
    text = (
        "One route over HTTP on this machine, every hop there at once. The first byte is the probe's, after preflight; "
        f"the bound is 600 ms over bare pytest. Medians of {ROUNDS} rounds; differences are taken round by round.\n\n"
        + table(heads, rows)
    )
    return Section("first_byte", "From the start to the first byte", text)


def _gated(pytest: Pytest, *, fresh: bool = False) -> Started:
    if fresh:
        pytest.forget_rewritten()
    with PacedServer([ROUTE]) as server:
        whole = pytest.gate(["conn_1"], server.api_url)
    assert server.first_call_at is not None
    assert server.first_probe_at is not None
    return Started(whole, server.first_call_at - whole.started_at, server.first_probe_at - whole.started_at)


def _row(name: str, runs: Sequence[Started], bare: Sequence[Started]) -> list[str]:
    pairs = list(zip(runs, bare, strict=True))
    cpu, more_cpu = (
        [one.whole.cpu_s for one in runs],
        [one.whole.cpu_s - other.whole.cpu_s for one, other in pairs],
    )
    wall, more = (
        [one.whole.wall_s for one in runs],
        [one.whole.wall_s - other.whole.wall_s for one, other in pairs],
    )
    row = [name, *(f"{1000 * median(values):.0f}" for values in (cpu, more_cpu, wall, more))]
    if not runs[0].first_probe_s:
        return [*row, "", "", ""]
    moments = (
        [one.first_call_s for one in runs],
        [one.first_probe_s for one in runs],
        [one.first_probe_s - other.whole.wall_s for one, other in pairs],
    )
    return [*row, *(f"{1000 * median(values):.0f}" for values in moments)]
