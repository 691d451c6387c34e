"""What the gate expects of one connection: the second input of the judge, besides the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pytest_fasthook.probe.probe import Plan, Probe, Refusal
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.saved_run import SavedProbe, body_digest
from pytest_fasthook.settings.values import Match
from pytest_fasthook.stages import Stage

DOUBT = timedelta(seconds=60)
"""How much earlier than sent a record may be dated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerClock:
    """The server's clock, so that a runner whose own clock is off changes no verdict.

    A ``Date`` header has whole seconds, so the time derived from it is never ahead of the truth and at most
    about a second behind it.

    Attributes:
        date: the server's date.
        seen_at: monotonic seconds when the answer that carried it was seen.
        measured: whether the date came from the server; else it is the local clock's.
    """

    date: datetime
    seen_at: float
    measured: bool = True

    def at(self, moment: float) -> datetime:
        """The server's time at a monotonic moment, as a lower bound."""
        return self.date + timedelta(seconds=moment - self.seen_at)

    def surely_before(self, moment: float) -> datetime:
        """A date that no record of a moment is older than; a local clock in the server's place may be far off."""
        return self.at(moment) - (DOUBT if self.measured else timedelta(days=1))

    def nearest(self, moment: float, local: datetime) -> datetime:
        """The server's time at a moment: what a local clock said then where that can be it, else the lower bound."""
        told = self.at(moment)
        return local if told <= local < told + timedelta(seconds=1) else told

    def moment(self, date: datetime) -> float:
        """The monotonic moment of a date on the server's clock."""
        return self.seen_at + (date - self.date).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits a user set. Durations are in seconds.

    Attributes:
        rules: the rules that the connection must have; ``None``: any.
        response_body: fields that the receiver's answer must carry; ``None``: any answer will do.
    """

    attempts: Literal["eventual", "first"] = "eventual"
    max_failure_rate: float = 0.0
    max_latency_s: float | None = None
    rules: tuple[Any, ...] | None = None
    response_body: Mapping[str, Any] | None = None
    advisory: frozenset[Stage] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits in the settings."""
        return cls(
            attempts=settings.attempts,
            max_failure_rate=settings.max_failure_rate,
            max_latency_s=settings.max_latency_s,
            rules=settings.expected_rules,
            response_body=settings.expected_body,
            advisory=settings.advisory,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The probe on its way, or the wait for a real request, and the bounds that follow.

    Attributes:
        probe: what was sent; ``None`` in wait mode, which sends nothing.
        match: in wait mode, what the awaited request must look like.
        sent_at: monotonic seconds when it was sent, or when waiting began.
        deadline: monotonic seconds by which everything must be decided.
        clock: the server's clock.
        window_start: start of the deploy window, on the server's clock.
        saved: what an earlier run had sent, where this one goes on with it.
    """

    probe: Probe | None
    sent_at: float
    deadline: float
    clock: ServerClock
    window_start: datetime
    match: tuple[Match, ...] = ()
    saved: SavedProbe | None = None

    @property
    def since(self) -> datetime:
        """From when to look for records: generously early for a probe, which ids and marker tell apart."""
        if self.probe is None:
            return self.window_start
        if self.saved is not None:
            return self.saved.sent_at - DOUBT
        return self.clock.surely_before(self.sent_at)


def remembered(sending: Sending) -> dict[str, Any]:
    """What a report keeps of a sending, so that a later run can go on watching it."""
    saved, probe = sending.saved, sending.probe
    digest = saved.body_sha256 if saved else body_digest(probe.body) if probe else None
    return {
        "sent_at": saved.sent_at if saved else sending.clock.at(sending.sent_at),
        "window_start": sending.window_start,
        "body_sha256": digest,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative:
    """A probe on its way that must not get through.

    Attributes:
        since: from when to look for its record, on the server's clock.
        why: what is wrong with it, in words that follow "with".
    """

    probe_id: str
    source_id: str | None
    since: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Teeth:
    """The negative probes of a connection; ``None`` where there is nothing that must keep one out.

    Attributes:
        sent_at: monotonic seconds when they were sent.
        deadline: monotonic seconds by which they must be decided.
    """

    refused: Negative | None
    ignored: Negative | None
    sent_at: float
    deadline: float


@dataclass(frozen=True, slots=True)
class Compared:
    """How the body in a stored input compares with the one sent.

    Attributes:
        body: ``unknown`` where the one sent is not known, ``absent`` where the input has none.
        difference: the first difference of another body, in words.
    """

    body: Literal["same", "other", "absent", "unknown"]
    difference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was found out with the payload and the secrets, which no report holds: for judging without them.

    Attributes:
        refusal: why no probe could be made for the route; ``None`` when one could.
        doubts: what about the route was left to the service.
        inputs: how the bodies of our request's inputs compared, by the moment at which each was asked for.
    """

    refusal: Refusal | None = None
    doubts: tuple[str, ...] = ()
    inputs: Mapping[float, Compared] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What must be true of one connection, and by when.

    Attributes:
        plan: how a probe for this connection would be made; what preflight judges.
        preflight_deadline: monotonic seconds by which preflight must be decided.
        waits: whether nothing is sent and a real request is awaited instead.
        stages: the stages to run; a deselected one is not run, and nothing after it.
        sending: the probe that was sent; ``None`` before.
        told: what payload and secrets have told already, where they are not at hand any more.
        bites: whether negative probes are to follow a pass.
        teeth: those that were sent; ``None`` before.
    """

    connection_id: str
    team_id: str
    limits: Limits
    plan: Plan
    preflight_deadline: float
    waits: bool = False
    stages: frozenset[Stage] = frozenset(Stage)
    sending: Sending | None = None
    told: Told | None = None
    bites: bool = False
    teeth: Teeth | None = None

    @property
    def bitten(self) -> Teeth:
        """The negative probes that were sent.

        Raises:
            LookupError: none have been sent yet.
        """
        if self.teeth is None:
            raise LookupError(f"no negative probe has been sent for {self.connection_id}")
        return self.teeth

    @property
    def waits_since(self) -> float | None:
        """Monotonic seconds of the last sending; ``None`` before any."""
        if self.teeth is not None:
            return self.teeth.sent_at
        return self.sending.sent_at if self.sending else None

    @property
    def sent(self) -> Sending:
        """The probe that was sent.

        Raises:
            LookupError: nothing has been sent yet, so no stage after preflight can be judged.
        """
        if self.sending is None:
            raise LookupError(f"no probe has been sent for {self.connection_id}")
        return self.sending

    @property
    def deadline(self) -> float:
        """Monotonic seconds by which everything after preflight must be decided."""
        return self.sent.deadline
