"""The only module that sends anything: one delivery over HTTP."""

from __future__ import annotations

import asyncio
import ssl
import time

import httpx

from pytest_fasthook.emulator.delivery.outbound import Outbound
from pytest_fasthook.emulator.delivery.outcome import Outcome, error_code
from pytest_fasthook.emulator.payload import shown_body

MAX_ANSWER = 65_536
"""Bytes of a receiver's answer that are kept."""


class Sender:
    """Sends deliveries; made and used on the server's event loop.

    Args:
        timeout: seconds for one whole delivery.
    """

    def __init__(self, *, timeout: float) -> None:
        self._timeout = timeout
        self._limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        # Certificates are loaded when a destination is https: that takes longer than all the rest here.
        self._plain = self._client(verify=False)
        self._secure: httpx.AsyncClient | None = None

    def _client(self, *, verify: ssl.SSLContext | bool) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=verify, limits=self._limits, timeout=self._timeout, follow_redirects=False, trust_env=False
        )

    async def send(self, delivery: Outbound) -> Outcome:
        """Send one delivery and return what it came to; never raises for what the network does."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                status, body = await self._exchange(delivery)
        except TimeoutError:
            return _failed(delivery, "TIMEOUT", started)
        except httpx.RemoteProtocolError as error:
            gone = "disconnected" in str(error)
            return _failed(delivery, "SOCKET_CLOSED" if gone else "PROTOCOL_ERROR", started)
        except httpx.TimeoutException:
            return _failed(delivery, "TIMEOUT", started)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return _failed(delivery, error_code(error), started)
        return Outcome(
            response_status=status,
            body=shown_body(body),
            requested_url=delivery.url,
            http_method=delivery.method,
            latency_ms=_since(started),
        )

    async def _exchange(self, delivery: Outbound) -> tuple[int, bytes]:
        request = httpx.Request(delivery.method, delivery.url, headers=_wire(delivery), content=delivery.body)
        response = await self._for(request.url).send(request, stream=True)
        try:
            return response.status_code, await _read(response)
        finally:
            await response.aclose()

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


def _wire(delivery: Outbound) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in delivery.headers]


async def _read(response: httpx.Response) -> bytes:
    kept = bytearray()
    async for chunk in response.aiter_bytes():
        kept += chunk
        if len(kept) >= MAX_ANSWER:
            break
    return bytes(kept[:MAX_ANSWER])


def _failed(delivery: Outbound, code: str, started: float) -> Outcome:
    return Outcome(
        error_code=code,
        requested_url=delivery.url,
        http_method=delivery.method,
        latency_ms=_since(started),
    )


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
