"""CLI destinations: deliveries go through a tunnel that a developer's machine has opened (FastHook CLI).

Several tunnels may be open for one destination; the newest one gets the deliveries.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_fasthook.emulator.delivery.attempt import MAX_ANSWER, AttemptResult
from pytest_fasthook.emulator.delivery.outgoing import outbound
from pytest_fasthook.emulator.delivery.transport import OutgoingRequest
from pytest_fasthook.emulator.payload import Payload, serialize_body, serialize_headers
from pytest_fasthook.emulator.store.records import Destination, Event
from pytest_fasthook.emulator.store.tables import signing_secret
from pytest_fasthook.emulator.world import AppState

_ENCODING = {"accept-encoding": "identity"}
"""A tunnel carries text, so that the answer must come as such, whatever the webhook's sender could read."""

SendMessage = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Sends one message; raises ``ConnectionError`` where the tunnel is gone."""


@dataclass(eq=False, slots=True)
class Tunnel:
    """One open tunnel, with the deliveries that wait for its answer."""

    destination_id: str
    send: SendMessage
    local_url: str | None = None
    waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = field(default_factory=dict)

    def take_result(self, message: Any) -> None:
        """Give a ``delivery_result`` to the delivery it belongs to; anything else is ignored."""
        if not isinstance(message, Mapping) or message.get("type") != "delivery_result":
            return
        future = self.waiting.pop(str(message.get("jobId")), None)
        if future is not None and not future.done():
            future.set_result(message)


class Tunnels:
    """Every open tunnel; used on the server's event loop."""

    def __init__(self) -> None:
        self._open: dict[str, list[Tunnel]] = {}

    def add(self, tunnel: Tunnel) -> None:
        """Take a tunnel into use."""
        self._open.setdefault(tunnel.destination_id, []).append(tunnel)

    def remove(self, tunnel: Tunnel) -> None:
        """Take a tunnel out of use; deliveries that wait for it fail."""
        self._open[tunnel.destination_id].remove(tunnel)
        for future in tunnel.waiting.values():
            future.set_exception(ConnectionResetError("the tunnel was closed"))

    def newest(self, destination_id: str) -> Tunnel | None:
        """Return the tunnel that was opened last for a destination."""
        found = self._open.get(destination_id)
        return found[-1] if found else None


class TunnelTransport:
    """Delivers to CLI destinations."""

    def __init__(self, world: AppState, tunnels: Tunnels) -> None:
        self._world = world
        self._tunnels = tunnels

    async def carry(self, event: Event, destination: Destination, payload: Payload) -> AttemptResult:
        """Send one delivery through the newest tunnel and wait for its result."""
        delivery = self._outbound(event, destination, payload)
        tunnel = self._tunnels.newest(destination.id)
        if tunnel is None:
            return AttemptResult(error_code="CLI_UNAVAILABLE", http_method=delivery.method)
        started = time.perf_counter()
        result = await self._exchange(tunnel, _job(event, tunnel, delivery))
        latency_ms = round((time.perf_counter() - started) * 1000, 3)
        return _outcome(result, delivery, tunnel, latency_ms)

    def _outbound(self, event: Event, destination: Destination, payload: Payload) -> OutgoingRequest:
        """The delivery, its URL reduced to what follows the local target."""
        base = "http://tunnel" + "/" + str(destination.config.get("path") or "/").lstrip("/")
        return outbound(
            event,
            replace(destination, config={**destination.config, "url": base}),
            payload,
            signing_secret=signing_secret(self._world.database, event.team_id),
            now_s=self._world.clock.now_ms() // 1000,
        )

    async def _exchange(self, tunnel: Tunnel, job: Mapping[str, Any]) -> Mapping[str, Any] | str:
        """The result, or the error code where there is none."""
        future: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        tunnel.waiting[job["jobId"]] = future
        try:
            async with asyncio.timeout(self._world.settings.delivery_timeout):
                await tunnel.send(job)
                return await future
        except TimeoutError:
            return "TIMEOUT"
        except ConnectionError:
            return "SOCKET_CLOSED"
        finally:
            tunnel.waiting.pop(job["jobId"], None)


def _job(event: Event, tunnel: Tunnel, delivery: OutgoingRequest) -> dict[str, Any]:
    # The CLI percent-encodes a question mark inside the path, so the query travels beside it.
    path, _, query = delivery.url.removeprefix("http://tunnel").partition("?")
    return {
        "type": "delivery",
        "jobId": f"{event.id}.{event.attempts + 1}",
        "request": {
            "teamId": event.team_id,
            "destinationId": event.destination_id,
            "localUrl": tunnel.local_url,
            "path": path,
            "query": query or None,
            "method": delivery.method,
            "headers": {**serialize_headers(delivery.headers), "x-fasthook-tunnel": "cli"} | _ENCODING,
            "body": delivery.body.decode("utf-8", "replace"),
            "requestId": event.request_id,
            "eventId": event.id,
            "connectionId": event.connection_id,
            "eventDataId": event.data_id,
            "sourcePayloadR2Key": None,
            "processedR2Key": None,
        },
    }


def _outcome(
    result: Mapping[str, Any] | str, delivery: OutgoingRequest, tunnel: Tunnel, latency_ms: float
) -> AttemptResult:
    # The CLI asks for the path alone.
    path = delivery.url.removeprefix("http://tunnel").partition("?")[0]
    url = (tunnel.local_url or "http://localhost").rstrip("/") + path
    if isinstance(result, str):
        return AttemptResult(
            error_code=result, requested_url=url, http_method=delivery.method, latency_ms=latency_ms
        )
    status = result.get("status")
    is_status = isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599
    return AttemptResult(
        response_status=status if is_status else 502,
        body=serialize_body(str(result.get("body") or "").encode("utf-8", "replace")[:MAX_ANSWER]),
        requested_url=url,
        http_method=delivery.method,
        latency_ms=latency_ms,
    )
