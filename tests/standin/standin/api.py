"""The API's endpoints: one function each, found by one path table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from standin import records
from standin.answers import Answer, Ask, Refusal, json_answer
from standin.history import EventSeen
from standin.metrics import DAY_S, event_metrics
from standin.moments import iso
from standin.receipts import Receipt
from standin.records import Record
from standin.script import MetricsScript, RouteScript
from standin.small import made_small
from standin.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API over one world. ``source_url`` gives a source's public URL by its id."""

    world: World
    source_url: Callable[[str], str]

    def answer(self, ask: Ask) -> Answer:
        """Answer one call; raises Refusal where it has no good answer."""
        handler = _HANDLERS.get(ask.endpoint)
        if handler is None:
            raise Refusal(403 if ask.endpoint == "write" else 404, "no such route for this key")
        found = handler(self, ask)
        return json_answer(made_small(found) if self.world.api.small else found)

    def connection(self, ask: Ask) -> Record:
        """``GET /v1/connections/{id}``."""
        route = self._route(ask.ids[0])
        return records.connection_record(route, url=self.source_url(route.source.id))

    def connections(self, ask: Ask) -> Record:
        """``GET /v1/connections``: all of them; no filter of this list is documented."""
        routes = self.world.routes[: ask.limit(255)]
        models = [records.connection_record(route, url=self.source_url(route.source.id)) for route in routes]
        pagination = {"order_by": "created_at", "dir": "desc", "limit": ask.limit(255)}
        return {"pagination": pagination, "count": len(models), "models": models}

    def pause(self, ask: Ask) -> Record:
        """``PUT /v1/connections/{id}/pause``."""
        if not self.world.api.may_pause:
            raise Refusal(403, "this key may only read")
        route = self._route(ask.ids[0])
        self.world.pause(route.connection_id)
        return records.connection_record(route, url=self.source_url(route.source.id)) | {
            "paused_at": iso(ask.now)
        }

    def source(self, ask: Ask) -> Record:
        """``GET /v1/sources/{id}``."""
        for route in self.world.routes:
            if route.source.id == ask.ids[0]:
                url = self.source_url(route.source.id)
                return records.source_record(route.source, team_id=route.team_id, url=url)
        raise Refusal(404, f"source {ask.ids[0]} not found")

    def destination(self, ask: Ask) -> Record:
        """``GET /v1/destinations/{id}``."""
        for route in self.world.routes:
            if route.destination_id == ask.ids[0]:
                return records.destination_record(route)
        raise Refusal(404, f"destination {ask.ids[0]} not found")

    def requests(self, ask: Ask) -> Record:
        """``GET /v1/requests``: newest first, in pages."""
        start, end = ask.moment("from", ask.now - DAY_S), ask.moment("to", ask.now)
        partial = self._partial()
        found = [
            receipt
            for receipt in self.world.requests()
            if start <= receipt.at <= end
            and self._wanted(receipt.source.id, ask.words("source_id"))
            and _speaks_of(receipt, ask.text("q", "search_term"))
            and not (partial and receipt.foreign is None)
        ]
        page, following = self._page(ask, found, key=lambda receipt: receipt.request_id)
        with_data = "data" in ask.words("include")
        events = self.world.events()
        shown = [self._request_record(receipt, events, with_data=with_data) for receipt in page]
        envelope = _list_envelope(ask, shown, total=len(found), following=following, window=(start, end))
        return envelope | {"partial": partial, "unavailable_shard_count": int(partial)}

    def request(self, ask: Ask) -> Record:
        """``GET /v1/requests/{id}``, always with the stored payload."""
        return self._request_record(self._receipt(ask.ids[0]), self.world.events(), with_data=True)

    def request_events(self, ask: Ask) -> Record:
        """``GET /v1/requests/{id}/events``; ignored branches only where ``status`` names them."""
        branches = [
            event
            for event in self._branches(self._receipt(ask.ids[0]))
            if self._lists(event, ask.words("status"), cancelled=False)
        ]
        return _short_envelope(ask, [records.request_event_record(event) for event in branches])

    def ignored_events(self, ask: Ask) -> Record:
        """``GET /v1/requests/{id}/ignored_events``."""
        branches = self._branches(self._receipt(ask.ids[0]))
        told = [event for event in branches if event.ignored and event.route.branch.tells_ignored]
        return _short_envelope(ask, [records.ignored_record(event) for event in told])

    def events(self, ask: Ask) -> Record:
        """``GET /v1/events``: newest first, in pages; ignored branches only where ``status`` names them."""
        start, end = ask.moment("from", ask.now - DAY_S), ask.moment("to", ask.now)
        connections = ask.words("connection_id", "webhook_id")
        found = [
            event
            for event in self.world.events()
            if start <= event.created_at <= end
            and self._wanted(event.route.connection_id, connections)
            and self._wanted(event.receipt.source.id, ask.words("source_id"))
            and self._lists(event, ask.words("status"), cancelled=self.world.api.lists_cancelled)
        ]
        page, following = self._page(ask, found, key=lambda event: event.id)
        shown = [records.event_record(event) for event in page]
        return _list_envelope(ask, shown, total=len(found), following=following, window=(start, end))

    def event(self, ask: Ask) -> Record:
        """``GET /v1/events/{id}``."""
        for event in self.world.events():
            if event.id == ask.ids[0]:
                return records.event_record(event) | {"data": event.receipt.envelope}
        raise Refusal(404, f"event {ask.ids[0]} not found")

    def attempts(self, ask: Ask) -> Record:
        """``GET /v1/attempts``: newest first unless ``dir=asc``."""
        wanted = ask.words("event_id")
        found = [
            (event, attempt)
            for event in self.world.events()
            if self._wanted(event.id, wanted)
            for attempt in event.attempts
        ]
        direction = ask.text("dir") or "desc"
        found.sort(key=lambda pair: pair[1].at, reverse=direction == "desc")
        models = [records.attempt_record(event, attempt) for event, attempt in found[: ask.limit(255)]]
        models += models[:1] if self.world.api.repeats else []
        pagination = {"order_by": "created_at", "dir": direction, "limit": ask.limit(255)}
        return {
            "pagination": pagination | {"next": None, "prev": None},
            "count": len(models),
            "models": models,
        }

    def latest_input(self, ask: Ask) -> Record:
        """``GET /v1/connections/{id}/latest-input``: the newest input of the connection's source."""
        route = self._route(ask.ids[0])
        return {"connection_id": route.connection_id, "latest_input": self._latest(route, now=ask.now)}

    def metrics(self, ask: Ask) -> Record:
        """``GET /v1/metrics/events``."""
        connections = ask.words("connection_id", "webhook_id")
        events = [
            event
            for event in self.world.events()
            if not connections or event.route.connection_id in connections
        ]
        scripts = [route.metrics for route in self.world.routes if route.connection_id in connections]
        return event_metrics(ask, events, script=scripts[0] if scripts else MetricsScript())

    def _page(self, ask: Ask, found: list[T], *, key: Callable[[T], str]) -> tuple[list[T], str | None]:
        page, following = _page_of(ask, found, key=key)
        if not self.world.api.repeats or not page:
            return page, following
        before = found[: found.index(page[0])][-1:]
        return [*before, *page, page[0]], following

    def _wanted(self, name: str, asked: list[str]) -> bool:
        return not asked or name in asked or self.world.api.ignores_filters

    @staticmethod
    def _lists(event: EventSeen, statuses: list[str], *, cancelled: bool) -> bool:
        return event.status in statuses if statuses else cancelled or event.status != "CANCELLED"

    def _route(self, connection_id: str) -> RouteScript:
        for route in self.world.routes:
            if route.connection_id == connection_id:
                return route
        raise Refusal(404, f"connection {connection_id} not found")

    def _receipt(self, request_id: str) -> Receipt:
        for receipt in self.world.requests():
            if receipt.request_id == request_id:
                return receipt
        raise Refusal(404, f"request {request_id} not found")

    def _branches(self, receipt: Receipt) -> list[EventSeen]:
        return [event for event in self.world.events() if event.receipt.request_id == receipt.request_id]

    def _request_record(self, receipt: Receipt, events: list[EventSeen], *, with_data: bool) -> Record:
        team_id = next(route.team_id for route in self.world.routes if route.source.id == receipt.source.id)
        branches = [event for event in events if event.receipt.request_id == receipt.request_id]
        return records.request_record(receipt, team_id=team_id, branches=branches, with_data=with_data)

    def _partial(self) -> bool:
        asked = sum(call.endpoint == "requests" for call in self.world.calls)
        return 0 < asked <= self.world.api.partial_calls

    def _latest(self, route: RouteScript, *, now: float) -> Record | None:
        shows = route.latest_input.shows
        if shows == "empty":
            return None
        received = [receipt for receipt in self.world.requests() if receipt.source.id == route.source.id]
        ready = [receipt for receipt in received if self._is_input(route, receipt, now=now)]
        if not ready or shows == "stale":
            return _input(route, request_id="req_older", at=self.world.started - 3600, envelope={"body": {}})
        newest = ready[0]
        if shows == "newer":
            return _input(route, request_id="req_newer", at=newest.at + 0.5, envelope={"body": {"n": 1}})
        envelope = newest.envelope | ({"body": {"altered": True}} if shows == "altered" else {})
        return _input(route, request_id=newest.request_id, at=newest.at, envelope=envelope)

    def _is_input(self, route: RouteScript, receipt: Receipt, *, now: float) -> bool:
        if receipt.foreign is not None:
            return True
        own = [event for event in self._branches(receipt) if event.route is route]
        return any(event.shown_at + route.latest_input.lag_s <= now for event in own)


