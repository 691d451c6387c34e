"""One function per read of FastHook's API, each answering with a typed value beside the JSON as it came.

All take the transport first and ``deadline`` (seconds on ``clock.monotonic``) last, and raise what
``Transport.get`` raises, with ``UnreadableError`` also for JSON that lacks what was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.answers import Answer, answer_of
from pytest_fasthook.client.filters import joined, query_of, window
from pytest_fasthook.client.metrics import get_event_metrics, get_request_metrics
from pytest_fasthook.client.models import (
    Attempt,
    Connection,
    Destination,
    Event,
    IgnoredEvent,
    LatestInputAnswer,
    Request,
    Source,
    Trace,
)
from pytest_fasthook.client.pages import Count, Page, read_page, read_record, read_total, without_cursor
from pytest_fasthook.client.records import M
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.client.wire import Params
from pytest_fasthook.errors import RefusedError

__all__ = [
    "MOST_RECORDS",
    "MOST_RESOURCES",
    "Answer",
    "count_events",
    "count_requests",
    "get_attempt",
    "get_connection",
    "get_destination",
    "get_event",
    "get_event_metrics",
    "get_latest_input",
    "get_request",
    "get_request_metrics",
    "get_source",
    "get_trace",
    "list_attempts",
    "list_connections",
    "list_destinations",
    "list_events",
    "list_ignored_events",
    "list_request_events",
    "list_requests",
    "list_sources",
]

MOST_RESOURCES = 255
"""The largest page of sources, destinations and connections, which have no cursor; also of attempts."""
MOST_RECORDS = 100
"""The largest page of requests and events."""


def get_connection(
    transport: Transport, connection_id: str, *, deadline: float | None = None
) -> Answer[Connection]:
    """Read a connection with its rules and embedded source and destination."""
    return _one(transport, Connection, path_of("connections", connection_id), deadline=deadline)


def list_connections(
    transport: Transport,
    *,
    source_id: str | None = None,
    limit: int = MOST_RESOURCES,
    deadline: float | None = None,
) -> Answer[Page[Connection]]:
    """List connections, those of one source where it is given.

    FastHook documents no filter for this list, so the answer is filtered here too, and the filter is left out
    where it is refused. The list has no cursor: ``Page.partial`` tells when it was full.
    """
    path = path_of("connections")
    params = query_of(("source_id", source_id), ("limit", str(limit)))
    try:
        answer = _page(transport, Connection, path, params, deadline=deadline)
    except RefusedError as error:
        if error.status != 400 or source_id is None:
            raise
        answer = _page(transport, Connection, path, query_of(("limit", str(limit))), deadline=deadline)
    page = without_cursor(answer.value, limit=limit)
    if source_id is not None:
        page = replace(page, models=tuple(found for found in page.models if _source_of(found) == source_id))
    return answer.having(page)


def get_source(transport: Transport, source_id: str, *, deadline: float | None = None) -> Answer[Source]:
    """Read a source; its secrets are redacted by FastHook."""
    return _one(transport, Source, path_of("sources", source_id), deadline=deadline)


def list_sources(
    transport: Transport, *, limit: int = MOST_RESOURCES, deadline: float | None = None
) -> Answer[Page[Source]]:
    """List sources; no cursor, ``Page.partial`` tells when the list was full."""
    return _resources(transport, Source, "sources", limit=limit, deadline=deadline)


def get_destination(
    transport: Transport, destination_id: str, *, deadline: float | None = None
) -> Answer[Destination]:
    """Read a destination; its secrets are redacted by FastHook."""
    return _one(transport, Destination, path_of("destinations", destination_id), deadline=deadline)


def list_destinations(
    transport: Transport, *, limit: int = MOST_RESOURCES, deadline: float | None = None
) -> Answer[Page[Destination]]:
    """List destinations; no cursor, ``Page.partial`` tells when the list was full."""
    return _resources(transport, Destination, "destinations", limit=limit, deadline=deadline)


def list_requests(  # noqa: PLR0913 - the call's own filters, by keyword
    transport: Transport,
    *,
    source_id: str | None = None,
    connection_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    include_data: bool = True,
    q: str | None = None,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = MOST_RECORDS,
    deadline: float | None = None,
) -> Answer[Page[Request]]:
    """List requests, newest first.

    Args:
        transport: the wire.
        source_id: only what this source received.
        connection_id: only what was routed to this connection.
        since: an aware moment; without it FastHook looks back for a time that it does not state.
        until: an aware moment; without it, now.
        include_data: ask for the stored payloads too.
        q: a text to search for.
        status: ``accepted`` or ``rejected``.
        cursor: from the page before.
        limit: records per page, at most 100.
        deadline: on ``clock.monotonic``.
    """
    params = query_of(
        *window("from", "to", since=since, until=until),
        ("source_id", source_id),
        ("connection_id", connection_id),
        ("status", status),
        ("q", q),
        ("include", "data" if include_data else None),
        ("limit", str(limit)),
        ("cursor", cursor),
    )
    return _page(transport, Request, path_of("requests"), params, deadline=deadline)


def get_request(transport: Transport, request_id: str, *, deadline: float | None = None) -> Answer[Request]:
    """Read a request with its stored payload."""
    return _one(transport, Request, path_of("requests", request_id), deadline=deadline)


def count_requests(  # noqa: PLR0913 - the call's own filters, by keyword
    transport: Transport,
    *,
    source_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    q: str | None = None,
    status: str | None = None,
    deadline: float | None = None,
) -> Answer[Count]:
    """Count requests; the total may be a lower bound."""
    params = query_of(
        *window("from", "to", since=since, until=until),
        ("source_id", source_id),
        ("status", status),
        ("q", q),
    )
    return _count(transport, path_of("requests", "count"), params, deadline=deadline)


def list_request_events(
    transport: Transport, request_id: str, *, status: str | None = None, deadline: float | None = None
) -> Answer[Page[Event]]:
    """List the events of one request; FastHook leaves cancelled ones out unless ``status`` names them."""
    path = path_of("requests", request_id, "events")
    params = query_of(("status", status), ("limit", str(MOST_RESOURCES)))
    answer = _page(transport, Event, path, params, deadline=deadline)
    return answer.having(without_cursor(answer.value, limit=MOST_RESOURCES))


def list_ignored_events(
    transport: Transport, request_id: str, *, connection_id: str | None = None, deadline: float | None = None
) -> Answer[Page[IgnoredEvent]]:
    """List the branches of one request that were skipped, with their causes."""
    path = path_of("requests", request_id, "ignored_events")
    params = query_of(("connection_id", connection_id), ("limit", str(MOST_RESOURCES)))
    answer = _page(transport, IgnoredEvent, path, params, deadline=deadline)
    return answer.having(without_cursor(answer.value, limit=MOST_RESOURCES))


def get_trace(transport: Transport, request_id: str, *, deadline: float | None = None) -> Answer[Trace]:
    """Read everything about one request in one call."""
    return _one(transport, Trace, path_of("requests", request_id, "trace"), deadline=deadline)


def list_events(  # noqa: PLR0913 - the call's own filters, by keyword
    transport: Transport,
    connection_id: str | Sequence[str] | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    source_id: str | None = None,
    q: str | None = None,
    cursor: str | None = None,
    limit: int = MOST_RECORDS,
    deadline: float | None = None,
) -> Answer[Page[Event]]:
    """List events, newest first.

    Args:
        transport: the wire.
        connection_id: only events of this connection, or of these.
        since: an aware moment; without it FastHook looks back for a time that it does not state.
        until: an aware moment; without it, now.
        status: an event status, such as ``FAILED``.
        source_id: only events of this source.
        q: a text to search for.
        cursor: from the page before.
        limit: records per page, at most 100.
        deadline: on ``clock.monotonic``.
    """
    params = query_of(
        *window("from", "to", since=since, until=until),
        ("connection_id", joined(connection_id)),
        ("source_id", source_id),
        ("status", status),
        ("q", q),
        ("limit", str(limit)),
        ("cursor", cursor),
    )
    return _page(transport, Event, path_of("events"), params, deadline=deadline)


def count_events(  # noqa: PLR0913 - the call's own filters, by keyword
    transport: Transport,
    connection_id: str | Sequence[str] | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    status: str | None = None,
    source_id: str | None = None,
    destination_id: str | None = None,
    q: str | None = None,
    deadline: float | None = None,
) -> Answer[Count]:
    """Count events; FastHook describes this total as exact."""
    params = query_of(
        *window("from", "to", since=since, until=until),
        ("connection_id", joined(connection_id)),
        ("source_id", source_id),
        ("destination_id", destination_id),
        ("status", status),
        ("q", q),
    )
    return _count(transport, path_of("events", "count"), params, deadline=deadline)


def get_event(transport: Transport, event_id: str, *, deadline: float | None = None) -> Answer[Event]:
    """Read an event, with its payload while that is stored."""
    return _one(transport, Event, path_of("events", event_id), deadline=deadline)


def list_attempts(
    transport: Transport,
    event_id: str | Sequence[str],
    *,
    cursor: str | None = None,
    limit: int = MOST_RECORDS,
    deadline: float | None = None,
) -> Answer[Page[Attempt]]:
    """List the attempts of one event, or of some, newest first."""
    params = query_of(
        ("event_id", joined(event_id)),
        ("order_by", "created_at"),
        ("dir", "desc"),
        ("limit", str(limit)),
        ("cursor", cursor),
    )
    return _page(transport, Attempt, path_of("attempts"), params, deadline=deadline)


def get_attempt(transport: Transport, attempt_id: str, *, deadline: float | None = None) -> Answer[Attempt]:
    """Read an attempt with what the receiver answered."""
    return _one(transport, Attempt, path_of("attempts", attempt_id), deadline=deadline)


def get_latest_input(
    transport: Transport, connection_id: str, *, deadline: float | None = None
) -> Answer[LatestInputAnswer]:
    """Read the newest input of a connection's source; ``latest_input`` is ``None`` before the first."""
    path = path_of("connections", connection_id, "latest-input")
    return _one(transport, LatestInputAnswer, path, deadline=deadline)


def _source_of(connection: Connection) -> str | None:
    return connection.source_id or (connection.source.id if connection.source else None)


def _one(transport: Transport, model: type[M], path: str, *, deadline: float | None) -> Answer[M]:
    reply = transport.get(path, deadline=deadline)
    return answer_of(reply, read_record(model, reply.value, call=reply.call))


def _page(
    transport: Transport, model: type[M], path: str, params: Params, *, deadline: float | None
) -> Answer[Page[M]]:
    reply = transport.get(path, params, deadline=deadline)
    return answer_of(reply, read_page(model, reply.value, call=reply.call))


def _resources(
    transport: Transport, model: type[M], kind: str, *, limit: int, deadline: float | None
) -> Answer[Page[M]]:
    params = query_of(("limit", str(limit)))
    answer = _page(transport, model, path_of(kind), params, deadline=deadline)
    return answer.having(without_cursor(answer.value, limit=limit))


def _count(transport: Transport, path: str, params: Params, *, deadline: float | None) -> Answer[Count]:
    reply = transport.get(path, params, deadline=deadline)
    return answer_of(reply, read_total(reply.value, call=reply.call))
