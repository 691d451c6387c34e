"""Plays seeded scenarios with the real command and tells how the gate judged them.

::

    python tests/faults/confusion.py --scenarios 300 --seed 1

Prints the table of truth and verdict and writes it to ``docs/confusion.md``; the exit code is 1 where any scenario was
misjudged in verdict, cause, exit code, time, probes or reports. ``--only SEED`` plays one scenario and shows all of it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Find the tests' folders as pytest does, then play."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = settings["tool"]["pytest"]["ini_options"]["pythonpath"]
    sys.path[:0] = [str(ROOT / folder) for folder in ["src", *folders]]
    os.environ["PYTHONPATH"] = str(ROOT / "src")  # the command is this checkout's, whatever is installed
    from confusion_table import run  # noqa: PLC0415 - the path to it is known only now

    return run(_options(), page=ROOT / "docs" / "confusion.md")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("--scenarios", type=int, default=300, help="how many, 300 by default")
    parser.add_argument("--seed", type=int, default=1, help="of the first one; the others follow")
    parser.add_argument("--jobs", type=int, default=4, help="how many are played at the same time")
    parser.add_argument("--only", type=int, metavar="SEED", help="play one scenario and show its output")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
