"""Sending one message over HTTP, whatever the network does."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import h11

from pytest_fasthook.emulator.delivery.outbound import Outbound
from pytest_fasthook.emulator.delivery.outcome import error_code
from pytest_fasthook.emulator.delivery.wire import Connections, Received, SocketClosed, split_url
from pytest_fasthook.emulator.payload import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """What came back.

    Attributes:
        status: ``None`` where there was no answer; ``error_code`` then says why.
        headers: of the answer, names in lower case.
        body: of the answer, up to the limit.
        is_truncated: the answer was longer than the limit.
        latency_ms: from sending to the end of the answer.
    """

    status: int | None = None
    headers: Headers = ()
    body: bytes = b""
    is_truncated: bool = False
    error_code: str | None = None
    latency_ms: float = 0.0


class Sender:
    """Sends messages on the server's event loop."""

    def __init__(self) -> None:
        self._connections = Connections()

    async def send(self, message: Outbound, *, seconds: float, most: int) -> Exchanged:
        """Send one message; never raises for what the network does.

        Args:
            message: what is sent.
            seconds: for the whole exchange.
            most: bytes of the answer that are kept.
        """
        started = time.perf_counter()
        try:
            async with asyncio.timeout(seconds):
                received = await self._exchange(message, most)
        except TimeoutError:
            code = "TIMEOUT"
        except SocketClosed:
            code = "SOCKET_CLOSED"
        except h11.RemoteProtocolError:
            code = "PROTOCOL_ERROR"
        except (h11.LocalProtocolError, OSError, ValueError) as error:
            code = error_code(error)
        else:
            return Exchanged(
                status=received.status,
                headers=received.headers,
                body=received.body,
                is_truncated=received.is_truncated,
                latency_ms=_since(started),
            )
        return Exchanged(error_code=code, latency_ms=_since(started))

    async def _exchange(self, message: Outbound, most: int) -> Received:
        origin, target = split_url(message.url)
        connection = await self._connections.take(origin)
        try:
            received = await connection.exchange(
                message.method, target, _wire(message), message.body, most=most
            )
        except BaseException:
            connection.close()
            raise
        self._connections.give(connection)
        return received

    def close(self) -> None:
        """Close every connection that no message is on."""
        self._connections.close()


def _wire(message: Outbound) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in message.headers]


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
