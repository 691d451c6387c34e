"""One run of the gate, from settings to every connection's results.

Preflight of all connections, then one probe for each group of routes that can share it, then watching until every
stage is decided or the budget is over. Read ``run`` first.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from operator import itemgetter

from pytest_fasthook.clock import Clock
from pytest_fasthook.evidence.expect import Expectations, Limits, Sending, ServerClock
from pytest_fasthook.evidence.log import Evidence
from pytest_fasthook.evidence.reader import Reader
from pytest_fasthook.gate.biting import Bites, Biting, Held
from pytest_fasthook.gate.board import Board
from pytest_fasthook.gate.collect import AsksTogether, Collector
from pytest_fasthook.gate.dispatch import Dispatch
from pytest_fasthook.gate.pace import queue_s, reading_queue_s, seats
from pytest_fasthook.gate.tracks import Track
from pytest_fasthook.gate.turns import Turns
from pytest_fasthook.judge import chain, teeth
from pytest_fasthook.judge.findings import ended
from pytest_fasthook.judge.sequence import blocked_after, broken, not_run
from pytest_fasthook.probe.probe import Plan, Probe, Refusal, Stamp, probe_for, saved_probe
from pytest_fasthook.probe.route import Route
from pytest_fasthook.probe.sharing import Group, grouped
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.saved_run import SavedProbe
from pytest_fasthook.stages import Stage, StageResult

SENDERS = 64
"""Most probes on their way to a source at the same time."""
TOGETHER_S = 1.0
"""How long, in real seconds, the first answers of sources wait for the others, so that looks can be shared."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A probe and the routes it is for."""

    probe: Probe
    tracks: tuple[tuple[Route, Track], ...]


def _in_turn(letters: Iterable[_Letter]) -> list[_Letter]:
    """The first to every source, then the second ones: those who wait for a turn keep nobody else waiting."""
    places: Counter[str] = Counter()
    placed = []
    for letter in letters:
        placed.append((places[letter.probe.url], letter))
        places[letter.probe.url] += 1
    return [letter for _, letter in sorted(placed, key=itemgetter(0))]


