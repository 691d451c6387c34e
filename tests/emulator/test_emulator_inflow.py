"""Deliveries give way to webhooks that are being taken in."""

from __future__ import annotations

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.delivery.worker import BESIDE_INFLOW, Worker
from pytest_fasthook.emulator.inflow import Inflow


def test_only_a_few_deliveries_go_on_beside_a_webhook(emulator: Emulator) -> None:
    inflow = Inflow()
    worker = Worker(emulator.world, {}, inflow)
    most = emulator.world.settings.max_concurrent
    assert worker._free() == most
    with inflow:
        assert worker._free() == BESIDE_INFLOW < most
        assert not worker._due.is_set()
    assert worker._due.is_set()
    assert worker._free() == most


def test_who_waits_for_quiet_is_told_once_after_the_last_webhook() -> None:
    inflow = Inflow()
    told: list[bool] = []
    with inflow:
        inflow.tell_when_quiet(lambda: told.append(inflow.is_quiet))
        with inflow:
            assert not inflow.is_quiet
        assert told == []
    assert told == [True]
    with inflow:
        pass
    assert told == [True]
