"""Plays a history to the judge: asks what the judge says is missing, at moments that only grow, until it is decided.

It does what the collector does, without threads, sockets or time: stages that move on are looked at at once, a wait is
looked at after a pause, nothing is looked at after the deadline but a last time at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any, cast

from fasthook_histories import PREFLIGHT, WINDOW_START, History
from fasthook_service import CONNECTION, NOON, PROBE, RELEASE, REQUEST, SOURCE, TEAM, Moment, Service

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import ApiError, RefusedError, UnreachableError, UnreachableReason
from pytest_fasthook.evidence.expect import Expectations, Limits, Sending, ServerClock
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.evidence.reader import Reader
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Waiting
from pytest_fasthook.judge.sequence import Progress, judge
from pytest_fasthook.judge.verdict import Decision, decide
from pytest_fasthook.probe.probe import Plan, Probe
from pytest_fasthook.redact import Secret
from pytest_fasthook.stages import Stage, StageResult

BODY = {"fasthook_probe": PROBE, "kind": "order", "lines": [{"n": 1}, {"n": 2.5}], "note": None}
SENT = json.dumps(BODY).encode()
CALL = 0.001
"""How long a question takes."""
LOOKS = 400
"""More than any history needs."""


@dataclass(slots=True)
class SimulatedClock:
    """The moment of a history as the clock that the reader wants."""

    moment: Moment

    def monotonic(self) -> float:
        return self.moment.t

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.moment.t)

    def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the clock's signature
        raise AssertionError("nothing here sleeps")


@dataclass(slots=True)
class Replay:
    """One history on its way through the judge.

    Attributes:
        strict: whether every judging is repeated from all the evidence, as if nothing had been decided before.
        results: what was decided, as first decided.
        judged: the moment of the last judging.
    """

    history: History
    strict: bool = False
    moment: Moment = field(default_factory=lambda: Moment(PREFLIGHT[0]))
    evidence: Evidence = field(default_factory=Evidence)
    results: dict[Stage, StageResult] = field(default_factory=dict)
    judged: float = PREFLIGHT[0]
    expect: Expectations = field(init=False)
    service: Service = field(init=False)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.expect = expectations(self.history)
        self.service = Service(self.history, self.moment, SENT)
        self.reader = Reader(cast("Transport", self.service), SimulatedClock(self.moment))

    @property
    def decision(self) -> Decision:
        return decide(self.results)

    @property
    def outcome(self) -> tuple[Stage, Cause] | None:
        """The deciding stage and its cause; ``None`` for a pass."""
        deciding = self.decision.deciding
        if deciding is None:
            return None
        assert deciding.cause is not None
        return deciding.stage, deciding.cause

    def run(self) -> Replay:
        """Judge until nothing is waited for."""
        gaps = cycle(self.history.gaps)
        progress = self.judge(self.moment.t)
        for _ in range(LOOKS):
            if progress.decided:
                return self
            if not progress.waiting:
                self.send()
                progress = self.judge(self.moment.t)
                continue
            began = self.moment.t
            self.look(progress.waiting)
            before, progress = progress, self.judge(began)
            moved = _stages(before) != _stages(progress)
            if progress.waiting:
                self.moment.t = max(self.moment.t, self._next(progress, moved=moved, gap=next(gaps)))
        raise AssertionError(f"undecided after {LOOKS} looks: {progress.waiting}")

    def judge(self, moment: float) -> Progress:
        """Judge what is not decided yet."""
        self.judged = moment
        progress = judge(self.evidence, self.expect, moment, decided=self.results)
        if self.strict:
            again = judge(self.evidence, self.expect, moment)
            assert again == progress, (again, progress)
        self.results.update(progress.results)
        for waiting in progress.waiting:
            _check(waiting, self.expect)
        return progress

    def look(self, waiting: tuple[Waiting, ...]) -> None:
        """Ask what is missing."""
        for one in waiting:
            for question in one.questions:
                if isinstance(self.ask(question).error, RefusedError):
                    break

    def ask(self, question: Question) -> Observation:
        observation = self.reader.ask(question, deadline=self.moment.t)
        self.evidence.append(observation)
        self.moment.t += CALL
        return observation

    @property
    def shown_by_a_record(self) -> bool:
        """Whether the end rests on a record; only a refusal by the source can do without one."""
        deciding = self.decision.deciding
        refused = deciding is not None and deciding.cause is Cause.INGRESS_REJECTED
        return not refused or chain.request(self.evidence, self.expect) is not None

    def linger(self, pauses: Iterable[float]) -> Progress:
        """Ask every question again after each pause, and judge all stages once more from all the evidence."""
        questions = dict.fromkeys(o.question for o in self.evidence if o.question.ask is not Ask.INGRESS)
        for pause in pauses:
            self.moment.t += pause
            for question in questions:
                self.ask(question)
        return judge(self.evidence, self.expect, self.moment.t)

    def send(self) -> None:
        """Send the probe: from here on the moments are those after it was sent."""
        self.moment.t = 0.0
        self.expect = replace(self.expect, sending=sending(self.history))
        answer, error = _ingress(self.history)
        self.evidence.append(
            Observation(
                question=chain.ingress_question(self.expect),
                asked_at=0.0,
                seen_at=0.25,
                asked_on=NOON,
                value=answer,
                error=error,
            )
        )
        self.moment.t = 0.25

    def _next(self, progress: Progress, *, moved: bool, gap: float) -> float:
        now = self.moment.t
        until = min(waiting.until for waiting in progress.waiting)
        if moved or now >= until:
            return now
        wake = min(max(now + gap, waiting.wake_at or 0.0) for waiting in progress.waiting)
        return min(wake, until)


def _stages(progress: Progress) -> set[Stage]:
    return {waiting.stage for waiting in progress.waiting}


def _check(waiting: Waiting, expect: Expectations) -> None:
    """What holds of every wait: it asks something, ends in time and says what it waits for."""
    limit = expect.preflight_deadline if waiting.stage is Stage.PREFLIGHT else expect.deadline
    assert waiting.questions
    assert waiting.until <= limit
    assert waiting.message
    assert waiting.missing.outcome is not Outcome.PASSED


def expectations(history: History) -> Expectations:
    """What the gate was asked to expect of a history's connection."""
    limits = history.limits
    secret = {"": Secret("s3cret")} if history.route.auth == "given" else {}
    return Expectations(
        connection_id=CONNECTION,
        team_id=TEAM,
        limits=Limits(
            attempts="first" if limits.first else "eventual",
            max_failure_rate=limits.failure_rate,
            max_latency_s=limits.latency,
            response_body=RELEASE if limits.release else None,
            advisory=limits.advisory,
        ),
        plan=Plan(payload=SENT, secrets=secret),
        preflight_deadline=PREFLIGHT[1],
    )


