"""HTTP/1.1 to receivers: one exchange at a time on each connection, and connections that are used again.

Thousands of deliveries a minute go through here while webhooks come in on the same event loop, so what an exchange
costs in processor time counts; a client of the general kind costs four times as much.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import h11

from pytest_fasthook.emulator.delivery.attempt import error_code
from pytest_fasthook.emulator.payload import Headers

IDLE_S = 2.0
"""How long an unused connection is kept; shorter than receivers keep theirs, so that none closes under a delivery."""
_CHUNK = 65_536
_PORTS = {"http": 80, "https": 443}
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_ENCODINGS = b"gzip, deflate"
"""What an answer may come in, whatever the webhook's sender could read."""
_WITH_LENGTH = ("POST", "PUT", "PATCH")


class SocketClosed(Exception):  # noqa: N818 - named as its error code is
    """The receiver closed the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a connection leads to; the host is in its IDNA form, without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The ``Host`` header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Received:
    """An answer; the body is decoded and ends at the limit, or where it cannot be decoded further."""

    status: int
    headers: Headers
    body: bytes
    is_truncated: bool


def split_url(url: str) -> tuple[Origin, str]:
    """Return whom a URL leads to, and the path and query to ask for.

    Raises:
        ValueError: it is no http or https URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"not an http or https URL: {url!r}")
    host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme, host, port), quote(target, safe=_PRINTABLE)


class Connection:
    """One connection to a receiver."""

    def __init__(self, origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.origin = origin
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self.unused_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether another exchange can be tried: nothing has come unasked, neither bytes nor the end."""
        if self._reader.at_eof() or self._writer.is_closing():
            return False
        with selectors.DefaultSelector() as unasked:
            unasked.register(self._writer.get_extra_info("socket"), selectors.EVENT_READ)
            return not unasked.select(0)

    async def exchange(
        self, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: bytes, *, most: int
    ) -> Received:
        """Send one request and read the answer.

        Args:
            method: in upper case.
            target: path and query.
            headers: all but what belongs to the connection.
            body: may be empty.
            most: bytes of the answer's body that are kept.

        Raises:
            SocketClosed: the receiver closed the connection before it answered.
            OSError: the connection broke.
            h11.RemoteProtocolError: what came is no HTTP answer.
            h11.LocalProtocolError: what is sent cannot be sent by HTTP.
        """
        given = [pair for pair in headers if pair[0] != b"accept-encoding"]
        request = h11.Request(method=method, target=target, headers=[*self._own(method, given, body), *given])
        parts = [self._http.send(request), self._http.send(h11.Data(body)) if body else b""]
        self._writer.write(b"".join(part for part in (*parts, self._http.send(h11.EndOfMessage())) if part))
        await self._writer.drain()
        return await self._answer(most)

    def _own(
        self, method: str, given: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> list[tuple[bytes, bytes]]:
        names = {name for name, _ in given}
        own = [(b"host", self.origin.authority.encode("ascii")), (b"accept-encoding", _ENCODINGS)]
        if body or method in _WITH_LENGTH:
            own.append((b"content-length", str(len(body)).encode()))
        return [pair for pair in own if pair[0] not in names]

    async def _answer(self, most: int) -> Received:
        response = await self._event()
        while isinstance(response, h11.InformationalResponse):
            response = await self._event()
        if not isinstance(response, h11.Response):
            raise SocketClosed
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
        decode, body = _decoder(dict(headers).get("content-encoding", "")), bytearray()
        while isinstance(event := await self._event(), h11.Data):
            try:
                body += decode(bytes(event.data), most + 1 - len(body))
            except zlib.error:
                return Received(response.status_code, headers, bytes(body), is_truncated=True)
            if len(body) > most:
                return Received(response.status_code, headers, bytes(body[:most]), is_truncated=True)
        return Received(response.status_code, headers, bytes(body), is_truncated=False)

    async def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = await self._reader.read(_CHUNK)
            if not data and self._http.their_state is h11.SEND_RESPONSE:
                raise SocketClosed
            self._http.receive_data(data)

    def finish(self) -> bool:
        """Make ready for the next exchange; whether that is possible."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        """Close at once."""
        self._writer.transport.abort()


def _decoder(encoding: str) -> Callable[[bytes, int], bytes]:
    """Return what turns the body's bytes into its content, a limited number at a time."""
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        return lambda data, most: data[:most]
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress


async def _addresses(origin: Origin) -> Sequence[str]:
    """Return a host's addresses.

    Names are looked up in daemon threads: one that hangs keeps nobody waiting, not even the end of the process.
    """
    with suppress(ValueError):
        return [str(ip_address(origin.host))]
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(result: Sequence[str] | Exception) -> None:
        if not found.done():
            found.set_exception(result) if isinstance(result, Exception) else found.set_result(result)

    def look_up() -> None:
        result: Sequence[str] | Exception
        try:
            infos = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
            result = [str(info[4][0]) for info in infos]
        except (OSError, ValueError) as error:
            result = error
        with suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=look_up, name="fasthook-lookup", daemon=True).start()
    return await found


class Connections:
    """Opens connections, and keeps those that can be used again for a moment."""

    def __init__(self) -> None:
        self._idle: list[Connection] = []
        self._trusted: ssl.SSLContext | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    async def take(self, origin: Origin) -> Connection:
        """Return a kept connection to an origin, the last one used, or a new one.

        Raises:
            OSError: there is no way to it; a failed TLS handshake is one too.
        """
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index].origin == origin:
                kept = self._idle.pop(index)
                if kept.is_open:
                    return kept
                kept.close()
        return await self._open(origin)

    def give(self, connection: Connection) -> None:
        """Take a connection back after a whole exchange."""
        if not connection.finish():
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.unused_since = loop.time()
        self._idle.append(connection)
        if self._sweeping is None:
            self._sweeping = loop.call_later(IDLE_S, self._sweep)

    def close(self) -> None:
        """Close every kept connection."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        while self._idle:
            self._idle.pop().close()

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0].unused_since + IDLE_S <= loop.time():
            self._idle.pop(0).close()
        self._sweeping = loop.call_later(IDLE_S, self._sweep) if self._idle else None

    async def _open(self, origin: Origin) -> Connection:
        """Connect to the first of the host's addresses that lets us."""
        failed: list[OSError] = []
        for address in await _addresses(origin):
            try:
                return Connection(origin, *await self._connect(origin, address))
            except OSError as error:
                failed.append(error)
        raise failed[0]

    async def _connect(
        self, origin: Origin, address: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if origin.scheme == "http":
            return await asyncio.open_connection(address, origin.port)
        return await asyncio.open_connection(
            address, origin.port, ssl=self._trust(), server_hostname=origin.host
        )

    def _trust(self) -> ssl.SSLContext:
        """The system's certificates, loaded when a destination is https: that takes longer than all the rest here."""
        if self._trusted is None:
            self._trusted = ssl.create_default_context()
            self._trusted.set_alpn_protocols(["http/1.1"])
        return self._trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """One delivery, ready to be sent."""

    method: str
    url: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
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

    async def send(self, message: OutgoingRequest, *, seconds: float, most: int) -> Response:
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
            return Response(
                status=received.status,
                headers=received.headers,
                body=received.body,
                is_truncated=received.is_truncated,
                latency_ms=_since(started),
            )
        return Response(error_code=code, latency_ms=_since(started))

    async def _exchange(self, message: OutgoingRequest, most: int) -> Received:
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


def _wire(message: OutgoingRequest) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in message.headers]


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
