"""Sessions (FastHook docs, API reference): who am I, a demo session, logging out."""

from __future__ import annotations

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.errors import Unauthorized
from pytest_fasthook.emulator.ids import DEMO_TEAM
from pytest_fasthook.emulator.resources.secrets import add_credential
from pytest_fasthook.emulator.times import DAY, iso


def me(call: Call) -> Answer:
    """Return the caller's user, session and teams; works with an API key too."""
    user = {"id": f"usr_{call.team_id.removeprefix('tm_')}", "email": "owner@example.test", "name": "Owner"}
    return Answer(
        {
            "user": {**user, "picture_url": None},
            "session": {"expires_at": iso(call.world.clock.now_ms() + 30 * DAY)},
            "team_id": call.team_id,
            "memberships": [{"team_id": call.team_id, "role": "owner"}],
        }
    )


def demo_login(call: Call) -> Answer:
    """Make a session of the demo team."""
    token = call.world.ids.make("fhs", 64)
    add_credential(call.world, DEMO_TEAM, token, kind="session")
    return Answer(
        {"token": token, "session_token": token, "team_id": DEMO_TEAM}, headers={"cache-control": "no-store"}
    )


def google_login(call: Call) -> Answer:
    """Refuse a Google credential: there is nothing on this machine to check it by."""
    del call
    raise Unauthorized("no Google credential can be checked here; use POST /v1/auth/demo/login or a key")


def logout(call: Call) -> Answer:
    """End the caller's session; an API key stays."""
    call.world.database.execute("DELETE FROM credentials WHERE token = ? AND kind = 'session'", (call.token,))
    return Answer({"ok": True})
