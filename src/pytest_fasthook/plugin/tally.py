"""What pytest reported, and what that makes of the session's exit status."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_fasthook.causes import EXIT_FAIL, EXIT_PASS
from pytest_fasthook.plugin.items import stage_of
from pytest_fasthook.stages import Stage


@dataclass(frozen=True, slots=True)
class Decided:
    """An exit code, and what has to be said of it."""

    code: int
    said: tuple[str, ...] = ()


class Tally:
    """What pytest reported: which stages passed, and whether anything but the gate failed."""

    def __init__(self) -> None:
        self.others_failed = self.others_ran = False
        self._passed: set[tuple[str, Stage]] = set()
        self._gate_failures = 0

    def add(self, report: pytest.TestReport) -> None:
        """Count one phase of one test case."""
        stage = stage_of(report.nodeid)
        if stage is None:
            self.others_ran = True
            self.others_failed = self.others_failed or report.failed
        elif report.failed:
            self._gate_failures += 1
            self._passed.discard(stage)
        elif report.when == "call" and report.passed:
            self._passed.add(stage)

    def passed_stages(self, connection_id: str) -> frozenset[Stage]:
        """The stages of a connection whose test case ran and passed."""
        return frozenset(stage for connection, stage in self._passed if connection == connection_id)

    def exit_status(self, status: int, own: int, *, testsfailed: int) -> Decided:
        """The session's exit code, decided here and nowhere else.

        Pytest's 2 to 6 are never replaced. Its 1 is replaced only when the gate alone explains it, and its 0 only
        when the gate did not pass. In a run of the gate alone a 1 that another plugin asks for is not followed.

        Args:
            status: pytest's own exit status.
            own: the gate's exit code.
            testsfailed: how many failures pytest has counted.
        """
        if status == EXIT_PASS:
            return Decided(own)
        if status != EXIT_FAIL or self.others_failed:
            return Decided(status)
        if testsfailed > self._gate_failures:
            if self.others_ran:
                return Decided(status)
            asked = (
                f"another plugin (coverage below its limit?) asks for exit code {status}; the gate's is {own}"
            )
            return Decided(own, (asked,))
        return Decided(own)
