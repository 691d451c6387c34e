"""The embedded emulator with its demo route, for a run that needs no account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_fasthook.emulator import Emulator, EmulatorError
from pytest_fasthook.errors import SettingsError


@contextmanager
def demo_route() -> Iterator[dict[str, str]]:
    """Run the emulator; gives where it is and how to get in: ``api_url``, ``team_id``, ``api_key``, ``secret``.

    Raises:
        SettingsError: the emulator cannot run here, for example because its extra is not installed.
    """
    try:
        emulator = Emulator(seed_demo=True)
        emulator.start()
    except EmulatorError as error:
        raise SettingsError(str(error)) from None
    try:
        yield {
            "api_url": emulator.api_url,
            "team_id": emulator.team_id,
            "api_key": emulator.api_key,
            "secret": emulator.demo.secret or "",
        }
    finally:
        emulator.stop()
