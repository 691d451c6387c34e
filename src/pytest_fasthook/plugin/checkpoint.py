"""The JSON report of a run that is not over, so that a killed runner leaves evidence behind, and can be resumed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_fasthook.clock import Clock
from pytest_fasthook.leaks import SecretNet
from pytest_fasthook.reports import files, json_report

EVERY_S = 1.0
"""Results come in bursts; writing each of them would cost more than it could save, in seconds."""
COST_SHARE = 10
"""After a save that took long, as the report of many connections does, so many times as long passes before the next."""


class Checkpoint:
    """Writes the report as it stands; safe from any thread, silent after ``close``."""

    def __init__(
        self, path: Path | None, so_far: Callable[[], Mapping[str, Any]], clock: Clock, *, net: SecretNet
    ) -> None:
        """Prepare; nothing is written yet.

        Args:
            path: the JSON report that was asked for; without one nothing is ever written.
            so_far: makes the document of the run as it stands.
            clock: time.
            net: knows what must not be in it.
        """
        self._path = path
        self._so_far = so_far
        self._clock = clock
        self._net = net
        self._next_at = clock.monotonic()
        self._lock = threading.Lock()
        self._written: Path | None = None

    def save(self) -> None:
        """Write now: a probe is about to be sent, and must not be sent twice."""
        with self._lock:
            if self._path is None:
                return
            began = self._clock.monotonic()
            try:
                files.write_whole(self._path, json_report.render(self._so_far()), net=self._net)
                self._written = self._path
            except files.UnwritablePathError:
                # The report at the end meets the same trouble and says it; a checkpoint is only a safeguard.
                self._path = None
            now = self._clock.monotonic()
            self._next_at = now + max(EVERY_S, COST_SHARE * (now - began))

    def save_soon(self) -> None:
        """Write, unless that was done a moment ago."""
        if self._clock.monotonic() >= self._next_at:
            self.save()

    def remove(self) -> None:
        """Take away what was written: the report of the finished run is missing, and this is none."""
        if self._written is not None:
            self._written.unlink(missing_ok=True)

    def close(self) -> None:
        """Write nothing more: the report of the finished run takes the place."""
        with self._lock:
            self._path = None
