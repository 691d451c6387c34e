"""The one process that gates: runs the gate beside pytest's loop, decides the exit code, writes the reports."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_fasthook.causes import EXIT_FAIL, EXIT_PASS
from pytest_fasthook.clock import SystemClock
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.evidence.expect import remembered
from pytest_fasthook.gate.board import Board
from pytest_fasthook.gate.opening import open_gate, open_transport
from pytest_fasthook.gate.planning import plans_of
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.gate.selection import Selection, connections_of
from pytest_fasthook.judge.sequence import blocked_after, broken
from pytest_fasthook.judge.verdict import completed, decide, exit_code, worst
from pytest_fasthook.plugin.checkpoint import Checkpoint
from pytest_fasthook.plugin.hooks import announce, with_payloads
from pytest_fasthook.plugin.items import selected_stages, stage_of
from pytest_fasthook.plugin.mailbox import Mailbox
from pytest_fasthook.plugin.output import (
    check_paths,
    github_annotations,
    header,
    last_words,
    load_summary,
    said_of_fault,
    summary,
    write_all,
)
from pytest_fasthook.plugin.progress import WaitingLine, ends, say_stage, stage_status
from pytest_fasthook.plugin.session import (
    CONNECTIONS_KEY,
    EMULATOR_KEY,
    MAILBOX_KEY,
    NEVER_DECIDED,
    Collecting,
    at_emulator,
    gated,
    unreached,
)
from pytest_fasthook.plugin.tally import Tally
from pytest_fasthook.plugin.termination import terminated_like_interrupted
from pytest_fasthook.reports.document import ConnectionRun, Run, document
from pytest_fasthook.reports.notices import Notice, notice_of
from pytest_fasthook.reports.transcript.kept import transcribed
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.options import JSON
from pytest_fasthook.stages import Stage, StageResult

TICK_S = 0.1
MAX_WARNINGS = 6
"""Pytest's exit code for more warnings than ``--max-warnings`` allows; from pytest 9.1 on."""
LAST_WORDS_S = 1.0
"""How long a gate that was stopped may take to say how far it had come, in seconds; as a rule it takes none."""


