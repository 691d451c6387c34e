"""A deploy gate for FastHook webhook routes, as a pytest plugin.

The names below are the public ones; they are loaded when they are first used, so that a pytest run that does not
use the gate pays nothing for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_fasthook.causes import Cause, Outcome
    from pytest_fasthook.client.client import FastHookClient
    from pytest_fasthook.emulator import Emulator
    from pytest_fasthook.errors import (
        ApiError,
        FastHookError,
        RateLimitedError,
        RefusedError,
        SettingsError,
        StageFailed,
        StageNotPassed,
        StageUndecided,
        UnreachableError,
        UnreadableError,
    )
    from pytest_fasthook.stages import Stage, StageResult
    from pytest_fasthook.testing.handle import AwaitedProbe, Handle, SentProbe
    from pytest_fasthook.testing.route_fixture import MadeRoute, RouteMaker

__all__ = [
    "ApiError",
    "AwaitedProbe",
    "Cause",
    "Emulator",
    "FastHookClient",
    "FastHookError",
    "Handle",
    "MadeRoute",
    "Outcome",
    "RateLimitedError",
    "RefusedError",
    "RouteMaker",
    "SentProbe",
    "SettingsError",
    "Stage",
    "StageFailed",
    "StageNotPassed",
    "StageResult",
    "StageUndecided",
    "UnreachableError",
    "UnreadableError",
]

_HOMES = {
    "AwaitedProbe": "testing.handle",
    "Cause": "causes",
    "Emulator": "emulator",
    "FastHookClient": "client.client",
    "Handle": "testing.handle",
    "MadeRoute": "testing.route_fixture",
    "Outcome": "causes",
    "RouteMaker": "testing.route_fixture",
    "SentProbe": "testing.handle",
    "Stage": "stages",
    "StageResult": "stages",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
