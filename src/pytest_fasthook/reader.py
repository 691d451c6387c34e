"""Answers questions by calling the API: one question, one observation.

Lists hold other people's traffic, so each look is narrowed to our records before it goes into the log. A record
that is missing from a page is no proof of absence: newer traffic is paged through, and where a more precise call
exists (by id, under the request) it is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pytest_fasthook.client import api
from pytest_fasthook.client.api import Answer
from pytest_fasthook.client.models import Attempt, Event, IgnoredEvent, Request
from pytest_fasthook.client.pages import Page
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.clock import Clock
from pytest_fasthook.errors import ApiError, RefusedError, UnreadableError
from pytest_fasthook.evidence import Ask, Call, Observation, Question
from pytest_fasthook.matching import awaited
from pytest_fasthook.probe import Probe
from pytest_fasthook.seen import EventsSeen, RequestSeen, WindowSeen

T = TypeVar("T")

MAX_PAGES = 20
"""How many pages of newer traffic one look goes through."""
FIRST_PAGE = 20
"""Our record is most likely among the newest, and payloads can be large."""
PAGE = 100
EVENT_MEASURES = ("count", "delivered_count", "failed_count")
_GRANULARITIES = (
    (300, "1s"),
    (1500, "5s"),
    (3000, "10s"),
    (9000, "30s"),
    (18000, "1m"),
    (90000, "5m"),
    (270000, "15m"),
)


class Reader:
    """Reads one question at a time; safe from several threads."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._listed: dict[Question, tuple[int, bool]] = {}

    def ask(self, question: Question, *, deadline: float) -> Observation:
        """Ask one question; an API that does not answer is an observation too.

        Args:
            question: what to ask.
            deadline: monotonic seconds that no call or retry goes past.
        """
        look = _Look(self._transport, deadline, self._listed)
        asked_at, asked_on = self._clock.monotonic(), self._clock.now()
        value, error = None, None
        try:
            value = _READERS[question.ask](look, question)
        except ApiError as caught:
            error = caught
            look.keep_only({question.request_id or "", question.event_id or ""})
        return Observation(
            question=question,
            asked_at=asked_at,
            seen_at=self._clock.monotonic(),
            asked_on=asked_on,
            value=value,
            error=error,
            calls=tuple(look.calls) if error is None else (*look.calls, _failed(error)),
            server_date=look.server_date,
        )

    def send(self, probe: Probe, *, deadline: float) -> Observation:
        """Send the probe to its source, once; what the source answers, or why it did not, is an observation too."""
        asked_at, asked_on = self._clock.monotonic(), self._clock.now()
        call = f"{probe.method} {probe.url}"
        reply: IngressReply | None = None
        error: ApiError | None = None
        try:
            reply = self._transport.send(
                probe.method, probe.url, probe.headers, probe.body, deadline=deadline
            )
        except ApiError as caught:
            error = caught
        answer = {"status": reply.status, "body": reply.body.decode("utf-8", "replace")} if reply else None
        return Observation(
            question=Question(ask=Ask.INGRESS, probe_id=probe.probe_id),
            asked_at=asked_at,
            seen_at=self._clock.monotonic(),
            asked_on=asked_on,
            value=reply,
            error=error,
            calls=(Call(call=call, answer=answer, error=str(error) if error else None),),
            server_date=reply.server_date if reply else None,
        )


def _failed(error: ApiError) -> Call:
    return Call(call=error.call, error=str(error))


@dataclass(slots=True)
class _Look:
    """The calls made to answer one question."""

    transport: Transport
    deadline: float
    listed: dict[Question, tuple[int, bool]]
    calls: list[Call] = field(default_factory=list)
    server_date: datetime | None = None
    cut_short: bool = False
    """Whether a list went on after the last page that was looked at."""

    def call(self, function: Callable[..., Answer[T]], *arguments: Any, **parameters: Any) -> T:
        answer = function(self.transport, *arguments, deadline=self.deadline, **parameters)
        self.server_date = answer.server_date or self.server_date
        self.calls.append(Call(call=answer.call, answer=answer.raw))
        return answer.value

    def absent_or(self, function: Callable[..., Answer[T]], *arguments: Any, **parameters: Any) -> T | None:
        """Like ``call``, but a record that is not there (yet) is ``None`` instead of an error."""
        try:
            return self.call(function, *arguments, **parameters)
        except RefusedError as error:
            if error.status != 404:
                raise
            self.calls.append(_failed(error))
            return None

    def pages(self, function: Callable[..., Answer[Page[T]]], **parameters: Any) -> Iterator[Page[T]]:
        """A list's pages, newest first, until the caller has seen enough."""
        cursor: str | None = None
        for number in range(MAX_PAGES):
            limit = PAGE if number else FIRST_PAGE
            page = self.call(function, cursor=cursor, limit=limit, **parameters)
            yield page
            if page.next_cursor is None or page.next_cursor == cursor:
                return
            cursor = page.next_cursor
        self.cut_short = True

    def keep_only(self, ids: set[str]) -> None:
        """Drop other people's records from the answers that will be shown."""
        self.calls[:] = [
            Call(call=c.call, answer=_narrowed(c.answer, ids), error=c.error) for c in self.calls
        ]


