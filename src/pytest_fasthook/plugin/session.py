"""How the gate joins a pytest session: settings, nodes, and who waits for whom.

In an ordinary run the gate works in a thread beside pytest's own loop (``controller.py``). Under xdist it works in
the controller process, and the workers here read its notices from a mailbox. Only one process ever sends, collects
and writes reports.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_fasthook.causes import Outcome
from pytest_fasthook.clock import SystemClock
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.gate.pace import queue_s, reading_queue_s
from pytest_fasthook.plugin.items import ConnectionNode, StageItem, gate_first
from pytest_fasthook.plugin.mailbox import Mailbox
from pytest_fasthook.redact import Secret
from pytest_fasthook.reports.notices import Notice
from pytest_fasthook.settings.config import Settings, resolve
from pytest_fasthook.settings.given import home_folder
from pytest_fasthook.settings.options import Option
from pytest_fasthook.stages import Stage

HARD_STOP_MARGIN_S = 60.0
"""How long past the gate's own budget pytest-timeout waits before it ends a stage, in seconds."""
LONGEST_DELAY_S = 3600.0
"""The longest delay rule that is allowed for where it cannot be known, in seconds."""
NEVER_DECIDED = "the gate ended before it was decided"
EMULATOR_CONNECTION = "conn_demo"
MAILBOX_KEY = "fasthook_mailbox"
EMULATOR_KEY = "fasthook_emulator"
CONNECTIONS_KEY = "fasthook_connections"


class FromPytest:
    """Raw values as pytest parsed them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def command_line(self, option: Option) -> Any:
        """The command line's value."""
        return self._config.getoption(option.dest)

    def ini(self, option: Option) -> str | None:
        """The ini file's value."""
        value = self._config.getini(option.dest)
        return str(value) if value else None


def resolved(config: pytest.Config) -> Settings:
    """The settings of this session, with the emulator's demo route in place of an account where asked for.

    Raises:
        pytest.UsageError: a setting is wrong or missing.
    """
    try:
        return resolve(
            FromPytest(config),
            os.environ,
            home=home_folder(),
            folder=config.invocation_params.dir,
            now=datetime.now(UTC),
        )
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None


class RunOnce:
    """Runs each stage once and in this process: trying one again, or in a fork, proves nothing.

    Plugins that rerun or fork have a protocol of their own. The first one that answers is taken, and of those that
    want to be first the one that was registered last.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> object:
        """Run a stage as pytest itself would; anything else is left to others."""
        if not isinstance(item, StageItem):
            return None
        runner: Any = item.config.pluginmanager.get_plugin("runner")
        return runner.pytest_runtest_protocol(item, nextitem)


class Collecting:
    """The hooks that controller and workers share: the gate's nodes, and their place in the order."""

    settings: Settings
    connections: Sequence[str]

    def join(self, config: pytest.Config) -> None:
        """Hook into the session; without paths only the gate runs, so no unrelated module can break a deploy."""
        if config.args_source is not pytest.Config.ArgsSource.ARGS:
            config.args = []
        config.stash[JOINED] = self
        config.pluginmanager.register(self, "fasthook-gate")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Run stages by pytest's own protocol, ahead of every plugin that has one of its own."""
        session.config.pluginmanager.register(RunOnce(), "fasthook-run-once")

    def wait(self, connection_id: str, stage: Stage) -> Notice:
        """Wait for a stage's notice."""
        raise NotImplementedError

    def outermost(self, status: int) -> int:
        """The exit code of the process; only the process that gates has one of its own."""
        return status

    def hook_failed(self, problem: BaseException) -> None:
        """Take note that a hook of somebody else raised when the session was over."""
        raise problem

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Put the gate's connections before everything else that the session collects."""
        report = yield
        if isinstance(collector, pytest.Session):
            nodes = [
                ConnectionNode.make(
                    collector, one, wait=self.wait, hard_stop_s=self.hard_stop_s, stages=self.stages
                )
                for one in self.connections
            ]
            report.result = [*nodes, *(report.result or ())]
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Keep the stages in order, after every plugin that shuffles or sorts."""
        yield
        items[:] = gate_first(items, self.connections)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Set the hard stop as late as can be: a route's delay rule is known only once preflight has read it."""
        if isinstance(item, StageItem):
            item.stop_after(self.hard_stop_for(item.connection_id))
        return (yield)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that the run asks for: all, or preflight alone for a plan."""
        return (Stage.PREFLIGHT,) if self.settings.plan else tuple(Stage)

    @cached_property
    def hard_stop_s(self) -> float:
        """When pytest-timeout ends a stage that the gate's own budget failed to end, in seconds."""
        longest = max((self.settings.of(one).timeout_s for one in self.connections), default=0.0)
        queue = queue_s(
            per_minute=self.settings.rate_limit,
            timeout_s=self.settings.timeout_s,
            connections=len(self.connections),
        )
        return self.settings.preflight_limit_s + longest + queue + self._teeth_s(longest) + HARD_STOP_MARGIN_S

    def _teeth_s(self, longest: float) -> float:
        """How long stages may be held back until the negative probes of all connections are decided, in seconds."""
        if not self.settings.teeth:
            return 0.0
        number = len(self.connections)
        others = LONGEST_DELAY_S if number > 1 else 0.0
        queue = reading_queue_s(per_minute=self.settings.rate_limit, connections=2 * number)
        return longest + queue + others

    def hard_stop_for(self, connection_id: str) -> float:
        """The hard stop with what is known of the connection's delay rule, in seconds."""
        raise NotImplementedError


class WorkerPlugin(Collecting):
    """An xdist worker: runs items, asks the controller's mailbox."""

    def __init__(self, settings: Settings, worker_input: Mapping[str, Any]) -> None:
        emulator: Mapping[str, Any] | None = worker_input.get(EMULATOR_KEY)
        self.settings = at_emulator(settings, **emulator) if emulator else settings
        self.connections = worker_input[CONNECTIONS_KEY]
        self._mailbox = Mailbox(Path(worker_input[MAILBOX_KEY]), SystemClock())

    def wait(self, connection_id: str, stage: Stage) -> Notice:
        """Wait for the controller's notice."""
        notice = self._mailbox.wait(connection_id, stage, timeout=self.hard_stop_for(connection_id))
        return notice or unreached(stage)

    def hard_stop_for(self, connection_id: str) -> float:  # noqa: ARG002 - only the controller knows a route's rules
        """A generous stop; the controller closes the mailbox as soon as its gate has ended."""
        return self.hard_stop_s + LONGEST_DELAY_S


def unreached(stage: Stage, why: str = NEVER_DECIDED) -> Notice:
    """What an item reports for a stage that the gate never decided."""
    text = f"STAGE_NOT_RUN: {stage} did not run: {why}"
    return Notice(outcome=Outcome.INCONCLUSIVE, advisory=False, brief=text, text=text)


def at_emulator(settings: Settings, *, api_url: str, team_id: str, api_key: str, secret: str) -> Settings:
    """The settings that gate the demo route of a running emulator."""
    return replace(
        settings,
        connections=(EMULATOR_CONNECTION,),
        api_url=api_url,
        team_id=team_id,
        api_key=Secret(api_key),
        source_secrets={"": Secret(secret)},
    )


def gated(settings: Settings) -> Sequence[str]:
    """The connections that a session gates."""
    return (EMULATOR_CONNECTION,) if settings.emulator else settings.connections


JOINED = pytest.StashKey[Collecting]()
"""The gate of this session, where one is on."""
