"""The secret by which a team's receivers verify deliveries."""

from __future__ import annotations

from pytest_fasthook.emulator.world import World


def signing_secret(world: World, team_id: str) -> str:
    """Return the secret by which a team's receivers verify deliveries."""
    row = world.database.row("SELECT signing_secret FROM project_secrets WHERE team_id = ?", (team_id,))
    return str(row["signing_secret"]) if row else ""
