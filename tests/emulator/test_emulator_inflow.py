"""Deliveries give way to webhooks where more come than can be taken in at once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.delivery.pacing import MANY, OVERLOADED_S, Inflow
from pytest_fasthook.emulator.delivery.worker import BESIDE_INFLOW, Worker


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("webhooks", "overloaded"), [(0, False), (MANY - 1, False), (MANY, True)])
def test_many_webhooks_at_a_time_press(webhooks: int, overloaded: bool) -> None:  # noqa: FBT001 - a parameter of the case
    watch = Watch()
    inflow = Inflow(watch)
    with ExitStack() as under_way:
        for _ in range(webhooks):
            under_way.enter_context(inflow)
        assert inflow.overloaded is overloaded
    watch.now += OVERLOADED_S / 2
    assert inflow.overloaded is overloaded
    watch.now += OVERLOADED_S
    assert not inflow.overloaded


def test_many_webhooks_one_after_the_other_do_not_press() -> None:
    inflow = Inflow(Watch())
    for _ in range(MANY * 2):
        with inflow:
            assert not inflow.overloaded


def test_few_deliveries_go_on_while_webhooks_press(emulator: Emulator) -> None:
    watch = Watch()
    inflow = Inflow(watch)
    worker = Worker(emulator.world, {}, inflow)
    most = emulator.world.settings.max_concurrent
    assert worker._free() == most
    with ExitStack() as under_way:
        for _ in range(MANY):
            under_way.enter_context(inflow)
    assert worker._free() == BESIDE_INFLOW < most
    assert worker._until_next_s() == OVERLOADED_S
    watch.now += OVERLOADED_S
    assert worker._free() == most
