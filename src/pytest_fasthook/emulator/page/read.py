"""What the page shows, read from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_fasthook.emulator.api.call import Call
from pytest_fasthook.emulator.api.requests import request_conditions, trace_of
from pytest_fasthook.emulator.api.search import searched
from pytest_fasthook.emulator.api.windows import Window
from pytest_fasthook.emulator.errors import APIError
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.records import Connection, Destination, Event, Request, Source
from pytest_fasthook.emulator.store.tables import (
    CONNECTIONS,
    DESTINATIONS,
    EVENTS,
    REQUESTS,
    SOURCES,
    load_payload,
)
from pytest_fasthook.emulator.views.trace import RequestTrace
from pytest_fasthook.emulator.world import AppState

SHOWN_REQUESTS = 50
SHOWN_BODY = 200_000
"""Bytes that a body may have to be shown whole."""
REQUEST_STATES = ("accepted", "rejected")
EVENT_STATES = ("SCHEDULED", "QUEUED", "HOLD", "SUCCESSFUL", "FAILED", "CANCELLED")
FILTERS = ("q", "state", "source_id", "connection_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The team's resources by id."""

    sources: Mapping[str, Source]
    connections: Mapping[str, Connection]
    destinations: Mapping[str, Destination]

    def source(self, id: str) -> str:  # noqa: A002 - named as the field is
        """Return a source's name, or its id where it is gone."""
        return self.sources[id].name if id in self.sources else id

    def connection(self, id: str) -> str:  # noqa: A002 - as above
        """Return a connection's name, or its id where it is gone."""
        return self.connections[id].name if id in self.connections else id

    def destination(self, id: str) -> str:  # noqa: A002 - as above
        """Return a destination's name, or its id where it is gone."""
        return self.destinations[id].name if id in self.destinations else id


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request in the list."""

    request: Request
    payload: Payload | None
    events: Sequence[Event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The front page."""

    team_id: str
    origin: str
    names: Names
    filters: Mapping[str, str]
    rows: Sequence[Row]
    has_more: bool
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One request's page."""

    names: Names
    story: RequestTrace
    payload: Payload | None


async def overview(world: AppState, query: Sequence[tuple[str, str]]) -> Overview:
    """Read the front page; a filter that cannot be read is told instead of rows."""
    team_id = world.team_id
    filters = {name: value.strip() for name, value in query if name in FILTERS and value.strip()}
    found: list[Request] = []
    error = None
    try:
        found = await _requests(world, team_id, filters)
    except APIError as refusal:
        error = str(refusal)
    rows = [_row(world, request) for request in found[:SHOWN_REQUESTS]]
    return Overview(
        team_id=team_id,
        origin=world.origin,
        names=names(world, team_id),
        filters=filters,
        rows=rows,
        has_more=len(found) > SHOWN_REQUESTS,
        error=error,
    )


def detail(world: AppState, request_id: str) -> Detail:
    """Read one request's page.

    Raises:
        NotFound: the team has no such request.
    """
    team_id = world.team_id
    request = REQUESTS.get(world.database, team_id, request_id)
    payload = load_payload(world.database, request.data_id, most=SHOWN_BODY)
    return Detail(names=names(world, team_id), story=trace_of(world, request), payload=payload)


def names(world: AppState, team_id: str) -> Names:
    """Read the team's resources."""
    clause, values = "WHERE team_id = ? ORDER BY name", (team_id,)
    return Names(
        sources={item.id: item for item in SOURCES.select(world.database, clause, values)},
        connections={item.id: item for item in CONNECTIONS.select(world.database, clause, values)},
        destinations={item.id: item for item in DESTINATIONS.select(world.database, clause, values)},
    )


async def _requests(world: AppState, team_id: str, filters: Mapping[str, str]) -> list[Request]:
    state = filters.get("state", "")
    query = [(name, value) for name, value in filters.items() if name != "state"]
    if state in REQUEST_STATES:
        query.append(("status", state))
    call = await searched(Call(world=world, team_id=team_id, parameters={}, query=query), "/requests")
    conditions = request_conditions(call, Window(None, None))
    if state in EVENT_STATES:
        conditions.add("id IN (SELECT request_id FROM events WHERE status = ?)", state)
    clause = f"WHERE {conditions.where} ORDER BY created_ms DESC, seq DESC LIMIT ?"
    return REQUESTS.select(world.database, clause, [*conditions.values, SHOWN_REQUESTS + 1])


def _row(world: AppState, request: Request) -> Row:
    events = EVENTS.select(world.database, "WHERE request_id = ? ORDER BY seq LIMIT 20", (request.id,))
    return Row(request=request, payload=load_payload(world.database, request.data_id, most=0), events=events)
