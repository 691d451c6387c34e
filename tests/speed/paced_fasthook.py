"""A FastHook that does nothing but keep time: for thousands of routes, on any clock, at next to no cost.

Each route is a connection with a source and a destination of its own, unless routes name the same source. A hop can
be seen so many seconds after the probe came in. Answers have the shape of FastHook's contract, in its own words.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

TEAM = "tm_5f3a1c"
KEY = "fhp_" + "0a1b2c3d4e5f6071" * 4
MARKER = "x-fasthook-probe"
NEVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lags:
    """When each hop can be seen, in seconds after the probe came in."""

    request: float = 0.0
    event: float = 0.0
    delivery: float = 0.0
    latest_input: float = 0.0
    metrics: float = 0.0

    @classmethod
    def adding_up_to(cls, seconds: float) -> Lags:
        """A route whose hops lag evenly, the last of them by so much."""
        return cls(
            request=0.2 * seconds,
            event=0.4 * seconds,
            delivery=0.8 * seconds,
            latest_input=0.4 * seconds,
            metrics=seconds,
        )

    @property
    def longest(self) -> float:
        """The route's own latency."""
        return max(self.request, self.event, self.delivery, self.latest_input, self.metrics)


@dataclass(frozen=True, slots=True, kw_only=True)
class PacedRoute:
    """One connection.

    Attributes:
        ignored: whether its branch is ignored.
        delivered: whether its receiver answers 200 rather than 500.
        older: how many events of other people it had before, each delivered.
    """

    connection_id: str
    source_id: str
    lags: Lags = field(default_factory=Lags)
    ignored: bool = False
    delivered: bool = True
    older: int = 0


@dataclass(frozen=True, slots=True)
class _Arrival:
    request_id: str
    source_id: str
    at: float
    envelope: Mapping[str, Any]


