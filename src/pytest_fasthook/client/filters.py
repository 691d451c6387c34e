"""Query parameters in FastHook's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pytest_fasthook.iso import write_iso

Filter = tuple[str, str | None]


def query_of(*filters: Filter) -> list[tuple[str, str]]:
    """Keep the filters that were given."""
    return [(name, value) for name, value in filters if value is not None]


def window(start: str, end: str, *, since: datetime | None, until: datetime | None) -> tuple[Filter, Filter]:
    """Name the bounds of a window, which may be open."""
    return (start, write_iso(since) if since else None), (end, write_iso(until) if until else None)


def joined(ids: str | Sequence[str] | None) -> str | None:
    """Write one id or several as FastHook's comma list."""
    return ids if ids is None or isinstance(ids, str) else ",".join(ids)
