"""Sending again: one event, or one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.fields import Flag, Moment, Text
from pytest_fasthook.client.hiding import secrets_in
from pytest_fasthook.client.pages import read_record
from pytest_fasthook.client.records import Model
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import SettingsError

MODIFIABLE = frozenset({"method", "path", "query", "headers", "body"})


class EventRetry(Model):
    """What became of a wish to retry an event (contract: event retry response).

    Attributes:
        replay_event_id: the **new** event that carries the retry; older services may retry the same event.
    """

    ok: Flag = None
    queued: Flag = None
    event_id: Text = None
    replay_event_id: Text = None
    retried_at: Moment = None


class RequestReplay(Model):
    """What became of a wish to replay a request (contract: request retry response).

    Attributes:
        replay_mode: ``exact`` or ``modified``.
        replay_message_id: not a request id; find the new request by ``retry_parent_request_id``.
    """

    ok: Flag = None
    queued: Flag = None
    request_id: Text = None
    source_id: Text = None
    replay_message_id: Text = None
    replay_mode: Text = None
    original_rejection_cause: Text = None
    replayed_at: Moment = None


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
