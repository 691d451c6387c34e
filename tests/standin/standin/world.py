"""One scripted FastHook: its routes, what it received, and who asked what."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from standin.history import EventSeen, event_seen, more_events, request_shown_at
from standin.receipts import Beginnings, Receipt, foreign_receipts, replayed_receipts
from standin.script import ApiScript, RouteScript, SourceScript


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API. ``at`` is monotonic, in seconds."""

    endpoint: str
    method: str
    path: str
    query: Mapping[str, list[str]]
    at: float
    headers: Mapping[str, str] = field(repr=False)


class World:
    """All state of a stand-in; safe for many threads.

    Args:
        routes: the connections, and through them the sources.
        api: the API's own behaviour.
        clock: Unix time in seconds.
    """

    def __init__(
        self, routes: tuple[RouteScript, ...], *, api: ApiScript, clock: Callable[[], float]
    ) -> None:
        self.routes = routes
        self.api = api
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._receipts: list[Receipt] = []
        self._matched: dict[int, int] = {}
        self._first_look: float | None = None
        self._paused: set[str] = set()
        self.started = self.now()

    def now(self) -> float:
        """The stand-in's own time, which may be skewed."""
        return self._clock() + self.api.skew_s

    @property
    def calls(self) -> list[Call]:
        """Every API call so far, in order."""
        with self._lock:
            return list(self._calls)

    @property
    def probes(self) -> list[Receipt]:
        """Everything the source URLs received from a test's gate, refused or not."""
        with self._lock:
            return list(self._receipts)

    @property
    def sources(self) -> list[SourceScript]:
        """The routes' sources, each once."""
        return list({route.source.id: route.source for route in self.routes}.values())

    def note_call(self, call: Call) -> None:
        """Write a call down."""
        with self._lock:
            self._calls.append(call)
            if call.endpoint == "requests" and self._first_look is None:
                self._first_look = self.now()

    def note_receipt(self, receipt: Receipt) -> None:
        """Write a receipt down."""
        with self._lock:
            self._receipts.append(receipt)

    def count_match(self, fault: int) -> int:
        """How often the numbered fault's endpoint was called, this call included."""
        with self._lock:
            self._matched[fault] = self._matched.get(fault, 0) + 1
            return self._matched[fault]

    @property
    def paused(self) -> set[str]:
        """The connections that somebody paused while the stand-in ran."""
        with self._lock:
            return set(self._paused)

    def pause(self, connection_id: str) -> None:
        """Pause a connection."""
        with self._lock:
            self._paused.add(connection_id)

    def requests(self) -> list[Receipt]:
        """The visible request records, newest first."""
        now, probes = self.now(), self.probes
        arrivals = [probe.at for probe in probes]
        seen = [probe for probe in probes if request_shown_at(probe, arrivals) <= now]
        for source in self.sources:
            first = next((probe.at for probe in probes if probe.source.id == source.id), None)
            begins = Beginnings(started=self.started, probe=first, look=self._first_look)
            seen += [receipt for receipt in foreign_receipts(source, begins=begins) if receipt.at <= now]
        firsts = self._first(seen)
        played = [*firsts, *(probe for probe in probes if probe not in firsts)]
        seen += [
            again
            for receipt in played
            for again in replayed_receipts(receipt, first=receipt in firsts)
            if again.at <= now
        ]
        return sorted(seen, key=lambda receipt: (receipt.at, receipt.request_id), reverse=True)

    def _first(self, seen: list[Receipt]) -> list[Receipt]:
        """The first request that each source received: the gate's where it sent one."""
        probes = self.probes or seen
        return [
            min(own, key=lambda receipt: receipt.at)
            for source in self.sources
            if (own := [receipt for receipt in probes if receipt.source.id == source.id])
        ]

    def events(self) -> list[EventSeen]:
        """The visible branches of all connections, ignored ones too, newest first."""
        now = self.now()
        arrivals = [probe.at for probe in self.probes]
        made = [
            event
            for receipt in self.requests()
            for route in self.routes
            if route.source.id == receipt.source.id
            and (event := event_seen(route, receipt, shown_at=request_shown_at(receipt, arrivals), now=now))
        ]
        firsts = {receipt.request_id for receipt in self._first([event.receipt for event in made])}
        more = (more_events(event, first=event.receipt.request_id in firsts, now=now) for event in made)
        all_events = [*made, *(event for found in more for event in found)]
        return sorted(all_events, key=lambda event: event.created_at, reverse=True)
