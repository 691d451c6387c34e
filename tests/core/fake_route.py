"""A FastHook that lives on the fake clock: it answers questions as a route would that is so far by then."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from core_world import START, TEAM, FakeClock, connection_of, plan_of

from pytest_fasthook.client.models import Attempt, Event, LatestInputAnswer, Request
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.errors import ApiError
from pytest_fasthook.evidence.expect import Expectations, Limits, Sending, ServerClock
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen, WindowSeen
from pytest_fasthook.gate.collect import Collector
from pytest_fasthook.gate.tracks import Track
from pytest_fasthook.iso import write_iso
from pytest_fasthook.probe.probe import Probe
from pytest_fasthook.stages import Stage, StageResult

NEVER = math.inf
BODY = b'{"fasthook_probe":"probe_1"}'


class FakeBell:
    """What the collector waits on: waiting moves the clock."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._rung = False
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        if not self._rung:
            self.waits.append(timeout)
            self._clock.sleep(timeout)
        return self._rung

    def set(self) -> None:
        self._rung = True

    def clear(self) -> None:
        self._rung = False


@dataclass
class FakeRoute:
    """When each hop of our probe can be seen, in seconds after sending; each question takes ``latency_s``."""

    clock: FakeClock
    request_at: float = 0.0
    event_at: float = 0.0
    delivered_at: float = 0.0
    latest_at: float = 0.0
    counted_at: float = 0.0
    latency_s: float = 0.0
    errors: dict[Ask, ApiError] = field(default_factory=dict)
    answers: dict[Ask, Callable[[FakeRoute], Any]] = field(default_factory=dict)
    asked: list[tuple[float, Question, float]] = field(default_factory=list)

    def ask(self, question: Question, *, deadline: float) -> Observation:
        asked_at, asked_on = self.clock.monotonic(), self.clock.now()
        self.asked.append((asked_at, question, deadline))
        error = self.errors.get(question.ask)
        value = None if error else self._value(question)
        self.clock.sleep(self.latency_s)
        return Observation(
            question=question,
            asked_at=asked_at,
            seen_at=self.clock.monotonic(),
            asked_on=asked_on,
            value=value,
            error=error,
        )

    @property
    def calls(self) -> int:
        """How many calls of the API all questions took; the reader lists a window first, and once it is counted."""
        windows = self.times(Ask.METRICS)
        return len(self.asked) + sum(at == windows[0] or at >= self.counted_at for at in windows)

    def times(self, ask: Ask) -> list[float]:
        """When one kind of question was asked."""
        return [at for at, question, _ in self.asked if question.ask is ask]

    def counts(self) -> Counter[Ask]:
        return Counter(question.ask for _, question, _ in self.asked)

    def _value(self, question: Question) -> Any:
        own = self.answers.get(question.ask)
        return own(self) if own else VALUES[question.ask](self)

    def past(self, moment: float) -> bool:
        return self.clock.monotonic() >= moment


def _request(route: FakeRoute) -> RequestSeen:
    record = Request.model_validate(
        {"id": "req_1", "status": "accepted", "ingested_at": write_iso(START), "source_id": "src_orders"}
    )
    return RequestSeen(
        request=record if route.past(route.request_at) else None, looked_through=1, complete=True
    )


def event(status: str = "QUEUED", **facts: Any) -> Event:
    return Event.model_validate(
        {"id": "evt_1", "status": status, "request_id": "req_1", "connection_id": "conn_orders", **facts}
    )


def _events(route: FakeRoute) -> EventsSeen:
    status = "SUCCESSFUL" if route.past(route.delivered_at) else "QUEUED"
    found = (event(status),) if route.past(route.event_at) else ()
    return EventsSeen(events=found, looked_through=len(found))


def _attempts(route: FakeRoute) -> tuple[Attempt, ...]:
    attempt = Attempt.model_validate(
        {"id": "att_1", "event_id": "evt_1", "status": "SUCCESSFUL", "response_status": 200}
    )
    return (attempt,) if route.past(route.delivered_at) else ()


