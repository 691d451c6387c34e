"""How an event reaches its destination, by the destination's type."""

from __future__ import annotations

from typing import Protocol

from pytest_fasthook.emulator.delivery.outbound import outbound
from pytest_fasthook.emulator.delivery.outcome import Outcome
from pytest_fasthook.emulator.delivery.send import Sender
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.resources.secrets import signing_secret
from pytest_fasthook.emulator.store.records import Destination, Event
from pytest_fasthook.emulator.world import World


class Carrier(Protocol):
    """Takes one event to one destination."""

    async def carry(self, event: Event, destination: Destination, payload: Payload) -> Outcome:
        """Deliver, and say what came of it; never raises for what the other side does."""

    async def close(self) -> None:
        """Let go of every connection."""


class HttpCarrier:
    """Delivers to HTTP destinations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sender = Sender(timeout=world.settings.delivery_timeout)

    async def carry(self, event: Event, destination: Destination, payload: Payload) -> Outcome:
        """Sign and send one delivery."""
        delivery = outbound(
            event,
            destination,
            payload,
            signing_secret=signing_secret(self._world, event.team_id),
            now_s=self._world.clock.now_ms() // 1000,
        )
        return await self._sender.send(delivery)

    async def close(self) -> None:
        """Close the HTTP connections."""
        await self._sender.close()
