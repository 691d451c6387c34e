"""The collector: asks what the judge says is missing, at the right moments, until every connection is decided.

All connections share one poll plan, one evidence log and one request budget. A look follows the last one after a
pause that grows with the time already waited, so the time lost to polling stays a bounded share of the route's own
latency and the number of calls grows with its logarithm. Connections that wait for the same kind of answer are looked
at together. The more looks there are to make, the longer the pauses, so that the budget is enough for all of them
and half of it is left for the last looks, which start at the deadline itself.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from pytest_fasthook.clock import Clock
from pytest_fasthook.errors import RefusedError
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Ask, Call, Evidence, Observation, Question
from pytest_fasthook.gate.tracks import Party, Sharing, Track, parties
from pytest_fasthook.judge.findings import Waiting
from pytest_fasthook.judge.sequence import Progress, blocked_after, judge
from pytest_fasthook.stages import Stage, StageResult

LOOKS_A_MINUTE = 45
"""How often a route that is looked at alone is looked at in its first minute, at these pauses."""
GRACE_S = 3.0
"""How far past the deadline the calls of the last look may run, in seconds."""


def pause_s(waited_s: float) -> float:
    """How long to pause between two looks, in seconds, after so many seconds of waiting.

    About a tenth of the time waited bounds what polling can cost; that a pause starts above it and grows slowly at
    first is what the calls of a minute are spent on best, since most routes take a few seconds.
    """
    return max(0.18 + 0.05 * waited_s, 0.1 * waited_s - 0.05)


class Asks(Protocol):
    """What the collector needs of a reader."""

    def ask(self, question: Question, *, deadline: float) -> Observation:
        """Ask one question."""


class AsksTogether(Sharing, Protocol):
    """What the collector needs to look at many connections at once."""

    def ask(
        self, questions: Sequence[Question], *, deadline: float, last: bool
    ) -> Mapping[Question, Observation | None]:
        """Ask some different questions of one kind.

        Those it has no answer for are to be asked alone; with ``None`` they are not worth asking yet.
        """


class Judge(Protocol):
    """What says how far a connection has come; ``judge.sequence.judge`` is one."""

    def __call__(
        self,
        evidence: Evidence,
        expect: Expectations,
        now: float,
        *,
        decided: Mapping[Stage, StageResult] = ...,
    ) -> Progress:
        """Judge every stage that can be judged."""


class Nobody:
    """Shares nothing."""

    def size(self, kinds: Sequence[Ask], count: int) -> int:  # noqa: ARG002 - as the protocol has it
        """Everybody is looked at alone."""
        return 1

    def ask(
        self,
        questions: Sequence[Question],  # noqa: ARG002 - as above
        *,
        deadline: float,  # noqa: ARG002 - as above
        last: bool,  # noqa: ARG002 - as above
    ) -> Mapping[Question, Observation | None]:
        """Nothing is answered."""
        return {}


class Bell(Protocol):
    """What the collector waits on between looks; ``threading.Event`` is one."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until rung, or for ``timeout`` seconds."""

    def set(self) -> None:
        """Ring."""

    def clear(self) -> None:
        """Be ready to be rung again."""


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
        judged_by: Judge = judge,
        together: AsksTogether | None = None,
        per_minute: float = math.inf,
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
            judged_by: what says which stages are decided, and what the others wait for.
            together: answers questions of many connections at once; without it nothing is shared.
            per_minute: how many calls of the API all looks may make in a minute.
            bell: rung when a look is done.
            spawn: runs one look without waiting for it.
            workers: most looks at the same time.
        """
        self._reader = reader
        self._together = together or Nobody()
        self._evidence = evidence
        self._clock = clock
        self._on_result = on_result
        self._judged_by = judged_by
        self._bell = bell or threading.Event()
        self._spawn = spawn
        self._free = workers
        self._stretch_per_look = LOOKS_A_MINUTE / (per_minute / 2)
        self._stretch = 1.0
        self._done: deque[tuple[Party, float, BaseException | None]] = deque()

    def wake(self) -> None:
        """Wake a collector that should look at its ``stopped`` callback."""
        self._bell.set()

    def run(self, tracks: Sequence[Track], *, stopped: Callable[[], bool]) -> None:
        """Collect until no track waits for anything, or ``stopped`` says so."""
        for track in tracks:
            if not track.waiting:
                self._set_out(track)
        while any(track.waiting for track in tracks) and not stopped():
            self._start_due(tracks)
            self._bell.wait(self._idle_time(tracks))
            self._bell.clear()
            while self._done:
                self._finish(*self._done.popleft())

    def _set_out(self, track: Track) -> None:
        now = self._clock.monotonic()
        track.began = track.began or (now, self._clock.now())
        since = track.expect.waits_since
        track.waited_from = track.began[0] if since is None else since
        self._judge(track, now)

    def end(self, track: Track, result: StageResult) -> None:
        """Decide a track from outside the evidence: a stage that could not even begin, and all after it."""
        known, advisory = {**track.results, result.stage: result}, track.expect.limits.advisory
        rest = blocked_after(result.stage, known, advisory=advisory)
        for one in (result, *rest.values()):
            self._record(track, one)
        track.progress = Progress(dict(track.results), ())

    def _start_due(self, tracks: Iterable[Track]) -> None:
        now = self._clock.monotonic()
        idle = [track for track in tracks if track.waiting and not track.looking]
        if not self._free or all(track.next_look > now for track in idle):
            return
        to_make = list(parties(idle, self._together))
        self._stretch = max(1.0, self._stretch_per_look * sum(not party.fresh for party in to_make))
        due = (party for party in to_make if party.due_at <= now)
        for party in sorted(due, key=lambda party: party.due_at)[: self._free]:
            self._free -= 1
            for track in party.tracks:
                track.looking = True
            self._spawn(lambda party=party: self._look(party))  # type: ignore[misc]

    def _idle_time(self, tracks: Iterable[Track]) -> float:
        now = self._clock.monotonic()
        waits = [track.next_look - now for track in tracks if track.waiting and not track.looking]
        return min(max(0.0, min(waits, default=1.0)), 1.0) if self._free else 1.0

    def _look(self, party: Party) -> None:
        """Ask what the party's stages need; runs beside other looks."""
        began = self._clock.monotonic()
        problem: BaseException | None = None
        try:
            self._ask_for(party)
        except BaseException as error:  # noqa: BLE001 - carried over and raised in the collecting thread
            problem = error
        self._done.append((party, began, problem))
        self._bell.set()

    def _ask_for(self, party: Party) -> None:
        """Ask for all in step, question after question; a refused one ends its stage's questions in this look."""
        needs = {track: track.needs for track in party.tracks}
        refused: set[tuple[Track, Stage]] = set()
        for track in party.tracks:
            track.alone = False
        for number in range(len(needs[party.tracks[0]])):
            step = {track: those[number] for track, those in needs.items() if not track.alone}
            step = {track: need for track, need in step.items() if (track, need[0].stage) not in refused}
            answers = self._answers(step.values())
            for track, (waiting, question) in step.items():
                track.alone = question not in answers
                answer = answers.get(question)
                if answer is not None:
                    _note(track, waiting.stage, question)
                if answer is not None and isinstance(answer.error, RefusedError):
                    refused.add((track, waiting.stage))

    def _answers(self, needs: Iterable[tuple[Waiting, Question]]) -> Mapping[Question, Observation | None]:
        """Ask each different question once; what is answered goes into the log."""
        until = {question: waiting.until for waiting, question in needs}
        if not until:
            return {}
        first = min(until.values())
        deadline, last = first + GRACE_S, self._clock.monotonic() >= first
        answers: Mapping[Question, Observation | None]
        if len(until) == 1:
            (question,) = until
            answers = {question: self._reader.ask(question, deadline=deadline)}
        else:
            answers = self._together.ask(list(until), deadline=deadline, last=last)
        for observation in filter(None, answers.values()):
            self._evidence.append(observation)
        return answers

    def _finish(self, party: Party, began: float, problem: BaseException | None) -> None:
        self._free += 1
        if problem is not None:
            raise problem
        for track in party.tracks:
            track.looking = False
            self._judge(track, began)
            if track.alone:
                track.next_look = self._clock.monotonic()

    def _judge(self, track: Track, moment: float) -> None:
        """Judge again with what the look that began at ``moment`` has brought."""
        before = {waiting.stage for waiting in track.waiting}
        track.progress = self._judged_by(self._evidence, track.expect, moment, decided=track.results)
        for stage, result in track.progress.results.items():
            if stage not in track.results:
                self._record(track, result)
        track.fresh = {waiting.stage for waiting in track.waiting} != before
        track.next_look = self._next_look(track)

    def _next_look(self, track: Track) -> float:
        """At once for a new stage, else after the growing pause; never past the deadline, but once at it."""
        now = self._clock.monotonic()
        until = min((waiting.until for waiting in track.waiting), default=now)
        if track.fresh or now >= until:
            return now
        pause = self._stretch * pause_s(now - track.waited_from)
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
            evidence={"answers": tuple(self._answers_to(questions))},
        )
        track.results[result.stage] = stamped
        track.began = (now, today)
        self._on_result(track, stamped)

    def _answers_to(self, questions: Iterable[Question]) -> Iterable[Mapping[str, Any]]:
        """The answers that a stage was judged by: the newest of every question, and the newest failure."""
        for question in questions:
            newest = (self._evidence.answered(question), self._evidence.latest(question))
            for observation in dict.fromkeys(o for o in newest if o is not None):
                yield from (_shown(observation, call) for call in observation.calls)


def _note(track: Track, stage: Stage, question: Question) -> None:
    """Remember what was asked for a stage, each question once."""
    asked = track.asked.setdefault(stage, [])
    if question not in asked:
        asked.append(question)


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
