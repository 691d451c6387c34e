"""The reading half of ``FastHookClient``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from pytest_fasthook.client import api
from pytest_fasthook.client.models import (
    Attempt,
    Connection,
    Destination,
    Event,
    IgnoredEvent,
    LatestInputAnswer,
    MeasureName,
    Metrics,
    Request,
    Source,
    Trace,
)
from pytest_fasthook.client.pages import Count, Page
from pytest_fasthook.client.transport import Transport

T = TypeVar("T")


class Reads:
    """Everything that asks and changes nothing; such calls are repeated where that can help.

    Windows are aware datetimes. Without ``since`` FastHook looks back for a time that it does not state.
    """

    transport: Transport

    def get_connection(self, connection_id: str) -> Connection:
        """Read a connection with its rules and embedded source and destination."""
        return api.get_connection(self.transport, connection_id).value

    def list_connections(
        self, *, source_id: str | None = None, limit: int = api.MOST_RESOURCES
    ) -> Page[Connection]:
        """List connections, those of one source where given; ``partial`` tells that the list was full."""
        return api.list_connections(self.transport, source_id=source_id, limit=limit).value

    def get_source(self, source_id: str) -> Source:
        """Read a source; its secrets are redacted by FastHook."""
        return api.get_source(self.transport, source_id).value

    def list_sources(self, *, limit: int = api.MOST_RESOURCES) -> Page[Source]:
        """List sources; ``partial`` tells that the list was full."""
        return api.list_sources(self.transport, limit=limit).value

    def get_destination(self, destination_id: str) -> Destination:
        """Read a destination; its secrets are redacted by FastHook."""
        return api.get_destination(self.transport, destination_id).value

    def list_destinations(self, *, limit: int = api.MOST_RESOURCES) -> Page[Destination]:
        """List destinations; ``partial`` tells that the list was full."""
        return api.list_destinations(self.transport, limit=limit).value

    def get_request(self, request_id: str) -> Request:
        """Read a request with its stored payload."""
        return api.get_request(self.transport, request_id).value

    def list_requests(  # noqa: PLR0913 - the call's own filters, by keyword
        self,
        *,
        source_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        include_data: bool = True,
        q: str | None = None,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = api.MOST_RECORDS,
    ) -> Page[Request]:
        """List one page of requests, newest first; ``cursor`` comes from the page before."""
        answer = api.list_requests(
            self.transport,
            source_id=source_id,
            since=since,
            until=until,
            include_data=include_data,
            q=q,
            status=status,
            cursor=cursor,
            limit=limit,
        )
        return answer.value

    def iter_requests(  # noqa: PLR0913 - the call's own filters, by keyword
        self,
        *,
        source_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        include_data: bool = True,
        q: str | None = None,
        status: str | None = None,
    ) -> Iterator[Request]:
        """Read the requests of all pages, newest first."""
        return _all_pages(
            lambda cursor: self.list_requests(
                source_id=source_id,
                since=since,
                until=until,
                include_data=include_data,
                q=q,
                status=status,
                cursor=cursor,
            )
        )

    def count_requests(
        self,
        *,
        source_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        q: str | None = None,
        status: str | None = None,
    ) -> Count:
        """Count requests; the total may be a lower bound."""
        answer = api.count_requests(
            self.transport, source_id=source_id, since=since, until=until, q=q, status=status
        )
        return answer.value

    def list_request_events(self, request_id: str, *, status: str | None = None) -> Page[Event]:
        """List the events of one request; cancelled ones only where ``status`` names them."""
        return api.list_request_events(self.transport, request_id, status=status).value

    def list_ignored_events(self, request_id: str, *, connection_id: str | None = None) -> Page[IgnoredEvent]:
        """List the branches of one request that were skipped, with their causes."""
        return api.list_ignored_events(self.transport, request_id, connection_id=connection_id).value

    def get_trace(self, request_id: str) -> Trace:
        """Read everything about one request."""
        return api.get_trace(self.transport, request_id).value

    def get_event(self, event_id: str) -> Event:
        """Read an event, with its payload while that is stored."""
        return api.get_event(self.transport, event_id).value

    def list_events(  # noqa: PLR0913 - the call's own filters, by keyword
        self,
        connection_id: str | Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        status: str | None = None,
        source_id: str | None = None,
        q: str | None = None,
        cursor: str | None = None,
        limit: int = api.MOST_RECORDS,
    ) -> Page[Event]:
        """List one page of events, newest first; ``cursor`` comes from the page before."""
        answer = api.list_events(
            self.transport,
            connection_id,
            since=since,
            until=until,
            status=status,
            source_id=source_id,
            q=q,
            cursor=cursor,
            limit=limit,
        )
        return answer.value

    def iter_events(  # noqa: PLR0913 - the call's own filters, by keyword
        self,
        connection_id: str | Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        status: str | None = None,
        source_id: str | None = None,
        q: str | None = None,
    ) -> Iterator[Event]:
        """Read the events of all pages, newest first."""
        return _all_pages(
            lambda cursor: self.list_events(
                connection_id,
                since=since,
                until=until,
                status=status,
                source_id=source_id,
                q=q,
                cursor=cursor,
            )
        )

    def count_events(  # noqa: PLR0913 - the call's own filters, by keyword
        self,
        connection_id: str | Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        status: str | None = None,
        source_id: str | None = None,
        destination_id: str | None = None,
        q: str | None = None,
    ) -> Count:
        """Count events; FastHook describes this total as exact."""
        answer = api.count_events(
            self.transport,
            connection_id,
            since=since,
            until=until,
            status=status,
            source_id=source_id,
            destination_id=destination_id,
            q=q,
        )
        return answer.value

    def get_attempt(self, attempt_id: str) -> Attempt:
        """Read an attempt with what the receiver answered."""
        return api.get_attempt(self.transport, attempt_id).value

    def list_attempts(
        self, event_id: str | Sequence[str], *, cursor: str | None = None, limit: int = api.MOST_RECORDS
    ) -> Page[Attempt]:
        """List one page of an event's attempts, newest first."""
        return api.list_attempts(self.transport, event_id, cursor=cursor, limit=limit).value

    def iter_attempts(self, event_id: str | Sequence[str]) -> Iterator[Attempt]:
        """Read an event's attempts of all pages, newest first."""
        return _all_pages(lambda cursor: self.list_attempts(event_id, cursor=cursor))

    def get_latest_input(self, connection_id: str) -> LatestInputAnswer:
        """Read the newest input of a connection's source."""
        return api.get_latest_input(self.transport, connection_id).value

    def get_event_metrics(
        self,
        *,
        connection_id: str,
        since: datetime,
        until: datetime,
        measures: Sequence[MeasureName],
        granularity: str = "1m",
    ) -> Metrics:
        """Read event counts of one connection over a window."""
        answer = api.get_event_metrics(
            self.transport,
            connection_id=connection_id,
            since=since,
            until=until,
            measures=measures,
            granularity=granularity,
        )
        return answer.value

    def get_request_metrics(
        self,
        *,
        source_id: str,
        since: datetime,
        until: datetime,
        measures: Sequence[MeasureName],
        granularity: str = "1m",
    ) -> Metrics:
        """Read request counts of one source over a window."""
        answer = api.get_request_metrics(
            self.transport,
            source_id=source_id,
            since=since,
            until=until,
            measures=measures,
            granularity=granularity,
        )
        return answer.value


def _all_pages(read: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Walk all pages; a cursor that comes back would walk for ever, so it ends the walk."""
    seen: set[str | None] = {None}
    cursor: str | None = None
    while True:
        page = read(cursor)
        yield from page.models
        cursor = page.next_cursor
        if cursor in seen:
            return
        seen.add(cursor)
