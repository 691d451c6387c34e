"""Where a source is reached."""

from __future__ import annotations

from pytest_fasthook.emulator.store.records import Source


def source_url(source: Source, *, origin: str) -> str:
    """Return where a source is reached."""
    return f"{origin}/{source.hook}/"
