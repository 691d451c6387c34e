"""Project API keys and their audit (FastHook contract, ProjectApiKey)."""

from __future__ import annotations

from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.errors import NotFound
from pytest_fasthook.emulator.resources import keys
from pytest_fasthook.emulator.store.records import ProjectKey
from pytest_fasthook.emulator.store.tables import PROJECT_KEYS
from pytest_fasthook.emulator.times import iso

MOST = 100


def list_all(call: Call) -> Answer:
    """List the team's keys."""
    clause = "WHERE team_id = ? AND deleted_ms IS NULL ORDER BY seq DESC LIMIT ?"
    found = PROJECT_KEYS.select(call.world.database, clause, (call.team_id, MOST))
    return Answer({"data": [key_view(item) for item in found]})


def get(call: Call) -> Answer:
    """Return one key without its value."""
    return Answer({"data": key_view(_key(call))})


def create(call: Call) -> Answer:
    """Create a key and show its value this once."""
    key, value = keys.create(call.world, call.team_id, call.body())
    return Answer({"data": {**key_view(key), "api_key": value}}, 201, {"cache-control": "no-store"})


def update(call: Call) -> Answer:
    """Change a key."""
    return Answer({"data": key_view(keys.update(call.world, _key(call), call.body()))})


def revoke(call: Call) -> Answer:
    """Revoke a key."""
    return Answer({"data": key_view(keys.revoke(call.world, _key(call)))})


def delete(call: Call) -> Answer:
    """Revoke a key and forget it; deleting twice is no error."""
    key = PROJECT_KEYS.get(call.world.database, call.team_id, call.id)
    return Answer({"data": key_view(keys.delete(call.world, key))})


def audit(call: Call) -> Answer:
    """List what a key was used for, newest first."""
    rows = call.world.database.rows(
        "SELECT * FROM key_audit WHERE key_id = ? ORDER BY id DESC LIMIT ?", (_key(call).id, MOST)
    )
    entries = [
        {
            "id": row["id"],
            "key_id": row["key_id"],
            "team_id": row["team_id"],
            "route_key": row["route_key"],
            "permission": row["permission"],
            "decision": row["decision"],
            "reason": None,
            "cf_ray": None,
            "created_at": iso(row["created_ms"]),
        }
        for row in rows
    ]
    return Answer({"data": entries})


def key_view(key: ProjectKey) -> dict[str, Any]:
    """Return a ProjectApiKey without its value."""
    return {
        "id": key.id,
        "team_id": key.team_id,
        "name": key.name,
        "masked_key": key.masked_key,
        "status": key.status,
        "scopes": key.scopes,
        "execute_grants": key.execute_grants,
        "rate_limit_per_minute": key.rate_limit_per_minute,
        "legacy_project_secret": False,
        "created_by_user_id": None,
        "last_used_at": iso(key.last_used_ms),
        "secret_last_rotated_at": iso(key.created_ms),
        "revoked_at": iso(key.revoked_ms),
        "created_at": iso(key.created_ms),
        "updated_at": iso(key.updated_ms),
    }


def _key(call: Call) -> ProjectKey:
    key = PROJECT_KEYS.get(call.world.database, call.team_id, call.id)
    if key.deleted_ms is not None:
        raise NotFound("project API key not found")
    return key
