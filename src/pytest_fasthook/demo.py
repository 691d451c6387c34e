"""The embedded emulator with its demo route, as settings of a run that needs no account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pytest_fasthook.config import Settings
from pytest_fasthook.emulator import Emulator
from pytest_fasthook.redact import Secret


@contextmanager
def demo_settings(settings: Settings) -> Iterator[Settings]:
    """Run the emulator and give the settings that gate its demo route."""
    with Emulator(seed_demo=True) as emulator:
        demo = emulator.demo
        yield replace(
            settings,
            connections=(demo.connection_id,),
            api_url=emulator.api_url,
            team_id=emulator.team_id,
            api_key=Secret(emulator.api_key),
            source_secrets={"": Secret(demo.secret or "")},
        )
