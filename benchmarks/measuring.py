"""Runs commands one at a time and says what they cost; cases that are compared take turns, round after round."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of a command.

    Attributes:
        wall_s, cpu_s: seconds from start to end, and of processor time of the process and its children.
        started_at: ``time.monotonic`` when it was started.
    """

    wall_s: float
    cpu_s: float
    started_at: float
    exit_code: int
    output: str


def run(words: Sequence[str], *, folder: Path, variables: Mapping[str, str]) -> Measured:
    """Run a command to its end, with these variables and no others but the path."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **variables}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - commands of the benchmarks themselves
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        ended = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return Measured(
            wall_s=ended - started,
            cpu_s=usage.ru_utime + usage.ru_stime,
            started_at=started,
            exit_code=process.returncode,
            output=output.read(),
        )


def in_turns(
    cases: Mapping[str, Callable[[], T]], *, rounds: int, warm_up: bool = True
) -> dict[str, list[T]]:
    """Run every case once a round, so that whatever else the machine does befalls all alike."""
    found: dict[str, list[T]] = {name: [] for name in cases}
    for number in range(rounds + warm_up):
        for name, case in cases.items():
            result = case()
            if number >= warm_up:
                found[name].append(result)
    return found


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def load() -> str:
    """How busy the machine is, in words for the page."""
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load {one:.1f} (one minute), {five:.1f} (five minutes)"
