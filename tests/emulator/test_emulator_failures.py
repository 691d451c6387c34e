"""Errors of the emulator itself are answered, logged, and raised when it stops."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.errors import ErrorLog

from .conftest import Api


class PlannedError(Exception):
    pass


def broken(*_arguments: Any, **_more: Any) -> Any:
    raise PlannedError


def test_only_the_first_error_is_raised_and_only_once(caplog: pytest.LogCaptureFixture) -> None:
    failures = ErrorLog()
    failures.add(PlannedError("first"), during="a test")
    failures.add(PlannedError("second"), during="a test")
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    with pytest.raises(PlannedError, match="first"):
        failures.raise_first()
    failures.raise_first()


def test_an_error_while_answering_is_500_and_raised_at_the_end(
    wire: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = Emulator().start()
    route = emulator.add_route(name="r")
    monkeypatch.setattr("pytest_fasthook.emulator.http.ingress.receive", broken)
    assert Api(emulator, wire).send(route).status_code == 500
    with pytest.raises(PlannedError):
        emulator.stop()
    emulator.stop()


def test_an_error_while_delivering_fails_the_event_and_is_raised_at_the_end(
    wire: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = Emulator().start()
    api = Api(emulator, wire)
    monkeypatch.setattr("pytest_fasthook.emulator.delivery.outgoing.outbound", broken)
    event = api.event(api.sent(emulator.add_route(name="r")))
    assert (event["status"], event["error_code"]) == ("FAILED", "UNKNOWN")
    with pytest.raises(PlannedError):
        emulator.stop()
