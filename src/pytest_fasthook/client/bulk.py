"""Bulk retries: bounded before they start, watched while they run, cancelled when they must not go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from pytest_fasthook.client import api
from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.fields import Flag, JsonObject, Moment, Text, WholeNumber
from pytest_fasthook.client.filters import query_of, window
from pytest_fasthook.client.models import Record
from pytest_fasthook.client.pages import Count, read_page, read_record
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import SettingsError, UnreadableError

Kind = Literal["events", "requests"]

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


class BulkOperation(Record):
    """A bulk retry and how far it has come (contract: bulk operation).

    Attributes:
        status: ``PLANNED RUNNING COMPLETED FAILED CANCELLED``.
        total_count: how many records it will retry.
        queued_count, done_count, failed_count: how far it has come.
        cancelable: while it is planned or running.
    """

    type: Text = None
    status: Text = None
    filter: JsonObject = Field(default=None, repr=False)
    requested_by: Text = None
    started_at: Moment = None
    finished_at: Moment = None
    total_count: WholeNumber = None
    queued_count: WholeNumber = None
    done_count: WholeNumber = None
    failed_count: WholeNumber = None
    cancelable: Flag = None

    @property
    def finished(self) -> bool:
        """Whether it will not change any more; not whether it went well."""
        return self.status in _OVER or self.finished_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBulkFilter:
    """Which events to retry: a closed window, narrowed to a source, a connection or a destination.

    Attributes:
        since, until: aware moments.
        status: an event status; ``FAILED`` is what one mostly means.
        q: a text to search for.

    Raises:
        SettingsError: the filter would take in more than somebody can have meant.
    """

    since: datetime
    until: datetime
    status: str | None = None
    source_id: str | None = None
    connection_id: str | None = None
    destination_id: str | None = None
    q: str | None = None

    def __post_init__(self) -> None:
        _check_window(self.since, self.until)
        if not (self.source_id or self.connection_id or self.destination_id):
            raise SettingsError("a bulk filter for events must name a source, a connection or a destination")

    def body(self) -> dict[str, str]:
        """The filter in FastHook's fields."""
        return dict(
            query_of(
                *window("from", "to", since=self.since, until=self.until),
                ("status", self.status),
                ("source_id", self.source_id),
                ("connection_id", self.connection_id),
                ("destination_id", self.destination_id),
                ("q", self.q),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBulkFilter:
    """Which requests to replay: a closed window of one source.

    Attributes:
        since, until: aware moments.
        status: ``accepted`` or ``rejected``.
        q: a text to search for.

    Raises:
        SettingsError: the filter would take in more than somebody can have meant.
    """

    since: datetime
    until: datetime
    source_id: str
    status: str | None = None
    q: str | None = None

    def __post_init__(self) -> None:
        _check_window(self.since, self.until)
        if not self.source_id:
            raise SettingsError("a bulk filter for requests must name a source")

    def body(self) -> dict[str, str]:
        """The filter in FastHook's fields."""
        return dict(
            query_of(
                *window("from", "to", since=self.since, until=self.until),
                ("status", self.status),
                ("source_id", self.source_id),
                ("q", self.q),
            )
        )


class Bulk:
    """Retrying many at once."""

    transport: Transport

    def count_event_bulk(self, chosen: EventBulkFilter) -> Count:
        """Count what a bulk retry would take in, before it is started."""
        answer = api.count_events(
            self.transport,
            chosen.connection_id,
            since=chosen.since,
            until=chosen.until,
            status=chosen.status,
            source_id=chosen.source_id,
            destination_id=chosen.destination_id,
            q=chosen.q,
        )
        return answer.value

    def start_event_bulk(self, chosen: EventBulkFilter) -> BulkOperation:
        """Retry all events of a filter; try ``retry_event`` on one of them first."""
        return _start(self.transport, "events", chosen.body())

    def start_request_bulk(self, chosen: RequestBulkFilter) -> BulkOperation:
        """Replay all requests of a filter."""
        return _start(self.transport, "requests", chosen.body())

    def get_bulk(self, operation_id: str, *, kind: Kind = "events") -> BulkOperation:
        """Read how far a bulk operation has come."""
        if kind == "requests":
            return _listed(self.transport, operation_id)
        reply = self.transport.get(path_of("events", "bulk_operations", operation_id))
        return read_record(BulkOperation, reply.value, call=reply.call)

    def watch_bulk(
        self, operation_id: str, *, kind: Kind = "events", every_s: float = 2.0, timeout_s: float = 600.0
    ) -> Iterator[BulkOperation]:
        """Follow a bulk operation: now, at each change, and at the end.

        Args:
            operation_id: from ``start_event_bulk`` or ``start_request_bulk``.
            kind: which of the two started it.
            every_s: seconds between looks.
            timeout_s: after so many seconds the watch ends, whether the operation has or not.

        Yields:
            The operation as it was seen; ``finished`` of the last one tells whether it has ended.
        """
        ends = self.transport.clock.monotonic() + timeout_s
        seen: BulkOperation | None = None
        while True:
            operation = self.get_bulk(operation_id, kind=kind)
            if operation != seen:
                yield operation
            seen = operation
            if operation.finished or self.transport.clock.monotonic() + every_s > ends:
                return
            self.transport.clock.sleep(every_s)

    def cancel_bulk(self, operation_id: str, *, kind: Kind = "events") -> BulkOperation:
        """Stop a bulk operation that is planned or running, and read where it stopped; 409 where it has ended."""
        self.transport.write("POST", path_of(kind, "bulk_operations", operation_id, "cancel"))
        return self.get_bulk(operation_id, kind=kind)


def _start(transport: Transport, kind: Kind, body: dict[str, str]) -> BulkOperation:
    reply = transport.write("POST", path_of(kind, "bulk_operations"), body)
    return read_record(BulkOperation, reply.value, call=reply.call)


def _listed(transport: Transport, operation_id: str) -> BulkOperation:
    """Requests' operations have no call of their own, so find one in the list."""
    params = query_of(("bucket", "all"), ("limit", str(api.MOST_RESOURCES)))
    reply = transport.get(path_of("requests", "bulk_operations"), params)
    page = read_page(BulkOperation, reply.value, call=reply.call)
    found = next((operation for operation in page.models if operation.id == operation_id), None)
    if found is None:
        raise UnreadableError(f"{reply.call}: {operation_id} is not in the list", call=reply.call, field="id")
    return found


def _check_window(since: datetime, until: datetime) -> None:
    if since.tzinfo is None or until.tzinfo is None:
        raise SettingsError("the window of a bulk filter needs moments with a time zone")
    if since >= until:
        raise SettingsError("the window of a bulk filter must begin before it ends")
