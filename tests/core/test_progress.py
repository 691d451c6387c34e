"""What a person sees while waiting: when, how often, and nothing that acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from core_world import KEY, FakeClock, settings_of

from pytest_fasthook.causes import Cause
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.judge.findings import ended, passed
from pytest_fasthook.judge.sequence import blocked_after
from pytest_fasthook.plugin.progress import (
    FIRST_AFTER_S,
    STEADY_EVERY_S,
    WaitingLine,
    ends,
    say_stage,
    stage_status,
    took,
)
from pytest_fasthook.stages import Stage, StageResult


@dataclass
class Writer:
    """A terminal, or a CI system's log."""

    hasmarkup: bool = False
    fullwidth: int = 60
    written: list[str] = field(default_factory=list)

    def write(self, text: str, *, flush: bool = False, **markup: bool) -> None:
        assert flush or markup
        self.written.append(text)

    def line(self) -> None:
        self.written.append("\n")


@dataclass
class Capture:
    """Pytest's capture, which must be off while the line is written."""

    off: bool = False
    used: int = 0

    @contextmanager
    def global_and_fixture_disabled(self) -> Iterator[None]:
        self.off = True
        self.used += 1
        yield
        self.off = False


@dataclass
class Config:
    """What is read of pytest's config."""

    writer: Writer = field(default_factory=Writer)
    verbosity: int = 0
    plugins: dict[str, Any] = field(default_factory=lambda: {"terminalreporter": object()})

    @property
    def pluginmanager(self) -> Config:
        return self

    def hasplugin(self, name: str) -> bool:
        return name in self.plugins

    def getplugin(self, name: str) -> Any:
        return self.plugins.get(name)

    def get_terminal_writer(self) -> Writer:
        return self.writer

    def get_verbosity(self) -> int:
        return self.verbosity


@dataclass
class FakeGate:
    """What is read of the gate."""

    left: float | None = 90.0
    awaits: str = "no request record yet"

    @property
    def settings(self) -> Any:
        return settings_of(connection=["conn_1"])

    def time_left(self, connection_id: str) -> float | None:
        assert connection_id == "conn_1"
        return self.left

    def awaited(self, connection_id: str) -> str:
        assert connection_id == "conn_1"
        return self.awaits


class Waiting:
    """One wait, second by second."""

    def __init__(self, config: Config, gate: FakeGate | None = None) -> None:
        self.clock = FakeClock()
        self._config = config
        self._gate = gate or FakeGate()
        self.line = WaitingLine(cast("pytest.Config", config), self.clock)

    def until(self, seconds: float) -> list[str]:
        while self.clock.time < seconds:
            self.clock.sleep(0.1)
            self.line.show(cast("Gate", self._gate), "conn_1", Stage.BRANCH)
        return self._config.writer.written


def test_a_short_wait_shows_nothing() -> None:
    assert Waiting(Config()).until(FIRST_AFTER_S - 0.1) == []


def test_a_longer_wait_says_for_what_how_long_and_how_much_is_left() -> None:
    (line,) = Waiting(Config()).until(2.0)
    assert line.strip() == (
        "fasthook: waiting for branch of conn_1, 1s, 90s of the budget left; no request record yet"
    )


def test_in_a_log_there_is_a_line_now_and_then() -> None:
    assert len(Waiting(Config()).until(60.0)) == pytest.approx(60 / STEADY_EVERY_S, abs=1)


def test_on_a_terminal_the_line_moves_and_is_taken_away() -> None:
    config = Config(Writer(hasmarkup=True, fullwidth=40))
    waiting = Waiting(config)
    lines = waiting.until(10.0)
    assert 15 <= len(lines) <= 20
    assert all(line.startswith("\r\x1b[K") and "\n" not in line for line in lines)
    assert all(len(line) <= 40 + len("\r\x1b[K") for line in lines)
    waiting.line.clear()
    assert config.writer.written[-1] == "\r\x1b[K"


def test_nothing_is_taken_away_that_was_never_shown() -> None:
    config = Config(Writer(hasmarkup=True))
    Waiting(config).line.clear()
    assert config.writer.written == []


def test_a_line_in_a_log_stays() -> None:
    config = Config()
    waiting = Waiting(config)
    before = list(waiting.until(2.0))
    waiting.line.clear()
    assert config.writer.written == before


@pytest.mark.parametrize("config", [Config(verbosity=-1), Config(plugins={})], ids=["-q", "-p no:terminal"])
def test_whoever_wants_quiet_gets_it(config: Config) -> None:
    assert Waiting(config).until(60.0) == []


