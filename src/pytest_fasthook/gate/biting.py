"""``--fasthook-teeth``: after a pass, probes that must not get through, and the proof that they did not.

Stages that passed are held back until the negative probes are decided, since these can still overturn them. Nothing
negative is sent before every connection of the run is decided, so that it can disturb nobody's evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from pytest_fasthook.clock import Clock
from pytest_fasthook.evidence.expect import Negative, ServerClock, Teeth
from pytest_fasthook.evidence.log import Evidence, Observation
from pytest_fasthook.gate.collect import Collector
from pytest_fasthook.gate.dispatch import Dispatch
from pytest_fasthook.gate.tracks import Track
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.teeth import tried, with_teeth
from pytest_fasthook.judge.verdict import Verdict, decide
from pytest_fasthook.probe.negatives import NegativeProbe, ignorable, refusable
from pytest_fasthook.probe.probe import Probe, Stamp
from pytest_fasthook.probe.sharing import Group, grouped
from pytest_fasthook.stages import Stage, StageResult

SENDERS = 16
"""Most negative probes on their way at the same time."""


NOTHING_TO_BITE_ON: Mapping[Stage, str] = {
    Stage.INGRESS: "its source has no auth that is known here and no list of methods that leaves one out",
    Stage.BRANCH: "it has no filter that can be made to refuse a payload for certain",
}


class Sends(Protocol):
    """What sends a probe."""

    def send(self, probe: Probe, *, deadline: float) -> Observation:
        """Send it once; what the source answers is an observation."""


@dataclass(slots=True)
class Held:
    """Results that are not told yet: those of connections that have passed so far."""

    _held: dict[str, dict[Stage, StageResult]] = field(default_factory=dict)
    _free: set[str] = field(default_factory=set)

    def let_through(self, connection_id: str, result: StageResult) -> list[StageResult]:
        """What can be told now: preflight at once, all as soon as the connection can no longer pass."""
        if connection_id in self._free or result.stage is Stage.PREFLIGHT:
            return [result]
        held = self._held.setdefault(connection_id, {})
        held[result.stage] = result
        if decide(held).verdict is Verdict.PASS:
            return []
        self._free.add(connection_id)
        return list(self._held.pop(connection_id).values())

    def untried(self) -> list[tuple[str, StageResult]]:
        """What is still held of connections that have not come through, by connection: no bite can follow any more."""
        names = [name for name in self._held if self.passed(name) is None]
        return [(name, result) for name in names for result in self._held.pop(name).values()]

    def passed(self, connection_id: str) -> Mapping[Stage, StageResult] | None:
        """The results after preflight of a connection that has passed; ``None`` of any other one."""
        held = self._held.get(connection_id, {})
        return held if len(held) == len(Stage) - 1 else None


@dataclass(slots=True)
class Bites:
    """What became of the negative probes, by connection and stage."""

    _found: dict[str, dict[Stage, StageResult]] = field(default_factory=dict)

    def note(self, track: Track, result: StageResult) -> None:
        """Keep one result."""
        self._found.setdefault(track.expect.connection_id, {})[result.stage] = result

    def of(self, connection_id: str) -> Mapping[Stage, StageResult]:
        """One connection's results so far."""
        return self._found.get(connection_id, {})