def sending(history: History) -> Sending:
    probe = Probe(
        probe_id=PROBE, source_id=SOURCE, method="POST", url="https://in.example/", headers=(), body=SENT
    )
    return Sending(
        probe=probe,
        sent_at=0.0,
        deadline=history.budget,
        clock=clock_of(history),
        window_start=clock_of(history).at(WINDOW_START),
    )


def clock_of(history: History) -> ServerClock:
    """What the gate knows of the server's clock: its rounded date, or nothing but the local clock."""
    if history.rounding is None:
        return ServerClock(date=NOON + timedelta(seconds=history.skew), seen_at=0.0, measured=False)
    return ServerClock(date=NOON - timedelta(seconds=history.rounding), seen_at=0.0)


_ANSWERS: Mapping[str, tuple[int, str | None]] = {
    "accepted": (202, REQUEST),
    "bare": (200, None),
    "strange": (200, "their-own-id"),
    "401": (401, None),
    "405": (405, None),
    "429": (429, None),
    "503": (503, None),
}


def _ingress(history: History) -> tuple[IngressReply | None, ApiError | None]:
    answer: Any = history.ingress.answer
    if answer in {"timeout", "connect"}:
        reason = cast("UnreachableReason", answer)
        return None, UnreachableError(f"POST: {answer}", call="POST", reason=reason)
    status, request_id = _ANSWERS[answer]
    reply = IngressReply(
        status=status,
        headers={},
        body=b"",
        complete=True,
        request_id=request_id,
        asked_at=0.0,
        seen_at=0.25,
        server_date=None,
    )
    return reply, None
