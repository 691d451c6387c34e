"""The same verification by other means: how long it takes, and what it asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from measuring import Measured, in_turns, median
from results import Section, table
from tools import FLOOR_S, LIMIT_S, Tool, folder_of_scripts, passing, tools

ROUNDS = 5
INTRODUCTION = f"""\
A route whose hops can be seen after {FLOOR_S:g} s in all, on a stand-in of FastHook over HTTP, verified by each tool in
turns, {ROUNDS} rounds, medians; every call counts, the event that is sent too. The scripts of the others are in
`benchmarks/peers`, written as their users would: polling every half second (the guide's loop: every second), at most
{LIMIT_S} s for each step.
"""


def measure() -> Section:
    """Time and calls on a sound route."""
    found, folder = tools(), folder_of_scripts()
    calls: dict[str, list[int]] = {name: [] for name in found}

    def timed(name: str) -> Callable[[], Measured]:
        def once() -> Measured:
            measured, asked = passing(name, found[name], folder)
            calls[name].append(asked)
            return measured

        return once

    runs = in_turns({name: timed(name) for name in found}, rounds=ROUNDS)
    heads = ["", "wall, s", "over the floor, s", "processor s", "calls"]
    rows = [_row(name, runs[name], calls[name]) for name in found]
    lines = [f"- **{name}** asserts: {_asserts(tool)}" for name, tool in found.items()]
    text = "\n".join([INTRODUCTION, table(heads, rows), *lines, ""])
    return Section("peers", "The same verification by other means", text)


def _asserts(tool: Tool) -> str:
    return f"{tool.asserts}. Says: {tool.tells}."


def _row(name: str, runs: Sequence[Measured], calls: Sequence[int]) -> list[object]:
    wall = median([one.wall_s for one in runs])
    cpu = median([one.cpu_s for one in runs])
    counted = median([float(number) for number in calls])
    return [name, f"{wall:.2f}", f"{wall - FLOOR_S:.2f}", f"{cpu:.2f}", f"{counted:.0f}"]
