"""Who may call what: credentials, teams, roles, scopes and rates (FastHook contract, roles).

A session of the team's owner may do everything. The project secret's key may do everything too, as the automation
guide has it, unless roles are strict. A scoped key may do what its scopes and grants say, always.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from pytest_fasthook.emulator.errors import Forbidden, RateLimited, Unauthorized
from pytest_fasthook.emulator.ids import DEMO_TEAM
from pytest_fasthook.emulator.resources.keys import record_use
from pytest_fasthook.emulator.store.records import ProjectKey
from pytest_fasthook.emulator.store.tables import PROJECT_KEYS
from pytest_fasthook.emulator.times import MINUTE
from pytest_fasthook.emulator.world import AppState


class Role(Enum):
    """What an operation asks of its caller; the value is the contract's name for it."""

    PUBLIC = "public"
    MEMBER = "team_member_or_site_admin"
    OWNER = "team_owner_or_site_admin"
    READ = "team_member_or_site_admin_or_project_api_key_read"
    EXECUTE = "team_member_or_site_admin_or_project_api_key_execute"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and the team the call concerns.

    Attributes:
        kind: ``session``, ``project`` or ``key``.
        key: the scoped key of a caller of the kind ``key``.
    """

    kind: str
    team_id: str
    token: str
    key: ProjectKey | None = None


def identify(world: AppState, headers: Mapping[str, str], query: Mapping[str, str]) -> Caller:
    """Return the caller, from ``Authorization`` and from ``x-team-id``, else ``team_id``, else the demo team.

    Raises:
        Unauthorized: no bearer token, or one that was never issued or is switched off.
        Forbidden: the token does not reach the team.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("authentication required")
    row = world.database.row("SELECT * FROM credentials WHERE token = ?", (token.strip(),))
    if row is None:
        raise Unauthorized("invalid credentials")
    team_id = headers.get("x-team-id") or query.get("team_id") or DEMO_TEAM
    if team_id not in (row["team_id"], DEMO_TEAM):
        raise Forbidden("the credential does not reach this team")
    return Caller(row["kind"], team_id, token.strip(), _key(world, row["key_id"]))


def authorize(world: AppState, caller: Caller, role: Role, *, method: str, path: str) -> None:
    """Let a caller through, or not.

    Args:
        world: the emulator.
        caller: who calls.
        role: what the operation asks for.
        method: the operation's method.
        path: the operation's path in the table, for exact grants.

    Raises:
        Forbidden: the credential may not do this.
        RateLimited: the key has been used too often this minute.
    """
    if caller.key is not None:
        _authorize_key(world, caller.key, role, route=grant_of(method, path))
    elif world.settings.strict_roles and caller.kind == "project" and role not in (Role.READ, Role.PUBLIC):
        raise Forbidden("a project API key may not do this")


def grant_of(method: str, path: str) -> str:
    """Return the grant that names an operation, such as ``POST:/v1/events/:id/retry``."""
    return f"{method}:/v1" + re.sub(r"{([a-z_]+)}", r":\1", path)


def _key(world: AppState, key_id: str | None) -> ProjectKey | None:
    key = PROJECT_KEYS.find(world.database, "id = ?", (key_id,)) if key_id else None
    if key is not None and key.status != "active":
        raise Unauthorized("the API key is not active")
    return key


def _authorize_key(world: AppState, key: ProjectKey, role: Role, *, route: str) -> None:
    permission = {Role.READ: "read", Role.EXECUTE: "execute"}.get(role, "edit")
    decision = _decision(world, key, role, route)
    record_use(world, key, route=route, permission=permission, decision=decision)
    if decision == "rate_limited":
        raise RateLimited("rate limit exceeded", retry_after=_seconds_left(world))
    if decision == "denied":
        raise Forbidden("the API key's scopes and grants do not allow this")


def _decision(world: AppState, key: ProjectKey, role: Role, route: str) -> str:
    is_allowed = (role is Role.READ and "control:read" in key.scopes) or (
        role is Role.EXECUTE and "control:execute" in key.scopes and route in key.execute_grants
    )
    if not is_allowed:
        return "denied"
    used = world.database.number(
        "SELECT count(*) FROM key_audit WHERE key_id = ? AND decision = 'allowed' AND created_ms >= ?",
        (key.id, world.clock.now_ms() // MINUTE * MINUTE),
    )
    return "rate_limited" if used >= key.rate_limit_per_minute else "allowed"


def _seconds_left(world: AppState) -> int:
    """Seconds until the next minute begins, at least one."""
    return max(1, (MINUTE - world.clock.now_ms() % MINUTE) // 1000)
