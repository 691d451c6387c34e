"""Where finished stages are put up: the gate writes, pytest's items wait."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

from pytest_fasthook.stages import Stage, StageResult


class Results(Protocol):
    """Where an item gets its stage's result from: this process's board, or the mailbox of an xdist worker."""

    def wait(self, connection_id: str, stage: Stage, *, timeout: float) -> StageResult | None:
        """The result; ``None`` when none came within ``timeout`` seconds, or none will come."""


class Board:
    """Results by connection and stage; safe from any thread."""

    def __init__(self) -> None:
        self._results: dict[str, dict[Stage, StageResult]] = {}
        self._changed = threading.Condition()
        self._closed = False

    def post(self, connection_id: str, result: StageResult) -> None:
        """Put up one result; the first one of a stage stays."""
        with self._changed:
            self._results.setdefault(connection_id, {}).setdefault(result.stage, result)
            self._changed.notify_all()

    def close(self) -> None:
        """Say that nothing more will come, so that nobody waits for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self, connection_id: str, stage: Stage, *, timeout: float) -> StageResult | None:
        """The result, as soon as it is there; ``None`` after ``timeout`` seconds or when the board is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or stage in self.of(connection_id), timeout)
            return self.of(connection_id).get(stage)

    def wait_for_end(self, *, timeout: float) -> None:
        """Wait until nothing more will come, for ``timeout`` seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, timeout)

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def of(self, connection_id: str) -> Mapping[Stage, StageResult]:
        """One connection's results so far."""
        return dict(self._results.get(connection_id, {}))
