"""The confusion table: how many scenarios of which truth got which verdict, and which were misjudged."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fault_checks import cause_of_run, problems, verdict_of_run
from fault_scenarios import Scenario, scenario
from fault_scene import play

VERDICTS = ("pass", "fail", "error", "inconclusive")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A scenario and what the gate made of it.

    Attributes:
        verdict: what the report says; ``none`` where there is none.
        problems: everything that is wrong with the run, in words.
    """

    scenario: Scenario
    verdict: str
    cause: str
    output: str
    problems: Sequence[str]

    @property
    def line(self) -> str:
        """One line for the log."""
        mark = "MISJUDGED" if self.problems else "ok"
        one = self.scenario
        return f"{one.seed:>6}  {mark:<9}  {one.truth:<12}  {self.verdict:<12}  {self.cause:<36}  {one.name}"


def judged(seed: int) -> Judged:
    """Play the scenario of a seed with the real command."""
    one = scenario(seed)
    with tempfile.TemporaryDirectory(prefix="fasthook-") as folder:
        try:
            played = play(one.plot, Path(folder))
        except AssertionError as error:  # a hang
            return Judged(
                scenario=one, verdict="none", cause="-", output=str(error), problems=["the command hung"]
            )
        return Judged(
            scenario=one,
            verdict=verdict_of_run(played),
            cause=cause_of_run(played),
            output=played.run.output,
            problems=problems(one, played),
        )


def run(options: argparse.Namespace, *, page: Path) -> int:
    """Play what was asked for, print and write the table; 1 where anything was misjudged."""
    if options.only is not None:
        one = judged(options.only)
        sys.stdout.write("\n".join([one.output, one.line, *one.problems, ""]))
        return int(bool(one.problems))
    seeds = range(options.seed, options.seed + options.scenarios)
    found = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for one in pool.map(judged, seeds):
            found.append(one)
            sys.stdout.write("\n        ".join([one.line, *one.problems]) + "\n")
            sys.stdout.flush()
    text = "\n".join(_page(found, options)) + "\n"
    sys.stdout.write(text)
    page.write_text(text, encoding="utf-8")
    return int(any(one.problems for one in found))


def _page(found: Sequence[Judged], options: argparse.Namespace) -> Iterator[str]:
    """The page for ``docs/``."""
    last = options.seed + options.scenarios - 1
    yield from (
        "# Confusion table",
        "",
        f"{len(found)} scenarios, seeds {options.seed} to {last}, played with the real command over real HTTP",
        "against the emulator with its faults, through TCP proxies before its API and its sources:",
        "",
        "```",
        f"python tests/faults/confusion.py --scenarios {options.scenarios} --seed {options.seed}",
        "```",
        "",
        *_table(found),
        "",
        f"False passes: {_count(found, verdict='pass')}. False fails: {_count(found, verdict='fail')}.",
        f"Misjudged in verdict, cause, exit code, time, number of probes or reports: {_misjudged(found)}.",
        "",
        "## Causes",
        "",
        *_causes(found),
    )


def _table(found: Iterable[Judged]) -> Iterator[str]:
    cells = Counter((one.scenario.truth, one.verdict) for one in found)
    columns = [*VERDICTS, *(["none"] if any(verdict == "none" for _, verdict in cells) else [])]
    yield f"| truth | {' | '.join(columns)} |"
    yield f"| --- |{' ---: |' * len(columns)}"
    for truth in VERDICTS:
        yield f"| {truth} | {' | '.join(str(cells[truth, verdict]) for verdict in columns)} |"


def _causes(found: Iterable[Judged]) -> Iterator[str]:
    """How often each cause was found at each stage."""
    yield "| stage and cause | times |"
    yield "| --- | ---: |"
    for cause, times in sorted(Counter(one.cause for one in found).items()):
        yield f"| {'none: passed' if cause == '-' else cause} | {times} |"


def _count(found: Iterable[Judged], *, verdict: str) -> int:
    """How many got this verdict and should not have."""
    return sum(one.verdict == verdict != one.scenario.truth for one in found)


def _misjudged(found: Iterable[Judged]) -> int:
    return sum(bool(one.problems) for one in found)
