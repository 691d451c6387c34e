"""A team's two credentials, and the tokens that are accepted for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pytest_fasthook.emulator.errors import NotFound
from pytest_fasthook.emulator.world import AppState

KINDS = ("api_key", "signing_secret")
"""The two credentials of a team."""


def ensure_secrets(world: AppState, team_id: str, *, api_key: str) -> None:
    """Give a team this API key, and a signing secret where it has none yet."""
    row = world.database.row("SELECT * FROM project_secrets WHERE team_id = ?", (team_id,))
    if row is None:
        values = {"api_key": api_key, "signing_secret": new_secret(world, "signing_secret")}
        set_secrets(world, team_id, values)
    elif row["api_key"] != api_key:
        set_secrets(world, team_id, {"api_key": api_key})


def new_secret(world: AppState, kind: str) -> str:
    """Return a new API key or signing secret (whose prefix is guessed)."""
    return world.ids.project_key() if kind == "api_key" else world.ids.make("fhss", 64)


def project_secrets(world: AppState, team_id: str) -> sqlite3.Row:
    """Return a team's credentials and when each was set.

    Raises:
        NotFound: the team has none.
    """
    row = world.database.row("SELECT * FROM project_secrets WHERE team_id = ?", (team_id,))
    if row is None:
        raise NotFound("the team has no project secrets")
    return row


def set_secrets(world: AppState, team_id: str, values: Mapping[str, str]) -> None:
    """Set one or both credentials; the old API key stops working at once."""
    now = world.clock.now_ms()
    with world.database.transaction():
        world.database.execute(
            "INSERT OR IGNORE INTO project_secrets VALUES (?, '', '', ?, ?)", (team_id, now, now)
        )
        for kind in KINDS:
            if kind in values:
                sql = f"UPDATE project_secrets SET {kind} = ?, {kind}_ms = ? WHERE team_id = ?"  # noqa: S608 - two names
                world.database.execute(sql, (values[kind], now, team_id))
        if "api_key" in values:
            world.database.execute(
                "DELETE FROM credentials WHERE team_id = ? AND kind = 'project'", (team_id,)
            )
            add_credential(world, team_id, values["api_key"], kind="project")


def add_credential(
    world: AppState, team_id: str, token: str, *, kind: str, key_id: str | None = None
) -> None:
    """Accept a token for a team; ``kind`` is ``project``, ``session``, or ``key`` with the key's id."""
    world.database.execute(
        "INSERT OR REPLACE INTO credentials VALUES (?, ?, ?, ?, ?)",
        (token, team_id, kind, key_id, world.clock.now_ms()),
    )