def _narrowed(answer: Any, ids: set[str]) -> Any:
    models = answer.get("models") if isinstance(answer, Mapping) else None
    if not isinstance(models, list):
        return answer
    kept = [model for model in models if isinstance(model, Mapping) and model.get("id") in ids]
    return {**answer, "models": kept, "models_left_out": len(models) - len(kept)}


def _connection(look: _Look, question: Question) -> Any:
    return look.call(api.get_connection, question.connection_id)


def _source(look: _Look, question: Question) -> Any:
    return look.call(api.get_source, question.source_id)


def _destination(look: _Look, question: Question) -> Any:
    return look.call(api.get_destination, question.destination_id)


def _latest_input(look: _Look, question: Question) -> Any:
    return look.call(api.get_latest_input, question.connection_id)


def _request(look: _Look, question: Question) -> RequestSeen:
    """Our request: in the newest page, else asked for alone, else in the pages of newer traffic."""
    found, looked, complete = None, 0, True
    for number, page in enumerate(_request_pages(look, question)):
        looked += len(page.models)
        complete = complete and not (page.partial or page.unreadable)
        found = _ours(page.models, question)
        if found is None and number == 0 and not (complete and page.next_cursor is None):
            found = _precise(look, question)
        if found is not None:
            break
    look.keep_only({found.id} if found else set())
    return RequestSeen(request=found, looked_through=looked, complete=complete and not look.cut_short)


def _awaited(look: _Look, question: Question) -> RequestSeen:
    """The oldest real request in the window that matches: no probe of a gate, no replay of an older request."""
    found, looked, unclear, complete = None, 0, 0, True
    pages = look.pages(
        api.list_requests,
        source_id=question.source_id,
        connection_id=question.connection_id,
        since=question.since,
        include_data=True,
    )
    for page in pages:
        looked += len(page.models)
        complete = complete and not (page.partial or page.unreadable)
        mine, without_payload = awaited(page.models, question)
        found, unclear = mine or found, unclear + without_payload
    look.keep_only({found.id} if found else set())
    complete = complete and not look.cut_short
    return RequestSeen(request=found, looked_through=looked, complete=complete, unclear=unclear)


def _request_pages(look: _Look, question: Question) -> Iterator[Page[Request]]:
    return look.pages(
        api.list_requests, source_id=question.source_id, since=question.since, include_data=True
    )


def _precise(look: _Look, question: Question) -> Request | None:
    """Ask for our request alone: by id, else by a search for the marker."""
    if question.request_id is not None:
        found = look.absent_or(api.get_request, question.request_id)
        if found is not None and _ours((found,), question):
            return found
    page = look.call(
        api.list_requests,
        source_id=question.source_id,
        since=question.since,
        include_data=True,
        q=question.probe_id,
        limit=PAGE,
    )
    return _ours(page.models, question)


def _ours(records: Iterable[Request], question: Question) -> Request | None:
    """The record that carries our marker, else the one with the id that ingress answered.

    An answer may name somebody else's request (a custom response can say anything), so a record whose stored
    headers lack the marker is not ours whatever its id.
    """
    candidates = [record for record in records if not _is_foreign(record, question)]
    marked = (record for record in candidates if question.probe_id and _holds(record.data, question.probe_id))
    named = (record for record in candidates if record.id == question.request_id)
    return next(marked, None) or next(named, None)


def _is_foreign(record: Request, question: Question) -> bool:
    headers = record.data.get("headers") if isinstance(record.data, Mapping) else None
    return (
        isinstance(headers, Mapping)
        and question.probe_id is not None
        and not _holds(headers, question.probe_id)
    )