class GatePlugin(Collecting):
    """The gate of a session."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Prepare the gate; nothing is sent.

        Raises:
            pytest.UsageError: a report cannot be written where it was asked for.
        """
        check_paths(settings, config)
        self._config = config
        self._clock = SystemClock()
        self._resources = ExitStack()
        self._emulator: dict[str, str] | None = None
        self.settings = self._with_emulator(settings) if settings.emulator else settings
        self._selection = self._select()
        self.connections = self._selection.connections
        self._unused = settings.overrides.unused(self.connections)
        self._began = self._clock.now()
        self._board = Board()
        self._mailbox: Mailbox | None = None
        self._gate: Gate | None = None
        self._tally = Tally()
        self._checkpoint = Checkpoint(
            self.settings.reports.get(JSON), self._so_far, self._clock, net=self.settings.net
        )
        self._finished = self._announced = False
        self._status = EXIT_PASS
        self._runs: list[ConnectionRun] = []
        self._document: dict[str, Any] | None = None
        self._said: list[str] = []

    def _with_emulator(self, settings: Settings) -> Settings:
        """The settings of the embedded emulator's demo route; the emulator runs until the session ends.

        Raises:
            pytest.UsageError: the emulator's extra is not installed.
        """
        if self._config.option.collectonly:
            return settings
        from pytest_fasthook.plugin.demo import demo_route  # noqa: PLC0415 - the emulator is an extra

        try:
            self._emulator = self._resources.enter_context(demo_route())
        except SettingsError as error:
            raise pytest.UsageError(f"--fasthook-emulator: {error}") from None
        return at_emulator(settings, **self._emulator)

    def _select(self) -> Selection:
        """The connections to gate; those of a source are asked for now, since they become test cases."""
        if self.settings.source_id is None:
            return Selection(connections=gated(self.settings))
        deadline = self._clock.monotonic() + self.settings.preflight_limit_s
        with open_transport(self.settings, self._clock) as transport:
            return connections_of(self.settings.source_id, transport, deadline=deadline)

    # -- while pytest runs ------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Run the gate beside pytest's own loop."""
        if not session.config.option.collectonly and self._mailbox is None:
            self._start(item.nodeid for item in session.items)
        try:
            with terminated_like_interrupted():
                return (yield)
        finally:
            self._stop()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell an xdist worker where the notices are."""
        if self._mailbox is None:
            folder = Path(tempfile.mkdtemp(prefix="fasthook-"))
            self._resources.callback(shutil.rmtree, folder, ignore_errors=True)
            self._mailbox = Mailbox(folder, self._clock)
        node.workerinput[MAILBOX_KEY] = str(self._mailbox.folder)
        node.workerinput[EMULATOR_KEY] = self._emulator
        node.workerinput[CONNECTIONS_KEY] = list(self.connections)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Start the gate as soon as the first xdist worker knows which stages were selected."""
        if self._gate is None:
            self._start(ids)

    def _start(self, nodeids: Iterable[str]) -> None:
        """Start the gate for the stages that pytest will run; without any there is nothing to send."""
        stages = selected_stages(nodeids, self.connections)
        if self._selection.failure is not None:
            (placeholder,) = self.connections
            self._post_failure(placeholder, self._selection.failure)
        if self._selection.failure is not None or not any(stages.values()):
            self._close_board()
            return
        self.settings = self._with_payloads()
        if self.settings.plan:
            stages = {connection: frozenset(Stage) for connection, asked in stages.items() if asked}
        try:
            self._gate = self._opened()
        except Exception as problem:  # noqa: BLE001 - a fault of this package is never told as one of the deploy
            for one in self.connections:
                self._post_failure(one, broken(Stage.PREFLIGHT, problem))
            self._said += said_of_fault(problem, self.settings)
            self._close_board()
            return
        self._resources.callback(self._gate.close)
        self._began = self._clock.now()
        run = threading.Thread(target=self._run, args=(self._gate, stages), name="fasthook-gate", daemon=True)
        run.start()

    def _opened(self) -> Gate:
        return open_gate(
            self.settings,
            clock=self._clock,
            board=self._board,
            on_result=self._deliver,
            on_sent=self._checkpoint.save,
        )

    def _with_payloads(self) -> Settings:
        """The settings with what hooks supply.

        Raises:
            pytest.UsageError: a hook's payload cannot be sent.
        """
        hook = self._config.hook.pytest_fasthook_payload
        try:
            return with_payloads(
                self.settings, self.connections, lambda one: hook(connection_id=one, config=self._config)
            )
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from None

    def _run(self, gate: Gate, stages: Mapping[str, frozenset[Stage]]) -> None:
        """Run the gate; whatever becomes of it, nobody waits for more than it has said."""
        try:
            gate.run(stages)
        finally:
            self._close_board()

    def _post_failure(self, connection_id: str, failure: StageResult) -> None:
        """Report what kept the gate from starting as the preflight of a connection."""
        for result in (failure, *blocked_after(failure.stage, {failure.stage: failure}).values()):
            self._board.post(connection_id, result)
            self._deliver(connection_id, result)

    def _close_board(self) -> None:
        self._board.close()
        if self._mailbox is not None:
            self._mailbox.close()

    def _stop(self) -> None:
        if self._gate is not None:
            self._gate.stop()

    def _deliver(self, connection_id: str, result: StageResult) -> None:
        """Pass a result on to xdist workers, and keep it for the case that this process is killed."""
        if self._mailbox is not None:
            self._mailbox.post(connection_id, result.stage, self._notice(connection_id, result))
        self._checkpoint.save_soon()

    def wait(self, connection_id: str, stage: Stage) -> Notice:
        """Wait for a stage's result, showing what is waited for."""
        line = WaitingLine(self._config, self._clock)
        until = self._clock.monotonic() + self.hard_stop_for(connection_id)
        try:
            while self._clock.monotonic() < until:
                result = self._board.wait(connection_id, stage, timeout=TICK_S)
                if result is not None:
                    return self._notice(connection_id, result)
                if self._board.closed:
                    break
                load_summary()
                line.show(self._gate, connection_id, stage)
        finally:
            line.clear()
        broken = self._gate is not None and self._gate.problem is not None
        # Not raised here: a traceback of pytest's own could show what must not be shown.
        return unreached(stage, "the gate itself broke" if broken else NEVER_DECIDED)

    def hard_stop_for(self, connection_id: str) -> float:
        """The hard stop, with the route's delay rule once it was read, in seconds."""
        route = self._gate.route(connection_id) if self._gate else None
        return self.hard_stop_s + (route.rules.delay_s if route else 0.0)

    def _notice(self, connection_id: str, result: StageResult) -> Notice:
        return notice_of(connection_id, result, self._board.of(connection_id), self.settings)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Show a stage with its latency, on a line of its own where pytest would put a dot."""
        stage = stage_of(report.nodeid)
        result = self._board.of(stage[0]).get(stage[1]) if stage else None
        return stage_status(report, result, verbosity=self._config.get_verbosity())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what passed and what did not, in this process and in xdist workers; say it as it happens."""
        self._tally.add(report)
        stage = stage_of(report.nodeid)
        result = self._board.of(stage[0]).get(stage[1]) if stage else None
        if stage and result and ends(report):
            say_stage(self._config, stage[0], result)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that could not be collected is a failure of its own."""
        if report.failed:
            self._tally.others_failed = True

    # -- when pytest ends --------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Decide the exit code and write the reports before anybody else ends the session; then let it stand."""
        if session.config.option.collectonly:
            return (yield)
        self.finish(int(session.exitstatus), testsfailed=session.testsfailed)
        session.exitstatus = self._status
        try:
            return (yield)
        finally:
            if session.exitstatus == MAX_WARNINGS and self._status == EXIT_PASS:
                self._settle_again(MAX_WARNINGS)  # pytest's own, and decided only now
            session.exitstatus = self._status

    def finish(self, status: int, *, testsfailed: int = 0) -> None:
        """Decide the exit code and write the reports, once.

        Args:
            status: what pytest itself makes of the session.
            testsfailed: how many failures pytest has counted.
        """
        if self._finished:
            return
        self._finished = True
        self._stop()
        if self._gate is not None:
            self._board.wait_for_end(timeout=LAST_WORDS_S)
        if self._mailbox is not None:
            self._mailbox.close()
        self._checkpoint.close()
        self._runs = [
            self._with_transcript(self._connection_run(one, self._reported(one, status)))
            for one in self.connections
        ]
        if self.settings.on_fail == "pause":
            from pytest_fasthook.plugin.pausing import pause_failing  # noqa: PLC0415 - keeps start-up light

            self._runs = pause_failing(self._runs, self.settings, self._clock)
        own = exit_code(
            [run.decision for run in self._runs],
            on_inconclusive=self.settings.on_inconclusive,
            on_error=self.settings.on_error,
        )
        decided = self._tally.exit_status(status, own, testsfailed=testsfailed)
        self._said += [*self._broken(), *decided.said]
        self._settle(decided.code)

    def _settle(self, status: int) -> None:
        """Write the reports with this exit code; one that cannot be written makes it 1 where it was 0, in all."""
        self._status = status
        self._document = self._documented(self._runs, status)
        written = write_all(self._document, self.settings, os.environ)
        broken_hooks = announce(self._document, self._config) if not self._announced else []
        self._announced = True
        self._said += [*written.lines, *map(self.settings.redactor.show, broken_hooks)]
        if JSON in written.missing:
            self._checkpoint.remove()
        if (written.failed or broken_hooks) and status == EXIT_PASS:
            self._settle_again(EXIT_FAIL)

    def _settle_again(self, status: int) -> None:
        """Write the reports once more, since the exit code is another one now."""
        self._status = status
        self._document = self._documented(self._runs, status)
        write_all(self._document, self.settings, {})

    def outermost(self, status: int) -> int:
        """The exit code of the process, whatever was made of it after it was decided.

        Args:
            status: what pytest was about to end with.
        """
        if self._config.option.collectonly or status == pytest.ExitCode.USAGE_ERROR:
            return status
        if not self._finished:
            self.finish(status)
            self._tell_late()
        return self._status

    def hook_failed(self, problem: BaseException) -> None:
        """A hook of somebody else raised when the session was over: that is a failure of the run, in all reports."""
        interrupted = isinstance(problem, KeyboardInterrupt)
        if not self._finished:
            self.finish(pytest.ExitCode.INTERRUPTED if interrupted else EXIT_PASS)
            self._tell_late()
        if self._status == EXIT_PASS:
            self._settle_again(int(pytest.ExitCode.INTERRUPTED) if interrupted else EXIT_FAIL)

    def _tell_late(self) -> None:
        """Say what came of the run where pytest's own terminal is closed already."""
        verdict = worst(run.decision.verdict for run in self._runs)
        text = [f"{verdict}, exit code {self._status}: pytest was ended before the gate", *self._said]
        sys.stderr.write("".join(f"fasthook: {line}\n" for line in text))

    def _documented(self, runs: Sequence[ConnectionRun], status: int) -> dict[str, Any]:
        return document(
            Run(
                settings=self.settings,
                connections=runs,
                verdict=worst(run.decision.verdict for run in runs),
                exit_code=status,
                started_at=self._began,
                finished_at=self._clock.now(),
            )
        )

    def _reported(self, connection_id: str, status: int) -> frozenset[Stage]:
        """The stages that count as run: those that pytest reported as passed.

        Where it was interrupted while the gate still waited, also those that were decided by then: an xdist worker
        may have been ended before it could report them, and what is told must be where the run really stood.
        """
        decided = frozenset(self._board.of(connection_id))
        cut_off = status == pytest.ExitCode.INTERRUPTED and decided < frozenset(self.stages)
        return self._tally.passed_stages(connection_id) | (decided if cut_off else frozenset())

    def _so_far(self) -> dict[str, Any]:
        """The run as it stands: what is not decided did not run, so this is no success whatever comes of it."""
        runs = [self._connection_run(one, frozenset(self._board.of(one))) for one in self.connections]
        return self._documented(
            runs, exit_code([r.decision for r in runs], on_inconclusive="keep", on_error="keep")
        )

    def _connection_run(self, connection_id: str, reported: frozenset[Stage]) -> ConnectionRun:
        results = completed(self._board.of(connection_id), reported, frozenset(self.stages))
        sending = self._gate.sending(connection_id) if self._gate else None
        probe = sending.probe if sending else None
        return ConnectionRun(
            connection_id=connection_id,
            results=results,
            decision=decide(results),
            probe_id=probe.probe_id if probe else None,
            sending=remembered(sending) if sending else None,
            notes=(*self._notes(), *(probe.notes if probe else ())),
        )

    def _with_transcript(self, run: ConnectionRun) -> ConnectionRun:
        """The run of a connection with what judging it again needs, which only the JSON report keeps."""
        expect = self._gate.expectations(run.connection_id) if self._gate else None
        if self._gate is None or expect is None or self.settings.plan or JSON not in self.settings.reports:
            return run
        kept = transcribed(self._gate.evidence, expect, self.settings.redactor)
        return replace(run, transcript=kept)

    def _broken(self) -> list[str]:
        """What broke the gate itself, if anything did: a fault of this package that its users should report."""
        problem = self._gate.problem if self._gate else None
        return said_of_fault(problem, self.settings) if problem is not None else []

    def _notes(self) -> Iterator[str]:
        """What is true of every connection of the run and must not be overlooked."""
        if self.settings.plan:
            yield "this was a plan: nothing was sent, and only preflight was judged"
        yield from self._selection.notes
        yield from self._unused

    def pytest_report_header(self) -> list[str]:
        """The settings as they were resolved; nothing secret is among them."""
        return header(self.settings, self.connections, (*self._selection.notes, *self._unused))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The verdict, the deciding stage, its cause, the ids and the next step."""
        if self._document is None:
            return
        terminalreporter.section("fasthook", sep="=")
        plans = plans_of(self._gate, self.connections) if self._gate and self.settings.plan else ()
        plain = (*plans, *self._said, *github_annotations(self._document, os.environ))
        lines = (*summary(self._document, self._config), *((text, {}) for text in plain))
        shown, fit = last_words(lines, self.settings.net)
        for text, markup in shown:
            terminalreporter.write_line(text, **markup)
        if not fit and self._status == EXIT_PASS:
            self._settle_again(EXIT_FAIL)

    def pytest_unconfigure(self) -> None:
        """Stop whatever was started for the session."""
        self._stop()
        self._resources.close()
