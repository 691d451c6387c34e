"""Stored filters, and the connections that use them by id (FastHook contract, filters)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest, Conflict
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.resources.transformations import already_exists
from pytest_fasthook.emulator.rules.filters import TARGETS, check_condition
from pytest_fasthook.emulator.store.records import Connection, Filter
from pytest_fasthook.emulator.store.tables import CONNECTIONS, FILTERS
from pytest_fasthook.emulator.world import AppState

FIELDS = ("name", "conditions", *TARGETS)


def create(world: AppState, team_id: str, body: Any) -> Filter:
    """Create a filter.

    Raises:
        Conflict: the name is taken; the answer names the one that has it.
    """
    values = fields.known(body, *FIELDS)
    name, now = _name(values), world.clock.now_ms()
    with world.database.transaction():
        taken = FILTERS.find(world.database, "team_id = ? AND name = ?", (team_id, name))
        if taken:
            raise Conflict("Resource already exists", body=already_exists(taken.id, "filter"))
        made = Filter(
            id=world.ids.make("flt"),
            team_id=team_id,
            name=name,
            conditions=read_conditions(values),
            created_ms=now,
            updated_ms=now,
        )
        return FILTERS.insert(world.database, made)


def update(world: AppState, stored: Filter, body: Any) -> Filter:
    """Change the given fields, and the rules of the connections that use the filter."""
    values = fields.known(body, *FIELDS)
    changes: dict[str, Any] = {"updated_ms": world.clock.now_ms()}
    with world.database.transaction():
        if "name" in values:
            changes["name"] = _free_name(world, stored, _name(values))
        if set(values) & {"conditions", *TARGETS}:
            changes["conditions"] = read_conditions(values)
        FILTERS.update(world.database, stored.id, **changes)
        changed = replace(stored, **changes)
        for connection in users(world, stored.id, stored.team_id):
            rules = [_refreshed(rule, changed) for rule in connection.rules]
            CONNECTIONS.update(world.database, connection.id, rules=rules, updated_ms=changes["updated_ms"])
        return changed


def delete(world: AppState, stored: Filter) -> None:
    """Delete a filter; connections keep the conditions they have."""
    FILTERS.delete(world.database, "id = ?", (stored.id,))


def users(world: AppState, filter_id: str, team_id: str) -> list[Connection]:
    """Return the connections whose filter rule names a stored filter."""
    found = CONNECTIONS.select(
        world.database, "WHERE team_id = ? AND instr(rules, ?) > 0 ORDER BY seq", (team_id, f'"{filter_id}"')
    )
    return [item for item in found if any(rule.get("filter_id") == filter_id for rule in item.rules)]


def resolved(world: AppState, team_id: str, rules: Any) -> Any:
    """Return rules in which a filter rule's ``filter_id`` is joined by the stored conditions."""
    if not isinstance(rules, list):
        return rules
    return [_resolved(world, team_id, rule) for rule in rules]


def read_conditions(values: Mapping[str, Any]) -> dict[str, Any]:
    """Read conditions, given under ``conditions`` or by target at the top level.

    Raises:
        BadRequest: there are none, or they cannot be evaluated.
    """
    given = fields.mapping(values, "conditions")
    found = given if given is not None else {key: values[key] for key in TARGETS if key in values}
    if not found or not set(found) <= set(TARGETS):
        raise BadRequest(f"a filter needs at least one of {', '.join(TARGETS)}, and nothing else")
    for condition in found.values():
        check_condition(condition)
    return found


def _resolved(world: AppState, team_id: str, rule: Any) -> Any:
    filter_id = rule.get("filter_id") if isinstance(rule, Mapping) else None
    if filter_id is None or rule.get("type") != "filter":
        return rule
    return _refreshed(rule, FILTERS.get(world.database, team_id, str(filter_id)))


def _refreshed(rule: Mapping[str, Any], stored: Filter) -> dict[str, Any]:
    if rule.get("filter_id") != stored.id:
        return dict(rule)
    return {"type": "filter", "filter_id": stored.id, **stored.conditions}


def _name(values: Mapping[str, Any]) -> str:
    name = values.get("name")
    if not isinstance(name, str) or not fields.NAME.fullmatch(name):
        raise BadRequest("name must be 1 to 155 letters, digits, hyphens or underscores")
    return name


def _free_name(world: AppState, stored: Filter, name: str) -> str:
    other = FILTERS.find(world.database, "team_id = ? AND name = ?", (stored.team_id, name))
    if other and other.id != stored.id:
        raise Conflict("Resource already exists", body=already_exists(other.id, "filter"))
    return name
