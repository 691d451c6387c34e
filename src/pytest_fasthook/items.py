"""The gate as pytest sees it: one collector per connection, one item per stage.

Items do no work: the gate runs beside them, whatever order they come in, and each one waits for its stage's notice
and reports it. Fail is raised in the call phase (a failure), error and inconclusive in setup (an error), blocked is
a skip.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from pytest_fasthook.causes import Outcome
from pytest_fasthook.stages import Stage

NODE = "fasthook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an item has to report; plain texts, fit to be shown.

    Attributes:
        text: the whole story, for the failure section.
        brief: one line.
    """

    outcome: Outcome
    advisory: bool
    brief: str
    text: str


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

    def collect(self) -> Iterable[pytest.Item]:
        """The stages, in order."""
        for stage in self.stages:
            yield StageItem.from_parent(self, name=str(stage))


class StageItem(pytest.Item):
    """One stage of one connection."""

    parent: ConnectionNode

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.stage = Stage(self.name)
        self.connection_id = self.parent.name
        self._notice: Notice | None = None
        for mark in _marks(self.config, self.parent.hard_stop_s):
            self.add_marker(mark)

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
        return Path(NODE), None, f"{NODE}::{self.connection_id}::{self.name}"


def _marks(config: pytest.Config, hard_stop_s: float) -> Iterator[pytest.MarkDecorator]:
    """A hard stop behind the gate's own budget, and no reruns: trying one stage again proves nothing."""
    yield pytest.mark.fasthook
    yield from _hard_stop(config, hard_stop_s)
    if config.pluginmanager.hasplugin("rerunfailures"):
        yield pytest.mark.flaky(reruns=0)


def _hard_stop(config: pytest.Config, seconds: float) -> Iterator[pytest.MarkDecorator]:
    if config.pluginmanager.hasplugin("timeout") and hasattr(signal, "SIGALRM"):
        yield pytest.mark.timeout(seconds, method="signal")


def gate_first(items: Sequence[pytest.Item], connections: Sequence[str]) -> list[pytest.Item]:
    """The gate's items in the order of the stages, then everything else as it was."""
    order = list(Stage)
    stages = [item for item in items if isinstance(item, StageItem)]
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
