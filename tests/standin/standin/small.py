"""The smaller objects of FastHook's older public pages: what they lack, a client must do without."""

from __future__ import annotations

from typing import Any

_KEPT = frozenset(
    {
        # lists
        "count",
        "models",
        "next_cursor",
        # every record
        "id",
        "team_id",
        "name",
        "status",
        "created_at",
        "disabled_at",
        # routes
        "type",
        "url",
        "config",
        "rules",
        "source",
        "destination",
        "source_id",
        "destination_id",
        "paused_at",
        # evidence
        "request_id",
        "webhook_id",
        "event_id",
        "verified",
        "rejection_cause",
        "cause",
        "data",
        "response_status",
        "error_code",
        "next_attempt_at",
        "latest_input",
        "connection_id",
        "input",
        "series",
    }
)


def made_small(value: Any) -> Any:
    """A record or a list of records without the newer fields; what a user put in stays as it is."""
    if isinstance(value, list):
        return [made_small(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key: _kept(key, inner) for key, inner in value.items() if key in _KEPT}


def _kept(key: str, value: Any) -> Any:
    return made_small(value) if key in {"models", "source", "destination", "latest_input"} else value
