"""The paced FastHook of `tests/speed` over real HTTP: one thread, no framework, so that it costs next to nothing."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self

from paced_fasthook import PacedFastHook, PacedRoute


class PacedServer:
    """Serves from ``with`` to its end.

    Attributes:
        fasthook: what is served.
        first_call_at, first_probe_at: ``time.monotonic`` of the first API call and the first probe.
    """

    def __init__(self, routes: Iterable[PacedRoute], **facts: Any) -> None:
        self.fasthook = PacedFastHook.of(routes, now=time.time, **facts)
        self.first_call_at: float | None = None
        self.first_probe_at: float | None = None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def api_url(self) -> str:
        """The API's base URL, with ``/v1``."""
        return f"{self.fasthook.base}/v1"

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._converse, "127.0.0.1", 0, limit=2**24, backlog=1024)
        )
        self.fasthook.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self._answer(head.decode("latin-1"), reader))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has hung up
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader) -> bytes:
        first, *lines = head.split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length") or 0))
        path, _, query = target.partition("?")
        self._note(method)
        status, value = self.fasthook.answer(method, path, query, headers, body)
        return _encoded(status, value, headers)

    def _note(self, method: str) -> None:
        now = time.monotonic()
        if method == "POST":
            self.first_probe_at = self.first_probe_at or now
        else:
            self.first_call_at = self.first_call_at or now


def _encoded(status: int, value: Any, headers: Mapping[str, str]) -> bytes:
    content = json.dumps(value).encode()
    lines = [
        f"HTTP/1.1 {status} OK",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        f"Date: {formatdate(usegmt=True)}",
        f"Connection: {headers.get('connection', 'keep-alive')}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
