"""Print what a mutation run found: a score per module, and the mutants that no test noticed.

``nox -s mutation`` runs it at its end; by hand, from the repository's root: ``python .ci/mutation_score.py``.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

RESULTS = Path("mutants/src/pytest_fasthook")
NOTICED = {
    1: "killed",
    3: "killed",
    36: "timeout",
    24: "timeout",
    -24: "timeout",
    152: "timeout",
    255: "timeout",
}
UNNOTICED = {0: "survived", 33: "no test", 5: "no test"}


def verdict(exit_code: int | None) -> str:
    """What the exit code of a mutant's tests means, as mutmut counts it."""
    if exit_code is None:
        return "not run"
    return NOTICED.get(exit_code) or UNNOTICED.get(exit_code, "suspicious")


def read(results: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Every mutated module, as ``judge/branch.py``, with the verdict on each of its mutants."""
    for file in sorted(results.rglob("*.py.meta")):
        mutants = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
        if mutants:
            module = file.relative_to(results).as_posix().removesuffix(".meta")
            yield module, {name: verdict(code) for name, code in mutants.items()}


def row(name: str, verdicts: Iterable[str]) -> str:
    """One line of the table; mutants that were not run count nowhere but in their own column."""
    counts = Counter(verdicts)
    run = counts.total() - counts["not run"]
    noticed = counts["killed"] + counts["timeout"]
    score = f"{noticed / run:.1%}" if run else "-"
    return f"| {name} | {counts.total()} | {run} | {noticed} | {run - noticed} | {score} |"


def main() -> int:
    """Print the table and the survivors; 1 when there are no results."""
    modules = dict(read(RESULTS))
    if not modules:
        print(f"{RESULTS} holds no results: run `nox -s mutation` first", file=sys.stderr)
        return 1
    print("| module | mutants | run | noticed | not noticed | score |\n| --- | --: | --: | --: | --: | --: |")
    for module, mutants in modules.items():
        print(row(f"`{module}`", mutants.values()))
    print(row("**all**", (one for mutants in modules.values() for one in mutants.values())))
    for mutants in modules.values():
        for name, found in mutants.items():
            if found in {*UNNOTICED.values(), "suspicious"}:
                print(f"{found}: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
