"""What a person sees while the gate works: a line per stage as it ends, and what is waited for meanwhile.

On a terminal the waiting line moves; in CI there are steady lines now and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_fasthook.causes import Outcome
from pytest_fasthook.clock import Clock
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.redact import one_line
from pytest_fasthook.stages import Stage, StageResult

if TYPE_CHECKING:
    from _pytest.capture import CaptureManager

STEADY_EVERY_S = 15.0
FIRST_AFTER_S = 1.0


class WaitingLine:
    """Shows one wait; quiet with ``-q`` and when the wait is short."""

    def __init__(self, config: pytest.Config, clock: Clock) -> None:
        self._clock = clock
        self._config = config
        # Without a terminal reporter there is no writer, nobody to show a line to, and in pytest 8.0 no verbosity.
        shown = config.pluginmanager.hasplugin("terminalreporter")
        self._writer = config.get_terminal_writer() if shown else None
        self._moves = self._writer is not None and self._writer.hasmarkup
        self._began = clock.monotonic()
        self._shown_at: float | None = None
        self._quiet = not shown or config.get_verbosity() < 0

    def show(self, gate: Gate | None, connection_id: str, stage: Stage) -> None:
        """Say what is waited for, for how long, and how much budget is left."""
        now = self._clock.monotonic()
        waited = now - self._began
        if self._quiet or waited < FIRST_AFTER_S or not self._due(now):
            return
        self._shown_at = now
        left = gate.time_left(connection_id) if gate else None
        budget = f", {left:.0f}s of the budget left" if left is not None else ""
        awaited = _awaited(gate, connection_id) if gate else ""
        self._write(f"fasthook: waiting for {stage} of {connection_id}, {waited:.0f}s{budget}; {awaited}")

    def clear(self) -> None:
        """Take the moving line away."""
        if self._shown_at is not None and self._moves:
            self._write("", end="")

    def _due(self, now: float) -> bool:
        every = 0.5 if self._moves else STEADY_EVERY_S
        return self._shown_at is None or now - self._shown_at >= every

    def _write(self, text: str, *, end: str = "\n") -> None:
        """Write past pytest's capture, as the line belongs to the person and not to the test's output."""
        capture: CaptureManager | None = self._config.pluginmanager.getplugin("capturemanager")
        if capture is None:
            self._put(text, end=end)
            return
        with capture.global_and_fixture_disabled():
            self._put(text, end=end)

    def _put(self, text: str, *, end: str) -> None:
        writer = self._writer
        if writer is not None and self._moves:
            shown = one_line(text, limit=max(20, writer.fullwidth - 1))
            writer.write(f"\r\x1b[K{shown}", flush=True)
        elif writer is not None:
            writer.write(f"\n{text}{end}", flush=True)


def _awaited(gate: Gate, connection_id: str) -> str:
    return gate.settings.net.held_back(gate.settings.redactor.shown(gate.awaited(connection_id)))


_STATUS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.BLOCKED: "skipped"}
_MARKUP = {
    "passed": {"green": True},
    "failed": {"red": True},
    "error": {"red": True},
    "skipped": {"yellow": True},
}


def ends(report: pytest.TestReport) -> bool:
    """Whether this phase is the one that tells how the test case ended."""
    return report.when == "call" or (report.when == "setup" and not report.passed)


def stage_status(
    report: pytest.TestReport, result: StageResult | None, *, verbosity: int
) -> tuple[str, str, str] | None:
    """Pytest's category, letter and word for a stage; ``None`` leaves it to pytest.

    By default the letter is empty, since the stage has a line of its own (``say_stage``); with ``-v`` the word
    carries the latency.
    """
    if result is None or verbosity < 0 or not ends(report):
        return None
    category = "error" if report.failed and report.when == "setup" else report.outcome
    word = category.upper() + (f" ({took(result.duration_s)})" if verbosity > 0 else "")
    return category, "", word


def say_stage(config: pytest.Config, connection_id: str, result: StageResult) -> None:
    """One line for a stage that has just ended; only at pytest's ordinary verbosity."""
    if not config.pluginmanager.hasplugin("terminalreporter") or config.get_verbosity() != 0:
        return
    category = "skipped" if result.advisory else _STATUS.get(result.outcome, "error")
    code = f"  {result.cause}" if result.cause else ""
    note = " (advisory)" if result.advisory else ""
    time = took(result.duration_s) if result.outcome is not Outcome.BLOCKED else ""
    line = f"  {connection_id}  {result.stage:<13} {result.outcome:<13}{time:>9}{code}{note}".rstrip()
    # Not the reporter's own write_line, which would make it name the file again before the next stage.
    writer = config.get_terminal_writer()
    writer.line()
    writer.write(line, flush=True, **_MARKUP[category])


def took(seconds: float) -> str:
    """A duration for people."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
