"""An answer leaves in one piece, and nothing that was written is lost when a connection closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.server import BufferedTransport


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.done: list[Any] = []

    def write(self, data: Any) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")

    def abort(self) -> None:
        self.done.append("aborted")


def written(use: Callable[[BufferedTransport], object]) -> list[Any]:
    wire = Wire()

    async def run() -> None:
        gathered = BufferedTransport(wire)
        gathered.write(b"head ")
        gathered.write(b"body")
        assert wire.done == []
        use(gathered)
        await asyncio.sleep(0)
        gathered.write(b"next")
        await asyncio.sleep(0)

    asyncio.run(run())
    return wire.done


def test_what_is_written_in_one_turn_leaves_together() -> None:
    assert written(lambda _: None) == [b"head body", b"next"]


def test_closing_writes_first_and_aborting_does_not() -> None:
    assert written(BufferedTransport.close)[:2] == [b"head body", "closed"]
    assert written(BufferedTransport.abort)[0] == "aborted"


def test_all_else_is_the_transports() -> None:
    assert BufferedTransport(Wire()).get_extra_info("peername") == ("127.0.0.1", 1)


def test_a_connection_is_found_whatever_the_caller_says_about_its_address(
    emulator: Emulator, wire: httpx.Client
) -> None:
    emulator.faults.add("reset", times=1)
    with pytest.raises(httpx.ReadError):
        wire.post(emulator.demo.source_url, headers={"x-forwarded-for": "203.0.113.7"}, timeout=5)
