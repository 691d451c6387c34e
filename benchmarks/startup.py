"""What it costs to have the plugin installed without using it."""

from __future__ import annotations

from collections.abc import Sequence

import environments
from gating import BARE, Pytest
from measuring import Measured, in_turns, median
from results import Section, table

REPORTER = """
import sys

def pytest_unconfigure():
    print("MODULES", len(sys.modules))
"""
ROUNDS = 15


def measure() -> Section:
    """Bare pytest against its twin with the plugin, in turns."""
    pytest = Pytest(environments.gate(), environments.folder_of_caches() / "empty")
    pytest.fresh_folder()
    (pytest.folder / "counts_modules.py").write_text(REPORTER, encoding="utf-8")
    counting = ("--co", "-p", "counts_modules")

    def fresh() -> Measured:
        pytest.forget_rewritten()
        return pytest.run(*counting)

    found = in_turns(
        {
            "without the plugin": lambda: pytest.run(*BARE, *counting),
            "installed and unused": lambda: pytest.run(*counting),
            "the same in a fresh container": fresh,
        },
        rounds=ROUNDS,
    )
    bare = found["without the plugin"]
    heads = [
        "`pytest --co` in an empty folder",
        "modules",
        "processor ms",
        "least",
        "wall ms",
        "least",
        "ratio",
    ]
    text = (
        "The twin is the same environment with `-p no:fasthook`. A fresh container lacks what pytest caches beside a "
        f"plugin's modules. Medians of {ROUNDS} rounds; the ratio is that of processor times, round by round.\n\n"
        + table(heads, [_row(name, runs, bare) for name, runs in found.items()])
    )
    return Section("startup", "Installed and unused", text)


def _row(name: str, runs: Sequence[Measured], bare: Sequence[Measured]) -> list[object]:
    cpu, wall = [one.cpu_s * 1000 for one in runs], [one.wall_s * 1000 for one in runs]
    ratio = median([one.cpu_s / other.cpu_s for one, other in zip(runs, bare, strict=True)])
    modules = next(line.split()[1] for line in runs[0].output.splitlines() if line.startswith("MODULES"))
    numbers = (median(cpu), min(cpu), median(wall), min(wall))
    return [name, modules, *(f"{number:.0f}" for number in numbers), f"{ratio:.2f}"]
