"""The hooks that conftest files and other plugins may implement.

Every pytest run loads this module, so it needs nothing of the gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest


@pytest.hookspec(firstresult=True)
def pytest_fasthook_payload(connection_id: str, config: pytest.Config) -> Any:
    """Supply the body to send through a connection, where no setting gives one.

    Called once for each connection before the gate sends anything, and by ``fasthook.send()`` without a payload. The
    first answer other than ``None`` counts; without any, the body is made from the connection's rules.

    Args:
        connection_id: the connection.
        config: pytest's own.

    Returns:
        bytes or text to send as they are, anything else to send as JSON; ``{{probe_id}}``, ``{{uuid}}``,
        ``{{now}}`` and ``{{unix}}`` are filled in. ``None``: nothing to supply.
    """


@pytest.hookspec
def pytest_fasthook_verdict(
    connection_id: str, verdict: str, report: Mapping[str, Any], config: pytest.Config
) -> None:
    """See a connection's verdict, when the run has ended and its reports are written.

    Called once for each connection, under xdist in the controller alone. A hook that raises changes no verdict; it is
    said, and makes the exit code 1 where it was 0.

    Args:
        connection_id: the connection.
        verdict: ``pass``, ``fail``, ``error`` or ``inconclusive``.
        report: the connection's object of the JSON report, redacted and cleaned; a copy.
        config: pytest's own.
    """
