"""One write for each answer: its head and its body leave together."""

from __future__ import annotations

import asyncio
from typing import Any


class GatheredTransport:
    """A transport that holds what is written until the end of a turn of the event loop.

    The server writes an answer's head and body one after the other; each write is a system call that wakes the
    client, and the two of them cost as much as storing the request.

    Args:
        transport: what everything goes to in the end; all but writing and closing is left to it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Write soon."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        """Write what is held, and close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what is held is lost."""
        self._held.clear()
        self._transport.abort()

    def _flush(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
