"""Connections: create, upsert, change, pause, unpause, enable, disable, delete (FastHook contract)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest, Conflict, NotFound
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.resources.filters import resolved
from pytest_fasthook.emulator.rules.rules import normalize_rules, rule_of
from pytest_fasthook.emulator.store.records import Connection
from pytest_fasthook.emulator.store.tables import CONNECTIONS, DESTINATIONS, SOURCES, TRANSFORMATIONS
from pytest_fasthook.emulator.world import AppState

FIELDS = (
    "name",
    "description",
    "source_id",
    "destination_id",
    "source",
    "destination",
    "disabled_at",
    "paused_at",
    "rules",
)
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def create(world: AppState, team_id: str, body: Any) -> Connection:
    """Create a connection; ``id`` may be given.

    Raises:
        Conflict: the id, or the name on this source, is taken.
    """
    values = fields.known(body, *FIELDS, "id")
    with world.database.transaction():
        return _insert(world, team_id, values)


def upsert(world: AppState, team_id: str, body: Any) -> Connection:
    """Create the connection, or change the one with the id, else the one with the source and name."""
    values = fields.known(body, *FIELDS, "id")
    fields.text(values, "name")
    with world.database.transaction():
        found = _existing(world, team_id, values)
        if not found:
            if "id" in values and not _has_ends(values):
                raise NotFound("connection not found")
            return _insert(world, team_id, values)
        return update(world, found, {name: value for name, value in values.items() if name != "id"})


def update(world: AppState, connection: Connection, body: Any) -> Connection:
    """Change the given fields; unpausing releases what was held."""
    values = fields.known(body, *FIELDS)
    with world.database.transaction():
        changes = _changes(world, connection, values)
        CONNECTIONS.update(world.database, connection.id, **changes)
        changed = replace(connection, **changes)
        if connection.paused_ms is not None and changed.paused_ms is None:
            release(world, changed)
        return changed


def pause(world: AppState, connection: Connection) -> Connection:
    """Hold what is routed from now on; pausing twice keeps the first moment."""
    return (
        connection
        if connection.paused_ms is not None
        else _set(world, connection, paused_ms=world.clock.now_ms())
    )


def unpause(world: AppState, connection: Connection) -> Connection:
    """Deliver again, beginning with what was held."""
    with world.database.transaction():
        release(world, connection)
        return _set(world, connection, paused_ms=None)


def enable(world: AppState, connection: Connection) -> Connection:
    """Route requests again."""
    return _set(world, connection, disabled_ms=None)


def disable(world: AppState, connection: Connection) -> Connection:
    """Skip future requests; what was held is released, so that nothing piles up."""
    with world.database.transaction():
        release(world, connection)
        since = connection.disabled_ms if connection.disabled_ms is not None else world.clock.now_ms()
        return _set(world, connection, disabled_ms=since, paused_ms=None)


def release(world: AppState, connection: Connection) -> None:
    """Queue the events that a pause held."""
    released = world.database.execute(
        "UPDATE events SET status = 'QUEUED', trigger = 'UNPAUSE', due_ms = ?, updated_ms = ? "
        "WHERE connection_id = ? AND status = 'HOLD'",
        (world.clock.elapsed_ms(), world.clock.now_ms(), connection.id),
    )
    if released:
        world.wake()


def delete(world: AppState, connection: Connection) -> None:
    """Delete a connection; what went through it stays."""
    CONNECTIONS.delete(world.database, "id = ?", (connection.id,))


def _set(world: AppState, connection: Connection, **changes: Any) -> Connection:
    changes["updated_ms"] = world.clock.now_ms()
    CONNECTIONS.update(world.database, connection.id, **changes)
    return replace(connection, **changes)


def _insert(world: AppState, team_id: str, values: Mapping[str, Any]) -> Connection:
    now = world.clock.now_ms()
    name = fields.text(values, "name")
    source_id = _end(world, team_id, values, "source")
    destination_id = _end(world, team_id, values, "destination")
    if source_id is None or destination_id is None:
        raise BadRequest("a connection needs source_id and destination_id")
    _check_free(world, source_id, name, owner=None)
    connection = Connection(
        id=_new_id(world, values),
        team_id=team_id,
        name=name,
        description=fields.optional_text(values, "description"),
        source_id=source_id,
        destination_id=destination_id,
        rules=_rules(world, team_id, values),
        paused_ms=fields.moment(values, "paused_at", now_ms=now),
        disabled_ms=fields.moment(values, "disabled_at", now_ms=now),
        created_ms=now,
        updated_ms=now,
    )
    return CONNECTIONS.insert(world.database, connection)


def _changes(world: AppState, connection: Connection, values: Mapping[str, Any]) -> dict[str, Any]:
    now = world.clock.now_ms()
    changes: dict[str, Any] = {"updated_ms": now}
    for end in ("source", "destination"):
        given = _end(world, connection.team_id, values, end)
        if given:
            changes[f"{end}_id"] = given
    if "name" in values:
        changes["name"] = fields.text(values, "name")
    if "description" in values:
        changes["description"] = fields.optional_text(values, "description")
    if "rules" in values:
        changes["rules"] = _rules(world, connection.team_id, values)
    for state in ("paused", "disabled"):
        if f"{state}_at" in values:
            changes[f"{state}_ms"] = fields.moment(values, f"{state}_at", now_ms=now)
    source_id, name = changes.get("source_id", connection.source_id), changes.get("name", connection.name)
    _check_free(world, source_id, name, owner=connection.id)
    return changes


def _rules(world: AppState, team_id: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    rules = normalize_rules(resolved(world, team_id, values.get("rules", [])))
    script = rule_of(rules, "transform")
    if script:
        TRANSFORMATIONS.get(world.database, team_id, script["transformation_id"])
    return rules


def _existing(world: AppState, team_id: str, values: Mapping[str, Any]) -> Connection | None:
    if "id" in values:
        return CONNECTIONS.find(world.database, "id = ? AND team_id = ?", (_given_id(values), team_id))
    if not _has_ends(values):
        raise BadRequest("a connection needs source_id and destination_id")
    source_id = _end(world, team_id, values, "source")
    return CONNECTIONS.find(
        world.database, "team_id = ? AND source_id = ? AND name = ?", (team_id, source_id, values["name"])
    )


def _end(world: AppState, team_id: str, values: Mapping[str, Any], end: str) -> str | None:
    """The id of the source or destination that a body names, in either of two ways."""
    embedded = fields.mapping(values, end) or {}
    if f"{end}_id" not in values and "id" not in embedded:
        return None
    found = values.get(f"{end}_id", embedded.get("id"))
    table = SOURCES if end == "source" else DESTINATIONS
    if not isinstance(found, str):
        raise BadRequest(f"{end}_id must be a text")
    return table.get(world.database, team_id, found).id


def _has_ends(values: Mapping[str, Any]) -> bool:
    return all(f"{end}_id" in values or values.get(end) for end in ("source", "destination"))


def _given_id(values: Mapping[str, Any]) -> str:
    given = values["id"]
    if not isinstance(given, str) or not ID.fullmatch(given):
        raise BadRequest("id must be 1 to 64 letters, digits, hyphens or underscores")
    return given


def _new_id(world: AppState, values: Mapping[str, Any]) -> str:
    if "id" not in values:
        return world.ids.make("web", 14)
    given = _given_id(values)
    if CONNECTIONS.find(world.database, "id = ?", (given,)):
        raise Conflict("a connection with this id already exists")
    return given


def _check_free(world: AppState, source_id: str, name: str, *, owner: str | None) -> None:
    taken = CONNECTIONS.find(world.database, "source_id = ? AND name = ?", (source_id, name))
    if taken and taken.id != owner:
        raise Conflict("a connection with this name already exists on this source")
