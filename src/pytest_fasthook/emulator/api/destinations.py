"""The destinations of a team."""

from __future__ import annotations

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.listing import listing
from pytest_fasthook.emulator.api.windows import attempts_bins
from pytest_fasthook.emulator.resources import destinations
from pytest_fasthook.emulator.store.records import Destination
from pytest_fasthook.emulator.store.tables import DESTINATIONS
from pytest_fasthook.emulator.views.resources import destination_view


def list_all(call: Call) -> Answer:
    """List the team's destinations; attempt counts are zero unless ``include_metrics`` is set."""
    if call.flag("include_metrics"):
        return listing(call, DESTINATIONS, lambda item: _view(call, item))
    return listing(call, DESTINATIONS, destination_view)


def get(call: Call) -> Answer:
    """Return one destination with its attempts of the last day."""
    return Answer(_view(call, _destination(call)))


def create(call: Call) -> Answer:
    """Create a destination."""
    return Answer(destination_view(destinations.create(call.world, call.team_id, call.body())))


def upsert(call: Call) -> Answer:
    """Create a destination or replace the one with its name."""
    return Answer(destination_view(destinations.upsert(call.world, call.team_id, call.body())))


def replace(call: Call) -> Answer:
    """Replace a destination's config whole."""
    return Answer(_view(call, destinations.replace(call.world, _destination(call), call.body())))


def merge(call: Call) -> Answer:
    """Change parts of a destination."""
    return Answer(_view(call, destinations.merge(call.world, _destination(call), call.body())))


def delete(call: Call) -> Answer:
    """Delete a destination, whether it exists or not."""
    destinations.delete(call.world, call.team_id, call.id)
    return Answer({"id": call.id})


def enable(call: Call) -> Answer:
    """Enable a destination."""
    return Answer(_view(call, destinations.set_enabled(call.world, _destination(call), enabled=True)))


def disable(call: Call) -> Answer:
    """Disable a destination."""
    return Answer(_view(call, destinations.set_enabled(call.world, _destination(call), enabled=False)))


def _destination(call: Call) -> Destination:
    return DESTINATIONS.get(call.world.database, call.team_id, call.id)


def _view(call: Call, destination: Destination) -> dict[str, object]:
    return destination_view(destination, attempts=attempts_bins(call.world, destination))