@dataclass(slots=True, kw_only=True)
class Biting:
    """Sends the negative probes of a run and collects what became of them.

    Attributes:
        collector: asks for the records of negative probes, and tells ``bites`` what it finds.
        server_clock: tells the server's clock as it is known now.
        new_id: makes the id of a probe.
        queue_s: how long our own request budget may make so many connections wait, in seconds.
        bites: what became of the negative probes.
    """

    reader: Sends
    collector: Collector
    evidence: Evidence
    clock: Clock
    server_clock: Callable[[], ServerClock]
    new_id: Callable[[], str]
    queue_s: Callable[[int], float]
    bites: Bites

    def send(self, tracks: Sequence[Track], *, stopped: Callable[[], bool]) -> list[Track]:
        """Send what must not get through to these connections, which have all passed.

        Returns:
            Tracks of their own for those connections that are tried, for ``collector``.
        """
        found = {track.expect.connection_id: chain.route(self.evidence, track.expect) for track in tracks}
        mine = {track.expect.connection_id: track for track in tracks}
        routes = [(route, mine[name].expect.plan) for name, route in found.items() if route is not None]
        groups = grouped(routes)
        refused, ignored = list(self._refusable(groups)), list(self._ignorable(groups))
        self._set_out(mine, refused, ignored)
        probes = (*refused, *ignored)
        sends = [partial(self._send, one.probe, self._deadline(one, mine)) for one in probes]
        Dispatch(sends, most=SENDERS, stopped=stopped).finish()
        return [Track(track.expect) for track in tracks if tried(track.expect)]

    def _refusable(self, groups: Iterable[Group]) -> Iterator[NegativeProbe]:
        """One for each source, whichever of its routes are gated."""
        by_source: dict[object, Group] = {}
        for group in groups:
            route = group.routes[0]
            key = (route.source_id, route.source_url, group.plan.secret(route.source_id))
            first = by_source.get(key, Group((), group.plan))
            by_source[key] = Group((*first.routes, *group.routes), first.plan)
        for group in by_source.values():
            found = refusable(group.routes[:1], group.plan, self._stamp())
            if found is not None:
                yield replace(found, routes=group.routes)

    def _ignorable(self, groups: Iterable[Group]) -> Iterator[NegativeProbe]:
        for group in groups:
            found = ignorable(group.routes, group.plan, self._stamp())
            if found is not None:
                yield found

    def _stamp(self) -> Stamp:
        return Stamp(probe_id=self.new_id(), at=self.server_clock().at(self.clock.monotonic()))

    def _set_out(
        self,
        tracks: Mapping[str, Track],
        refused: Sequence[NegativeProbe],
        ignored: Sequence[NegativeProbe],
    ) -> None:
        """Give every connection its teeth, and what was left of its time when it had passed."""
        now, clock = self.clock.monotonic(), self.server_clock()
        since = clock.surely_before(now)
        wait_s = self.queue_s(2 * len(tracks))
        by_source, by_filter = _by_route(refused), _by_route(ignored)
        for name, track in tracks.items():
            passed_at = track.began[0] if track.began else now
            teeth = Teeth(
                refused=_negative(by_source.get(name), since=since),
                ignored=_negative(by_filter.get(name), since=since),
                sent_at=now,
                deadline=now + max(0.0, track.expect.deadline - passed_at) + wait_s,
            )
            track.expect = replace(track.expect, teeth=teeth)

    @staticmethod
    def _deadline(negative: NegativeProbe, tracks: Mapping[str, Track]) -> float:
        return min(tracks[route.connection_id].expect.bitten.deadline for route in negative.routes)

    def _send(self, probe: Probe, deadline: float) -> None:
        """Send one; what the source answers goes into the evidence."""
        self.evidence.append(self.reader.send(probe, deadline=deadline))

    def told(self, track: Track, passed: Mapping[Stage, StageResult]) -> Mapping[Stage, StageResult]:
        """The results of a connection that passed, with what became of its negative probes."""
        bites = self.bites.of(track.expect.connection_id)
        return with_teeth(_with_notes(passed, track), bites, track.expect)


def _with_notes(passed: Mapping[Stage, StageResult], track: Track) -> dict[Stage, StageResult]:
    """The results with a word on what there was nothing to try with."""
    name, wanted = track.expect.connection_id, tried(track.expect)
    found = dict(passed)
    for stage, why in NOTHING_TO_BITE_ON.items():
        if stage not in wanted:
            note = f"--fasthook-teeth had nothing to bite on at {stage} of {name}: {why}"
            found[stage] = replace(passed[stage], warnings=(*passed[stage].warnings, note))
    return found


def _by_route(probes: Iterable[NegativeProbe]) -> dict[str, NegativeProbe]:
    return {route.connection_id: one for one in probes for route in one.routes}


def _negative(one: NegativeProbe | None, *, since: datetime) -> Negative | None:
    """What is expected of a negative probe."""
    if one is None:
        return None
    return Negative(probe_id=one.probe.probe_id, source_id=one.probe.source_id, since=since, why=one.why)
