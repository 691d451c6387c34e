"""Say what a mutation run found: a score per module, and the mutants that no test noticed.

``nox -s mutation`` runs it at its end; by hand, from the repository's root: ``python .ci/mutation_score.py``. With
``--sample PERCENT`` it prepares a shorter run instead: of each module's mutants that have not been run, all but a
seeded share are marked as skipped, for good.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

RESULTS = Path("mutants/src/pytest_fasthook")
SKIPPED = 34
OF_EXIT_CODE: Mapping[int | None, str] = {
    None: "not run",
    SKIPPED: "not run",
    1: "killed",
    3: "killed",
    0: "survived",
    5: "no test",
    33: "no test",
    **dict.fromkeys((24, -24, 36, 152, 255), "timeout"),
}
"""As mutmut counts them; anything else is suspicious."""


def result_files(results: Path) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Every mutated module, as ``judge/branch.py``, with mutmut's file about it and what that says."""
    for file in sorted(results.rglob("*.py.meta")):
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["exit_code_by_key"]:
            yield file.relative_to(results).as_posix().removesuffix(".meta"), file, found


def row(name: str, verdicts: Iterable[str]) -> str:
    """One line of the table; what was not run counts only among all mutants."""
    counts = Counter(verdicts)
    run = counts.total() - counts["not run"]
    noticed = counts["killed"] + counts["timeout"]
    score = f"{noticed / run:.1%}" if run else "-"
    return f"| {name} | {counts.total()} | {run} | {noticed} | {run - noticed} | {score} |"


def report(results: Path) -> Iterator[str]:
    """The table, then every mutant that was not noticed."""
    modules = {
        module: {
            name: OF_EXIT_CODE.get(code, "suspicious") for name, code in found["exit_code_by_key"].items()
        }
        for module, _, found in result_files(results)
    }
    yield "| module | mutants | run | noticed | not noticed | score |"
    yield "| --- | --: | --: | --: | --: | --: |"
    for module, mutants in modules.items():
        yield row(f"`{module}`", mutants.values())
    everything = {name: verdict for mutants in modules.values() for name, verdict in mutants.items()}
    yield row("**all**", everything.values())
    for name, verdict in everything.items():
        if verdict not in {"killed", "timeout", "not run"}:
            yield f"{verdict}: {name}"


def sample(results: Path, percent: float, *, seed: int) -> None:
    """Mark all but a share of each module's waiting mutants as skipped."""
    for module, file, found in result_files(results):
        codes = found["exit_code_by_key"]
        waiting = sorted(name for name, code in codes.items() if code is None)
        drawn = math.ceil(len(waiting) * percent / 100)
        kept = set(random.Random(f"{seed} {module}").sample(waiting, drawn))  # noqa: S311 - no secret
        codes.update((name, SKIPPED) for name in waiting if name not in kept)
        file.write_text(json.dumps(found, indent=4), encoding="utf-8")


def main() -> int:
    """Report or prepare; 1 when there is nothing yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=float, metavar="PERCENT")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not RESULTS.exists():
        print(f"{RESULTS} holds no results: run `nox -s mutation` first", file=sys.stderr)
        return 1
    if options.sample is not None:
        sample(RESULTS, options.sample, seed=options.seed)
    else:
        print(*report(RESULTS), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