def _holds(value: Any, marker: str) -> bool:
    """Whether a text anywhere in a JSON value holds the marker; walked without recursion, however deep it is."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str) and marker in item:
            return True
        if isinstance(item, Mapping):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return False


def _events(look: _Look, question: Question) -> EventsSeen:
    """The events of our request on our connection."""
    found: list[Event] = []
    looked = 0
    pages = look.pages(api.list_events, connection_id=question.connection_id, since=question.since)
    for number, page in enumerate(pages):
        looked += len(page.models)
        found += [event for event in page.models if _belongs(event, question)]
        if not found and number == 0 and (page.next_cursor is not None or page.unreadable):
            found = _under_request(look, question)
        if found:
            break
    look.keep_only({event.id for event in found})
    return EventsSeen(events=tuple(sorted(found, key=_age)), looked_through=looked)


def _under_request(look: _Look, question: Question) -> list[Event]:
    page = look.absent_or(api.list_request_events, question.request_id)
    return [event for event in _readable(page, look) if _belongs(event, question)]


def _readable(page: Page[T] | None, look: _Look) -> tuple[T, ...]:
    """The records of a list that holds nothing but ours, where one that cannot be read is worth an error.

    Raises:
        UnreadableError: a record could not be read.
    """
    if page is None:
        return ()
    if page.unreadable:
        call = look.calls[-1].call
        raise UnreadableError(f"{call}: {page.unreadable} record(s) of ours cannot be read", call=call)
    return page.models


def _belongs(event: Event, question: Question) -> bool:
    return event.request_id == question.request_id and event.connection in {None, question.connection_id}


def _ignored(look: _Look, question: Question) -> tuple[IgnoredEvent, ...]:
    page = look.absent_or(api.list_ignored_events, question.request_id, connection_id=question.connection_id)
    found = [r for r in _readable(page, look) if r.connection in {None, question.connection_id}]
    ours = tuple(record for record in found if record.request_id in {None, question.request_id})
    look.keep_only({record.id for record in ours})
    return ours


def _attempts(look: _Look, question: Question) -> tuple[Attempt, ...]:
    page = look.absent_or(api.list_attempts, event_id=question.event_id, limit=PAGE)
    found = [a for a in _readable(page, look) if a.event_id in {None, question.event_id}]
    look.keep_only({attempt.id for attempt in found})
    return tuple(sorted(found, key=lambda attempt: (_age(attempt), attempt.attempt_number or 0)))


def _age(record: Event | Attempt) -> datetime:
    return record.created_at or datetime.min.replace(tzinfo=UTC)


def _window(look: _Look, question: Question) -> WindowSeen:
    """The metrics first, the events listed in the window after: a later list can only make the count look smaller.

    While the count is below what the window is known to hold, listing again could not change the answer, so it is
    left out.
    """
    assert question.since is not None
    assert question.until is not None
    metrics = look.call(
        api.get_event_metrics,
        connection_id=question.connection_id,
        since=question.since,
        until=question.until,
        measures=EVENT_MEASURES,
        granularity=granularity(question.until - question.since),
    )
    count = metrics.total("count")
    known = look.listed.get(question)
    if known is None or (count is not None and count >= known[0]):
        known = look.listed[question] = _listed(look, question)
    listed, ours_listed = known
    return WindowSeen(
        since=question.since,
        until=question.until,
        listed=listed,
        ours_listed=ours_listed,
        count=count,
        failed=metrics.total("failed_count"),
        delivered=metrics.total("delivered_count"),
    )


def _listed(look: _Look, question: Question) -> tuple[int, bool]:
    """How many events the window lists, and whether ours is one of them.

    Too small a number could make a lagging count look complete, so records that cannot be read count too, and a
    list too long to look through is counted by the API.
    """
    counted, ours = 0, False
    window = {"connection_id": question.connection_id, "since": question.since, "until": question.until}
    for page in look.pages(api.list_events, **window):
        mine = [event for event in page.models if event.connection in {None, question.connection_id}]
        counted += len(mine) + page.unreadable
        ours = ours or any(event.id == question.event_id for event in mine)
        if ours and page.total_exact and page.total is not None and len(mine) == len(page.models):
            counted = max(counted, page.total)
            break
    look.keep_only({question.event_id or ""})
    if look.cut_short:
        counted = max(counted, look.call(api.count_events, **window).total)
    return counted, ours


def granularity(window: timedelta) -> str:
    """The finest granularity that keeps the series short: a coarse last bucket would hide our event longer."""
    seconds = window.total_seconds()
    return next((name for longest, name in _GRANULARITIES if seconds <= longest), "1h")


_READERS: Mapping[Ask, Callable[[_Look, Question], Any]] = {
    Ask.CONNECTION: _connection,
    Ask.SOURCE: _source,
    Ask.DESTINATION: _destination,
    Ask.REQUEST: _request,
    Ask.AWAITED: _awaited,
    Ask.IGNORED: _ignored,
    Ask.EVENTS: _events,
    Ask.ATTEMPTS: _attempts,
    Ask.LATEST_INPUT: _latest_input,
    Ask.METRICS: _window,
}
