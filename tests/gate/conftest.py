"""End-to-end tests of the gate: the real command against a scripted FastHook."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to run the gate in."""
    empty = tmp_path / "work"
    empty.mkdir()
    return empty
