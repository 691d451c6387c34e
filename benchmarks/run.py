#!/usr/bin/env python3
"""Runs the benchmarks and writes their tables and plots into `docs/`: all of them, or those that are named."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
NEEDED = ("benchmarks", "src", "tests/core", "tests/speed", "tests/gate", "tests/standin")
NAMES = ("startup", "first_byte", "overhead", "many", "peers", "detection")


def main(words: list[str]) -> int:
    """Run what is named, in an environment that has what the gate needs; 2 where there is no such benchmark."""
    unknown = [word for word in words if word not in NAMES]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    sys.path[:0] = [str(PROJECT / folder) for folder in NEEDED]
    import environments  # noqa: PLC0415 - found only now that its folder is known

    interpreter = environments.gate()
    if Path(sys.prefix) != interpreter.parents[1]:
        os.execv(interpreter, [str(interpreter), *sys.argv])  # noqa: S606 - the same again, where httpx and all are
    return _run(words)


def _run(words: list[str]) -> int:
    import detection  # noqa: PLC0415 - as above
    import first_byte  # noqa: PLC0415
    import many  # noqa: PLC0415
    import overhead  # noqa: PLC0415
    import peers  # noqa: PLC0415
    import results  # noqa: PLC0415
    import startup  # noqa: PLC0415

    modules = {module.__name__: module for module in (startup, first_byte, overhead, many, peers, detection)}
    for name in words or NAMES:
        print(f"{name} ...", flush=True)
        results.keep(modules[name].measure())
    print("written: docs/benchmarks.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
