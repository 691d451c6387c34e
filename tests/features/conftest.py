"""End-to-end tests of each feature: the real command against the embedded emulator or a scripted FastHook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from emulated import Emulated

from pytest_fasthook.emulator import Emulator
from standin import API_KEY, TEAM


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to run the gate in."""
    empty = tmp_path / "work"
    empty.mkdir()
    return empty


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[Emulator]:
    with Emulator(api_key=API_KEY, team_id=TEAM) as emulator:
        yield emulator


@pytest.fixture
def emulated(running_emulator: Emulator, folder: Path) -> Emulated:
    """An empty emulator, and the command to gate its routes with."""
    running_emulator.reset()
    return Emulated(running_emulator, folder)
