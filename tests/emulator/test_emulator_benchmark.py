"""The benchmark still runs, with tiny counts, and says what it found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from .test_emulator_command import SOURCE

SCRIPT = SOURCE.parent / "benchmarks" / "emulator.py"


def test_it_measures_and_writes_its_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    counts = ("--rounds", "1", "--seconds", "0.2", "--stored", "200", "--looks", "2")
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(SCRIPT), *counts, "--output", str(page)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    text = page.read_text(encoding="utf-8")
    assert done.stdout == f"{text}\n"
    assert rates(text).keys() == {"empty handler", "alone", "branched", "delivered"}
    assert all(rate > 0 for rate in rates(text).values())
    assert len(re.findall(r"^\| `/", text, re.MULTILINE)) > 20
    assert len(re.findall(r"^- aim: .*: (?:met|\*\*missed\*\*) \(", text, re.MULTILINE)) == 3


def rates(text: str) -> dict[str, int]:
    """Return the rates of the table of sources: name, what is done, rate with its range, share, processor time."""
    rows = re.findall(
        r"^\| ([a-z ]+) \| [^|]+ \| (\d+) \(\d+ to \d+\) \| [\d.]+ \| \d+ µs \|$", text, re.MULTILINE
    )
    return {name: int(rate) for name, rate in rows}
