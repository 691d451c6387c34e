"""Project API keys with scopes and exact grants (FastHook contract, ProjectApiKey)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest, Conflict
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.resources.secrets import add_credential
from pytest_fasthook.emulator.rules.rules import as_int
from pytest_fasthook.emulator.store.records import ProjectKey
from pytest_fasthook.emulator.store.tables import PROJECT_KEYS
from pytest_fasthook.emulator.world import AppState

SCOPES = ("control:read", "control:execute", "tunnel:connect")
GRANTS = (
    "POST:/v1/sources/:id/run",
    "POST:/v1/sources/:id/channel-retry",
    "PUT:/v1/transformations/validate",
    "PUT:/v1/transformations/run",
    "POST:/v1/filters/test",
    "POST:/v1/requests/bulk_operations",
    "POST:/v1/requests/:id/retry",
    "POST:/v1/events/bulk_operations",
    "POST:/v1/events/:id/retry",
    "POST:/v1/request-fixtures/:id/replay",
    "POST:/v1/workflows/:id/runs/:executionId/retry",
)
FIELDS = ("name", "scopes", "execute_grants", "rate_limit_per_minute")
MOST_KEYS = 25
"""How many keys a team may have that are not revoked (guessed)."""
DEFAULT_RATE = 600


def create(world: AppState, team_id: str, body: Any) -> tuple[ProjectKey, str]:
    """Create a key; the value is returned here and never again.

    Raises:
        Conflict: the team has as many keys as it may have.
    """
    values = fields.known(body, *FIELDS)
    now, value = world.clock.now_ms(), world.ids.project_key()
    scopes = _scopes(values)
    with world.database.transaction():
        if live_keys(world, team_id) >= MOST_KEYS:
            raise Conflict("the team has as many API keys as it may have")
        key = ProjectKey(
            id=world.ids.make("pak", 32),
            team_id=team_id,
            name=fields.text(values, "name", most=100),
            masked_key=f"{value[:8]}…{value[-4:]}",
            status="active",
            scopes=scopes,
            execute_grants=_grants(values, scopes),
            rate_limit_per_minute=_rate(values),
            created_ms=now,
            updated_ms=now,
        )
        PROJECT_KEYS.insert(world.database, key)
        add_credential(world, team_id, value, kind="key", key_id=key.id)
    return key, value


def update(world: AppState, key: ProjectKey, body: Any) -> ProjectKey:
    """Change the given fields; ``status`` switches a key off and on.

    Raises:
        Conflict: the key is revoked.
    """
    values = fields.known(body, *FIELDS, "status")
    if key.status == "revoked":
        raise Conflict("the key is revoked")
    changes: dict[str, Any] = {"updated_ms": world.clock.now_ms()}
    if "name" in values:
        changes["name"] = fields.text(values, "name", most=100)
    if "status" in values:
        changes["status"] = fields.choice(values, "status", ("active", "disabled"), default="active")
    if "rate_limit_per_minute" in values:
        changes["rate_limit_per_minute"] = _rate(values)
    if "scopes" in values or "execute_grants" in values:
        merged = {"scopes": key.scopes, "execute_grants": key.execute_grants, **values}
        changes["scopes"] = scopes = _scopes(merged)
        changes["execute_grants"] = _grants(merged, scopes)
    PROJECT_KEYS.update(world.database, key.id, **changes)
    return replace(key, **changes)


def revoke(world: AppState, key: ProjectKey) -> ProjectKey:
    """End a key for good; revoking twice keeps the first moment."""
    if key.status == "revoked":
        return key
    now = world.clock.now_ms()
    with world.database.transaction():
        PROJECT_KEYS.update(world.database, key.id, status="revoked", revoked_ms=now, updated_ms=now)
        world.database.execute("DELETE FROM credentials WHERE key_id = ?", (key.id,))
    return replace(key, status="revoked", revoked_ms=now, updated_ms=now)


def delete(world: AppState, key: ProjectKey) -> ProjectKey:
    """Revoke a key and leave it out of everything but another deletion, which changes nothing."""
    revoked = revoke(world, key)
    if key.deleted_ms is None:
        PROJECT_KEYS.update(world.database, key.id, deleted_ms=world.clock.now_ms())
    return revoked


def live_keys(world: AppState, team_id: str) -> int:
    """Count a team's keys that are not revoked."""
    return world.database.number(
        "SELECT count(*) FROM project_keys WHERE team_id = ? AND status <> 'revoked'", (team_id,)
    )


def record_use(world: AppState, key: ProjectKey, *, route: str, permission: str, decision: str) -> None:
    """Write one line of a key's audit."""
    now = world.clock.now_ms()
    with world.database.transaction():
        world.database.execute(
            "INSERT INTO key_audit (key_id, team_id, route_key, permission, decision, created_ms) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (key.id, key.team_id, route, permission, decision, now),
        )
        PROJECT_KEYS.update(world.database, key.id, last_used_ms=now)


def _scopes(values: Mapping[str, Any]) -> list[str]:
    return _some(values, "scopes", SCOPES, default=["control:read"])


def _grants(values: Mapping[str, Any], scopes: list[str]) -> list[str]:
    grants = _some(values, "execute_grants", GRANTS, default=[])
    if grants and "control:execute" not in scopes:
        raise BadRequest("execute_grants need the scope control:execute")
    return grants


def _some(values: Mapping[str, Any], name: str, options: tuple[str, ...], *, default: list[str]) -> list[str]:
    given = values.get(name, default)
    if not isinstance(given, list) or not all(isinstance(item, str) and item in options for item in given):
        raise BadRequest(f"{name} must be an array of {', '.join(options)}")
    return list(dict.fromkeys(given))


def _rate(values: Mapping[str, Any]) -> int:
    rate = as_int(values.get("rate_limit_per_minute", DEFAULT_RATE))
    if rate is None or not 1 <= rate <= 10_000:
        raise BadRequest("rate_limit_per_minute must be a whole number from 1 to 10000")
    return rate
