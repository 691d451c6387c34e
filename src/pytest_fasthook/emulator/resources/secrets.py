"""A team's two credentials, and the hiding of secrets inside configs."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from pytest_fasthook.emulator.errors import NotFound
from pytest_fasthook.emulator.world import World

PLACEHOLDER = "********"
"""What a secret looks like in answers; sent back in its place, it keeps the stored secret."""

_SECRET_KEYS = frozenset(
    [
        "secret",
        "password",
        "api_key",
        "key",
        "value",
        "header_value",
        "token",
        "webhook_signing_secret",
        "client_secret",
        "refresh_token",
        "access_token",
        "bot_token",
        "private_key",
        "secret_access_key",
        "connection_string",
    ]
)


KINDS = ("api_key", "signing_secret")
"""The two credentials of a team."""


def ensure_secrets(world: World, team_id: str, *, api_key: str) -> None:
    """Give a team this API key, and a signing secret where it has none yet."""
    row = world.database.row("SELECT * FROM project_secrets WHERE team_id = ?", (team_id,))
    if row is None:
        values = {"api_key": api_key, "signing_secret": new_secret(world, "signing_secret")}
        set_secrets(world, team_id, values)
    elif row["api_key"] != api_key:
        set_secrets(world, team_id, {"api_key": api_key})


def new_secret(world: World, kind: str) -> str:
    """Return a new API key or signing secret (whose prefix is guessed)."""
    return world.ids.project_key() if kind == "api_key" else world.ids.make("fhss", 64)


def project_secrets(world: World, team_id: str) -> sqlite3.Row:
    """Return a team's credentials and when each was set.

    Raises:
        NotFound: the team has none.
    """
    row = world.database.row("SELECT * FROM project_secrets WHERE team_id = ?", (team_id,))
    if row is None:
        raise NotFound("the team has no project secrets")
    return row


def set_secrets(world: World, team_id: str, values: Mapping[str, str]) -> None:
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


def add_credential(world: World, team_id: str, token: str, *, kind: str, key_id: str | None = None) -> None:
    """Accept a token for a team; ``kind`` is ``project``, ``session``, or ``key`` with the key's id."""
    world.database.execute(
        "INSERT OR REPLACE INTO credentials VALUES (?, ?, ?, ?, ?)",
        (token, team_id, kind, key_id, world.clock.now_ms()),
    )


def signing_secret(world: World, team_id: str) -> str:
    """Return the secret by which a team's receivers verify deliveries."""
    row = world.database.row("SELECT signing_secret FROM project_secrets WHERE team_id = ?", (team_id,))
    return str(row["signing_secret"]) if row else ""


def redacted(value: Any) -> Any:
    """Return a config with every secret under an ``auth`` key replaced by the placeholder."""
    if not isinstance(value, Mapping):
        return [redacted(item) for item in value] if isinstance(value, list) else value
    return {key: _hidden(item) if key == "auth" else redacted(item) for key, item in value.items()}


def kept(new: Any, stored: Any) -> Any:
    """Return a config in which placeholders are replaced by the secrets stored at the same place."""
    if new == PLACEHOLDER and isinstance(stored, str):
        return stored
    if isinstance(new, Mapping):
        known = stored if isinstance(stored, Mapping) else {}
        return {key: kept(item, known.get(key)) for key, item in new.items()}
    return new


def _hidden(auth: Any) -> Any:
    if not isinstance(auth, Mapping):
        return auth
    return {key: PLACEHOLDER if key in _SECRET_KEYS and item else _hidden(item) for key, item in auth.items()}
