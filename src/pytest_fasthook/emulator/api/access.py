"""Who may call what: credentials, teams and the contract's roles (FastHook contract, roles)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from pytest_fasthook.emulator.errors import NotAllowed, Unauthenticated
from pytest_fasthook.emulator.ids import DEMO_TEAM
from pytest_fasthook.emulator.world import World


class Role(Enum):
    """What an operation asks of its caller."""

    PUBLIC = auto()
    MEMBER = auto()
    OWNER = auto()
    READ = auto()
    EXECUTE = auto()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and the team the call concerns."""

    kind: str
    team_id: str


def identify(world: World, headers: Mapping[str, str], query: Mapping[str, str]) -> Caller:
    """Return the caller, from ``Authorization`` and from ``x-team-id``, else ``team_id``, else the demo team.

    Raises:
        Unauthenticated: no bearer token, or one that was never issued.
        NotAllowed: the token does not reach the team.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("authentication required")
    row = world.database.row("SELECT team_id, kind FROM credentials WHERE token = ?", (token.strip(),))
    if row is None:
        raise Unauthenticated("invalid credentials")
    team_id = headers.get("x-team-id") or query.get("team_id") or DEMO_TEAM
    if team_id not in (row["team_id"], DEMO_TEAM):
        raise NotAllowed("the credential does not reach this team")
    return Caller(row["kind"], team_id)


def authorize(world: World, caller: Caller, role: Role) -> None:
    """Let a caller through, or not.

    Raises:
        NotAllowed: roles are strict, and a project key asks for more than traffic and metrics.
    """
    if world.settings.strict_roles and caller.kind == "project" and role not in (Role.READ, Role.PUBLIC):
        raise NotAllowed("a project API key may not do this")