@dataclass(slots=True, eq=False)
class Gate:
    """One run. ``run`` is called once, from any thread; ``stop`` ends it early.

    Attributes:
        new_id: makes the id of a probe.
        on_result, on_sent: told of every result, and when a probe is about to be sent.
        together: reads for many connections at once; without it each is read alone.
        per_minute: how many calls of the API may be made in a minute.
        board: where stage results appear as they are decided.
        resources: what ``close`` closes.
        problem: what broke the gate itself, if anything did.
    """

    settings: Settings
    reader: Reader
    clock: Clock
    new_id: Callable[[], str]
    on_result: Callable[[str, StageResult], None] = lambda connection_id, result: None  # noqa: ARG005
    on_sent: Callable[[], None] = lambda: None
    together: AsksTogether | None = None
    per_minute: float = math.inf
    board: Board = field(default_factory=Board)
    evidence: Evidence = field(default_factory=Evidence)
    tracks: list[Track] = field(default_factory=list)
    problem: BaseException | None = None
    began: float = 0.0
    began_on: datetime = field(init=False)
    resources: ExitStack = field(default_factory=ExitStack)
    _collector: Collector = field(init=False)
    _held: Held | None = field(init=False)
    _bitten: list[Track] = field(default_factory=list)
    _turns: Turns = field(default_factory=Turns)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Wire the collector to the board."""
        self._held = Held() if self.settings.teeth else None
        self._collector = Collector(
            self.reader,
            self.evidence,
            self.clock,
            on_result=self._post,
            together=self.together,
            per_minute=self.per_minute,
        )

    def run(self, stages: Mapping[str, frozenset[Stage]]) -> None:
        """Judge every connection; results go to the board as they come.

        Args:
            stages: the selected stages of each connection, by connection id.
        """
        try:
            self.start(stages)
            self.collect()
            if not self.settings.plan:
                self.send_probes()
                self.collect()
                self.bite()
        except BaseException as error:  # noqa: BLE001 - carried to the main thread, which reports it
            self.problem = error
            self._tell_broken(stages, error)
        finally:
            self._tell_untried()
            self.board.close()

    def stop(self) -> None:
        """End the run; results so far stay."""
        self._stopped.set()
        self._collector.wake()

    def close(self) -> None:
        """End the run and close its connections to the API."""
        self.stop()
        self.resources.close()

    def expectations(self, connection_id: str) -> Expectations | None:
        """What is expected of a connection; ``None`` where it is not gated."""
        return next((t.expect for t in self.tracks if t.expect.connection_id == connection_id), None)

    def sending(self, connection_id: str) -> Sending | None:
        """The probe that was sent for a connection; ``None`` when none was."""
        expect = self.expectations(connection_id)
        return expect.sending if expect else None

    def route(self, connection_id: str) -> Route | None:
        """The route as it was read; ``None`` where it was not."""
        tracks = (track for track in self.tracks if track.expect.connection_id == connection_id)
        return next((chain.route(self.evidence, track.expect) for track in tracks), None)

    def time_left(self, connection_id: str) -> float | None:
        """Seconds left of a connection's budget; ``None`` before its probe is sent."""
        sending = self.sending(connection_id)
        return max(0.0, sending.deadline - self.clock.monotonic()) if sending else None

    def awaited(self, connection_id: str) -> str:
        """What a connection's undecided stage waits for, in words; may hold text from outside."""
        tracks = (t for t in (*self.tracks, *self._bitten) if t.expect.connection_id == connection_id)
        return "; ".join(waiting.message for track in tracks for waiting in track.waiting)

    def start(self, stages: Mapping[str, frozenset[Stage]]) -> None:
        """Set out for every connection; nothing is asked yet."""
        self.began, self.began_on = self.clock.monotonic(), self.clock.now()
        queue = reading_queue_s(per_minute=self.per_minute, connections=len(stages))
        for connection_id, selected in stages.items():
            settings = self.settings.of(connection_id)
            expect = Expectations(
                connection_id=connection_id,
                team_id=settings.team_id,
                limits=Limits.of(settings),
                plan=Plan.of(settings),
                preflight_deadline=self.began + settings.preflight_limit_s + queue,
                waits=settings.mode == "wait",
                stages=selected,
                bites=settings.teeth,
            )
            self.tracks.append(Track(expect))

    def collect(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Collect evidence until nothing is waited for, ``until`` says so, or the run is stopped."""
        undecided = [track for track in self.tracks if not track.progress.decided]
        self._collector.run(undecided, stopped=lambda: self._stopped.is_set() or until())

    def _post(self, track: Track, result: StageResult) -> None:
        name = track.expect.connection_id
        for one in self._held.let_through(name, result) if self._held else (result,):
            self._tell(name, one)

    def _tell(self, connection_id: str, result: StageResult) -> None:
        self.board.post(connection_id, result)
        self.on_result(connection_id, result)

    def _tell_broken(self, connections: Iterable[str], problem: BaseException) -> None:
        """What was not decided when the gate broke never will be: that is no fault of the deploy."""
        for name in connections:
            decided = self.board.of(name)
            first = next((stage for stage in Stage if stage not in decided), None)
            if first is not None:
                results = {**decided, first: broken(first, problem)}
                for result in (results[first], *blocked_after(first, results).values()):
                    self._tell(name, result)

    def _tell_untried(self) -> None:
        """A run that was ended early says how far it had come."""
        for name, result in self._held.untried() if self._held else ():
            self._tell(name, result)

    def bite(self) -> None:
        """Try the connections that have passed with probes that must not get through, where that was asked for."""
        held = self._held
        found = [(t, held.passed(t.expect.connection_id)) for t in self.tracks] if held else []
        passed = [(track, results) for track, results in found if results is not None]
        if not passed or self._stopped.is_set():
            return
        biting = self._biting()
        self._bitten = biting.send([track for track, _ in passed], stopped=self._stopped.is_set)
        biting.collector.run(self._bitten, stopped=self._stopped.is_set)
        for track, results in passed:
            for result in biting.told(track, results).values():
                self._tell(track.expect.connection_id, result)

    def _biting(self) -> Biting:
        bites = Bites()
        collector = Collector(
            self.reader,
            self.evidence,
            self.clock,
            on_result=bites.note,
            judged_by=teeth.judge,
            together=self.together,
            per_minute=self.per_minute,
        )
        return Biting(
            reader=self.reader,
            collector=collector,
            evidence=self.evidence,
            clock=self.clock,
            server_clock=self.server_clock,
            new_id=self.new_id,
            queue_s=lambda number: reading_queue_s(per_minute=self.per_minute, connections=number),
            bites=bites,
        )

    def send_probes(self) -> None:
        """One probe for each group of routes that passed preflight; none in wait mode.

        All are sent at the same time, as far as the request budget can see them through; the others follow as
        connections are decided.
        """
        ready = {track.expect.connection_id: track for track in self.tracks if not track.progress.decided}
        found = {name: chain.route(self.evidence, track.expect) for name, track in ready.items()}
        routes = {name: route for name, route in found.items() if route is not None}
        if self.settings.resumed is not None:
            for name, route in routes.items():
                self._go_on(ready[name], route, self.settings.resumed.probes.get(name))
            return
        if self.settings.mode == "wait":
            for name, route in routes.items():
                self._set_out(ready[name], route, probe=None, at=self.clock.monotonic())
            return
        groups = deque(grouped((route, ready[name].expect.plan) for name, route in routes.items()))
        while groups and not self._stopped.is_set():
            self._send_all(self._with_seats(groups), ready)
            if groups:
                self.collect(
                    until=lambda: self._free_seats() >= max(len(groups[0].routes), self._seats() / 8)
                )

    def _seats(self) -> float:
        return seats(per_minute=self.per_minute, timeout_s=self.settings.timeout_s)

    def _free_seats(self) -> float:
        under_way = sum(t.expect.sending is not None and not t.progress.decided for t in self.tracks)
        return self._seats() - under_way if under_way else math.inf

    def _with_seats(self, groups: deque[Group]) -> list[Group]:
        """The next groups, as many as there are seats for; the first one in any case where nobody is under way."""
        chosen: list[Group] = []
        free = self._free_seats()
        while groups and len(groups[0].routes) <= free:
            chosen.append(groups.popleft())
            free = min(free, self._seats()) - len(chosen[-1].routes)
        return chosen

    def _send_all(self, groups: Sequence[Group], tracks: Mapping[str, Track]) -> None:
        """Send every group's probe, many at the same time; that they are sent is on record before the first is."""
        letters = _in_turn(letter for group in groups if (letter := self._written(group, tracks)) is not None)
        self.on_sent()
        sends = [partial(self._send, letter) for letter in letters]
        self._deliver(
            Dispatch(sends, most=SENDERS, stopped=self._stopped.is_set, on_news=self._collector.wake)
        )

    def _deliver(self, dispatch: Dispatch) -> None:
        """Wait for all sources' answers; one that hangs keeps no other route from being watched."""
        together_until = time.monotonic() + TOGETHER_S

        def watch() -> None:
            if time.monotonic() >= together_until:
                ended, under_way = dispatch.ended, list(filter(self._is_under_way, self.tracks))
                self._collector.run(under_way, stopped=lambda: dispatch.over or dispatch.ended > ended)

        dispatch.finish(between=watch)

    def _is_under_way(self, track: Track) -> bool:
        """Whether a connection is not decided yet, and its source has answered."""
        waits = track.expect.sending is not None and not track.progress.decided
        return waits and chain.sending(self.evidence, track.expect) is not None

    def _written(self, group: Group, tracks: Mapping[str, Track]) -> _Letter | None:
        """The group's probe, ready to be sent; ``None`` where it cannot be made."""
        stamp = Stamp(probe_id=self.new_id(), at=self.server_clock().at(self.clock.monotonic()))
        probe = probe_for(group.routes, group.plan, stamp)
        mine = tuple((route, tracks[route.connection_id]) for route in group.routes)
        if isinstance(probe, Refusal):
            self._refuse(probe, [track for _, track in mine])
            return None
        letter = _Letter(probe, mine)
        self._set_all_out(letter)
        return letter

    def _set_all_out(self, letter: _Letter) -> None:
        """Start the time-out of all that the probe is for; those for whom there is no seat get time to queue."""
        sent_at = self.clock.monotonic()
        for place, (route, track) in enumerate(letter.tracks):
            wait_s = queue_s(
                per_minute=self.per_minute, timeout_s=self.settings.timeout_s, connections=place + 1
            )
            self._set_out(track, route, probe=letter.probe, at=sent_at, wait_s=wait_s)

    def _send(self, letter: _Letter) -> None:
        """Send one; what the source answers goes into the evidence."""
        with self._turns.to(letter.probe.url):
            if self._stopped.is_set():
                return
            self._set_all_out(letter)
            deadline = min(track.expect.deadline for _, track in letter.tracks)
            self.evidence.append(self.reader.send(letter.probe, deadline=deadline))

    def _go_on(self, track: Track, route: Route, saved: SavedProbe | None) -> None:
        """Watch the event that an earlier run sent; where it sent none, there is nothing to judge."""
        if saved is None:
            self._collector.end(
                track, not_run(Stage.INGRESS, "the run that is resumed had sent nothing for it")
            )
            return
        self._set_out(track, route, probe=saved_probe(saved), at=self.clock.monotonic(), saved=saved)

    def _set_out(  # noqa: PLR0913 - the facts of one sending, by keyword
        self,
        track: Track,
        route: Route,
        *,
        probe: Probe | None,
        at: float,
        wait_s: float = 0.0,
        saved: SavedProbe | None = None,
    ) -> None:
        """Start a connection's budget: its probe is on its way, or waiting for a real request begins.

        ``wait_s`` is how long our own request budget may make it wait, which is not the route's fault.
        """
        settings, clock = self.settings.of(track.expect.connection_id), self.server_clock()
        sending = Sending(
            probe=probe,
            match=settings.match,
            sent_at=at,
            deadline=at + settings.timeout_s + route.rules.delay_s + wait_s,
            clock=clock,
            window_start=saved.window_start
            if saved
            else settings.deploy_start.resolve(self._began(clock, probe)),
            saved=saved,
        )
        track.expect = replace(track.expect, sending=sending)

    def _began(self, clock: ServerClock, probe: Probe | None) -> datetime:
        """When the gate began, on the server's clock.

        A second too early, the window of a probe would hold failures from before; a second too late, that of an
        awaited request would lack the request.
        """
        return clock.at(self.began) if probe is None else clock.nearest(self.began, self.began_on)

    def _refuse(self, refusal: Refusal, tracks: Sequence[Track]) -> None:
        """Preflight found the probe makeable, sending did not: nothing was sent."""
        for track in tracks:
            self._collector.end(track, ended(Stage.INGRESS, refusal.cause, refusal.message))

    def server_clock(self) -> ServerClock:
        """The server's clock: of all ``Date`` headers the one that bounds it best; without any the local one."""
        dated = [o for o in self.evidence if o.server_date is not None]
        if not dated:
            return ServerClock(date=self.clock.now(), seen_at=self.clock.monotonic(), measured=False)
        readings = (ServerClock(date=o.server_date, seen_at=o.seen_at) for o in dated if o.server_date)
        return max(readings, key=lambda reading: reading.at(0.0))
