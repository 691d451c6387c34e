"""Sending again: one event, or one request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.fields import read_flag, read_moment, read_text
from pytest_fasthook.client.hiding import secrets_in
from pytest_fasthook.client.pages import read_record
from pytest_fasthook.client.records import Answered, read_by
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import SettingsError

MODIFIABLE = frozenset({"method", "path", "query", "headers", "body"})


class EventRetry(Answered):
    """What became of a wish to retry an event (contract: event retry response).

    Attributes:
        replay_event_id: the **new** event that carries the retry; older services may retry the same event.
    """

    ok: bool | None = read_by(read_flag)
    queued: bool | None = read_by(read_flag)
    event_id: str | None = read_by(read_text)
    replay_event_id: str | None = read_by(read_text)
    retried_at: datetime | None = read_by(read_moment)


class RequestReplay(Answered):
    """What became of a wish to replay a request (contract: request retry response).

    Attributes:
        replay_mode: ``exact`` or ``modified``.
        replay_message_id: not a request id; find the new request by ``retry_parent_request_id``.
    """

    ok: bool | None = read_by(read_flag)
    queued: bool | None = read_by(read_flag)
    request_id: str | None = read_by(read_text)
    source_id: str | None = read_by(read_text)
    replay_message_id: str | None = read_by(read_text)
    replay_mode: str | None = read_by(read_text)
    original_rejection_cause: str | None = read_by(read_text)
    replayed_at: datetime | None = read_by(read_moment)


class Redelivery:
    """Sending one thing again; such a call is never repeated once something was sent."""

    transport: Transport

    def retry_event(self, event_id: str) -> EventRetry:
        """Send one event again, on its own branch only; 409 where source or connection are off or paused."""
        reply = self.transport.write("POST", path_of("events", event_id, "retry"))
        return read_record(EventRetry, reply.value, call=reply.call)

    def replay_request(
        self, request_id: str, *, modifications: Mapping[str, Any] | None = None
    ) -> RequestReplay:
        """Let one request run through the source's **current** rules again, as a new request.

        Args:
            request_id: what to replay.
            modifications: ``method``, ``path``, ``query``, ``headers`` or ``body`` to use instead; ``None``
                replays it exactly.

        Raises:
            SettingsError: the modifications are empty, or name something that cannot be modified.
        """
        body = {} if modifications is None else {"modifications": _modifications(modifications)}
        path = path_of("requests", request_id, "retry")
        reply = self.transport.write("POST", path, body, hide=secrets_in(body))
        return read_record(RequestReplay, reply.value, call=reply.call)


def _modifications(given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - MODIFIABLE)
    if unknown or not given:
        what = f"cannot be {', '.join(unknown)}" if unknown else "must name something"
        raise SettingsError(f"modifications {what}; valid: {', '.join(sorted(MODIFIABLE))}")
    return dict(given)
