"""A TCP proxy that makes trouble between a client and a server, bounded in time and in connections.

What it does to a connection is a ``Trouble``; the proxy knows nothing of HTTP. ``refuse`` closes the port itself, as a
service does that is down.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit
from weakref import WeakSet

LONGEST_S = 30.0
"""How long one connection may last."""
MOST_CONNECTIONS = 500
CHUNK = 65_536
STEP_S = 0.05

Ending = Literal["reset", "close", "half_close"]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to the answers of a connection; by itself nothing.

    Attributes:
        delay_s: how long each piece of an answer is held back.
        bytes_per_s: how fast an answer goes through at most.
        cut_after: how many bytes of the answers go through before ``ending``.
        ending: how the client's connection is ended then: reset, closed, or closed for writing only.
        garbage: sent in place of the first answer; the request itself never arrives.
        times: how many connections it concerns, the first ones; ``None`` for all.
    """

    delay_s: float = 0.0
    bytes_per_s: float | None = None
    cut_after: int | None = None
    ending: Ending = "reset"
    garbage: bytes | None = None
    times: int | None = None


NO_TROUBLE = Trouble()


class TcpProxy:
    """Listens on a loopback port and passes on to ``target``; a context manager.

    Args:
        target: the URL of the server behind it; of this only host and port count.
        trouble: what happens to connections.
        on_request: told of every piece a client sends, and says what goes on in its place.
    """

    def __init__(
        self,
        target: str,
        *,
        trouble: Trouble = NO_TROUBLE,
        on_request: Callable[[bytes], bytes] = lambda piece: piece,
    ) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._on_request = on_request
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._clients: WeakSet[socket.socket] = WeakSet()
        self.trouble = trouble
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, name="tcp-proxy", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self.refuse()

    def url(self, original: str) -> str:
        """The same URL, through the proxy."""
        return urlsplit(original)._replace(netloc=f"127.0.0.1:{self.port}").geturl()

    def refuse(self) -> None:
        """Refuse every further connection; those that are open go on."""
        with suppress(OSError):  # already down
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def go_down(self) -> None:
        """Refuse every further connection and break off those that are open, as a service does that dies."""
        self.refuse()
        for client in [*self._clients]:
            with suppress(OSError):  # it has ended by itself
                client.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while self.connections < MOST_CONNECTIONS:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            trouble = self.trouble
            concerned = trouble.times is None or self.connections < trouble.times
            self.connections += 1
            client.settimeout(LONGEST_S)
            self._clients.add(client)
            link = _Link(client, self._target, trouble if concerned else NO_TROUBLE, self._over)
            threading.Thread(target=link.run, args=(self._on_request,), daemon=True).start()
        self.refuse()


class _Link:
    """One connection of a client."""

    def __init__(
        self, client: socket.socket, target: tuple[str, int], trouble: Trouble, over: threading.Event
    ) -> None:
        self._client = client
        self._target = target
        self._trouble = trouble
        self._over = over
        self._passed = 0

    def run(self, on_request: Callable[[bytes], bytes]) -> None:
        with self._client:
            if self._trouble.garbage is not None:
                self._answer_garbage(self._trouble.garbage)
                return
            with suppress(OSError), socket.create_connection(self._target, timeout=LONGEST_S) as server:
                answers = threading.Thread(target=self._pass_answers, args=(server,), daemon=True)
                answers.start()
                self._pass_requests(server, on_request)
                answers.join(LONGEST_S)

    def _answer_garbage(self, garbage: bytes) -> None:
        with suppress(OSError):
            self._client.recv(CHUNK)
            self._client.sendall(garbage)

    def _pass_requests(self, server: socket.socket, on_request: Callable[[bytes], bytes]) -> None:
        with suppress(OSError):
            while piece := self._client.recv(CHUNK):
                server.sendall(on_request(piece))
        with suppress(OSError):  # the server may have hung up already
            server.shutdown(socket.SHUT_WR)

    def _pass_answers(self, server: socket.socket) -> None:
        with suppress(OSError):  # the client may have gone
            self._end(self._pass_all(server))

    def _pass_all(self, server: socket.socket) -> Ending:
        """Pass everything on, and say how it ended: as cut off here, or as the server itself ended it."""
        try:
            while piece := server.recv(CHUNK):
                self._over.wait(self._trouble.delay_s)
                if not self._pass(piece):
                    return self._trouble.ending
        except ConnectionResetError:
            return "reset"
        return "half_close"

    def _pass(self, piece: bytes) -> bool:
        """Pass a piece on; whether the connection goes on."""
        left = len(piece) if self._trouble.cut_after is None else self._trouble.cut_after - self._passed
        kept = piece[:left]
        for step in self._steps(kept):
            self._client.sendall(step)
        self._passed += len(kept)
        return len(kept) == len(piece)

    def _steps(self, piece: bytes) -> Iterator[bytes]:
        """The piece as fast as allowed, in steps of a twentieth of a second."""
        if self._trouble.bytes_per_s is None:
            yield piece
            return
        size = max(1, int(self._trouble.bytes_per_s * STEP_S))
        for at in range(0, len(piece), size):
            self._over.wait(STEP_S)
            yield piece[at : at + size]

    def _end(self, ending: Ending) -> None:
        if ending == "reset":
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Only the reading side is shut down before a reset: the close that follows then resets.
        how = {"half_close": socket.SHUT_WR, "close": socket.SHUT_RDWR, "reset": socket.SHUT_RD}
        self._client.shutdown(how[ending])