@dataclass(slots=True)
class PacedFastHook:
    """The service; ``answer`` is safe from any thread as long as sources receive one probe each.

    Attributes:
        now: Unix time in seconds.
        base: where sources are served, such as ``http://hooks.test``; a source's id is the path.
        splits_lists: whether comma lists of ids are understood; otherwise such a list is an unknown id.
        longest_list: how many ids of a comma list are looked at.
        lists_cancelled: whether the events list shows ignored branches where they are asked for.
        refuses: calls of these endpoints are refused with 400.
        calls: how often each endpoint was called.
    """

    routes: Mapping[str, PacedRoute]
    now: Callable[[], float]
    base: str = "http://hooks.test"
    splits_lists: bool = True
    longest_list: int | None = None
    lists_cancelled: bool = True
    refuses: frozenset[str] = frozenset()
    calls: Counter[str] = field(default_factory=Counter)
    probes: int = 0
    asked: list[tuple[float, str, Mapping[str, str]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _arrivals: dict[str, _Arrival] = field(default_factory=dict)
    _of_source: dict[str, list[_Arrival]] = field(default_factory=dict)

    @classmethod
    def of(cls, routes: Iterable[PacedRoute], **facts: Any) -> PacedFastHook:
        """A FastHook with these routes."""
        return cls({route.connection_id: route for route in routes}, **facts)

    def answer(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Any]:
        """Answer one call of the API or one probe: status and JSON."""
        parts = path.removeprefix("/v1").strip("/").split("/")
        if method == "POST":
            return 200, self._receive(parts[-1], headers, body)
        asked = dict(parse_qsl(query))
        name, handler, ids = _find(parts)
        self.calls[name] += 1
        self.asked.append((self.now(), name, asked))
        if name in self.refuses:
            return 400, {"error": "no"}
        found = handler(self, asked, *ids) if handler else None
        return (404, {"error": "not found"}) if found is None else (200, found)

    # -- what comes in -------------------------------------------------------------------------------------------

    def _receive(self, source_id: str, headers: Mapping[str, str], body: bytes) -> Any:
        with self._lock:  # probes come in from many threads, and each needs an id of its own
            self.probes += 1
            number = self.probes
        data = json.loads(body) if body else None
        envelope = {"headers": {MARKER: headers.get(MARKER)}, "body": data, "query": {}, "path": "/"}
        arrival = _Arrival(f"req_{number}", source_id, self.now(), envelope)
        self._arrivals[arrival.request_id] = arrival
        self._of_source.setdefault(source_id, []).append(arrival)
        return {"ok": True, "queued": True, "transport": "queue", "request_id": arrival.request_id}

    # -- what can be seen ----------------------------------------------------------------------------------------

    def _connection(self, _: Mapping[str, str], connection_id: str) -> Any:
        route = self.routes.get(connection_id)
        return route and self._shown(route)

    def _connections(self, asked: Mapping[str, str]) -> Any:
        models = [self._shown(route) for route in list(self.routes.values())[: int(asked.get("limit", 100))]]
        return {"models": models, "count": len(models)}

    def _shown(self, route: PacedRoute) -> Any:
        source = {
            "id": route.source_id,
            "team_id": TEAM,
            "name": route.source_id,
            "type": "WEBHOOK",
            "status": "enabled",
            "url": f"{self.base}/{route.source_id}",
            "config": {"auth_type": None, "auth": None, "allowed_http_methods": ["POST"]},
            "disabled_at": None,
        }
        destination = {
            "id": f"des_{route.connection_id}",
            "team_id": TEAM,
            "name": "receiver",
            "disabled_at": None,
        }
        return {
            "id": route.connection_id,
            "team_id": TEAM,
            "name": route.connection_id,
            "source_id": route.source_id,
            "destination_id": destination["id"],
            "source": source,
            "destination": destination,
            "rules": [],
            "paused_at": None,
            "disabled_at": None,
        }

    def _requests(self, asked: Mapping[str, str]) -> Any:
        source = asked.get("source_id")
        arrivals = self._of_source.get(source, []) if source else list(self._arrivals.values())
        lag = {route.source_id: route.lags.request for route in self.routes.values()}
        seen = [a for a in arrivals if a.at + lag.get(a.source_id, 0.0) <= self.now()]
        return _page(asked, [_request(arrival) for arrival in reversed(seen)])

    def _request(self, _: Mapping[str, str], request_id: str) -> Any:
        arrival = self._arrivals.get(request_id)
        return arrival and _request(arrival)

    def _events(self, asked: Mapping[str, str]) -> Any:
        names = self._names(asked.get("connection_id", ""))
        cancelled = asked.get("status") == "CANCELLED"
        routes = [self.routes[name] for name in names if name in self.routes]
        found = [event for route in routes for event in self._events_of(route, cancelled=cancelled)]
        return _page(asked, found)

    def _events_of(self, route: PacedRoute, *, cancelled: bool) -> list[Any]:
        if cancelled and not self.lists_cancelled:
            return []
        shown = [] if route.ignored is not cancelled else [self._event(route, a) for a in self._seen(route)]
        older = [] if cancelled else [_older(route, number, self.now()) for number in range(route.older)]
        return [*reversed(shown), *older]

    def _seen(self, route: PacedRoute) -> list[_Arrival]:
        arrivals = self._of_source.get(route.source_id, [])
        return [arrival for arrival in arrivals if arrival.at + route.lags.event <= self.now()]

    def _event(self, route: PacedRoute, arrival: _Arrival) -> Any:
        ended = "SUCCESSFUL" if route.delivered else "FAILED"
        status = ended if arrival.at + route.lags.delivery <= self.now() else "QUEUED"
        return {
            "id": f"evt_{route.connection_id}_{arrival.request_id}",
            "team_id": TEAM,
            "webhook_id": route.connection_id,
            "connection_id": route.connection_id,
            "request_id": arrival.request_id,
            "status": "CANCELLED" if route.ignored else status,
            "created_at": _iso(arrival.at),
        }

    def _ignored(self, _: Mapping[str, str], request_id: str) -> Any:
        arrival = self._arrivals.get(request_id)
        routes = [
            r for r in self.routes.values() if arrival and r.ignored and r.source_id == arrival.source_id
        ]
        models = [
            {
                "id": f"ign_{r.connection_id}",
                "webhook_id": r.connection_id,
                "request_id": request_id,
                "cause": "FILTERED",
            }
            for r in routes
            if arrival in self._seen(r)
        ]
        return {"models": models, "count": len(models)}

    def _request_events(self, _: Mapping[str, str], request_id: str) -> Any:
        arrival = self._arrivals.get(request_id)
        routes = [
            r for r in self.routes.values() if arrival and not r.ignored and r.source_id == arrival.source_id
        ]
        models = [self._event(r, arrival) for r in routes if arrival in self._seen(r)] if arrival else []
        return {"models": models, "count": len(models)}

    def _attempts(self, asked: Mapping[str, str]) -> Any:
        models = [
            shown for name in self._names(asked.get("event_id", "")) for shown in self._attempts_of(name)
        ]
        return _page(asked, models)

    def _attempts_of(self, event_id: str) -> list[Any]:
        connection_id, _, request = event_id.removeprefix("evt_").rpartition("_req_")
        route, arrival = self.routes.get(connection_id), self._arrivals.get(f"req_{request}")
        if route is None or arrival is None or arrival.at + route.lags.delivery > self.now():
            return []
        attempt = {
            "id": f"att_{connection_id}",
            "team_id": TEAM,
            "event_id": event_id,
            "connection_id": connection_id,
            "status": "SUCCESSFUL" if route.delivered else "FAILED",
            "response_status": 200 if route.delivered else 500,
            "attempt_number": 1,
            "created_at": _iso(arrival.at + route.lags.delivery),
        }
        return [attempt]

    def _latest_input(self, _: Mapping[str, str], connection_id: str) -> Any:
        route = self.routes.get(connection_id)
        if route is None:
            return None
        arrivals = self._of_source.get(route.source_id, [])
        seen = [arrival for arrival in arrivals if arrival.at + route.lags.latest_input <= self.now()]
        newest = seen[-1] if seen else None
        shown = newest and {
            "source_id": route.source_id,
            "request_id": newest.request_id,
            "created_at": _iso(newest.at),
            "input": newest.envelope,
        }
        return {"connection_id": connection_id, "latest_input": shown}

    def _metrics(self, asked: Mapping[str, str]) -> Any:
        route = self.routes[asked["connection_id"]]
        arrivals = self._of_source.get(route.source_id, [])
        counted = sum(arrival.at + route.lags.metrics <= self.now() for arrival in arrivals)
        count = 0 if route.ignored else counted + (route.older if counted else 0)
        failed = 0 if route.delivered else counted
        point = {"count": count, "failed_count": failed, "delivered_count": count - failed}
        return {"series": [{"timestamp": asked.get("from"), **point}]}

    def _names(self, text: str) -> list[str]:
        return text.split(",")[: self.longest_list] if self.splits_lists else [text]


_ENDPOINTS: Mapping[tuple[str, ...], tuple[str, Callable[..., Any]]] = {
    ("connections",): ("connections", PacedFastHook._connections),
    ("connections", "*"): ("connection", PacedFastHook._connection),
    ("connections", "*", "latest-input"): ("latest_input", PacedFastHook._latest_input),
    ("requests",): ("requests", PacedFastHook._requests),
    ("requests", "*"): ("request", PacedFastHook._request),
    ("requests", "*", "events"): ("request_events", PacedFastHook._request_events),
    ("requests", "*", "ignored_events"): ("ignored_events", PacedFastHook._ignored),
    ("events",): ("events", PacedFastHook._events),
    ("attempts",): ("attempts", PacedFastHook._attempts),
    ("metrics", "events"): ("metrics", PacedFastHook._metrics),
}


def _find(parts: Sequence[str]) -> tuple[str, Callable[..., Any] | None, Sequence[str]]:
    for pattern, (name, handler) in _ENDPOINTS.items():
        if len(pattern) == len(parts) and all(
            p in {"*", part} for p, part in zip(pattern, parts, strict=True)
        ):
            return name, handler, [part for p, part in zip(pattern, parts, strict=True) if p == "*"]
    return "unknown", None, ()


def _page(asked: Mapping[str, str], models: Sequence[Any]) -> Any:
    start, limit = int(asked.get("cursor", "0")), int(asked.get("limit", "100"))
    following = str(start + limit) if start + limit < len(models) else None
    shown = models[start : start + limit]
    pagination = {"order_by": "created_at", "dir": "desc", "limit": limit, "next": following}
    return {
        "models": shown,
        "count": len(shown),
        "total": len(models),
        "total_exact": True,
        "partial": False,
        "next_cursor": following,
        "pagination": pagination,
    }


def _request(arrival: _Arrival) -> Any:
    return {
        "id": arrival.request_id,
        "team_id": TEAM,
        "source_id": arrival.source_id,
        "status": "accepted",
        "verified": False,
        "rejection_cause": None,
        "ingested_at": _iso(arrival.at),
        "created_at": _iso(arrival.at),
        "data": arrival.envelope,
    }


def _older(route: PacedRoute, number: int, now: float) -> Any:
    return {
        "id": f"evt_older_{route.connection_id}_{number}",
        "team_id": TEAM,
        "webhook_id": route.connection_id,
        "connection_id": route.connection_id,
        "request_id": f"req_older_{number}",
        "status": "SUCCESSFUL",
        "created_at": _iso(now - 1 - number),
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
