"""The collector: asks what the judge says is missing, at the right moments, until every connection is decided.

All connections share one poll plan, one evidence log and one request budget. A look follows the last one after a
pause that grows with the time already waited, so the time lost to polling stays a bounded share of the route's own
latency and the number of calls grows with its logarithm. The last look starts at the deadline itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from pytest_fasthook.clock import Clock
from pytest_fasthook.errors import RefusedError
from pytest_fasthook.evidence import Call, Evidence, Observation, Question
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge.findings import Waiting
from pytest_fasthook.judge.sequence import Progress, blocked_after, judge
from pytest_fasthook.stages import Stage, StageResult

PAUSE_FLOOR_S = 0.15
PAUSE_SHARE = 0.1
GRACE_S = 3.0
"""How far past the deadline the calls of the last look may run, in seconds."""


class Asks(Protocol):
    """What the collector needs of a reader."""

    def ask(self, question: Question, *, deadline: float) -> Observation:
        """Ask one question."""


class Bell(Protocol):
    """What the collector waits on between looks; ``threading.Event`` is one."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until rung, or for ``timeout`` seconds."""

    def set(self) -> None:
        """Ring."""

    def clear(self) -> None:
        """Be ready to be rung again."""


@dataclass(slots=True, eq=False)
class Track:
    """One connection on its way through the stages; only the collector writes it.

    Attributes:
        results: finished stages with their times and evidence.
        asked: the questions asked for each stage so far.
    """

    expect: Expectations
    progress: Progress = field(default_factory=lambda: Progress({}, ()))
    results: dict[Stage, StageResult] = field(default_factory=dict)
    asked: dict[Stage, list[Question]] = field(default_factory=dict)
    began: tuple[float, datetime] | None = None
    waited_from: float = 0.0
    next_look: float = 0.0
    looking: bool = False

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What the undecided stages wait for."""
        return self.progress.waiting


def in_thread(job: Callable[[], None]) -> None:
    """Run a look beside the others; a daemon, so that Ctrl-C never waits for a hanging call."""
    threading.Thread(target=job, name="fasthook-look", daemon=True).start()


class Collector:
    """Brings every track as far as the evidence goes."""

    def __init__(  # noqa: PLR0913 - its seams, by keyword
        self,
        reader: Asks,
        evidence: Evidence,
        clock: Clock,
        *,
        on_result: Callable[[Track, StageResult], None],
        bell: Bell | None = None,
        spawn: Callable[[Callable[[], None]], None] = in_thread,
        workers: int = 16,
    ) -> None:
        """Set up; nothing is asked yet.

        Args:
            reader: answers questions.
            evidence: the log that answers go to.
            clock: time.
            on_result: called in the collecting thread for every stage that is decided.
            bell: rung when a look is done.
            spawn: runs one look without waiting for it.
            workers: most looks at the same time.
        """
        self._reader = reader
        self._evidence = evidence
        self._clock = clock
        self._on_result = on_result
        self._bell = bell or threading.Event()
        self._spawn = spawn
        self._workers = workers
        self._done: deque[tuple[Track, float, BaseException | None]] = deque()
        self._shared: dict[Question, Future[Observation]] = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Wake a collector that should look at its ``stopped`` callback."""
        self._bell.set()

    def run(self, tracks: Sequence[Track], *, stopped: Callable[[], bool]) -> None:
        """Collect until no track waits for anything, or ``stopped`` says so."""
        for track in tracks:
            track.began = track.began or (self._clock.monotonic(), self._clock.now())
            track.waited_from = track.expect.sending.sent_at if track.expect.sending else track.began[0]
            self._judge(track, self._clock.monotonic())
        while any(track.waiting for track in tracks) and not stopped():
            self._start_due(tracks)
            self._bell.wait(self._idle_time(tracks))
            self._bell.clear()
            while self._done:
                self._finish(*self._done.popleft())

    def end(self, track: Track, result: StageResult) -> None:
        """Decide a track from outside the evidence: a stage that could not even begin, and all after it."""
        known, advisory = {**track.results, result.stage: result}, track.expect.limits.advisory
        rest = blocked_after(result.stage, known, advisory=advisory)
        for one in (result, *rest.values()):
            self._record(track, one)
        track.progress = Progress(dict(track.results), ())

    def _start_due(self, tracks: Iterable[Track]) -> None:
        now = self._clock.monotonic()
        free = self._workers - sum(track.looking for track in tracks)
        due = [t for t in tracks if t.waiting and not t.looking and t.next_look <= now]
        for track in sorted(due, key=lambda track: track.next_look)[:free]:
            track.looking = True
            self._spawn(lambda track=track: self._look(track))  # type: ignore[misc]

    def _idle_time(self, tracks: Iterable[Track]) -> float:
        now = self._clock.monotonic()
        waits = [track.next_look - now for track in tracks if track.waiting and not track.looking]
        return min(max(0.0, min(waits, default=1.0)), 1.0)

    def _look(self, track: Track) -> None:
        """Ask what the track's stages need; runs beside other looks."""
        began = self._clock.monotonic()
        problem: BaseException | None = None
        try:
            for waiting in track.waiting:
                self._ask_all(track, waiting)
        except BaseException as error:  # noqa: BLE001 - carried over and raised in the collecting thread
            problem = error
        self._done.append((track, began, problem))
        self._bell.set()

    def _ask_all(self, track: Track, waiting: Waiting) -> None:
        asked = track.asked.setdefault(waiting.stage, [])
        for question in waiting.questions:
            if question not in asked:
                asked.append(question)
            observation = self._ask(question, deadline=waiting.until + GRACE_S)
            if isinstance(observation.error, RefusedError):
                return

    def _ask(self, question: Question, *, deadline: float) -> Observation:
        """Ask, or share the answer of somebody who is asking the same right now."""
        with self._lock:
            shared = self._shared.get(question)
            if shared is None:
                mine: Future[Observation] = Future()
                self._shared[question] = mine
        if shared is not None:
            return shared.result()
        try:
            observation = self._reader.ask(question, deadline=deadline)
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._shared[question]
        self._evidence.append(observation)
        mine.set_result(observation)
        return observation

    def _finish(self, track: Track, began: float, problem: BaseException | None) -> None:
        if problem is not None:
            raise problem
        track.looking = False
        self._judge(track, began)

    def _judge(self, track: Track, moment: float) -> None:
        """Judge again with what the look that began at ``moment`` has brought."""
        before = {waiting.stage for waiting in track.waiting}
        track.progress = judge(self._evidence, track.expect, moment, decided=track.results)
        for stage, result in track.progress.results.items():
            if stage not in track.results:
                self._record(track, result)
        moved = {waiting.stage for waiting in track.waiting} != before
        track.next_look = self._next_look(track, moved=moved)

    def _next_look(self, track: Track, *, moved: bool) -> float:
        """At once for a new stage, else after the growing pause; never past the deadline, but once at it."""
        now = self._clock.monotonic()
        until = min((waiting.until for waiting in track.waiting), default=now)
        if moved or now >= until:
            return now
        pause = PAUSE_FLOOR_S + PAUSE_SHARE * (now - track.waited_from)
        wake = min(max(now + pause, waiting.wake_at or 0.0) for waiting in track.waiting)
        return min(wake, until)

    def _record(self, track: Track, result: StageResult) -> None:
        """Give a fresh result its times and its evidence."""
        now, today = self._clock.monotonic(), self._clock.now()
        began, began_on = track.began or (now, today)
        questions = track.asked.get(result.stage, [])
        stamped = replace(
            result,
            started_at=began_on,
            duration_s=max(0.0, now - began),
            polls=sum(len(self._evidence.about(question)) for question in questions),
            evidence={"answers": tuple(self._answers(questions))},
        )
        track.results[result.stage] = stamped
        track.began = (now, today)
        self._on_result(track, stamped)

    def _answers(self, questions: Iterable[Question]) -> Iterable[Mapping[str, Any]]:
        """The answers that a stage was judged by: the newest of every question, and the newest failure."""
        for question in questions:
            newest = (self._evidence.answered(question), self._evidence.latest(question))
            for observation in dict.fromkeys(o for o in newest if o is not None):
                yield from (_shown(observation, call) for call in observation.calls)


def _shown(observation: Observation, call: Call) -> Mapping[str, Any]:
    took = timedelta(seconds=observation.seen_at - observation.asked_at)
    shown = {
        "call": call.call,
        "asked_at": observation.asked_on,
        "seen_at": observation.asked_on + took,
        "answer": call.answer,
        "error": call.error,
    }
    return {name: value for name, value in shown.items() if value is not None}
