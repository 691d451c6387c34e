"""A pytest run that does not use the gate pays next to nothing for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPORTER = """
import sys

def pytest_unconfigure():
    print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
    print("OURS", *sorted(name for name in sys.modules if name.startswith("pytest_fasthook")))
"""
LIGHT = {
    f"pytest_fasthook{name}"
    for name in ("", ".plugin", ".plugin.fixtures", ".plugin.hookspecs", ".settings", ".settings.options")
}


def modules_of_a_bare_run(folder: Path, *arguments: str) -> tuple[set[str], set[str]]:
    """Return the top-level modules, and those of this package, that a run in an empty folder loads."""
    (folder / "reporter").mkdir()
    (folder / "reporter" / "what_is_loaded.py").write_text(REPORTER, encoding="utf-8")
    (folder / "empty").mkdir()
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "--co", "-q", "-p", "what_is_loaded", *arguments],
        cwd=folder / "empty",
        env={**os.environ, "PYTHONPATH": str(folder / "reporter"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout + done.stderr
    lines = {line.split()[0]: set(line.split()[1:]) for line in done.stdout.splitlines() if line}
    return lines["LOADED"], lines["OURS"]


def test_an_unused_gate_adds_no_third_party_module(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()

    loaded, ours = modules_of_a_bare_run(tmp_path / "with", "-p", "fasthook")
    before, _ = modules_of_a_bare_run(tmp_path / "without")

    assert "pytest_fasthook.plugin" in ours
    added = loaded - before - set(sys.stdlib_module_names)
    assert added == {"pytest_fasthook"}


def test_an_unused_gate_loads_only_its_own_light_modules(tmp_path: Path) -> None:
    _, ours = modules_of_a_bare_run(tmp_path, "-p", "fasthook")

    assert ours - LIGHT == set()
