"""A load client that costs little: raw HTTP/1.1 over kept-alive connections, bounded in count and in time."""

from __future__ import annotations

import asyncio
import itertools
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

ANSWER_LIMIT_S = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """What is sent, and where to; the message is a whole HTTP request.

    Attributes:
        status: what every answer must have; any other ends the benchmark.
    """

    host: str
    port: int
    message: bytes
    status: int = 200


def target(method: str, url: str, *, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Target:
    """Return the target of one request."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    given = [("host", parts.netloc), *headers, ("content-length", str(len(body)))]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given), "", ""]
    return Target(parts.hostname or "", parts.port or 80, "\r\n".join(lines).encode() + body)


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: how long each answer took, and how long all of it took, in seconds."""

    latencies: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def milliseconds(self, share: float) -> float:
        """Return the latency that this share of the answers kept, such as 0.99."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    @property
    def median(self) -> float:
        """The median latency, in milliseconds."""
        return statistics.median(self.latencies) * 1000


class _Connection(asyncio.Protocol):
    """One kept-alive connection that carries one exchange at a time."""

    def __init__(self, asked: Target) -> None:
        self._asked = asked
        self._received = bytearray()
        self._wanted: int | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._answered: Callable[[], None] | None = None
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionResetError("the server closed the connection"))

    def ask(self, answered: Callable[[], None]) -> None:
        """Send the message, and call back when the answer is complete."""
        assert self._transport is not None
        self._answered = answered
        self._transport.write(self._asked.message)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._wanted is None:
            self._wanted = self._length()
        if self._wanted is not None and len(self._received) >= self._wanted:
            self._received.clear()
            self._wanted = None
            assert self._answered is not None
            self._answered()

    def _length(self) -> int | None:
        """The length of the whole answer, once its headers are there."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return None
        if not self._received.startswith(b"HTTP/1.1 %d " % self._asked.status):
            self._fail(bytes(self._received[:200]))
            return None
        length = _LENGTH.search(self._received, 0, end + 2)
        return end + 4 + (int(length[1]) if length else 0)

    def _fail(self, begins: bytes) -> None:
        if not self.ended.done():
            self.ended.set_exception(RuntimeError(f"not the answer that was expected: {begins!r}"))

    def close(self) -> None:
        """Close the connection, which is no failure."""
        assert self._transport is not None
        self.ended.cancel()
        self._transport.close()


def flood(asked: Target, *, connections: int, seconds: float, most: int) -> Load:
    """Ask again as soon as an answer is there, on every connection, until the time or the number is over."""
    return asyncio.run(_flood(asked, connections, seconds, most))


def pace(asked: Target, *, connections: int, seconds: float, rate: float) -> Load:
    """Ask at a steady rate. A latency counts from the moment a request was due, also where it had to wait."""
    return asyncio.run(_pace(asked, connections, seconds, rate))


async def _flood(asked: Target, connections: int, seconds: float, most: int) -> Load:
    loop = asyncio.get_running_loop()
    opened = await _open(asked, connections)
    latencies: list[float] = []
    done, started, asked_for = asyncio.Event(), loop.time(), itertools.count(1)

    def ask(connection: _Connection) -> None:
        begun = loop.time()
        if begun - started >= seconds or next(asked_for) > most:
            done.set()
        else:
            connection.ask(lambda: answered(connection, begun))

    def answered(connection: _Connection, begun: float) -> None:
        latencies.append(loop.time() - begun)
        ask(connection)

    for connection in opened:
        ask(connection)
    await _finish(done, opened, seconds)
    return Load(latencies, loop.time() - started)


async def _pace(asked: Target, connections: int, seconds: float, rate: float) -> Load:
    loop = asyncio.get_running_loop()
    free = await _open(asked, connections)
    opened, waiting, latencies = list(free), list[float](), list[float]()
    done, started, total = asyncio.Event(), loop.time(), max(1, int(seconds * rate))

    def begin(number: int) -> None:
        due = started + number / rate
        while due <= loop.time() and number < total:
            waiting.append(due)
            number += 1
            due = started + number / rate
        send()
        if number < total:
            loop.call_at(due, begin, number)

    def send() -> None:
        while free and waiting:
            connection, due = free.pop(), waiting.pop(0)
            connection.ask(lambda connection=connection, due=due: answered(connection, due))  # type: ignore[misc]  # bound early

    def answered(connection: _Connection, due: float) -> None:
        latencies.append(loop.time() - due)
        free.append(connection)
        send()
        if len(latencies) == total:
            done.set()

    begin(0)
    await _finish(done, opened, seconds)
    return Load(latencies, loop.time() - started)


async def _open(asked: Target, connections: int) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(asked), asked.host, asked.port)
        for _ in range(connections)
    ]
    return [connection for _, connection in made]


async def _finish(done: asyncio.Event, opened: Sequence[_Connection], seconds: float) -> None:
    """Wait for the end, or for the first connection that fails, which is raised."""
    finished = asyncio.ensure_future(done.wait())
    async with asyncio.timeout(seconds + ANSWER_LIMIT_S):
        await asyncio.wait(
            [finished, *(connection.ended for connection in opened)], return_when=asyncio.FIRST_COMPLETED
        )
    finished.cancel()
    failed = [connection.ended for connection in opened if connection.ended.done()]
    for connection in opened:
        connection.close()
    for ended in failed:
        ended.result()
