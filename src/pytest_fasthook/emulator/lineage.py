"""How a retry is linked to what it repeats."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Why a request or event exists: by itself, or as a retry of another.

    Attributes:
        trigger: the trigger of the first attempt (names inferred from Hookdeck).
        retry_kind: ``single`` or ``bulk``; ``None`` for what came in by itself.
        parent_id: the request or event that is repeated.
        operation_id: the bulk operation, if any.
    """

    trigger: str = "INITIAL"
    retry_kind: str | None = None
    parent_id: str | None = None
    operation_id: str | None = None


def lineage(parent_id: str, *, operation_id: str | None = None) -> Lineage:
    """Return the lineage of a retry, alone or as a part of a bulk operation."""
    kind, trigger = ("single", "MANUAL") if operation_id is None else ("bulk", "BULK_RETRY")
    return Lineage(trigger=trigger, retry_kind=kind, parent_id=parent_id, operation_id=operation_id)
