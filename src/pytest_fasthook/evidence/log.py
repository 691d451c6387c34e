"""The append-only log of everything the gate learned: what was asked, when, and what came back.

The verdict is a pure function of this log. Questions are values: two connections that ask the same question
share one answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pytest_fasthook.errors import ApiError
from pytest_fasthook.settings.values import Match


class Ask(StrEnum):
    """What can be asked."""

    CONNECTION = "connection"
    SOURCE = "source"
    DESTINATION = "destination"
    INGRESS = "ingress"
    REQUEST = "request"
    AWAITED = "awaited"
    IGNORED = "ignored"
    EVENTS = "events"
    ATTEMPTS = "attempts"
    LATEST_INPUT = "latest_input"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask, by the ids that answer it.

    ``since`` and ``until`` bound a window on the server's clock. ``probe_id`` is the marker to look for where
    no ``request_id`` is known; ``match`` is what an awaited real request must look like.
    """

    ask: Ask
    connection_id: str | None = None
    source_id: str | None = None
    destination_id: str | None = None
    request_id: str | None = None
    event_id: str | None = None
    probe_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    match: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call behind an observation, as it went over the wire; for reports and for judging again later."""

    call: str
    answer: Any = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """One answer to a question, or the reason why there was none.

    Attributes:
        asked_at, seen_at: seconds on the monotonic clock.
        asked_on: the same moment as ``asked_at`` on the local wall clock, for showing.
        value: the answer as the models read it; ``None`` together with ``error``.
        error: why the question was not answered.
        calls: what was asked on the wire for it.
        server_date: the server's own date in the last answer, where it gave one.
    """

    question: Question
    asked_at: float
    seen_at: float
    asked_on: datetime
    value: Any = None
    error: ApiError | None = None
    calls: tuple[Call, ...] = ()
    server_date: datetime | None = None


@dataclass(slots=True)
class Evidence:
    """The log. Observations are added, never changed or removed."""

    _log: list[Observation] = field(default_factory=list)
    _about: dict[Question, list[Observation]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, observation: Observation) -> None:
        """Add one observation; safe from any thread."""
        with self._lock:
            self._log.append(observation)
            self._about.setdefault(observation.question, []).append(observation)

    def about(self, question: Question) -> Sequence[Observation]:
        """All observations of a question, oldest first."""
        return tuple(self._about.get(question, ()))

    def answers(self, question: Question) -> Sequence[Observation]:
        """The observations of a question that have an answer, oldest first."""
        return tuple(observation for observation in self.about(question) if observation.error is None)

    def latest(self, question: Question) -> Observation | None:
        """The newest observation of a question, answered or not."""
        seen = self._about.get(question)
        return seen[-1] if seen else None

    def answered(self, question: Question) -> Observation | None:
        """The newest observation of a question that has an answer."""
        return next(reversed(self.answers(question)), None)

    def __iter__(self) -> Iterator[Observation]:
        return iter(tuple(self._log))

    def __len__(self) -> int:
        return len(self._log)
