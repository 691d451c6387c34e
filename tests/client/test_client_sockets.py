"""What only real sockets show: connections that break, hang, drip or lie."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpcore
import pytest
from client_world import KEY, transport_to
from wire_server import Caller, Conversation, WireServer, answer, saying, serving, unused_port

from pytest_fasthook.client.faults import may_have_been_sent
from pytest_fasthook.client.retry import CallLimits
from pytest_fasthook.client.sockets import HardLimit, LimitedBackend, open_pool, proxy_for, proxy_named
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import RefusedError, UnreachableError, UnreadableError

SHORT = CallLimits(connect_s=0.4, whole_s=0.4, at_least_s=0.1, tries=1)
PATIENT = CallLimits(tries=1)
BOUND_S = 5.0
"""Far above what a call may take here, far below what a drip or a hang would take."""


@contextmanager
def connected(*talks: Conversation, limits: CallLimits = PATIENT) -> Iterator[tuple[WireServer, Transport]]:
    """A server that talks like this, and a transport to it."""
    with serving(*talks) as server, transport_to(server.url, limits=limits) as transport:
        yield server, transport


def failure(talk: Conversation, limits: CallLimits = PATIENT) -> UnreachableError:
    started = time.monotonic()
    with connected(talk, limits=limits) as (_, transport), pytest.raises(UnreachableError) as caught:
        transport.get("/x")
    assert time.monotonic() - started < BOUND_S
    return caught.value


def test_a_whole_answer_is_read_over_one_kept_connection() -> None:
    def talk(caller: Caller) -> None:
        while caller.read_request():
            caller.say(answer(b'{"id": "x"}'))

    with connected(talk) as (server, transport):
        assert transport.get("/x").value == {"id": "x"}
        assert transport.get("/x").value == {"id": "x"}
    assert server.connections == 1


def test_a_closed_port_is_no_connection() -> None:
    port = unused_port()

    with (
        transport_to(f"http://127.0.0.1:{port}", limits=PATIENT) as transport,
        pytest.raises(UnreachableError, match=f"GET /x: no connection to http://127.0.0.1:{port}") as caught,
    ):
        transport.get("/x")

    assert caught.value.reason == "connect"
    assert not may_have_been_sent(caught.value)


def test_a_name_without_address_is_told_apart() -> None:
    with (
        transport_to("http://nobody.invalid", limits=PATIENT) as transport,
        pytest.raises(UnreachableError) as caught,
    ):
        transport.get("/x")

    assert caught.value.reason == "dns"


def test_a_name_that_dns_cannot_hold_is_told_apart() -> None:
    with (
        transport_to("http://unused.invalid", limits=PATIENT) as transport,
        pytest.raises(UnreachableError) as caught,
    ):
        transport.send("POST", "http://a..b/", [], b"")

    assert caught.value.reason == "dns"


def test_a_port_that_speaks_no_tls_is_told_apart() -> None:
    with (
        serving(lambda caller: caller.say(b"220 hello\r\n")) as server,
        transport_to(f"https://127.0.0.1:{server.port}", limits=PATIENT) as transport,
        pytest.raises(UnreachableError) as caught,
    ):
        transport.get("/x")

    assert caught.value.reason == "tls"


def test_a_reset_in_the_middle_is_a_reset() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.say(answer(b'{"id": "x"}')[:-4])
        caller.reset()

    error = failure(talk)
    assert error.reason == "reset"
    assert may_have_been_sent(error)


def test_a_connection_that_ends_without_an_answer_is_a_reset() -> None:
    assert failure(saying(b"")).reason == "reset"


def test_a_body_that_ends_too_early_is_a_reset() -> None:
    assert failure(saying(answer(b'{"models": []}')[:-3])).reason == "reset"


def test_a_chunked_body_that_ends_too_early_is_a_reset() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert failure(saying(head + b'5\r\n{"a":\r\n')).reason == "reset"


def test_a_server_that_says_nothing_is_a_time_out() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.hang()

    assert failure(talk, SHORT).reason == "timeout"


def test_a_body_that_drips_for_ever_is_a_time_out() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        caller.drip(b" ")

    assert failure(talk, SHORT).reason == "timeout"


def test_headers_that_drip_for_ever_are_a_time_out() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.say(b"HTTP/1.1 200 OK\r\n")
        caller.drip(b"x-more: 1\r\n")

    assert failure(talk, SHORT).reason == "timeout"


def test_headers_that_drip_on_a_kept_connection_are_a_time_out() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.say(answer(b"{}"))
        caller.read_request()
        caller.drip(b"HTTP/1.1 200 OK\r\nx-more: 1\r\n")

    with connected(talk, limits=SHORT) as (server, transport):
        transport.get("/x")
        with pytest.raises(UnreachableError) as caught:
            transport.get("/x")
    assert (caught.value.reason, server.connections) == ("timeout", 1)


def test_an_interim_answer_for_ever_is_a_time_out() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.drip(b"HTTP/1.1 103 Early Hints\r\n\r\n", every=0.002)

    assert failure(talk, SHORT).reason == "timeout"


@pytest.mark.parametrize("data", [b"220 mail.example.org ESMTP\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x16" * 9])
def test_another_protocol_is_unreadable(data: bytes) -> None:
    with connected(saying(data)) as (_, transport), pytest.raises(UnreadableError, match="not HTTP"):
        transport.get("/x")


@pytest.mark.parametrize(
    "data",
    [
        answer(b"<html><body>Sign in</body></html>", headers="content-type: text/html"),
        answer(b'{"models": ['),
        answer(b"not gzip", headers="content-encoding: gzip"),
        answer(b""),
        b"HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http://[bad/\r\ncontent-length: 0\r\n\r\n",
    ],
    ids=["html", "truncated", "bad-gzip", "empty", "redirect", "odd-redirect"],
)
def test_an_answer_of_another_kind_is_unreadable(data: bytes) -> None:
    with connected(saying(data)) as (_, transport), pytest.raises(UnreadableError, match=r"^GET /x: "):
        transport.get("/x")


def test_a_compressed_answer_is_read() -> None:
    data = answer(gzip.compress(b'{"id": "x"}'), headers="content-encoding: gzip")

    with connected(saying(data)) as (_server, transport):
        assert transport.get("/x").value == {"id": "x"}


def test_a_compressed_answer_may_not_be_larger_than_any_other() -> None:
    data = answer(gzip.compress(b" " * 5_000_000), headers="content-encoding: gzip")
    limits = CallLimits(tries=1, answer_bytes=100_000)

    with (
        connected(saying(data), limits=limits) as (_, transport),
        pytest.raises(UnreadableError, match="larger"),
    ):
        transport.get("/x")


def test_a_refusal_counts_though_its_body_never_ends() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.say(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 100000\r\n\r\nno")
        caller.drip(b".")

    with connected(talk, limits=SHORT) as (_, transport), pytest.raises(RefusedError) as caught:
        transport.get("/x")
    assert caught.value.status == 401


def test_a_read_survives_a_reset_and_a_refusal_to_talk() -> None:
    limits = CallLimits(first_pause_s=0.01)
    with connected(Caller.reset, saying(b""), saying(answer(b"[1]")), limits=limits) as (server, transport):
        assert transport.get("/x").value == [1]
    assert server.connections == 3


def test_a_write_is_sent_once_though_the_answer_is_lost() -> None:
    seen: list[bytes] = []
    with (
        connected(saying(b"", server=seen), limits=CallLimits(first_pause_s=0.01)) as (_server, transport),
        pytest.raises(UnreachableError),
    ):
        transport.write("POST", "/events/evt_1/retry", {})
    assert len(seen) == 1


def test_a_webhook_arrives_byte_for_byte() -> None:
    seen: list[bytes] = []
    body = bytes(range(256))
    headers = [("X-Signature", "sha256=ab"), ("Content-Type", "x/y")]
    with connected(saying(answer(b'{"request_id": "req_1"}'), server=seen)) as (server, transport):
        url = f"http://hook-abc.localhost:{server.port}/in?env=a%20b"
        reply = transport.send("POST", url, headers, body)
    head, _, sent = seen[0].partition(b"\r\n\r\n")

    assert sent == body
    assert head.startswith(b"POST /in?env=a%20b HTTP/1.1\r\n")
    assert b"\r\nX-Signature: sha256=ab\r\n" in head
    assert KEY.encode() not in head
    assert (reply.status, reply.request_id) == (200, "req_1")


def test_a_webhook_whose_answer_is_lost_is_sent_once() -> None:
    seen: list[bytes] = []
    with (
        connected(saying(b"", server=seen), limits=CallLimits(first_pause_s=0.01)) as (server, transport),
        pytest.raises(UnreachableError) as caught,
    ):
        transport.send("POST", server.url, [], b"{}")
    assert len(seen) == 1
    assert may_have_been_sent(caught.value)


def test_each_webhook_has_a_connection_of_its_own() -> None:
    """A kept connection may be closed under the webhook, which could then neither be repeated nor trusted."""

    def talk(caller: Caller) -> None:
        while caller.read_request():
            caller.say(answer(b"{}"))

    with connected(talk) as (server, transport):
        transport.send("POST", server.url, [], b"{}")
        transport.send("POST", server.url, [], b"{}")
    assert server.connections == 2


def test_a_webhook_whose_answer_breaks_still_has_its_status() -> None:
    def talk(caller: Caller) -> None:
        caller.read_request()
        caller.say(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\npartial")
        caller.reset()

    with connected(talk) as (server, transport):
        reply = transport.send("POST", server.url, [], b"{}")
    assert (reply.status, reply.complete) == (200, False)


def test_many_threads_share_a_transport() -> None:
    def talk(caller: Caller) -> None:
        while request := caller.read_request():
            path = request.split(b" ")[1]
            caller.say(answer(b'"' + path + b'"'))

    with connected(talk) as (_, transport), ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda n: transport.get(f"/{n}").value, range(40)))
    assert values == [f"/{n}" for n in range(40)]


def test_an_address_that_is_silent_does_not_hide_one_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    port = unused_port()
    with socket.create_server(("127.0.0.1", port)):
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("127.0.0.2", "127.0.0.1")
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        limit = HardLimit()
        limit.start(5)
        stream = LimitedBackend(limit).connect_tcp("twofold.test", port, timeout=5)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
        stream.close()


def test_a_name_with_no_address_at_all_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    limit = HardLimit()
    limit.start(5)

    with pytest.raises(httpcore.ConnectError, match="no address"):
        LimitedBackend(limit).connect_tcp("empty.test", 80, timeout=5)


def test_a_spent_limit_stops_before_connecting() -> None:
    limit = HardLimit()
    limit.start(-1)

    with pytest.raises(httpcore.ConnectTimeout):
        LimitedBackend(limit).connect_tcp("127.0.0.1", unused_port(), timeout=5)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "hook-1.localhost"])
def test_this_machine_is_never_reached_through_a_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    monkeypatch.delenv("no_proxy", raising=False)

    assert proxy_for("http", host) is None
    assert proxy_for("http", "api.test") == "http://proxy.test:3128"


def test_proxies_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy.test:3128")
    monkeypatch.setenv("no_proxy", "direct.test")

    assert proxy_for("https", "api.test") == "http://proxy.test:3128"
    assert proxy_for("https", "direct.test") is None


@pytest.mark.parametrize("url", ["socks5://proxy.test", "http://", "http://a:b"])
def test_a_proxy_that_cannot_be_used_is_told(url: str) -> None:
    with pytest.raises(httpcore.ProxyError, match="proxy"):
        open_pool(proxy=url, context=None, limit=HardLimit(), keep_alive=0)


@pytest.mark.parametrize("login", ["", "user:pass%20word@"])
def test_calls_go_through_the_environments_proxy(login: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    with serving(saying(answer(b"[1]"), server=seen)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{login}127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        with transport_to("http://api.test/v1", limits=PATIENT) as transport:
            assert transport.get("/x").value == [1]

    assert seen[0].startswith(b"GET http://api.test/v1/x HTTP/1.1\r\n")
    assert (b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in seen[0]) is bool(login)


PROXY = "proxy.test:3128 of http_proxy"


@pytest.mark.parametrize(
    ("host", "found"), [("10.1.2.3", None), ("11.1.2.3", PROXY), ("fd00::1", None), ("api.test", PROXY)]
)
def test_a_range_of_addresses_is_excepted_from_the_proxy(
    host: str, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://user:s3cr3t@proxy.test:3128")
    monkeypatch.setenv("no_proxy", "x/y, 10.0.0.0/8,fd00::/8")
    assert (proxy_for("http", host) is None) == (found is None)
    assert proxy_named("http", host) == found


def test_a_dead_proxy_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://user:s3cr3t@127.0.0.1:1")
    transport = transport_to("http://api.test/v1", limits=CallLimits(tries=1))
    with pytest.raises(UnreachableError, match=r"through the proxy 127.0.0.1:1 of http_proxy") as caught:
        transport.get("/a")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_do_not_exist_are_named_with_their_variable(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/nowhere/ca.pem")
    transport = transport_to("https://127.0.0.1:1/v1", limits=CallLimits(tries=1))
    with pytest.raises(UnreachableError, match=f"{variable} names /nowhere/ca.pem") as caught:
        transport.get("/a")
    assert caught.value.reason == "tls"
