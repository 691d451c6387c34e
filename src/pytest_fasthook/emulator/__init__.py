"""A FastHook you can run on a laptop or in a pull request's CI, over real HTTP.

It shares no code with the rest of the package, so that a mistake in one cannot hide in the other.
"""

from __future__ import annotations

from pytest_fasthook.emulator.emulator import Emulator
from pytest_fasthook.emulator.errors import APIError, EmulatorError, EmulatorNeedsExtra, NotRunning, PortTaken
from pytest_fasthook.emulator.faults import Fault, FaultKind, Faults
from pytest_fasthook.emulator.receiver import Answer, Delivery, Receiver
from pytest_fasthook.emulator.resources.routes import Route
from pytest_fasthook.emulator.times import SettableClock
from pytest_fasthook.emulator.world import Settings

__all__ = [
    "APIError",
    "Answer",
    "Delivery",
    "Emulator",
    "EmulatorError",
    "EmulatorNeedsExtra",
    "Fault",
    "FaultKind",
    "Faults",
    "NotRunning",
    "PortTaken",
    "Receiver",
    "Route",
    "SettableClock",
    "Settings",
]
