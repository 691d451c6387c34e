"""Sources, destinations and connections in the contract's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_fasthook.emulator.redaction import redacted
from pytest_fasthook.emulator.store.records import Connection, Destination, Source
from pytest_fasthook.emulator.times import iso

BINS = 6
"""How many bins of four hours the last day has."""


def source_view(source: Source, *, origin: str) -> dict[str, Any]:
    """Return a SourceModel; its URL leads to this emulator, on plain loopback."""
    return {
        "id": source.id,
        "name": source.name,
        "description": source.description,
        "type": source.type,
        "input_type": "webhook",
        "status": "enabled" if source.disabled_ms is None else "disabled",
        "url": source.url(origin),
        "config": redacted(source.config),
        "team_id": source.team_id,
        "disabled_at": iso(source.disabled_ms),
        "created_at": iso(source.created_ms),
        "updated_at": iso(source.updated_ms),
    }


def destination_view(destination: Destination, *, attempts: Sequence[int] | None = None) -> dict[str, Any]:
    """Return a DestinationModel.

    Args:
        destination: the record.
        attempts: attempts per bin of the last day; zeros where they were not asked for.
    """
    bins = list(attempts) if attempts is not None else [0] * BINS
    return {
        "id": destination.id,
        "team_id": destination.team_id,
        "name": destination.name,
        "description": destination.description,
        "type": destination.type,
        "config": redacted(destination.config),
        "disabled_at": iso(destination.disabled_ms),
        "attempts_24h_count": sum(bins),
        "attempts_24h_bins": bins,
        "created_at": iso(destination.created_ms),
        "updated_at": iso(destination.updated_ms),
    }


def connection_view(
    connection: Connection, source: Source | None, destination: Destination | None, *, origin: str
) -> dict[str, Any]:
    """Return a ConnectionModel with its source and destination embedded."""
    return {
        "id": connection.id,
        "team_id": connection.team_id,
        "source_id": connection.source_id,
        "source_proxy": _proxy(source),
        "source_proxy_url": (_proxy(source) or {}).get("target_url"),
        "destination_id": connection.destination_id,
        "description": connection.description,
        "disabled_at": iso(connection.disabled_ms),
        "updated_at": iso(connection.updated_ms),
        "created_at": iso(connection.created_ms),
        "paused_at": iso(connection.paused_ms),
        "name": connection.name,
        "rules": connection.rules,
        "destination": destination_view(destination) if destination else None,
        "source": source_view(source, origin=origin) if source else None,
    }


def _proxy(source: Source | None) -> dict[str, Any] | None:
    config = (source.config if source else None) or {}
    proxy = config.get("proxy")
    return dict(proxy) if config.get("mode") == "proxy" and isinstance(proxy, dict) else None
