"""Where the measured tools live: each in an environment of its own, made once and kept in a cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def folder_of_caches() -> Path:
    """Where environments are kept between runs: ``BENCHMARKS_CACHE``, else the user's cache folder."""
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return Path(os.environ.get("BENCHMARKS_CACHE", home / "pytest-fasthook-benchmarks"))


def python(name: str, packages: Sequence[str]) -> Path:
    """The interpreter of an environment with these packages; pip installs them where they are missing.

    Raises:
        subprocess.CalledProcessError: pip failed.
    """
    folder = folder_of_caches() / name
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603 - our own interpreter
    done = folder / "installed.txt"
    wanted = "\n".join(packages)
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        _pip(interpreter, *packages)
        done.write_text(wanted, encoding="utf-8")
    return interpreter


@cache
def gate() -> Path:
    """The interpreter of an environment with this checkout as its users get it: built, installed, compiled."""
    interpreter = python("gate", ["pytest>=8", "matplotlib>=3.9"])
    if Path(sys.prefix) != interpreter.parents[1]:  # else it has just been made by whoever started us in it
        _pip(interpreter, str(PROJECT))
        _pip(interpreter, "--force-reinstall", "--no-deps", str(PROJECT))
    return interpreter


def node(package: str, command: str) -> Path | None:
    """A command of a package from npm; ``None`` where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    folder = folder_of_caches() / "node" / package
    found = folder / "node_modules" / ".bin" / command
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        words = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), package]
        subprocess.run(words, check=True)  # noqa: S603 - npm itself
    return found


def _pip(interpreter: Path, *words: str) -> None:
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([interpreter, "-m", "pip", "install", *quiet, *words], check=True)  # noqa: S603 - as above
