"""Retries of single events and requests (FastHook contract, retry responses)."""

from __future__ import annotations

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.ingress.accept import lineage
from pytest_fasthook.emulator.replay import retry_event, retry_request
from pytest_fasthook.emulator.store.tables import EVENTS, REQUESTS
from pytest_fasthook.emulator.times import iso

_QUEUED = {"ok": True, "queued": True, "transport": "queue"}


def event(call: Call) -> Answer:
    """Queue a new event for an existing branch."""
    old = EVENTS.get(call.world.database, call.team_id, call.id)
    new = retry_event(call.world, old, lineage(old.id))
    body = {"retried_at": iso(new.retried_ms), "event_id": old.id, "replay_event_id": new.id}
    return Answer({**_QUEUED, **body}, 202)


def request(call: Call) -> Answer:
    """Replay a request, exactly or modified; no body at all is an exact replay."""
    old = REQUESTS.get(call.world.database, call.team_id, call.id)
    replay = retry_request(call.world, old, call.body(is_optional=True), lineage(old.id))
    body = {
        "replayed_at": iso(replay.request.retried_ms),
        "request_id": old.id,
        "source_id": old.source_id,
        "replay_message_id": replay.request.id,
        "replay_mode": replay.mode,
        "original_rejection_cause": old.rejection_cause,
    }
    return Answer({**_QUEUED, **body}, 202)
