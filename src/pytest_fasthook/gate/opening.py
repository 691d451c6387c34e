"""Putting a gate together: its wire, its clock, its request budget."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.clock import Clock, SystemClock
from pytest_fasthook.evidence.reader import Reader
from pytest_fasthook.evidence.shared_reader import SharedReader
from pytest_fasthook.gate.board import Board
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.stages import StageResult


def open_gate(
    settings: Settings,
    *,
    clock: Clock | None = None,
    board: Board | None = None,
    on_result: Callable[[str, StageResult], None] = lambda connection_id, result: None,  # noqa: ARG005
    on_sent: Callable[[], None] = lambda: None,
) -> Gate:
    """Make a gate that talks to the API of the settings; close it when done."""
    clock = clock or SystemClock()
    transport = open_transport(settings, clock)
    reader = Reader(transport, clock)
    gate = Gate(
        settings=settings,
        reader=reader,
        together=SharedReader(transport, clock, alone=reader),
        per_minute=settings.rate_limit,
        clock=clock,
        new_id=new_probe_id,
        board=board or Board(),
        on_result=on_result,
        on_sent=on_sent,
    )
    gate.resources.callback(transport.close)
    return gate


def open_transport(settings: Settings, clock: Clock) -> Transport:
    """Make the wire to the API of the settings; close it when done."""
    return Transport(
        api_url=settings.api_url,
        team_id=settings.team_id,
        api_key=settings.api_key,
        redactor=settings.redactor,
        clock=clock,
        limiter=RateLimiter(per_minute=settings.rate_limit, clock=clock),
    )


def new_probe_id() -> str:
    """A marker that nothing else carries; not from ``random``, which plugins reseed."""
    return f"probe_{secrets.token_hex(12)}"