def _speaks_of(receipt: Receipt, term: str | None) -> bool:
    return term is None or term in f"{receipt.request_id} {receipt.envelope}"


def _input(route: RouteScript, *, request_id: str, at: float, envelope: dict[str, Any]) -> Record:
    return {
        "source_id": route.source.id,
        "request_id": request_id,
        "original_event_data_id": f"edt_{request_id}",
        "created_at": iso(at),
        "payload_r2_key": f"payloads/{request_id}",
        "payload_r2_bucket_name": None,
        "input": envelope,
    }


def _page_of(ask: Ask, found: list[T], *, key: Callable[[T], str]) -> tuple[list[T], str | None]:
    cursor = ask.text("cursor", "next")
    keys = [key(row) for row in found]
    if cursor is not None and cursor not in keys:
        raise Refusal(400, f"unknown cursor {cursor}")
    start = keys.index(cursor) + 1 if cursor is not None else 0
    page = found[start : start + ask.limit(100)]
    more = start + len(page) < len(found)
    return page, keys[start + len(page) - 1] if more else None


def _list_envelope(
    ask: Ask, models: list[Record], *, total: int, following: str | None, window: tuple[float, float]
) -> Record:
    return {
        "total": total,
        "total_exact": following is None,
        "limit": ask.limit(100),
        "applied_range": {"from": iso(window[0]), "to": iso(window[1])},
        "next_cursor": following,
        "next": following,
        "prev": None,
        "pagination": {"order_by": "created_at", "dir": "desc", "limit": ask.limit(100)},
        "count": len(models),
        "models": models,
    }