def _latest_input(route: FakeRoute) -> LatestInputAnswer:
    newest = {"request_id": "req_1", "input": {"headers": {}, "body": {"fasthook_probe": "probe_1"}}}
    shown = newest if route.past(route.latest_at) else None
    return LatestInputAnswer.model_validate({"connection_id": "conn_orders", "latest_input": shown})


def _window(route: FakeRoute) -> WindowSeen:
    count = 1 if route.past(route.counted_at) else 0
    return WindowSeen(
        since=START,
        until=START,
        listed=1,
        finished=1,
        ours_listed=True,
        count=count,
        failed=0,
        delivered=count,
    )


VALUES: dict[Ask, Callable[[FakeRoute], Any]] = {
    Ask.CONNECTION: lambda route: connection_of(),  # noqa: ARG005 - one signature for all
    Ask.REQUEST: _request,
    Ask.IGNORED: lambda route: (),  # noqa: ARG005 - as above
    Ask.EVENTS: _events,
    Ask.ATTEMPTS: _attempts,
    Ask.LATEST_INPUT: _latest_input,
    Ask.METRICS: _window,
}


def sending_at(at: float, *, timeout_s: float) -> Sending:
    probe = Probe(
        probe_id="probe_1",
        source_id="src_orders",
        method="POST",
        url="https://hook-abc123.test/",
        headers=(),
        body=BODY,
    )
    return Sending(
        probe=probe,
        sent_at=at,
        deadline=at + timeout_s,
        clock=ServerClock(date=START, seen_at=0.0),
        window_start=START,
    )


def expecting(
    connection_id: str = "conn_orders",
    *,
    sending: Sending | None = None,
    limits: Limits | None = None,
    stages: frozenset[Stage] = frozenset(Stage),
) -> Expectations:
    return Expectations(
        connection_id=connection_id,
        team_id=TEAM,
        limits=limits or Limits(),
        plan=plan_of(),
        preflight_deadline=30.0,
        stages=stages,
        sending=sending,
    )


@dataclass
class Watch:
    """A collector at work on the fake clock, with the probe already sent at moment 0."""

    clock: FakeClock = field(default_factory=FakeClock)
    evidence: Evidence = field(default_factory=Evidence)
    recorded: list[tuple[float, str, StageResult]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bell = FakeBell(self.clock)

    def collector(self, reader: Any, **seams: Any) -> Collector:
        settings = {"bell": self.bell, "spawn": lambda job: job(), **seams}
        return Collector(reader, self.evidence, self.clock, on_result=self._record, **settings)

    def sent(self, connection_id: str = "conn_orders", *, timeout_s: float = 120.0, **facts: Any) -> Track:
        """A track whose preflight can pass and whose probe was taken by the source."""
        self._know(Question(ask=Ask.CONNECTION, connection_id=connection_id), connection_of(connection_id))
        reply = IngressReply(
            status=200,
            headers={},
            body=b"",
            complete=True,
            request_id="req_1",
            asked_at=0.0,
            seen_at=0.0,
            server_date=None,
        )
        self._know(Question(ask=Ask.INGRESS, probe_id="probe_1"), reply)
        return Track(expecting(connection_id, sending=sending_at(0.0, timeout_s=timeout_s), **facts))

    def run(self, reader: Any, *tracks: Track, **seams: Any) -> None:
        self.collector(reader, **seams).run(tracks, stopped=lambda: False)

    def stages(self) -> Sequence[Stage]:
        return [result.stage for _, _, result in self.recorded]

    def _know(self, question: Question, value: Any) -> None:
        seen = Observation(question=question, asked_at=0.0, seen_at=0.0, asked_on=START, value=value)
        self.evidence.append(seen)

    def _record(self, track: Track, result: StageResult) -> None:
        self.recorded.append((self.clock.monotonic(), track.expect.connection_id, result))
