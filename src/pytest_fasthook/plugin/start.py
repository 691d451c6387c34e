"""Turning the gate on: which part of it this process is, with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_fasthook.plugin.controller import GatePlugin
from pytest_fasthook.plugin.items import is_loaded
from pytest_fasthook.plugin.session import Collecting, WorkerPlugin, resolved


def start_gate(config: pytest.Config) -> None:
    """Join the session, as an xdist worker or as the one process that gates.

    Raises:
        pytest.UsageError: a setting is wrong or missing; nothing has been sent.
    """
    refuse_other_processes(config)
    settings = resolved(config)
    worker_input: Mapping[str, Any] | None = getattr(config, "workerinput", None)
    plugin: Collecting = (
        WorkerPlugin(settings, worker_input) if worker_input else GatePlugin(config, settings)
    )
    plugin.join(config)


OTHER_PROCESSES = {
    "pytest_parallel": {"workers": "--workers", "tests_per_worker": "--tests-per-worker"},
    "pytest_mp.plugin": {"use_mp": "--mp"},
}
"""Plugins that run items in processes or threads of their own making, with the options that make them do so."""
INI_KEYS = {"use_mp": "mp"}


def refuse_other_processes(config: pytest.Config) -> None:
    """Refuse a plugin that takes the items elsewhere: there they would wait for a gate that is not there.

    Raises:
        pytest.UsageError: such a plugin is on; nothing has been sent.
    """
    for module, options in OTHER_PROCESSES.items():
        for dest, flag in options.items() if is_loaded(config, module) else ():
            if getattr(config.option, dest, None) or config.getini(INI_KEYS.get(dest, dest)):
                raise pytest.UsageError(
                    f"{flag} ({module.partition('.')[0]}) runs tests in processes in which the gate is not; "
                    "leave it out, or use pytest-xdist (-n)"
                )
