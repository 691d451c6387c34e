"""Turning the gate on: which part of it this process is, with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_fasthook.controller import GatePlugin
from pytest_fasthook.session import Collecting, WorkerPlugin, resolved


def start_gate(config: pytest.Config) -> None:
    """Join the session, as an xdist worker or as the one process that gates.

    Raises:
        pytest.UsageError: a setting is wrong or missing; nothing has been sent.
    """
    settings = resolved(config)
    worker_input: Mapping[str, Any] | None = getattr(config, "workerinput", None)
    plugin: Collecting = (
        WorkerPlugin(settings, worker_input) if worker_input else GatePlugin(config, settings)
    )
    plugin.join(config)
