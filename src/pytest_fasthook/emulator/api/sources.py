"""The sources of a team."""

from __future__ import annotations

from collections.abc import Callable

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.listing import listing
from pytest_fasthook.emulator.resources import sources
from pytest_fasthook.emulator.store.records import Source
from pytest_fasthook.emulator.store.tables import SOURCES
from pytest_fasthook.emulator.views.resources import source_view


def list_all(call: Call) -> Answer:
    """List the team's sources."""
    return listing(call, SOURCES, lambda source: source_view(source, origin=call.world.origin))


def get(call: Call) -> Answer:
    """Return one source."""
    return _shown(call, _source(call))


def create(call: Call) -> Answer:
    """Create a source."""
    return _shown(call, sources.create(call.world, call.team_id, call.body()))


def upsert(call: Call) -> Answer:
    """Create a source or replace the one with its name."""
    return _shown(call, sources.upsert(call.world, call.team_id, call.body()))


def update(call: Call) -> Answer:
    """Change a source."""
    return _shown(call, sources.update(call.world, _source(call), call.body()))


def delete(call: Call) -> Answer:
    """Delete a source."""
    sources.delete(call.world, _source(call))
    return Answer({"id": call.id})


def enable(call: Call) -> Answer:
    """Enable a source."""
    return _changed(call, sources.enable)


def disable(call: Call) -> Answer:
    """Disable a source and its connections."""
    return _changed(call, sources.disable)


def _changed(call: Call, change: Callable[..., Source]) -> Answer:
    return _shown(call, change(call.world, _source(call)))


def _source(call: Call) -> Source:
    return SOURCES.get(call.world.database, call.team_id, call.id)


def _shown(call: Call, source: Source) -> Answer:
    return Answer(source_view(source, origin=call.world.origin))
