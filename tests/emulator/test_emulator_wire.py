"""What a receiver can answer at the level of bytes, and how it is read."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from pytest_fasthook.emulator.delivery.transport import Origin, OutgoingRequest, Response, Sender, split_url
from pytest_fasthook.emulator.payload import Headers

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
PACKED = gzip.compress(b"a" * 100_000)


class Peer:
    """A receiver that answers each request with given bytes; it keeps what it was sent, by connection."""

    def __init__(self, answer: bytes, *, closes: bool) -> None:
        self.answer = answer
        self.closes = closes
        self.heard: list[list[bytes]] = []
        self.port = 0
        self.when_ended: Callable[[], object] = list

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(heard := [])
        try:
            while True:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self.answer)
                if self.closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return
        finally:
            writer.close()
            self.when_ended()


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[None]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()


def message(peer: Peer, *, method: str = "GET", headers: Headers = ()) -> OutgoingRequest:
    return OutgoingRequest(
        method=method, url=f"http://127.0.0.1:{peer.port}/p?q=1", headers=headers, body=b""
    )


def exchanged(
    answer: bytes, *, times: int = 1, closes: bool = False, most: int = 1000, method: str = "GET"
) -> tuple[list[Response], Peer]:
    """Send some messages, one after the other; return what came back and the peer."""
    peer = Peer(answer, closes=closes)

    async def run() -> list[Response]:
        sender = Sender()
        async with listening(peer):
            sent = message(peer, method=method)
            found = [await sender.send(sent, seconds=5, most=most) for _ in range(times)]
            sender.close()
        return found

    return asyncio.run(run()), peer


def test_a_request_says_whom_it_is_for_and_no_more_than_it_was_told() -> None:
    [found], peer = exchanged(OK)
    assert (found.status, found.body, found.is_truncated) == (200, b"ok", False)
    head = f"GET /p?q=1 HTTP/1.1\r\nhost: 127.0.0.1:{peer.port}\r\naccept-encoding: gzip, deflate\r\n\r\n"
    assert peer.heard == [[head.encode()]]


def test_an_empty_post_says_that_it_is_empty() -> None:
    _, peer = exchanged(OK, method="POST")
    assert b"content-length: 0\r\n" in peer.heard[0][0]


def test_a_connection_is_used_again() -> None:
    _, peer = exchanged(OK, times=3)
    assert [len(heard) for heard in peer.heard] == [3]


@pytest.mark.parametrize("answer", [OK.replace(b"OK\r\n", b"OK\r\nconnection: close\r\n"), OK])
def test_a_connection_that_the_receiver_closes_is_not_used_again(answer: bytes) -> None:
    found, peer = exchanged(answer, times=2, closes=True)
    assert [item.status for item in found] == [200, 200]
    assert [len(heard) for heard in peer.heard] == [1, 1]


def test_an_unused_connection_is_closed_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer(OK, closes=False)
    ended = asyncio.Event()

    async def run() -> None:
        sender = Sender()
        peer.when_ended = ended.set
        async with listening(peer):
            await sender.send(message(peer), seconds=5, most=10)
            assert not ended.is_set()
            await asyncio.wait_for(ended.wait(), 5)

    monkeypatch.setattr("pytest_fasthook.emulator.delivery.transport.IDLE_S", 0.01)
    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(PACKED) + PACKED,
            b"a" * 100_000,
        ),
    ],
)
def test_the_content_of_an_answer(answer: bytes, body: bytes) -> None:
    [found], _ = exchanged(answer, most=100_000)
    assert (found.body, found.is_truncated) == (body, False)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n" + b"a" * 11,
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(PACKED) + PACKED,
    ],
    ids=["plain", "packed"],
)
def test_more_than_the_limit_is_cut_off(answer: bytes) -> None:
    found, peer = exchanged(answer, most=10, times=2)
    assert [(item.body, item.is_truncated) for item in found] == [(b"a" * 10, True)] * 2
    assert len(peer.heard) == 2


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "SOCKET_CLOSED"),
        (b"HTTP/1.1 200 OK\r\ncontent-", "SOCKET_CLOSED"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", "PROTOCOL_ERROR"),
        (b"SSH-2.0-x\r\n\r\n", "PROTOCOL_ERROR"),
    ],
)
def test_what_is_no_answer_has_a_code(answer: bytes, code: str) -> None:
    [found], _ = exchanged(answer, closes=True)
    assert (found.status, found.error_code) == (None, code)


def test_what_cannot_be_sent_is_unknown() -> None:
    peer = Peer(OK, closes=False)

    async def run() -> Response:
        async with listening(peer):
            sent = message(peer, headers=(("x-a", "broken\r\nline"),))
            return await Sender().send(sent, seconds=5, most=10)

    assert asyncio.run(run()).error_code == "UNKNOWN"


@pytest.mark.parametrize("url", ["ftp://e.example/", "http:///x", "http://e.example:99999/", "http://[::1/"])
def test_an_address_that_is_none_is_unknown(url: str) -> None:
    sent = OutgoingRequest(method="POST", url=url, headers=(), body=b"")
    assert asyncio.run(Sender().send(sent, seconds=5, most=10)).error_code == "UNKNOWN"


@pytest.mark.parametrize(
    ("url", "origin", "authority", "target"),
    [
        ("http://e.example", Origin("http", "e.example", 80), "e.example", "/"),
        ("https://e.example:443/a b?c", Origin("https", "e.example", 443), "e.example", "/a%20b?c"),
        ("http://E.example:8/%2F?", Origin("http", "e.example", 8), "e.example:8", "/%2F"),
        ("http://[::1]:8/", Origin("http", "::1", 8), "[::1]:8", "/"),
        (
            "http://bücher.example/ü",
            Origin("http", "xn--bcher-kva.example", 80),
            "xn--bcher-kva.example",
            "/%C3%BC",
        ),
    ],
)
def test_where_a_url_leads(url: str, origin: Origin, authority: str, target: str) -> None:
    assert split_url(url) == (origin, target)
    assert origin.authority == authority


def test_the_next_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    peer = Peer(OK, closes=False)

    async def run() -> Response:
        loop = asyncio.get_running_loop()

        async def two(host: str, port: int, **more: object) -> list[tuple[object, ...]]:
            return [(0, 0, 0, "", ("127.0.0.2", port)), (0, 0, 0, "", ("127.0.0.1", port))]

        sender = Sender()
        async with listening(peer):
            monkeypatch.setattr(loop, "getaddrinfo", two)
            try:
                return await sender.send(message(peer), seconds=5, most=10)
            finally:
                sender.close()

    assert asyncio.run(run()).status == 200
