"""What pytest reported, and what that makes of the session's exit status."""

from __future__ import annotations

import pytest

from pytest_fasthook.causes import EXIT_FAIL, EXIT_PASS
from pytest_fasthook.plugin.items import stage_of
from pytest_fasthook.stages import Stage


class Tally:
    """What pytest reported: which stages passed, and whether anything but the gate failed."""

    def __init__(self) -> None:
        self.others_failed = False
        self._passed: set[tuple[str, Stage]] = set()
        self._gate_failures = 0

    def add(self, report: pytest.TestReport) -> None:
        """Count one phase of one test case."""
        stage = stage_of(report.nodeid)
        if stage is None:
            self.others_failed = self.others_failed or report.failed
        elif report.failed:
            self._gate_failures += 1
            self._passed.discard(stage)
        elif report.when == "call" and report.passed:
            self._passed.add(stage)

    def passed_stages(self, connection_id: str) -> frozenset[Stage]:
        """The stages of a connection whose test case ran and passed."""
        return frozenset(stage for connection, stage in self._passed if connection == connection_id)

    def exit_status(self, session: pytest.Session, own: int) -> int:
        """The session's exit status, given the gate's own exit code.

        Pytest's 2 to 6 are never replaced. Its 1 is replaced only when the gate alone explains it, and its 0 only
        when the gate did not pass.
        """
        status = int(session.exitstatus)
        if status == EXIT_PASS:
            return own
        if status != EXIT_FAIL or self.others_failed or session.testsfailed > self._gate_failures:
            return status
        return own
