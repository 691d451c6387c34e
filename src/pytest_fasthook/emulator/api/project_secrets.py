"""A team's two credentials: read, set, rotate (FastHook docs, API automation)."""

from __future__ import annotations

from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.resources.secrets import KINDS, new_secret, project_secrets, set_secrets
from pytest_fasthook.emulator.times import iso

_SECRET = {"cache-control": "no-store"}


def get(call: Call) -> Answer:
    """Return both credentials, in full and masked."""
    row = project_secrets(call.world, call.team_id)
    body = {
        kind: {
            "value": row[kind],
            "masked": masked(row[kind]),
            "created_at": iso(row[f"{kind}_ms"]),
            "last_rotated_at": iso(row[f"{kind}_ms"]),
        }
        for kind in KINDS
    }
    return Answer({"team_id": call.team_id, **body}, headers=_SECRET)


def put(call: Call) -> Answer:
    """Set one or both to given values."""
    body = fields.known(call.body(), *KINDS)
    values = {kind: fields.text(body, kind) for kind in KINDS if kind in body}
    if not values:
        raise BadRequest(f"give {' or '.join(KINDS)}")
    set_secrets(call.world, call.team_id, values)
    return get(call)


def rotate(call: Call) -> Answer:
    """Replace both by new ones, or only those that ``rotate`` names."""
    body = fields.known(call.body(is_optional=True), "rotate")
    wanted: Any = body.get("rotate", list(KINDS))
    if not isinstance(wanted, list) or not wanted or not set(map(str, wanted)) <= set(KINDS):
        raise BadRequest(f"rotate must be an array of {' and '.join(KINDS)}")
    set_secrets(call.world, call.team_id, {kind: new_secret(call.world, kind) for kind in wanted})
    return get(call)


def masked(value: str) -> str:
    """Hide all but the ends, as FastHook's CLI does."""
    return f"{value[:2]}***" if len(value) <= 10 else f"{value[:4]}{'*' * 8}{value[-4:]}"
