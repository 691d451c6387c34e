"""The only module that sends anything: one message over HTTP."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass

import httpx

from pytest_fasthook.emulator.delivery.outbound import Outbound
from pytest_fasthook.emulator.delivery.outcome import error_code
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


_NO_LIMIT = httpx.Timeout(None)
"""The limit is on the whole exchange, not on its parts."""


class Sender:
    """Sends messages on the server's event loop."""

    def __init__(self) -> None:
        self._limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        # Certificates are loaded when a destination is https: that takes longer than all the rest here.
        self._plain = self._client(verify=False)
        self._secure: httpx.AsyncClient | None = None

    def _client(self, *, verify: ssl.SSLContext | bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=verify, limits=self._limits, follow_redirects=False, trust_env=False, timeout=_NO_LIMIT
        )

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
                return await self._exchange(message, most, started)
        except TimeoutError:
            code = "TIMEOUT"
        except httpx.RemoteProtocolError as error:
            code = "SOCKET_CLOSED" if "disconnected" in str(error) else "PROTOCOL_ERROR"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            code = error_code(error)
        return Exchanged(error_code=code, latency_ms=_since(started))

    async def _exchange(self, message: Outbound, most: int, started: float) -> Exchanged:
        request = httpx.Request(message.method, message.url, headers=_wire(message), content=message.body)
        response = await self._for(request.url).send(request, stream=True)
        try:
            body, is_truncated = await _read(response, most)
        finally:
            await response.aclose()
        return Exchanged(
            status=response.status_code,
            headers=tuple((name.lower(), value) for name, value in response.headers.multi_items()),
            body=body,
            is_truncated=is_truncated,
            latency_ms=_since(started),
        )

    def _for(self, url: httpx.URL) -> httpx.AsyncClient:
        if url.scheme != "https":
            return self._plain
        if self._secure is None:
            self._secure = self._client(verify=ssl.create_default_context())
        return self._secure

    async def close(self) -> None:
        """Close every connection."""
        await self._plain.aclose()
        if self._secure is not None:
            await self._secure.aclose()


def _wire(message: Outbound) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in message.headers]


async def _read(response: httpx.Response, most: int) -> tuple[bytes, bool]:
    kept = bytearray()
    async for chunk in response.aiter_bytes():
        kept += chunk
        if len(kept) > most:
            return bytes(kept[:most]), True
    return bytes(kept), False


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
