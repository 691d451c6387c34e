"""Hold the emulator to its own OpenAPI document with Schemathesis, which lives in an environment of its own.

::

    python -m venv fuzz && fuzz/bin/pip install schemathesis
    python tests/emulator/run_schemathesis.py fuzz/bin/st --max-examples 25

Everything after the command's path is passed on to ``st run``. What would end the run's own credential is left out.
The emulator makes the same ids each time, so that ``--seed`` repeats a run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx

from pytest_fasthook.emulator import Emulator

LEFT_OUT = "project-secrets|auth/logout"
SOURCES = "^/sources|^/connections"
"""Whether a source's secret can check messages (it is there, in the scheme's form) is more than a schema can say, so
that a body of the right shape may be refused with 400 there. Everything else is checked of these paths too."""


def main(arguments: Sequence[str]) -> int:
    """Run ``st`` against a fresh emulator with some traffic; return its exit code."""
    command, *options = arguments
    with tempfile.TemporaryDirectory() as folder, Emulator(seed_demo=True, seed=1) as emulator:
        route = emulator.add_route(name="open")
        for number in range(5):
            httpx.post(route.source_url, json={"n": number}).raise_for_status()
        emulator.settle()
        return max(
            _run(command, emulator, folder, f"--exclude-path-regex={LEFT_OUT}|{SOURCES}", *options),
            _run(
                command,
                emulator,
                folder,
                f"--include-path-regex={SOURCES}",
                "--exclude-checks=positive_data_acceptance",
                *options,
            ),
        )


def _run(command: str, emulator: Emulator, folder: str, *options: str) -> int:
    return subprocess.run(  # noqa: S603 - the command that was asked for
        [
            Path(command).absolute(),
            "run",
            f"{emulator.api_url}/openapi.json",
            f"--header=Authorization: Bearer {emulator.session_token}",
            f"--header=x-team-id: {emulator.team_id}",
            *options,
        ],
        cwd=folder,  # it leaves files where it runs
        check=False,
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