def _short_envelope(ask: Ask, models: list[Record]) -> Record:
    pagination = {"order_by": "created_at", "dir": "desc", "limit": ask.limit(255)}
    return {"pagination": pagination, "next": None, "prev": None, "count": len(models), "models": models}


_HANDLERS: dict[str, Callable[[Api, Ask], Record]] = {
    "connection": Api.connection,
    "connections": Api.connections,
    "pause": Api.pause,
    "source": Api.source,
    "destination": Api.destination,
    "requests": Api.requests,
    "request": Api.request,
    "request_events": Api.request_events,
    "ignored_events": Api.ignored_events,
    "events": Api.events,
    "event": Api.event,
    "attempts": Api.attempts,
    "latest_input": Api.latest_input,
    "metrics": Api.metrics,
}

_PATHS = [
    (re.compile(r"/connections"), "connections"),
    (re.compile(r"/connections/([^/]+)"), "connection"),
    (re.compile(r"/connections/([^/]+)/latest-input"), "latest_input"),
    (re.compile(r"/sources/([^/]+)"), "source"),
    (re.compile(r"/destinations/([^/]+)"), "destination"),
    (re.compile(r"/requests"), "requests"),
    (re.compile(r"/requests/([^/]+)"), "request"),
    (re.compile(r"/requests/([^/]+)/events"), "request_events"),
    (re.compile(r"/requests/([^/]+)/ignored_events"), "ignored_events"),
    (re.compile(r"/events"), "events"),
    (re.compile(r"/events/([^/]+)"), "event"),
    (re.compile(r"/attempts"), "attempts"),
    (re.compile(r"/metrics/events"), "metrics"),
]


_PAUSE = re.compile(r"/connections/([^/]+)/pause")


def find_endpoint(method: str, path: str) -> tuple[str, tuple[str, ...]]:
    """The endpoint's name and the ids in its path; ``/v1`` is optional.

    ``unknown`` where there is none, ``write`` for all that changes something, but for ``pause``.
    """
    bare = path.removeprefix("/v1")
    if method != "GET":
        match = _PAUSE.fullmatch(bare)
        return ("pause", match.groups()) if match and method == "PUT" else ("write", ())
    for pattern, name in _PATHS:
        match = pattern.fullmatch(bare)
        if match is not None:
            return name, match.groups()
    return "unknown", ()
