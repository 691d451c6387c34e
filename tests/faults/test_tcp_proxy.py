"""The proxy makes exactly the trouble it was asked for."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tcp_proxy import NO_TROUBLE, TcpProxy, Trouble

ANSWER = b"0123456789" * 100


class Answering(socketserver.BaseRequestHandler):
    """Answers every line with the same thousand bytes."""

    def handle(self) -> None:
        while self.request.recv(100):
            self.request.sendall(ANSWER)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@pytest.fixture
def target() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/path?query"
        server.shutdown()


def connected(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def read_all(client: socket.socket) -> bytes:
    """What comes until the other side has finished or broken off."""
    found = b""
    try:
        while len(found) < len(ANSWER) and (piece := client.recv(4096)):
            found += piece
    except ConnectionResetError:
        return found + b" reset"
    return found


def ask(proxy: TcpProxy) -> bytes:
    with connected(proxy) as client:
        client.sendall(b"please")
        return read_all(client)


def noting(seen: list[bytes]) -> Callable[[bytes], bytes]:
    """Notes every request, and passes it on as it is."""

    def note(piece: bytes) -> bytes:
        seen.append(piece)
        return piece

    return note


def test_without_trouble_everything_goes_through(target: str) -> None:
    with TcpProxy(target) as proxy:
        assert ask(proxy) == ANSWER
        assert proxy.connections == 1
        assert proxy.url(target) == f"http://127.0.0.1:{proxy.port}/path?query"


def test_requests_are_told_before_they_go_on(target: str) -> None:
    seen: list[bytes] = []
    with TcpProxy(target, on_request=noting(seen)) as proxy:
        ask(proxy)
    assert seen == [b"please"]


def test_another_request_may_go_on_in_its_place() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    target = f"http://127.0.0.1:{server.getsockname()[1]}"
    with server, TcpProxy(target, on_request=bytes.upper) as proxy, connected(proxy) as client:
        client.sendall(b"please")
        behind, _ = server.accept()
        with behind:
            assert behind.recv(10) == b"PLEASE"


@pytest.mark.parametrize(("ending", "end"), [("reset", b" reset"), ("close", b""), ("half_close", b"")])
def test_an_answer_is_cut(ending: str, end: bytes, target: str) -> None:
    trouble = Trouble(cut_after=15, ending=ending)  # type: ignore[arg-type]
    with TcpProxy(target, trouble=trouble) as proxy:
        assert ask(proxy) in {ANSWER[:15] + end, end or ANSWER[:15]}  # a reset may overtake the data


def test_after_a_half_close_the_client_may_still_write(target: str) -> None:
    with (
        TcpProxy(target, trouble=Trouble(cut_after=0, ending="half_close")) as proxy,
        connected(proxy) as client,
    ):
        client.sendall(b"please")
        assert read_all(client) == b""
        client.sendall(b"more")


def test_garbage_takes_the_place_of_the_answer(target: str) -> None:
    seen: list[bytes] = []
    with TcpProxy(target, trouble=Trouble(garbage=b"\x00\xff"), on_request=noting(seen)) as proxy:
        assert ask(proxy).removesuffix(b" reset") == b"\x00\xff"
    assert seen == []


def test_only_the_first_connections_are_concerned(target: str) -> None:
    with TcpProxy(target, trouble=Trouble(garbage=b"?", times=1)) as proxy:
        assert [ask(proxy)[:1], ask(proxy)] == [b"?", ANSWER]


@pytest.mark.parametrize(
    "trouble", [Trouble(delay_s=0.2), Trouble(bytes_per_s=5000)], ids=["delay", "throttle"]
)
def test_an_answer_is_late_but_whole(trouble: Trouble, target: str) -> None:
    took = {}
    for name, one in (("quick", NO_TROUBLE), ("slow", trouble)):
        with TcpProxy(target, trouble=one) as proxy:
            began = time.monotonic()
            assert ask(proxy) == ANSWER
            took[name] = time.monotonic() - began
    assert took["slow"] >= 0.2


def test_a_refused_port_is_closed(target: str) -> None:
    with TcpProxy(target) as proxy:
        assert ask(proxy) == ANSWER
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connected(proxy)


def test_trouble_may_begin_later(target: str) -> None:
    with TcpProxy(target) as proxy:
        assert ask(proxy) == ANSWER
        proxy.trouble = Trouble(cut_after=0, ending="close")
        assert ask(proxy) == b""


def test_a_reset_of_the_server_goes_through() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    target = f"http://127.0.0.1:{server.getsockname()[1]}"
    with server, TcpProxy(target) as proxy, connected(proxy) as client:
        client.sendall(b"please")
        behind, _ = server.accept()
        assert behind.recv(10) == b"please"
        behind.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        behind.close()
        assert read_all(client) == b" reset"


def test_a_proxy_that_goes_down_breaks_off_what_is_open(target: str) -> None:
    with TcpProxy(target) as proxy, connected(proxy) as client:
        client.sendall(b"please")
        assert read_all(client) == ANSWER
        proxy.go_down()
        assert client.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            connected(proxy)
