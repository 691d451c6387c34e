"""How an event reaches its destination, by the destination's type."""

from __future__ import annotations

from typing import Protocol

from pytest_fasthook.emulator.delivery.outbound import outbound
from pytest_fasthook.emulator.delivery.outcome import MAX_ANSWER, Outcome
from pytest_fasthook.emulator.delivery.send import Sender
from pytest_fasthook.emulator.payload import Payload, shown_body
from pytest_fasthook.emulator.signing_secret import signing_secret
from pytest_fasthook.emulator.store.records import Destination, Event
from pytest_fasthook.emulator.world import World


class Carrier(Protocol):
    """Takes one event to one destination."""

    async def carry(self, event: Event, destination: Destination, payload: Payload) -> Outcome:
        """Deliver, and say what came of it; never raises for what the other side does."""


class HttpCarrier:
    """Delivers to HTTP destinations."""

    def __init__(self, world: World, sender: Sender) -> None:
        self._world = world
        self._sender = sender

    async def carry(self, event: Event, destination: Destination, payload: Payload) -> Outcome:
        """Sign and send one delivery."""
        delivery = outbound(
            event,
            destination,
            payload,
            signing_secret=signing_secret(self._world, event.team_id),
            now_s=self._world.clock.now_ms() // 1000,
        )
        seconds = self._world.settings.delivery_timeout
        exchanged = await self._sender.send(delivery, seconds=seconds, most=MAX_ANSWER)
        return Outcome(
            response_status=exchanged.status,
            error_code=exchanged.error_code,
            body=None if exchanged.status is None else shown_body(exchanged.body),
            requested_url=delivery.url,
            http_method=delivery.method,
            latency_ms=exchanged.latency_ms,
        )
