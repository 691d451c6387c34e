"""Runs the real command in a process of its own, in a folder of its own, and keeps all it left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from standin import API_KEY, TEAM, StandIn

SOURCE_FOLDER = Path(__file__).resolve().parents[2] / "src"
INHERITED = (
    "PATH",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TMPDIR",
    "COVERAGE_PROCESS_START",
    "COVERAGE_PROCESS_CONFIG",
)
PREFLIGHT_LIMIT_S = 30.0
GRACE_S = 15.0
START_LIMIT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class GateRun:
    """One finished run.

    Attributes:
        exit_code: of the process.
        output: stdout and stderr, one after the other.
        folder: where it ran; its reports lie in ``reports``.
    """

    exit_code: int
    output: str
    folder: Path

    @property
    def json_file(self) -> Path:
        return self.folder / "reports" / "gate.json"

    @property
    def junit_file(self) -> Path:
        return self.folder / "reports" / "gate.xml"

    @property
    def pytest_junit_file(self) -> Path:
        return self.folder / "reports" / "pytest.xml"

    @cached_property
    def document(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.json_file.read_text(encoding="utf-8"))
        return read

    @property
    def connections(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document["connections"]
        return found

    def connection(self, connection_id: str) -> dict[str, Any]:
        return next(c for c in self.connections if c["connection_id"] == connection_id)


@dataclass(frozen=True, kw_only=True)
class Command:
    """One call of the gate, not run yet.

    Attributes:
        connections: for ``--fasthook-connection``; empty leaves the option out.
        timeout_s: for ``--fasthook-timeout``, and for how long the process may take at most.
        timeout_option: whether the option is given at all.
        env: on top of a clean environment; ``None`` takes a variable away.
        reports: whether to ask for all report files.
    """

    folder: Path
    api_url: str
    connections: Sequence[str] = ("conn_orders",)
    args: Sequence[str] = ()
    timeout_s: float = 20.0
    timeout_option: bool = True
    env: Mapping[str, str | None] = field(default_factory=dict)
    reports: bool = True
    cache: bool = False

    @property
    def limit_s(self) -> float:
        """How long the process may take before it counts as hung."""
        return min(PREFLIGHT_LIMIT_S, self.timeout_s) + self.timeout_s + GRACE_S

    @property
    def words(self) -> list[str]:
        words = [sys.executable, "-m", "pytest", *_plugin()]
        words += [f"--fasthook-connection={connection}" for connection in self.connections]
        words += [f"--fasthook-timeout={self.timeout_s}s"] if self.timeout_option else []
        words += self.args
        words += [] if self.cache else ["-p", "no:cacheprovider"]
        return words + (_report_words() if self.reports else [])

    @property
    def environment(self) -> dict[str, str]:
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        clean: dict[str, str | None] = {name: os.environ.get(name) for name in INHERITED}
        clean |= {"HOME": str(home)} | ({"PYTHONPATH": str(SOURCE_FOLDER)} if _plugin() else {})
        clean |= {"FASTHOOK_API_KEY": API_KEY, "FASTHOOK_TEAM_ID": TEAM, "FASTHOOK_API_URL": self.api_url}
        return {name: value for name, value in (clean | dict(self.env)).items() if value is not None}

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - the interpreter of this very run
            self.words,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> GateRun:
        """Wait for the process; a hang is killed and fails the test with what was said so far."""
        try:
            output, _ = process.communicate(timeout=self.limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise AssertionError(f"the gate hung for more than {self.limit_s} s:\n{output}") from None
        return GateRun(exit_code=process.returncode, output=output, folder=self.folder)

    def run(self) -> GateRun:
        return self.finish(self.start())

    def run_until(self, came_so_far: Callable[[], bool]) -> GateRun:
        """Run it, and press Ctrl-C as soon as it came so far."""
        process = self.start()
        ends = time.monotonic() + START_LIMIT_S
        while not came_so_far():
            assert process.poll() is None, self.finish(process).output
            assert time.monotonic() < ends, "the gate never came so far"
        os.killpg(process.pid, signal.SIGINT)
        return self.finish(process)


def command(folder: Path, standin: StandIn, **settings: Any) -> Command:
    """A call of the gate against a stand-in."""
    return Command(folder=folder, api_url=standin.api_url, **settings)


def _plugin() -> list[str]:
    """How pytest finds the plugin: by itself where it is installed, else by name."""
    installed = entry_points(group="pytest11", name="fasthook")
    return [] if installed else ["-p", "pytest_fasthook.plugin"]


def _report_words() -> list[str]:
    return [
        "--fasthook-json=reports/gate.json",
        "--fasthook-junit=reports/gate.xml",
        "--junitxml=reports/pytest.xml",
    ]
