"""The gate as pytest sees it: one collector per connection, one item per stage.

Items do no work: the gate runs beside them, whatever order they come in, and each one waits for its stage's notice
and reports it. Fail is raised in the call phase (a failure), error and inconclusive in setup (an error), blocked is
a skip.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import pytest
from _pytest.fixtures import TopRequest

from pytest_fasthook.causes import Outcome
from pytest_fasthook.reports.notices import Notice
from pytest_fasthook.stages import Stage

NODE = "fasthook"
FOREIGN_MARKS = frozenset({"flaky", "forked", "isolate", "repeat", "xfail"})
"""Markers that other code sets on every item, and that would repeat a stage or turn its outcome round."""


Waits = Callable[[str, Stage], Notice]
"""Waits for a stage's notice."""


class ConnectionNode(pytest.Collector):
    """One connection, with its stages as items."""

    @classmethod
    def make(
        cls,
        session: pytest.Session,
        connection_id: str,
        *,
        wait: Waits,
        hard_stop_s: float,
        stages: Iterable[Stage] = Stage,
    ) -> Self:
        """Make the node; its ids look like ``fasthook::conn_xxx::branch``."""
        node: Self = cls.from_parent(session, name=connection_id, nodeid=f"{NODE}::{connection_id}")
        node.wait = wait
        node.hard_stop_s = hard_stop_s
        node.stages = tuple(stages)
        return node

    wait: Waits
    hard_stop_s: float
    stages: tuple[Stage, ...]

    @property
    def obj(self) -> ModuleType:
        """What plugins read the documentation of a test's parent from."""
        return sys.modules[__name__]

    def collect(self) -> Iterable[pytest.Item]:
        """The stages, in order."""
        for stage in self.stages:
            yield StageItem.from_parent(self, name=str(stage))


class StageItem(pytest.Item):
    """One stage of one connection.

    Plugins and conftest files take every item for a test function, so it has what they read of one.
    """

    parent: ConnectionNode
    cls = None
    instance = None

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.stage = Stage(self.name)
        self.connection_id = self.parent.name
        self.originalname = self.name
        self.obj = self.function = _function(self.stage, self.connection_id)
        self.module = sys.modules[__name__]
        self.fixturenames: list[str] = []
        fixtures = self.session._fixturemanager  # noqa: SLF001 - as pytest's own doctest items do
        self._fixtureinfo = fixtures.getfixtureinfo(node=self, func=None, cls=None)
        self._initrequest()
        self._notice: Notice | None = None
        self.add_marker(pytest.mark.fasthook)
        if is_loaded(self.config, "pytest_socket"):
            self.add_marker(pytest.mark.enable_socket)  # the gate talks to the API while its items wait
        self.stop_after(self.parent.hard_stop_s)

    @property
    def nodeid(self) -> str:
        """The id that reports are matched by, whatever a plugin would have it be."""
        return f"{self.parent.nodeid}::{self.name}"

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        """The markers, without those that would repeat the stage or turn its outcome round."""
        found = super().iter_markers_with_node(name)
        return ((node, mark) for node, mark in found if mark.name not in FOREIGN_MARKS)

    def _initrequest(self) -> None:
        """Forget the fixtures that other code asked for; plugins call it by this name, as of a test function."""
        self.funcargs: dict[str, Any] = {}
        self._request = TopRequest(self, _ispytest=True)  # type: ignore[arg-type]

    def stop_after(self, seconds: float) -> None:
        """Move the hard stop, before pytest-timeout has read it."""
        for mark in _hard_stop(self.config, seconds):
            self.add_marker(mark, append=False)

    def setup(self) -> None:
        """Wait for the stage; what could not be decided is an error, what was not reached is skipped."""
        self._notice = notice = self.parent.wait(self.connection_id, self.stage)
        if notice.outcome is Outcome.BLOCKED or (notice.advisory and notice.outcome is not Outcome.PASSED):
            pytest.skip(notice.brief)
        if notice.outcome in {Outcome.ERROR, Outcome.INCONCLUSIVE}:
            pytest.fail(notice.text, pytrace=False)

    def runtest(self) -> None:
        """Report what evidence contradicts."""
        if self._notice is None or self._notice.outcome is not Outcome.PASSED:
            pytest.fail(self._notice.text if self._notice else "the stage was never judged", pytrace=False)

    def reportinfo(self) -> tuple[os.PathLike[str], int | None, str]:
        """Where pytest says the item comes from."""
        return Path(NODE), 0, f"{NODE}::{self.connection_id}::{self.name}"


def _function(stage: Stage, connection_id: str) -> Callable[[], None]:
    """A function of its own for each item, since plugins keep notes on it."""

    def function() -> None:
        pass

    function.__name__ = function.__qualname__ = str(stage)
    function.__doc__ = f"Stage {stage} of connection {connection_id}."
    return function


def is_loaded(config: pytest.Config, module: str) -> bool:
    """Whether a plugin is loaded, under whatever name: by its entry point, by ``-p`` or by ``pytest_plugins``."""
    return any(getattr(plugin, "__name__", None) == module for plugin in config.pluginmanager.get_plugins())


def _hard_stop(config: pytest.Config, seconds: float) -> Iterator[pytest.MarkDecorator]:
    if is_loaded(config, "pytest_timeout") and hasattr(signal, "SIGALRM"):
        yield pytest.mark.timeout(seconds, method="signal")


def gate_first(items: Sequence[pytest.Item], connections: Sequence[str]) -> list[pytest.Item]:
    """The gate's items in the order of the stages, each once, then everything else as it was."""
    order = list(Stage)
    stages = list({item.nodeid: item for item in items if isinstance(item, StageItem)}.values())
    stages.sort(key=lambda item: (connections.index(item.connection_id), order.index(item.stage)))
    return [*stages, *(item for item in items if not isinstance(item, StageItem))]


def stage_of(nodeid: str) -> tuple[str, Stage] | None:
    """Connection and stage of a node id; ``None`` for anything that is not the gate's."""
    parts = nodeid.split("::")
    known = {str(stage) for stage in Stage}
    if len(parts) != 3 or parts[0] != NODE or parts[2] not in known:
        return None
    return parts[1], Stage(parts[2])


def selected_stages(nodeids: Iterable[str], connections: Sequence[str]) -> dict[str, frozenset[Stage]]:
    """The stages of each connection that pytest is going to run."""
    found = [one for one in map(stage_of, nodeids) if one]
    return {c: frozenset(stage for connection, stage in found if connection == c) for c in connections}