def test_the_line_is_written_past_pytests_capture() -> None:
    capture = Capture()
    config = Config(plugins={"terminalreporter": object(), "capturemanager": capture})
    assert len(Waiting(config).until(2.0)) == 1
    assert (capture.used, capture.off) == (1, False)


def test_before_the_probe_is_sent_there_is_no_budget_to_speak_of() -> None:
    (line,) = Waiting(Config(), FakeGate(left=None)).until(2.0)
    assert "budget" not in line


def test_what_is_awaited_is_shown_without_secrets_and_without_acting() -> None:
    (line,) = Waiting(Config(), FakeGate(awaits=f"\x1b[31m::error::{KEY}")).until(2.0)
    assert KEY not in line
    assert "\x1b" not in line
    assert "::error" not in line


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "0 ms"), (0.2344, "234 ms"), (1.0, "1.00 s"), (61.5, "61.50 s")]
)
def test_a_duration_is_shown_for_people(seconds: float, shown: str) -> None:
    assert took(seconds) == shown


# -- a line per stage ------------------------------------------------------------------------------------------

BRANCH_FAILED = ended(Stage.BRANCH, Cause.BRANCH_IGNORED, "ignored")
METRICS_LAG = replace(ended(Stage.METRICS, Cause.METRICS_LAG, "lag"), duration_s=2.5)
PASSED = replace(passed(Stage.INGRESS, "ok", facts={}), duration_s=0.25)
BLOCKED = blocked_after(Stage.BRANCH, {Stage.BRANCH: BRANCH_FAILED})[Stage.DELIVERY]


def said(result: StageResult, config: Config | None = None) -> str:
    config = config or Config()
    say_stage(cast("pytest.Config", config), "conn_1", result)
    return "".join(config.writer.written)


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (PASSED, "  conn_1  ingress       passed          250 ms"),
        (BRANCH_FAILED, "  conn_1  branch        failed            0 ms  BRANCH_IGNORED"),
        (METRICS_LAG, "  conn_1  metrics       inconclusive    2.50 s  METRICS_LAG"),
        (
            replace(METRICS_LAG, advisory=True),
            "  conn_1  metrics       inconclusive    2.50 s  METRICS_LAG (advisory)",
        ),
        (BLOCKED, "  conn_1  delivery      blocked"),
    ],
)
def test_each_stage_has_a_line_as_it_ends(result: StageResult, line: str) -> None:
    assert said(result) == f"\n{line}"


@pytest.mark.parametrize("config", [Config(verbosity=-1), Config(verbosity=1), Config(plugins={})])
def test_at_any_other_verbosity_pytest_speaks_for_itself(config: Config) -> None:
    assert said(BRANCH_FAILED, config) == ""


@dataclass
class Report:
    """What is read of pytest's test reports."""

    when: str
    outcome: str

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    @property
    def failed(self) -> bool:
        return self.outcome == "failed"


TELLING = {("setup", "failed"), ("setup", "skipped"), ("call", "passed"), ("call", "failed")}


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
@pytest.mark.parametrize("outcome", ["passed", "failed", "skipped"])
def test_one_phase_tells_how_a_stage_ended(when: str, outcome: str) -> None:
    report = cast("pytest.TestReport", Report(when, outcome))
    tells = (when, outcome) in TELLING or when == "call"
    assert ends(report) is tells
    assert (stage_status(report, BRANCH_FAILED, verbosity=0) is not None) is tells


@pytest.mark.parametrize(
    ("when", "outcome", "verbosity", "status"),
    [
        ("call", "passed", 0, ("passed", "", "PASSED")),
        ("call", "failed", 0, ("failed", "", "FAILED")),
        ("setup", "failed", 0, ("error", "", "ERROR")),
        ("setup", "skipped", 0, ("skipped", "", "SKIPPED")),
        ("call", "passed", 1, ("passed", "", "PASSED (2.50 s)")),
        ("call", "passed", -1, None),
    ],
)
def test_pytests_own_categories_are_kept(when: str, outcome: str, verbosity: int, status: Any) -> None:
    report = cast("pytest.TestReport", Report(when, outcome))
    assert stage_status(report, METRICS_LAG, verbosity=verbosity) == status


def test_a_case_that_is_no_stage_is_left_to_pytest() -> None:
    assert stage_status(cast("pytest.TestReport", Report("call", "passed")), None, verbosity=0) is None
