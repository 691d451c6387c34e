"""Calling the hooks of conftest files and other plugins (``hookspecs.py``)."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_fasthook.redact import one_line
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.settings.values import payload_bytes

PAYLOAD_HOOK = "pytest_fasthook_payload"
VERDICT_HOOK = "pytest_fasthook_verdict"


def with_payloads(settings: Settings, connections: Iterable[str], supply: Callable[[str], Any]) -> Settings:
    """The settings with a payload for every connection that has none and gets one.

    Args:
        settings: nothing is asked where nothing is sent, in wait mode and in a run that is resumed.
        connections: those that may be sent to.
        supply: gives a connection's payload, or ``None``.

    Raises:
        SettingsError: what was supplied cannot be sent.
    """
    sends = settings.mode == "send" and settings.resumed is None
    without = [one for one in connections if sends and settings.of(one).payload is None]
    supplied = {one: supply(one) for one in without}
    given = {one: payload for one, payload in supplied.items() if payload is not None}
    own = {**settings.overrides.connections}
    for one, payload in given.items():
        own[one] = {**own.get(one, {}), "payload": payload_bytes(payload, f"{PAYLOAD_HOOK} for {one}")}
    return replace(settings, overrides=replace(settings.overrides, connections=own))


def announce(document: Mapping[str, Any], config: pytest.Config) -> list[str]:
    """Tell every hook every connection's verdict; gives one line for each connection whose hooks broke."""
    problems = []
    for connection in document["connections"]:
        try:
            config.hook.pytest_fasthook_verdict(
                connection_id=connection["connection_id"],
                verdict=connection["verdict"],
                report=deepcopy(connection),
                config=config,
            )
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - somebody else's code; it is said
            problems.append(f"{VERDICT_HOOK} for {connection['connection_id']} broke: {_said(error)}")
    return problems


def _said(error: BaseException) -> str:
    """The error in one line, with the place it comes from; pytest's own frames say nothing of that."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent.name not in {"_pytest", "pluggy"}]
    place = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {one_line(str(error))}{place}"
