"""Everything one emulator consists of, passed to every function that needs a part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_fasthook.emulator.clock import SettableClock
from pytest_fasthook.emulator.failures import Failures
from pytest_fasthook.emulator.faults import FaultKind, Faults
from pytest_fasthook.emulator.ids import Ids
from pytest_fasthook.emulator.receiver import Receiver
from pytest_fasthook.emulator.settings import Settings
from pytest_fasthook.emulator.store.database import Database
from pytest_fasthook.emulator.transform.engine import Scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One running emulator.

    Attributes:
        origin: where it is served, without a slash at the end, e.g. ``http://127.0.0.1:8090``.
        team_id: the team that it was started for.
        failures: where internal errors go.
        scripts: runs transformations.
        wake: tells the delivery worker that something may be due; callable from any thread.
    """

    origin: str
    team_id: str
    database: Database
    clock: SettableClock
    ids: Ids
    faults: Faults
    receiver: Receiver
    settings: Settings
    failures: Failures
    scripts: Scripts
    wake: Callable[[], None]

    def visible_ms(self, kind: str) -> int:
        """The newest moment from which records of a kind can be seen (the ``lag`` fault)."""
        return self.clock.now_ms() - round(self.faults.seconds(FaultKind.LAG, kind) * 1000)
