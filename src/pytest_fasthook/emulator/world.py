"""Everything one emulator consists of, passed to every function that needs a part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_fasthook.emulator.errors import ErrorLog
from pytest_fasthook.emulator.faults import FaultKind, Faults
from pytest_fasthook.emulator.ids import Ids
from pytest_fasthook.emulator.receiver import Receiver
from pytest_fasthook.emulator.store.database import Database
from pytest_fasthook.emulator.times import SettableClock
from pytest_fasthook.emulator.transform.engine import Scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Switches and limits. Those that choose between forms FastHook's pages leave open are marked *open*.

    Attributes:
        strict_roles: enforce the contract's roles: a project key reads only traffic and metrics (*open*: the
            automation guide lets it do everything).
        hide_cancelled: leave ignored branches out of event lists that name no status (*open*).
        failed_while_retrying: show ``FAILED`` instead of ``QUEUED`` between automatic retries (*open*).
        delivery_timeout: seconds a receiver has to answer (*open*).
        max_body: bytes a source accepts.
        max_concurrent: deliveries under way at a time.
        window: seconds before now that lists and metrics show which name no window (*open*).
        bulk_delay: seconds a bulk operation stays ``PLANNED`` before it runs.
        retention: age in seconds at which traffic is forgotten.
        max_requests: how many requests are kept, whatever their age.
        max_bytes: how much everything may take in the database; beyond it the oldest requests are forgotten.
    """

    strict_roles: bool = False
    hide_cancelled: bool = False
    failed_while_retrying: bool = False
    delivery_timeout: float = 30.0
    max_body: int = 10_000_000
    max_concurrent: int = 64
    window: float = 86_400.0
    bulk_delay: float = 0.0
    retention: float = 30 * 86_400.0
    max_requests: int = 200_000
    max_bytes: int = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
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
    failures: ErrorLog
    scripts: Scripts
    wake: Callable[[], None]

    def visible_ms(self, kind: str) -> int:
        """The newest moment from which records of a kind can be seen (the ``lag`` fault)."""
        return self.clock.now_ms() - round(self.faults.seconds(FaultKind.LAG, kind) * 1000)
