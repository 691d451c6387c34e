"""Query parameters in FastHook's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

Filter = tuple[str, str | None]


def query_of(*filters: Filter) -> list[tuple[str, str]]:
    """Keep the filters that were given."""
    return [(name, value) for name, value in filters if value is not None]


def iso(moment: datetime) -> str:
    """Write an aware moment as FastHook's pages do: UTC with milliseconds and ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def window(start: str, end: str, *, since: datetime | None, until: datetime | None) -> tuple[Filter, Filter]:
    """Name the bounds of a window, which may be open."""
    return (start, iso(since) if since else None), (end, iso(until) if until else None)


def joined(ids: str | Sequence[str] | None) -> str | None:
    """Write one id or several as FastHook's comma list."""
    return ids if ids is None or isinstance(ids, str) else ",".join(ids)
