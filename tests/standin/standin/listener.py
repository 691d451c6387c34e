"""The only sockets and threads of the stand-in."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from standin.answers import Answer, Incoming

LONGEST_HANG_S = 120.0


class Listener(ThreadingHTTPServer):
    """A loopback HTTP server that runs from its making until ``stop``, even under its clients' feet.

    Args:
        app: answers one call; runs in the thread of the call.
        clock: Unix time for the ``Date`` header.

    Attributes:
        errors: what went wrong in the stand-in itself, for the test to raise.
    """

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, app: Callable[[Incoming], Answer], *, clock: Callable[[], float]) -> None:
        self.app = app
        self.clock = clock
        self.closing = threading.Event()
        self.errors: list[Exception] = []
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Conversation)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def get_request(self) -> tuple[socket.socket, Any]:
        """Remember every connection, so that closing reaches it."""
        connection, address = super().get_request()
        with self._guard:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that is over."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class calls it so
        """Keep errors for the test; a client that went away is none."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.errors.append(error)

    def stop(self) -> None:
        """Stop listening, let go of every client, and wait for all threads."""
        self.closing.set()
        self.shutdown()
        with self._guard:
            for connection in self._open:
                _hang_up(connection)
        self.server_close()
        self._thread.join()


class _Conversation(BaseHTTPRequestHandler):
    """Reads each call whole, hands it to the listener's app, and lets the answer leave in its manner."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one packet, so that no answer waits for a delayed acknowledgement
    server: Listener

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        incoming = Incoming(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._read_body(),
        )
        self._leave(self.server.app(incoming))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the base class looks for these

    def date_time_string(self, timestamp: float | None = None) -> str:
        """``Date`` on the stand-in's own clock."""
        return super().date_time_string(self.server.clock() if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing on stderr: the calls are in the world's log."""

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _leave(self, answer: Answer) -> None:
        if answer.delay_s:
            self.server.closing.wait(answer.delay_s)
        if answer.manner == "hang":
            self._hang()
        elif answer.manner == "reset":
            self._reset()
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.manner == "cut" else answer.body)
        self.close_connection = self.close_connection or answer.manner == "cut"

    def _hang(self) -> None:
        self.server.closing.wait(LONGEST_HANG_S)
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


@contextmanager
def refused_url() -> Iterator[str]:
    """An address on which nobody listens, kept so for the time of the ``with``."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was quicker
