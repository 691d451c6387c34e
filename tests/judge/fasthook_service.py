"""FastHook as far as a gate can see it: answers calls from the facts of a history, at the moment of a clock.

It knows nothing of the judge. ``get`` stands in for the client's transport, so that what the judge is given has gone
through the same reading, paging and narrowing as in a real run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fasthook_histories import (
    CREATED,
    INGESTED,
    TWIN_FAILS,
    Attempt,
    Fault,
    History,
    Part,
    Replayed,
    Stranger,
    Trouble,
)

from pytest_fasthook.client.replies import Reply
from pytest_fasthook.errors import (
    ApiError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreadableError,
)

NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
TEAM, OTHER_TEAM = "tm_1", "tm_2"
CONNECTION, OTHER_CONNECTION, SOURCE, DESTINATION = "conn_1", "conn_2", "src_1", "des_1"
REQUEST, EVENT, TWIN, PROBE = "req_1", "evt_1", "evt_2", "probe_1"
RELEASE = {"version": "2.0"}
ODD_WORD = "BREWING"

Json = dict[str, Any]
Params = Mapping[str, str]


def at(seconds: float) -> str:
    """A moment on the server's clock, as FastHook writes it."""
    return (NOON + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(text: str) -> float:
    """The way back."""
    return (datetime.fromisoformat(text) - NOON).total_seconds()


def without(record: Json, *names: str) -> Json:
    return {name: value for name, value in record.items() if name not in names}


@dataclass(slots=True)
class Moment:
    """The simulated clock: seconds on the server's clock after the probe was sent."""

    t: float


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a list: when it was made, and when it can be listed."""

    created: float
    visible: float
    record: Json


@dataclass(slots=True)
class Service:
    """Answers reads; ``calls`` counts them."""

    history: History
    moment: Moment
    body: bytes
    calls: int = 0
    learned: dict[str, str] = field(default_factory=dict)

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        deadline: float | None = None,  # noqa: ARG002 - the transport's signature
    ) -> Reply:
        """Answer one call, or raise what the transport would."""
        self.calls += 1
        call, parts = f"GET {path}", path.strip("/").split("/")
        endpoint = _endpoint(parts)
        fault = next((f for f in self.history.faults if _hits(f, endpoint, self.moment.t)), None)
        if fault is not None:
            raise error_of(fault.trouble, call)
        value = self._answers()[endpoint](parts, dict(params))
        if value is None:
            raise RefusedError(f"{call}: 404", call=call, status=404)
        return Reply(
            status=200,
            value=value,
            headers={},
            asked_at=self.moment.t,
            seen_at=self.moment.t,
            server_date=None,
            call=call,
        )

    def _answers(self) -> Mapping[str, Callable[[list[str], Params], Json | None]]:
        return {
            "connection": lambda _, __: self.connection(),
            "source": lambda _, __: self.source(),
            "destination": lambda _, __: self.destination(),
            "requests": lambda _, params: self.requests(params),
            "request": lambda parts, _: self.request(parts[1]),
            "request_events": lambda parts, _: self.request_events(parts[1]),
            "ignored": lambda parts, _: self.ignored(parts[1]),
            "events": lambda _, params: self.events(params),
            "event": lambda parts, _: self.event(parts[1]),
            "attempts": lambda _, params: self.attempts(params["event_id"], params),
            "latest_input": lambda _, __: self.latest_input(),
            "metrics": lambda _, params: self.metrics(params),
        }

    # The route

    def connection(self) -> Json:
        route = self.history.route
        shut = {"paused": "paused_at", "disabled": "disabled_at"}.get(route.state)
        record = {
            "id": CONNECTION,
            **self._team("connection"),
            "name": "orders-to-shop",
            "source_id": SOURCE,
            "destination_id": DESTINATION,
            "paused_at": None,
            "disabled_at": None,
            "rules": list(self._rules()),
            **({shut: at(-600)} if shut else {}),
        }
        if route.embedded == "absent":
            return record
        source = self.source() if route.embedded == "full" else without(self.source(), "config")
        return {**record, "source": source, "destination": self.destination()}

    def _rules(self) -> Iterator[Json]:
        route = self.history.route
        if route.filtered != "no":
            wanted = "order" if route.filtered == "met" else "refund"
            yield {"type": "filter", "body": {"kind": wanted}}
        if route.delay:
            yield {"type": "delay", "delay": route.delay * 1000}
        if route.retry is not None:
            rule = route.retry
            pause = rule.interval * 1000
            yield {"type": "retry", "strategy": rule.strategy, "interval": pause, "count": rule.count}

    def source(self) -> Json:
        route = self.history.route
        config: Json = {} if route.auth == "none" else {"auth_type": "API_KEY", "auth": {"header": "x-key"}}
        if route.speaks:
            config["custom_response"] = {"status": 200, "body": "thanks"}
        closed = route.state == "source_disabled"
        return {
            "id": SOURCE,
            **self._team("source"),
            "type": "WEBHOOK",
            "url": "https://in.example/src_1",
            "status": "disabled" if closed else "enabled",
            "disabled_at": at(-600) if closed else None,
            "config": config,
        }

    def destination(self) -> Json:
        closed = self.history.route.state == "destination_disabled"
        return {
            "id": DESTINATION,
            **self._team("destination"),
            "type": "HTTP",
            "disabled_at": at(-600) if closed else None,
        }

    def _team(self, part: Part) -> Json:
        if self.history.foreign_part == part:
            return {"team_id": OTHER_TEAM}
        return {} if self.history.nameless else {"team_id": TEAM}

    # Requests

    def requests(self, params: Params) -> Json:
        rows = [_stranger_request(number, one) for number, one in enumerate(self.history.strangers)]
        rows += [self._replayed_request(name, one) for name, one in self._replays() if one.of == "request"]
        ingress = self.history.ingress
        if ingress.record != "none":
            rows.append(Row(INGESTED, ingress.visible, self._our_request()))
        if "q" in params:
            rows = [row for row in rows if params["q"] in str(row.record)]
        unseen = ingress.record != "none" and ingress.visible > self.moment.t
        incomplete = {"partial": True} if self.history.partial and unseen else {}
        return {**self._page(rows, params), **incomplete}

    def _our_request(self) -> Json:
        ingress = self.history.ingress
        record = {
            "id": REQUEST,
            **self._team("request"),
            "source_id": SOURCE,
            "status": ODD_WORD if self.moment.t < ingress.clear else ingress.record,
            "rejection_cause": "SOURCE_AUTH_FAILED" if ingress.record == "rejected" else None,
            "ingested_at": at(INGESTED),
            "created_at": at(INGESTED),
            "data": {"headers": {"x-fasthook-probe": PROBE}, "body": self.body.decode()},
            **({} if ingress.verified is None else {"verified": ingress.verified}),
        }
        if ingress.clear > self.moment.t:
            record["rejection_cause"] = None
        return record if ingress.dated else without(record, "ingested_at", "created_at")

    def _replays(self) -> Iterator[tuple[str, Replayed]]:
        """What was played again, each by the name that its ids end with."""
        for number, one in enumerate(self.history.replays):
            yield f"r{number}", one

    def _replayed_request(self, name: str, one: Replayed) -> Row:
        record = {
            **self._our_request(),
            "id": f"req_{name}",
            "status": "accepted",
            "rejection_cause": None,
            "created_at": at(one.at),
            "ingested_at": at(one.at),
            **_signs(one, "retry_parent_request_id", REQUEST),
        }
        return Row(one.at, one.at + one.visible, record)

    def _replayed_events(self) -> list[Row]:
        return [self._replayed_event(name, one) for name, one in self._replays()]

    def _replayed_event(self, name: str, one: Replayed) -> Row:
        again = one.of == "event"
        record = {
            "id": f"evt_{name}",
            **self._named(),
            "request_id": REQUEST if again else f"req_{name}",
            "status": one.status,
            "next_attempt_at": None,
            "created_at": at(one.at),
            **(_signs(one, "retry_parent_event_id", EVENT) if again else {}),
        }
        return Row(one.at, one.at + one.visible, record)

    def request(self, request_id: str) -> Json | None:
        ingress = self.history.ingress
        there = request_id == REQUEST and ingress.record != "none" and ingress.visible <= self.moment.t
        return self._our_request() if there else None

    # Events

    def events(self, params: Params) -> Json:
        rows = [_stranger_event(number, one) for number, one in enumerate(self.history.strangers)]
        if not self.history.lists_ignored:
            rows = [row for row in rows if row.record["status"] != "CANCELLED"]
        rows += self._our_events() + self._replayed_events()
        if not self.history.leaky:
            rows = [row for row in rows if CONNECTION in row.record.values()]
        return self._page(rows, params)

    def request_events(self, request_id: str) -> Json | None:
        """The events of a request on all its connections; cancelled ones are left out."""
        if request_id != REQUEST:
            return None
        elsewhere = {"id": "evt_9", "webhook_id": OTHER_CONNECTION, "request_id": REQUEST, "status": "HOLD"}
        made = [*self._our_events(), *self._replayed_events(), Row(CREATED, 0.0, elsewhere)]
        mine = [row for row in made if row.record["request_id"] == REQUEST]
        short = [
            Row(row.created, row.visible, without(row.record, *SIGNS))
            for row in mine
            if row.record["status"] != "CANCELLED"
        ]
        return self._page(short, {})

    def event(self, event_id: str) -> Json | None:
        made = self._our_events() + self._replayed_events()
        rows = [row for row in made if row.visible <= self.moment.t]
        return next((row.record for row in rows if row.record["id"] == event_id), None)

    def _our_events(self) -> list[Row]:
        branch = self.history.branch
        if branch.kind == "event":
            rows = [Row(CREATED, branch.visible, self._event(EVENT))]
            if branch.twin == "event":
                rows.append(Row(CREATED + 0.1, branch.twin_visible, self._event(TWIN)))
            if branch.twin == "ignored" and "event" in branch.shown:
                rows.append(Row(CREATED - 0.05, branch.twin_visible, self._cancelled()))
            return rows
        if branch.kind == "ignored" and "event" in branch.shown:
            return [Row(CREATED, branch.visible, self._cancelled())]
        return []

    def _event(self, event_id: str) -> Json:
        created = CREATED if event_id == EVENT else CREATED + 0.1
        record = {
            "id": event_id,
            **self._team("event"),
            **self._named(),
            "request_id": REQUEST,
            "created_at": at(created),
            **self.event_state(event_id),
        }
        return record if self.history.delivery.tells_next else without(record, "next_attempt_at")

    def _named(self) -> Json:
        named = self.history.branch.named
        names = ("connection_id", "webhook_id") if named == "both" else (named,)
        return dict.fromkeys(names, CONNECTION)

    def _cancelled(self) -> Json:
        return {
            "id": "evt_0",
            **self._team("ignored"),
            **self._named(),
            "request_id": REQUEST,
            "created_at": at(CREATED - 0.05),
            "status": "CANCELLED",
            "ignored_reason": self.history.branch.reason,
        }

    def event_state(self, event_id: str) -> Json:
        """Status and next attempt, as the event's record shows them now."""
        delivery, now = self.history.delivery, self.moment.t
        if event_id == TWIN and self.history.branch.twin_fails:
            status = "FAILED" if now >= TWIN_FAILS else "QUEUED"
            return {"status": status, "next_attempt_at": None}
        if now < delivery.odd_until:
            return {"status": ODD_WORD, "next_attempt_at": None}
        seen = now - delivery.event_lag
        held = self.history.branch.held
        if held and held[0] <= seen < held[1]:
            return {"status": "HOLD", "next_attempt_at": None}
        if delivery.failed_at is not None and delivery.failed_at <= seen:
            return {"status": "FAILED", "next_attempt_at": None, "error_code": "TRANSFORMATION_FAILED"}
        return self._after(tuple(one for one in delivery.attempts if one.at <= seen))

    def _after(self, done: tuple[Attempt, ...]) -> Json:
        """The event's state after these attempts."""
        delivery = self.history.delivery
        if not done:
            waits = "SCHEDULED" if self.history.route.delay else "QUEUED"
            return {"status": waits, "next_attempt_at": None}
        if any(one.ending in {"ok", "odd", "liar"} for one in done):
            return {"status": "SUCCESSFUL", "next_attempt_at": None}
        following = [one.at for one in delivery.attempts[len(done) :]]
        due = following[0] if following else delivery.next_at
        if due is None:
            return {"status": "FAILED", "next_attempt_at": None}
        return {"status": delivery.between, "next_attempt_at": at(due)}

    def ignored(self, request_id: str) -> Json | None:
        if request_id != REQUEST:
            return None
        branch = self.history.branch
        rows = [Row(0, 0, {"id": "ign_9", "webhook_id": OTHER_CONNECTION, "cause": "FILTERED"})]
        twin = branch.kind == "event" and branch.twin == "ignored"
        if (branch.kind == "ignored" or twin) and "record" in branch.shown:
            seen = branch.twin_visible if twin else branch.visible
            record = {"id": "ign_1", **self._team("ignored"), **self._named(), "cause": branch.reason}
            rows.append(Row(CREATED, seen, {**record, "request_id": REQUEST}))
        return self._page(rows, {})

    # Attempts

    def attempts(self, event_id: str, params: Params) -> Json:
        """A twin is delivered as its elder is unless it fails, and the attempts of an ignored branch are none."""
        if event_id == TWIN and self.history.branch.twin_fails:
            failed = Attempt(at=TWIN_FAILS, ending="500", visible=TWIN_FAILS)
            return self._page([Row(failed.at, failed.visible, self._attempt(0, failed))], params)
        made = enumerate(self.history.delivery.attempts) if event_id in {EVENT, TWIN} else ()
        rows = [
            Row(one.at, one.visible, {**self._attempt(number, one), "event_id": event_id})
            for number, one in made
        ]
        return self._page(rows, params)

    def _attempt(self, number: int, one: Attempt) -> Json:
        delivery, done = self.history.delivery, at(one.at + 0.1)
        word = {"500": "FAILED", "refused": "FAILED", "odd": ODD_WORD}.get(one.ending, "SUCCESSFUL")
        status = {"ok": 200, "odd": 200, "500": 500, "liar": 500}.get(one.ending)
        record: Json = {
            "id": f"att_{number + 1}",
            **self._team("attempt"),
            "status": word,
            "response_status": status,
            "error_code": "CONNECTION_REFUSED" if one.ending == "refused" else None,
        }
        if delivery.body != "absent":
            record["body"] = RELEASE if delivery.body == "release" else {"version": "1.0"}
        if delivery.numbered is not None:
            record["attempt_number"] = delivery.numbered + number
        if delivery.dated:
            record |= {"created_at": at(one.at), "responded_at": done, "successful_at": done}
        return record

    # Latest input and metrics

    def latest_input(self) -> Json:
        inputs: list[tuple[float, str, Json]] = [
            (one.at, f"req_s{number}", {}) for number, one in self._visible_strangers()
        ]
        inputs += [
            (one.at, f"req_{name}", {"input": self._stored()})
            for name, one in self._replays()
            if one.of == "request" and one.at + one.visible <= self.moment.t
        ]
        ours = self.history.latest_input
        if ours.visible <= self.moment.t:
            inputs.append((INGESTED, REQUEST, {"input": self._stored()}))
        if not inputs:
            return {"connection_id": CONNECTION, "latest_input": None}
        created, request_id, more = max(inputs, key=lambda one: one[0])
        newest = {"source_id": SOURCE, "request_id": request_id, "created_at": at(created), **more}
        return {"connection_id": CONNECTION, "latest_input": newest}

    def _visible_strangers(self) -> Iterator[tuple[int, Stranger]]:
        for number, one in enumerate(self.history.strangers):
            if one.at + one.visible <= self.moment.t:
                yield number, one

    def _stored(self) -> Any:
        ours, body = self.history.latest_input, self.body.decode()
        if ours.altered:
            body = body.replace("order", "0rder")
        envelope = {"headers": {}, "query": {}, "path": "/", "method": "POST"}
        layouts = {
            "envelope": {**envelope, "body": body},
            "text": body,
            "bare": {"body": body},
            "missing": envelope,
        }
        return layouts[ours.layout]

    def metrics(self, params: Params) -> Json:
        counted = self.moment.t - self.history.metrics.lag
        rows = [_stranger_event(number, one) for number, one in enumerate(self.history.strangers)]
        rows = [row for row in rows if CONNECTION in row.record.values()]
        rows += self._our_events() + self._replayed_events()
        words = [self._counted_as(row, counted) for row in rows if _within(row, params, counted)]
        if not self.history.metrics.ignored:
            words = [word for word in words if word != "CANCELLED"]
        point: Json = {
            "timestamp": at(0),
            "count": len(words),
            "failed_count": words.count("FAILED"),
            "delivered_count": words.count("SUCCESSFUL"),
        }
        if self.moment.t < self.history.metrics.counts_from:
            point = {"timestamp": at(0)}
        return {"granularity": "1s", "series": [{"timestamp": at(-1)}, point]}

    def _counted_as(self, row: Row, counted: float) -> str:
        """The status that metrics count an event by; ours by the attempts that were made until then."""
        delivery, status = self.history.delivery, str(row.record["status"])
        if row.record["id"] == TWIN and self.history.branch.twin_fails:
            return "FAILED" if counted >= TWIN_FAILS else "QUEUED"
        if row.record["id"] not in {EVENT, TWIN}:
            return status
        if delivery.failed_at is not None and delivery.failed_at <= counted:
            return "FAILED"
        done = [one.ending for one in delivery.attempts if one.at <= counted]
        if not done:
            return "QUEUED"
        return "SUCCESSFUL" if {"ok", "liar", "odd"} & set(done) else "FAILED"

    # Pages

    def _page(self, rows: Iterable[Row], params: Params) -> Json:
        """One page, newest first; the cursor is how many records came before. What has no limit is one page."""
        known = [row for row in rows if row.visible <= self.moment.t and _in_window(row, params)]
        known.sort(key=lambda row: -row.created)
        start = int(params.get("cursor", "0"))
        size = min(self.history.page, int(params["limit"])) if "limit" in params else len(known)
        end = start + size
        shown = known[max(0, start - self.history.again) : end]
        shown += shown[:1] if self.history.again else []
        return {
            "models": [row.record for row in shown],
            "count": len(shown),
            "next_cursor": str(end) if end < len(known) else None,
            "total": len(known),
            "total_exact": not self.history.leaky,
        }


def _endpoint(parts: list[str]) -> str:
    match parts:
        case [kind, _, "latest-input"] if kind == "connections":
            return "latest_input"
        case ["requests", _, "events"]:
            return "request_events"
        case ["requests", _, "ignored_events"]:
            return "ignored"
        case ["metrics", _]:
            return "metrics"
        case [kind, _]:
            return kind.removesuffix("s")
    return parts[0]


def _hits(fault: Fault, endpoint: str, now: float) -> bool:
    return fault.endpoint == endpoint and fault.start <= now < fault.end


def error_of(trouble: Trouble, call: str) -> ApiError:
    """The error that the transport raises in this trouble."""
    match trouble:
        case "rate_limited":
            return RateLimitedError(f"{call}: 429", call=call, retry_after=1.0)
        case "unreadable":
            return UnreadableError(f"{call}: 200 (text/html) is not JSON", call=call)
        case "connect" | "timeout" | "status":
            return UnreachableError(f"{call}: {trouble}", call=call, reason=trouble)
    return RefusedError(f"{call}: {trouble}", call=call, status=int(trouble))


def _stranger_request(number: int, one: Stranger) -> Row:
    record = {
        "id": f"req_s{number}",
        "team_id": TEAM,
        "source_id": SOURCE,
        "status": "rejected" if one.failed else "accepted",
        "verified": True,
        "created_at": at(one.at),
        "ingested_at": at(one.at),
        "data": {"headers": {"x-real": "1"}, "body": {"kind": "order"}},
    }
    return Row(one.at, one.at + one.visible, record)


def _stranger_event(number: int, one: Stranger) -> Row:
    record = {
        "id": f"evt_s{number}",
        "team_id": TEAM,
        "connection_id": CONNECTION if one.ours else OTHER_CONNECTION,
        "request_id": f"req_s{number}",
        "status": one.status,
        "created_at": at(one.at),
    }
    return Row(one.at, one.at + one.visible, record)


SIGNS = ("is_retry", "retry_kind", "retry_parent_event_id", "retry_operation_id")


def _signs(one: Replayed, parent: str, parent_id: str) -> Json:
    """The fields that tell a replay."""
    told: Json = {"is_retry": True, "retry_kind": "bulk", parent: parent_id, "retry_operation_id": "bch_1"}
    silent: Json = {"is_retry": False, **dict.fromkeys([*told][1:])}
    name = parent if one.sign == "parent" else one.sign
    return told if name == "all" else {**silent, name: told[name]}


def _in_window(row: Row, params: Params) -> bool:
    after = "from" not in params or row.created >= seconds(params["from"])
    return after and ("to" not in params or row.created <= seconds(params["to"]))


def _within(row: Row, params: Params, counted: float) -> bool:
    return _in_window(row, params) and row.created <= counted
