"""A server on a loopback socket that says exactly the bytes it was told to, however wrong they are."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

DRIP_S = 8.0
Conversation = Callable[["Caller"], None]


def answer(body: bytes, *, status: str = "200 OK", headers: str = "content-type: application/json") -> bytes:
    """A whole HTTP answer."""
    return f"HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Caller:
    """One connection to the server."""

    sock: socket.socket
    number: int
    over: threading.Event

    def read_request(self) -> bytes:
        """Read headers and body of one request; empty where the client is gone."""
        text = b""
        while b"\r\n\r\n" not in text:
            chunk = self.sock.recv(65536)
            if not chunk:
                return b""
            text += chunk
        head, _, body = text.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0
        )
        while len(body) < length:
            body += self.sock.recv(65536)
        return head + b"\r\n\r\n" + body

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def drip(self, data: bytes, *, every: float = 0.05) -> None:
        """Send a byte now and then, again and again: far longer than any call may take, yet not for ever."""
        ends = time.monotonic() + DRIP_S
        while time.monotonic() < ends:
            for position in range(len(data)):
                if self.over.wait(every):
                    return
                self.sock.sendall(data[position : position + 1])

    def hang(self) -> None:
        """Say nothing more until the test is over."""
        self.over.wait(20)

    def reset(self) -> None:
        """Break the connection with RST instead of ending it."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


@dataclass
class WireServer:
    """Where it listens and what it was sent."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(*conversations: Conversation) -> Iterator[WireServer]:
    """Hold one conversation per connection, in order; the last one is repeated."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    server = WireServer(port=listener.getsockname()[1])
    over = threading.Event()
    threads: list[threading.Thread] = []

    def talk(caller: Caller) -> None:
        with caller.sock:
            try:
                conversations[min(caller.number, len(conversations)) - 1](caller)
            except OSError:
                return  # the client has hung up, which is its right

    def listen() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            if over.is_set():
                sock.close()
                return
            sock.settimeout(20)
            server.connections += 1
            thread = threading.Thread(target=talk, args=(Caller(sock, server.connections, over),))
            threads.append(thread)
            thread.start()

    main = threading.Thread(target=listen)
    main.start()
    try:
        yield server
    finally:
        over.set()
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            main.join(10)
        listener.close()
        for thread in threads:
            thread.join(10)


def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def saying(data: bytes, *, server: list[bytes] | None = None) -> Conversation:
    """Read one request, say these bytes, hang up."""

    def talk(caller: Caller) -> None:
        request = caller.read_request()
        if server is not None:
            server.append(request)
        caller.say(data)

    return talk
