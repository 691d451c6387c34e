"""End-to-end tests of the gate: the real command against a scripted FastHook.

What runs a process of its own carries the marker ``slow``: ``-m "not slow"`` leaves it out, and ``-n`` spreads
it, for no test knows of another.
"""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: runs the real command in a process of its own")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and "folder" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to run the gate in."""
    empty = tmp_path / "work"
    empty.mkdir()
    return empty
