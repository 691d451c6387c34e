"""Answers questions by calling the API: one question, one observation.

Lists hold other people's traffic, so each look is narrowed to our records before it goes into the log. A record
that is missing from a page is no proof of absence: newer traffic is paged through, and where a more precise call
exists (by id, under the request) it is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_fasthook.client import api
from pytest_fasthook.client.models import Attempt, Event, IgnoredEvent, Request
from pytest_fasthook.client.pages import Page, distinct
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.clock import Clock
from pytest_fasthook.errors import ApiError
from pytest_fasthook.evidence.log import Ask, Call, Observation, Question
from pytest_fasthook.evidence.look import PAGE, Look, failed
from pytest_fasthook.evidence.matching import awaited
from pytest_fasthook.evidence.ours import (
    age,
    events_seen,
    is_branch,
    is_certain,
    is_ours,
    replays_among,
    request_among,
)
from pytest_fasthook.evidence.seen import EventsSeen, Listed, RequestSeen
from pytest_fasthook.evidence.window import read_window
from pytest_fasthook.probe.probe import Probe

_REPLAY_FIELDS = frozenset({"is_retry", "retry_kind", "retry_parent_event_id", "retry_operation_id"})


class Reader:
    """Reads one question at a time; safe from several threads."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._listed: dict[Question, Listed] = {}

    def ask(self, question: Question, *, deadline: float) -> Observation:
        """Ask one question; an API that does not answer is an observation too.

        Args:
            question: what to ask.
            deadline: monotonic seconds that no call or retry goes past.
        """
        look = Look(self._transport, deadline, self._listed)
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
            calls=tuple(look.calls) if error is None else (*look.calls, failed(error)),
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


def _connection(look: Look, question: Question) -> Any:
    return look.one(api.get_connection, question.connection_id)


def _source(look: Look, question: Question) -> Any:
    return look.one(api.get_source, question.source_id)


def _destination(look: Look, question: Question) -> Any:
    return look.one(api.get_destination, question.destination_id)


def _latest_input(look: Look, question: Question) -> Any:
    return look.call(api.get_latest_input, question.connection_id)


def _request(look: Look, question: Question) -> RequestSeen:
    """Our request: in the newest page, else asked for alone, else in the pages of newer traffic."""
    found, looked, complete = None, 0, True
    replays: list[str] = []
    for number, page in enumerate(_request_pages(look, question)):
        looked += len(page.models)
        complete = complete and not (page.partial or page.unreadable)
        records = page.models
        found = request_among(records, question)
        whole = complete and page.next_cursor is None
        if number == 0 and not (whole or is_certain(found, question)):
            records = distinct((*records, *_precise(look, question, needed=found is None)))
            found = request_among(records, question)
        replays += replays_among(records, question)
        if found is not None:
            break
    look.keep_only({found.id} if found else set())
    return RequestSeen(
        request=found,
        looked_through=looked,
        complete=complete and not look.cut_short,
        replays=tuple(dict.fromkeys(replays)),
    )


def _awaited(look: Look, question: Question) -> RequestSeen:
    """The oldest real request in the window that matches: no probe of a gate, no replay of an older request."""
    found, looked, unclear, complete = None, 0, 0, True
    replays: list[Request] = []
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
        replays += [one for one in page.models if one.is_replay]
    look.keep_only({found.id} if found else set())
    complete = complete and not look.cut_short
    return RequestSeen(
        request=found,
        looked_through=looked,
        complete=complete,
        unclear=unclear,
        replays=replays_among(replays, replace(question, request_id=found.id)) if found else (),
    )


def _request_pages(look: Look, question: Question) -> Iterator[Page[Request]]:
    return look.pages(
        api.list_requests, source_id=question.source_id, since=question.since, include_data=True
    )


def _precise(look: Look, question: Question, *, needed: bool) -> tuple[Request, ...]:
    """Ask for our request alone: by id, else by a search for the marker."""
    if question.request_id is not None:
        found = look.absent_or(api.get_request, question.request_id, needed=needed)
        if found is not None and request_among((found,), question):
            return (found,)
    if question.probe_id is None:
        return ()
    page = look.absent_or(
        api.list_requests,
        source_id=question.source_id,
        since=question.since,
        include_data=True,
        q=question.probe_id,
        limit=PAGE,
        needed=needed,
    )
    return page.models if page else ()


def _events(look: Look, question: Question) -> EventsSeen:
    """The events of our request on our connection.

    A list that goes on may have more of them further down, so the request's own list is read as well.
    """
    found: list[Event] = []
    looked = 0
    pages = look.pages(api.list_events, connection_id=question.connection_id, since=question.since)
    for number, page in enumerate(pages):
        looked += len(page.models)
        found += [event for event in page.models if is_branch(event, question)]
        if number == 0 and (page.next_cursor is not None or page.unreadable):
            found += _under_request(look, question, known=found)
        if any(is_ours(event, question) for event in found):
            break
    look.keep_only({event.id for event in found})
    return events_seen(found, question, looked_through=looked)


def _under_request(look: Look, question: Question, *, known: Sequence[Event]) -> list[Event]:
    """More of our events by the request's own list, which has those of all its branches: one without a name may be any.

    Where the key may not read that list, what is known already is enough.
    """
    page = look.absent_or(api.list_request_events, question.request_id, needed=not known)
    ids = {event.id for event in known}
    short = [event for event in look.readable(page) if event.id not in ids and event.connection is not None]
    return [_in_full(look, event) for event in short if is_branch(event, question)]


def _in_full(look: Look, event: Event) -> Event:
    """An event with what tells a replay; a request's own list leaves that out (contract: RequestEventModel)."""
    if not _REPLAY_FIELDS.isdisjoint(event.model_fields_set):
        return event
    return look.absent_or(api.get_event, event.id, needed=False) or event


def _ignored(look: Look, question: Question) -> tuple[IgnoredEvent, ...]:
    page = look.absent_or(api.list_ignored_events, question.request_id, connection_id=question.connection_id)
    found = [r for r in look.readable(page) if r.connection in {None, question.connection_id}]
    ours = tuple(record for record in found if record.request_id in {None, question.request_id})
    look.keep_only({record.id for record in ours})
    return ours


def _attempts(look: Look, question: Question) -> tuple[Attempt, ...]:
    pages = look.pages(api.list_attempts, first=PAGE, absent=True, event_id=question.event_id)
    listed = (attempt for page in pages for attempt in look.readable(page))
    found = [attempt for attempt in listed if attempt.event_id in {None, question.event_id}]
    look.keep_only({attempt.id for attempt in found})
    return tuple(sorted(found, key=lambda attempt: (age(attempt), attempt.attempt_number or 0)))


_READERS: Mapping[Ask, Callable[[Look, Question], Any]] = {
    Ask.CONNECTION: _connection,
    Ask.SOURCE: _source,
    Ask.DESTINATION: _destination,
    Ask.REQUEST: _request,
    Ask.AWAITED: _awaited,
    Ask.IGNORED: _ignored,
    Ask.EVENTS: _events,
    Ask.ATTEMPTS: _attempts,
    Ask.LATEST_INPUT: _latest_input,
    Ask.METRICS: read_window,
}
