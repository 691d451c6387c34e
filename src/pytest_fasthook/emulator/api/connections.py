"""The connections of a team, and the latest input of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.listing import listing
from pytest_fasthook.emulator.payload import envelope
from pytest_fasthook.emulator.resources import connections
from pytest_fasthook.emulator.store.records import Connection
from pytest_fasthook.emulator.store.tables import CONNECTIONS, DESTINATIONS, REQUESTS, SOURCES, load_payload
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.views.resources import connection_view


def list_all(call: Call) -> Answer:
    """List the team's connections."""
    return listing(call, CONNECTIONS, lambda connection: _view(call, connection))


def get(call: Call) -> Answer:
    """Return one connection."""
    return Answer(_view(call, _connection(call)))


def create(call: Call) -> Answer:
    """Create a connection."""
    return Answer(_view(call, connections.create(call.world, call.team_id, call.body())))


def upsert(call: Call) -> Answer:
    """Create a connection or change the one with its id, or with its source and name."""
    return Answer(_view(call, connections.upsert(call.world, call.team_id, call.body())))


def update(call: Call) -> Answer:
    """Change a connection."""
    return Answer(_view(call, connections.update(call.world, _connection(call), call.body())))


def delete(call: Call) -> Answer:
    """Delete a connection."""
    connections.delete(call.world, _connection(call))
    return Answer({"deleted": True, "id": call.id})


def pause(call: Call) -> Answer:
    """Hold what is routed from now on."""
    return _changed(call, connections.pause)


def unpause(call: Call) -> Answer:
    """Release what was held."""
    return _changed(call, connections.unpause)


def enable(call: Call) -> Answer:
    """Route requests again."""
    return _changed(call, connections.enable)


def disable(call: Call) -> Answer:
    """Skip future requests."""
    return _changed(call, connections.disable)


def latest_input(call: Call) -> Answer:
    """Return the newest input of the connection's source, null where there is none."""
    connection = _connection(call)
    found = REQUESTS.select(
        call.world.database,
        "WHERE source_id = ? AND created_ms <= ? AND status = 'accepted' "
        "ORDER BY created_ms DESC, seq DESC LIMIT 1",
        (connection.source_id, call.world.visible_ms("latest_input")),
    )
    payload = load_payload(call.world.database, found[0].data_id) if found else None
    if not found or payload is None:
        return Answer({"connection_id": connection.id, "latest_input": None})
    latest = {
        "source_id": connection.source_id,
        "request_id": found[0].id,
        "original_event_data_id": found[0].data_id,
        "created_at": iso(found[0].created_ms),
        "payload_r2_key": f"payloads/{found[0].data_id}",
        "payload_r2_bucket_name": None,
        "input": envelope(payload),
    }
    return Answer({"connection_id": connection.id, "latest_input": latest})


def _changed(call: Call, change: Callable[..., Connection]) -> Answer:
    return Answer(_view(call, change(call.world, _connection(call))))


def _connection(call: Call) -> Connection:
    return CONNECTIONS.get(call.world.database, call.team_id, call.id)


def _view(call: Call, connection: Connection) -> dict[str, Any]:
    database = call.world.database
    source = SOURCES.find(database, "id = ?", (connection.source_id,))
    destination = DESTINATIONS.find(database, "id = ?", (connection.destination_id,))
    return connection_view(connection, source, destination, origin=call.world.origin)
