"""Stored filters, and trying one out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.listing import listing
from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.resources import fields, filters
from pytest_fasthook.emulator.rules.filters import TARGETS, matches
from pytest_fasthook.emulator.store.records import Filter
from pytest_fasthook.emulator.store.tables import FILTERS
from pytest_fasthook.emulator.times import iso


def list_all(call: Call) -> Answer:
    """List the team's filters."""
    return listing(call, FILTERS, lambda item: _view(call, item))


def get(call: Call) -> Answer:
    """Return one filter."""
    return Answer(_view(call, _filter(call)))


def create(call: Call) -> Answer:
    """Create a filter."""
    return Answer(_view(call, filters.create(call.world, call.team_id, call.body())))


def update(call: Call) -> Answer:
    """Change a filter and the connections that use it."""
    return Answer(_view(call, filters.update(call.world, _filter(call), call.body())))


def delete(call: Call) -> Answer:
    """Delete a filter."""
    filters.delete(call.world, _filter(call))
    return Answer({"id": call.id})


def test(call: Call) -> Answer:
    """Say whether an input satisfies conditions."""
    body = fields.known(call.body(), "filter", "input")
    conditions = filters.read_conditions(fields.known(body.get("filter"), *TARGETS))
    given = fields.known(body.get("input", {}), *TARGETS)
    headers = given.get("headers", {})
    if not isinstance(headers, Mapping) or not isinstance(given.get("query", {}), Mapping):
        raise BadRequest("input.headers and input.query must be objects")
    if not isinstance(given.get("path", ""), str):
        raise BadRequest("input.path must be a text")
    lowered = {name.lower(): value for name, value in headers.items()}
    envelope = {"body": {}, "query": {}, "path": "/", **given, "headers": lowered}
    return Answer({"matched": matches(conditions, envelope)})


def _filter(call: Call) -> Filter:
    return FILTERS.get(call.world.database, call.team_id, call.id)


def _view(call: Call, stored: Filter) -> dict[str, Any]:
    users = filters.users(call.world, stored.id, stored.team_id)
    return {
        "id": stored.id,
        "team_id": stored.team_id,
        "name": stored.name,
        "conditions": stored.conditions,
        **stored.conditions,
        "connections_count": len(users),
        "sample_connection_id": users[0].id if users else None,
        "created_at": iso(stored.created_ms),
        "updated_at": iso(stored.updated_ms),
    }
