"""What FastHook's contract has and the emulator has not: answered with 501, so that nobody looks for a typing error."""

from __future__ import annotations

_SOURCE_PARTS = ("run", "runs", "activity", "channel-events", "channel-retry", "delivery")
_CHANNELS = ("channels", "channel-alerts", "channel-metrics", "channel-settings")
_FAMILIES = (
    "actions",
    "action-options",
    "action-providers",
    "provider-accounts",
    "request-fixtures",
    "shares",
    "source-providers",
    "workflow-activity",
    "workflow-templates",
    "workflows",
)

PATHS = (
    *(f"/sources/{name}{rest}" for name in _CHANNELS for rest in ("", "/{rest:path}")),
    *(f"/sources/{{id}}/{name}" for name in _SOURCE_PARTS),
    *(f"/{name}{rest}" for name in _FAMILIES for rest in ("", "/{rest:path}")),
    "/requests/{id}/share",
)
"""Paths without ``/v1`` (FastHook contract, endpoints); they come before the built ones, whose ids match anything."""
