"""How xdist workers learn what the controller's gate found out.

Under ``-n`` the gate runs once, in the controller, so there is one probe, one poll plan and one evidence log however
pytest's items are spread. Each notice is a small file in a private folder; it appears whole, by renaming.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pytest_fasthook.causes import Outcome
from pytest_fasthook.clock import Clock
from pytest_fasthook.reports.notices import Notice
from pytest_fasthook.stages import Stage

LOOK_EVERY_S = 0.02
_CLOSED = "closed"


class Mailbox:
    """A folder of notices: the controller posts, workers wait."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self._clock = clock

    def post(self, connection_id: str, stage: Stage, notice: Notice) -> None:
        """Put up one notice."""
        content = {
            "outcome": str(notice.outcome),
            "advisory": notice.advisory,
            "brief": notice.brief,
            "text": notice.text,
        }
        target = self._file(connection_id, stage)
        part = target.with_suffix(".part")
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(target)

    def close(self) -> None:
        """Say that nothing more will come."""
        (self.folder / _CLOSED).touch()

    def wait(self, connection_id: str, stage: Stage, *, timeout: float) -> Notice | None:
        """The notice; ``None`` after ``timeout`` seconds, or when nothing more will come."""
        until = self._clock.monotonic() + timeout
        while True:
            closed = (self.folder / _CLOSED).exists()
            notice = self._read(self._file(connection_id, stage))
            if notice is not None or closed or self._clock.monotonic() >= until:
                return notice
            self._clock.sleep(LOOK_EVERY_S)

    def _file(self, connection_id: str, stage: Stage) -> Path:
        # Not the id itself: some file systems take names that differ in case alone for the same.
        name = hashlib.sha256(connection_id.encode()).hexdigest()
        return self.folder / f"{name}.{stage}.json"

    def _read(self, file: Path) -> Notice | None:
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return Notice(
            outcome=Outcome(content["outcome"]),
            advisory=content["advisory"],
            brief=content["brief"],
            text=content["text"],
        )
