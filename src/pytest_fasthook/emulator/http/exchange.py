"""One HTTP exchange on an ASGI server, and what a bad day can do to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from pytest_fasthook.emulator.delivery.pacing import Inflow
from pytest_fasthook.emulator.faults import Fault, FaultKind, Faults
from pytest_fasthook.emulator.payload import Headers, Payload
from pytest_fasthook.emulator.store.database import GroupCommit
from pytest_fasthook.emulator.times import http_date
from pytest_fasthook.emulator.world import AppState

Breaker = Callable[[Scope, bool], None]
"""Ends the TCP connection of a scope; ``True`` resets it, ``False`` closes it after what was written."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What every exchange shares.

    Attributes:
        world: whose clock and faults count.
        journal: an answer waits until everything written before it is stored.
        inflow: counts the webhooks that are being taken in.
        breaker: ends the connection under an exchange.
    """

    world: AppState
    journal: GroupCommit
    inflow: Inflow
    breaker: Breaker


class Exchange:
    """One request and its answer."""

    def __init__(self, rim: Dependencies, scope: Scope, receive: Receive, send: Send) -> None:
        self._world = rim.world
        self._journal = rim.journal
        self._breaker = rim.breaker
        self._scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]

    @property
    def headers(self) -> Headers:
        """The headers, names in lower case."""
        return tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in self._scope["headers"]
        )

    @property
    def peer(self) -> str:
        """The address of the other side."""
        return str(self._scope["client"][0])

    @property
    def query(self) -> list[tuple[str, str]]:
        """The decoded query."""
        return parse_qsl(self.raw_query, keep_blank_values=True)

    @property
    def raw_query(self) -> str:
        """The query as it was sent."""
        return str(self._scope["query_string"].decode("latin-1"))

    @property
    def raw_path(self) -> str:
        """The path as it was sent, percent-encoded."""
        raw = self._scope.get("raw_path") or self.path.encode()
        return str(raw.decode("latin-1"))

    async def body(self, *, most: int | None = None) -> bytes:
        """Read the whole body; with ``most``, stop soon after that many bytes."""
        parts: list[bytes] = []
        size, more = 0, True
        while more and (most is None or size <= most):
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionAbortedError("the sender went away")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)

    def payload(self, path: str, body: bytes) -> Payload:
        """Return the message as it is stored."""
        return Payload(method=self.method, path=path, query=self.raw_query, headers=self.headers, body=body)

    async def answer_json(
        self, body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with JSON."""
        text = json.dumps(body, separators=(",", ":")).encode()
        await self.answer(
            text, status=status, headers={"content-type": "application/json", **(headers or {})}
        )

    async def answer(self, body: bytes, *, status: int, headers: Mapping[str, str]) -> None:
        """Send a whole answer; one that cannot have a body is sent without."""
        if status in (204, 205, 304):
            body, headers = b"", {name: value for name, value in headers.items() if name != "content-type"}
        await self._start(status, headers, len(body))
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def truncate(self, body: bytes, *, status: int, headers: Mapping[str, str]) -> None:
        """Send half of an answer, then end the connection."""
        await self._start(status, headers, len(body))
        await self._send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await self.end(reset=False)

    async def end(self, *, reset: bool) -> None:
        """End the connection, and wait until it has ended."""
        await self._journal.stored()
        self._breaker(self._scope, reset)
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def _start(self, status: int, headers: Mapping[str, str], length: int) -> None:
        await self._journal.stored()
        size = {} if status in (204, 304) else {"content-length": str(length)}
        whole = {"date": http_date(self._world.clock.now_ms()), **headers, **size}
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in whole.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})


async def inject_faults_before(exchange: Exchange, faults: Faults, path: str) -> bool:
    """Play the faults that come before a call is carried out; whether one of them ended it."""
    slow = faults.take(FaultKind.SLOW, path)
    if slow:
        await asyncio.sleep(slow.seconds)
    if faults.take(FaultKind.RESET, path):
        await exchange.end(reset=True)
        return True
    refused = faults.take(FaultKind.STATUS, path)
    if refused:
        await _refuse(exchange, refused)
        return True
    if faults.take(FaultKind.NOT_JSON, path):
        page = b"<html><body>Something went wrong</body></html>"
        await exchange.answer(page, status=200, headers={"content-type": "text/html"})
        return True
    return False


async def inject_faults_after(exchange: Exchange, faults: Faults, path: str, body: bytes) -> bool:
    """Play the faults that come after a call was carried out; whether one of them ended it."""
    if faults.take(FaultKind.LOST_ANSWER, path):
        await exchange.end(reset=True)
        return True
    if faults.take(FaultKind.TRUNCATED, path):
        await exchange.truncate(body, status=200, headers={"content-type": "application/json"})
        return True
    return False


async def _refuse(exchange: Exchange, fault: Fault) -> None:
    wait = {"retry-after": f"{fault.seconds:g}"} if fault.seconds else {}
    message = "rate limit exceeded" if fault.status == 429 else "the emulator was told to fail"
    await exchange.answer_json({"error": message}, status=fault.status, headers=wait)
