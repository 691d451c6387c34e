"""The transport's rules, played over functions instead of sockets."""

from __future__ import annotations

import base64
import json
import logging
import socket
import ssl
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from client_world import KEY, TEAM, FakeClock, Script, answering, dripping, transport_over

from pytest_fasthook.client.faults import may_have_been_sent
from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.retry import CallLimits
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.client.wire import as_sent
from pytest_fasthook.errors import (
    ApiError,
    RateLimitedError,
    RefusedError,
    SettingsError,
    UnreachableError,
    UnreadableError,
)
from pytest_fasthook.redact import Redactor, Secret

OK = httpx.Response(200, json={"id": "x"})
DOWN = httpx.Response(503, text="<html>maintenance</html>", headers={"content-type": "text/html"})
BUSY = httpx.Response(429, json={"error": "slow down"})


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def test_every_api_call_names_key_team_and_client() -> None:
    script = Script(OK)
    transport_over(script).get("/connections/conn_1", [("a", "1"), ("a", "2")])
    request = script.asked[0]

    assert str(request.url) == "https://api.test/v1/connections/conn_1?a=1&a=2"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-team-id"] == TEAM
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("pytest-fasthook/")


def test_a_source_tree_that_was_never_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> str:
        raise PackageNotFoundError

    monkeypatch.setattr("pytest_fasthook.client.wire.version", missing)
    script = Script(OK)
    transport_over(script).get("/x")

    assert script.asked[0].headers["user-agent"] == "pytest-fasthook/0"


def test_a_reply_carries_what_evidence_needs() -> None:
    clock = FakeClock()

    def answer(_: httpx.Request) -> httpx.Response:
        clock.sleep(0.5)
        headers = {"date": "Fri, 29 May 2026 12:00:00 GMT", "x-request-id": "r1", "set-cookie": "a=b"}
        return httpx.Response(200, json=[1], headers=headers)

    reply = transport_over(answer, clock=clock).get("/events")

    assert (reply.status, reply.value, reply.call) == (200, [1], "GET /events")
    assert reply.seen_at - reply.asked_at == pytest.approx(0.5)
    assert reply.server_date is not None
    assert reply.server_date.hour == 12
    assert set(reply.headers) == {"date", "x-request-id", "content-type"}


@pytest.mark.parametrize("failure", [DOWN, BUSY, httpx.ReadError("reset"), httpx.ConnectError("refused")])
def test_a_read_is_repeated(failure: httpx.Response | Exception) -> None:
    clock = FakeClock()
    script = Script(failure, failure, failure, OK)

    assert transport_over(script, clock=clock).get("/x").value == {"id": "x"}
    assert clock.slept == [pytest.approx(0.2), pytest.approx(0.4), pytest.approx(0.8)]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (DOWN, "status"),
        (BUSY, "rate_limited"),
        (httpx.ReadError("reset"), "reset"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), "reset"),
        (httpx.ReadTimeout("late"), "timeout"),
        (httpx.WriteTimeout("late"), "timeout"),
        (httpx.ConnectTimeout("late"), "connect"),
        (httpx.ConnectError("refused"), "connect"),
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "unknown")), "dns"),
        (caused(httpx.ConnectError("x"), ssl.SSLCertVerificationError("bad")), "tls"),
        (caused(httpx.ReadError("x"), ssl.SSLError("alert after the request")), "reset"),
    ],
)
def test_a_read_fails_after_four_tries_with_the_reason(
    failure: httpx.Response | Exception, reason: str
) -> None:
    script = Script(failure)

    with pytest.raises(UnreachableError) as caught:
        transport_over(script).get("/x")

    assert caught.value.reason == reason
    assert len(script.asked) == 4
    assert str(caught.value).startswith("GET /x: ")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_a_refusal_is_final(status: int) -> None:
    script = Script(httpx.Response(status, json={"error": "no"}))

    with pytest.raises(RefusedError) as caught:
        transport_over(script).get("/x")

    assert caught.value.status == status
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"location": "https://elsewhere.test/"}),
        httpx.Response(200, html="<html></html>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b'{"models": ['),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b"9" * 10_000),
        httpx.Response(200, content=b"\xff\xfe\xfa"),
        httpx.Response(799, json={}),
    ],
    ids=["redirect", "html", "empty", "truncated", "deep", "huge-int", "not-utf8", "odd-status"],
)
def test_an_answer_that_is_not_json_is_unreadable(answer: httpx.Response) -> None:
    with pytest.raises(UnreadableError, match=r"^GET /x: "):
        transport_over(Script(answer)).get("/x")


def test_odd_but_readable_json_is_read() -> None:
    body = b'{"a": "\\ud800", "b": NaN, "c": 123456789012345678901234567890}'

    value = transport_over(lambda _: httpx.Response(200, content=body)).get("/x").value

    assert value["a"] == "\ud800"
    assert value["c"] == 123456789012345678901234567890


def test_redirects_are_not_followed() -> None:
    script = Script(httpx.Response(307, headers={"location": "https://elsewhere.test/"}))

    with pytest.raises(UnreadableError):
        transport_over(script).get("/x")

    assert len(script.asked) == 1


def test_retry_after_is_honoured() -> None:
    clock = FakeClock()
    script = Script(httpx.Response(429, headers={"retry-after": "9"}), OK)
    transport_over(script, clock=clock).get("/x")

    assert sum(clock.slept) == pytest.approx(9)


def test_retry_after_as_a_date_counts_from_the_servers_clock() -> None:
    clock = FakeClock()
    headers = {"retry-after": "Sat, 30 May 2026 07:00:04 GMT", "date": "Sat, 30 May 2026 07:00:00 GMT"}
    transport_over(Script(httpx.Response(429, headers=headers), OK), clock=clock).get("/x")

    assert sum(clock.slept) == pytest.approx(4)


def test_a_wish_for_a_pause_holds_for_other_calls_too() -> None:
    clock = FakeClock()
    transport = transport_over(Script(httpx.Response(429, headers={"retry-after": "20"}), OK), clock=clock)
    with pytest.raises(RateLimitedError) as caught:
        transport.get("/x", deadline=clock.time + 5)
    assert caught.value.retry_after == 20.0

    with pytest.raises(RateLimitedError):
        transport.get("/y", deadline=clock.time + 5)
    assert clock.slept == []
    transport.get("/y", deadline=clock.time + 30)
    assert sum(clock.slept) == pytest.approx(20)


@pytest.mark.parametrize("failure", [DOWN, BUSY, httpx.ConnectError("refused")])
def test_no_pause_crosses_the_deadline(failure: httpx.Response | Exception) -> None:
    clock = FakeClock()
    script = Script(failure)

    with pytest.raises(UnreachableError):
        transport_over(script, clock=clock).get("/x", deadline=clock.time + 0.3)

    assert clock.slept == [pytest.approx(0.2)]
    assert len(script.asked) == 2


def test_without_a_deadline_an_endless_wish_is_not_waited_for() -> None:
    clock = FakeClock()

    with pytest.raises(RateLimitedError):
        transport_over(Script(httpx.Response(429, headers={"retry-after": "3600"})), clock=clock).get("/x")

    assert clock.slept == []


def test_the_last_look_is_made_after_the_deadline_too() -> None:
    clock = FakeClock()

    assert transport_over(Script(OK), clock=clock).get("/x", deadline=clock.time - 1).status == 200


def test_calls_share_the_budget() -> None:
    clock = FakeClock()
    transport = transport_over(Script(OK), clock=clock, per_minute=1)
    transport.get("/x")

    with pytest.raises(RateLimitedError, match="not asked"):
        transport.get("/x", deadline=clock.time + 1)


def test_a_write_is_not_repeated_once_something_was_sent() -> None:
    for failure in (DOWN, BUSY, httpx.ReadError("reset"), httpx.ReadTimeout("late")):
        script = Script(failure)
        with pytest.raises(UnreachableError):
            transport_over(script).write("POST", "/events/e/retry", {})
        assert len(script.asked) == 1


def test_a_write_is_repeated_where_nothing_was_sent() -> None:
    script = Script(httpx.ConnectError("refused"), httpx.Response(202, json={"ok": True}))
    reply = transport_over(script).write("PUT", "/sources", {"name": "a"})

    assert (reply.status, reply.call) == (202, "PUT /sources")
    assert json.loads(script.asked[1].content) == {"name": "a"}
    assert script.asked[1].headers["content-type"] == "application/json"


def test_an_empty_answer_to_a_write_is_fine() -> None:
    reply = transport_over(lambda _: httpx.Response(204)).write("DELETE", "/sources/src_1")

    assert (reply.status, reply.value) == (204, None)


def test_a_slow_body_ends_with_the_call() -> None:
    clock = FakeClock()

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=dripping(*[b" "] * 50, clock=clock, seconds=1.0))

    with pytest.raises(UnreachableError) as caught:
        transport_over(handler, clock=clock).get("/x", deadline=clock.time + 12)

    assert caught.value.reason == "timeout"
    assert clock.time < 1000 + 15


def test_an_answer_that_is_too_large_is_unreadable() -> None:
    limits = CallLimits(answer_bytes=100)

    with pytest.raises(UnreadableError, match="larger than 100 bytes"):
        transport_over(answering("a" * 200), limits=limits).get("/x")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "plain"}, "plain"),
        ({"error": {"code": "GONE", "message": "inner"}}, "inner"),
        ({"message": "top"}, "top"),
        ({"code": "RESOURCE_ALREADY_EXISTS", "status": 409, "message": "exists", "data": {}}, "exists"),
        ({"other": 1}, '{"other":1}'),
        ("just text", "just text"),
    ],
)
def test_the_reason_is_found_in_every_error_body(body: Any, message: str) -> None:
    with pytest.raises(RefusedError) as caught:
        transport_over(answering(body, 409)).get("/x")

    assert str(caught.value) == f"GET /x: 409 (application/json): {message}"


def test_messages_are_one_clean_line() -> None:
    body = {"error": "bad\r\n::error::x\x1b[31m" + "long " * 100}

    with pytest.raises(RefusedError) as caught:
        transport_over(answering(body, 400)).get("/x")

    text = str(caught.value)
    assert text.isprintable()
    assert "::error" not in text
    assert len(text) < 420


def echoes(key: str) -> list[str]:
    raw = key.encode()
    shifted = [base64.b64encode(b"u" * n + raw + b"!").decode() for n in range(3)]
    return [key, f"Bearer {key}", raw.hex(), raw.hex().upper(), quote(key, safe=""), *shifted]


@pytest.mark.parametrize("echo", echoes(KEY))
@pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 500])
@pytest.mark.parametrize("form", ["json", "text", "header", "path", "edge"])
def test_a_key_that_is_echoed_is_never_shown(echo: str, status: int, form: str) -> None:
    answers: dict[str, Callable[[], httpx.Response]] = {
        "json": lambda: httpx.Response(status, json={"error": f"key {echo}!", "status": 200}),
        "text": lambda: httpx.Response(status, text=f"<p>{echo}</p>"),
        "header": lambda: httpx.Response(status, text="no", headers={"content-type": echo}),
        "path": lambda: httpx.Response(status, text="no"),
        "edge": lambda: httpx.Response(status, text="x" * 190 + echo),
    }
    transport = transport_over(lambda _: answers[form]())
    path = "/events/" + (quote(echo, safe="") if form == "path" else "e")
    try:
        shown = repr(transport.get(path))
    except ApiError as error:
        shown = f"{error} {error!r} {error.call}"

    assert echo not in shown
    assert KEY not in shown
    assert KEY[:12] not in shown
    assert KEY not in repr(transport)


def test_a_key_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        transport_over(answering({"error": KEY}, 200)).get("/x")

    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.test",
        "ftp://api.test",
        "https://",
        "https://u:p@api.test",
        "https://api.test?x=1",
        "http://a:b/",
    ],
)
def test_a_base_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        made(api_url=url)


@pytest.mark.parametrize("key", ["", "with\nnewline", "schl\u00fcssel", " padded "])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        made(api_key=key)

    assert not key.strip() or key.strip() not in str(caught.value)


@pytest.mark.parametrize("url", ["https://api.test/v1/", "https://api.test/v1", "https://api.test"])
def test_the_base_url_is_used_as_given(url: str) -> None:
    script = Script(OK)
    made(api_url=url, http=httpx.MockTransport(script)).get("/events")

    assert str(script.asked[0].url) == url.rstrip("/") + "/events"


def made(
    api_url: str = "https://api.test", api_key: str = KEY, http: httpx.BaseTransport | None = None
) -> Transport:
    clock = FakeClock()
    return Transport(
        api_url=api_url,
        team_id=TEAM,
        api_key=Secret(api_key),
        redactor=Redactor([api_key]),
        clock=clock,
        limiter=RateLimiter(per_minute=100, clock=clock),
        http=http,
    )


def test_cookies_of_the_api_are_not_kept() -> None:
    script = Script(httpx.Response(200, json={}, headers={"set-cookie": "session=1; Path=/"}))
    transport = transport_over(script)
    transport.get("/x")
    transport.get("/x")

    assert "cookie" not in script.asked[1].headers


def test_a_webhook_is_sent_exactly_without_key_or_team() -> None:
    script = Script(httpx.Response(200, json={"ok": True, "request_id": "req_1"}))
    reply = transport_over(script).send(
        "PUT", "https://hook-abc.test/in?env=a", [("X-Sig", "abc"), ("X-Two", "1"), ("X-Two", "2")], b"\x00{"
    )
    request = script.asked[0]

    assert (request.method, str(request.url), request.content) == (
        "PUT",
        "https://hook-abc.test/in?env=a",
        b"\x00{",
    )
    assert (b"X-Sig", b"abc") in request.headers.raw
    assert request.headers.get_list("x-two") == ["1", "2"]
    assert not {"authorization", "x-team-id"} & set(request.headers)
    assert (reply.status, reply.request_id, reply.complete) == (200, "req_1", True)


def test_a_webhook_carries_no_header_of_the_http_library() -> None:
    script = Script(httpx.Response(200))
    transport_over(script).send("POST", "https://hook-abc.test/", [("X-Sig", "abc")], b"{}")
    assert set(script.asked[0].headers) == {"host", "user-agent", "content-length", "x-sig"}
    assert script.asked[0].headers["user-agent"].startswith("pytest-fasthook/")


def test_a_webhook_carries_such_a_header_where_it_is_given() -> None:
    script = Script(httpx.Response(200))
    transport_over(script).send("POST", "https://hook-abc.test/", [("Accept-Encoding", "br")], b"{}")
    assert script.asked[0].headers["accept-encoding"] == "br"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://Hook.test:443/a%20b?z=\u00e9#part", "https://hook.test/a%20b?z=%C3%A9"),
        ("https://hook.test/a//b?q=a b", "https://hook.test/a//b?q=a%20b"),
        ("https://hook.test/orders/\u00e9t\u00e9", "https://hook.test/orders/%C3%A9t%C3%A9"),
    ],
)
def test_a_url_is_known_as_it_is_sent(url: str, sent: str) -> None:
    script = Script(httpx.Response(200))
    transport_over(script).send("POST", as_sent(url), [], b"{}")
    assert as_sent(url) == sent
    assert str(script.asked[0].url) == sent
    assert as_sent(sent) == sent


def test_a_url_that_is_none_stays_as_it_is() -> None:
    assert as_sent("https://hook.test:99999/") == "https://hook.test:99999/"


@pytest.mark.parametrize("status", [302, 401, 404, 405, 429, 500, 503])
def test_any_status_of_a_source_is_an_answer_asked_once(status: int) -> None:
    script = Script(httpx.Response(status, text="no", headers={"location": "https://elsewhere.test/"}))

    assert transport_over(script).send("POST", "https://hook.test/", [], b"").status == status
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"request_id": 7}', b'{"request_id": ""}', b'{"request', b"\xff", b"[" * 100_000]
)
def test_an_answer_without_a_request_id_has_none(body: bytes) -> None:
    reply = transport_over(lambda _: httpx.Response(200, content=body)).send(
        "POST", "https://h.test/", [], b""
    )

    assert reply.request_id is None
    assert reply.body == body[: 64 * 1024]


def test_a_source_that_answers_at_length_is_cut() -> None:
    reply = transport_over(lambda _: httpx.Response(200, content=b"a" * 100_000)).send(
        "POST", "https://h.test/", [], b""
    )

    assert (len(reply.body), reply.complete) == (64 * 1024, False)


def test_a_source_that_drips_is_cut_at_the_limit() -> None:
    clock = FakeClock()

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=dripping(*[b"a"] * 50, clock=clock, seconds=1.0))

    reply = transport_over(handler, clock=clock).send("POST", "https://h.test/", [], b"")

    assert (reply.status, reply.complete) == (200, False)
    assert clock.time < 1000 + 15


@pytest.mark.parametrize(
    ("failure", "reason", "tries", "sent"),
    [
        (httpx.ConnectError("refused"), "connect", 2, False),
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "unknown")), "dns", 2, False),
        (caused(httpx.ConnectError("x"), ssl.SSLError("bad")), "tls", 1, False),
        (httpx.ReadError("reset"), "reset", 1, True),
        (httpx.ReadTimeout("late"), "timeout", 1, True),
        (httpx.WriteError("reset"), "reset", 1, True),
        (httpx.RemoteProtocolError("illegal status line"), "reset", 1, True),
    ],
)
def test_a_webhook_is_sent_again_only_where_nothing_was_sent(
    failure: Exception,
    reason: str,
    tries: int,
    sent: bool,  # noqa: FBT001 - a case
) -> None:
    script = Script(failure)

    with pytest.raises(UnreachableError) as caught:
        transport_over(script).send("POST", "https://h.test/", [], b"{}")

    assert (caught.value.reason, len(script.asked)) == (reason, tries)
    assert may_have_been_sent(caught.value) is sent


@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://h.test/", "http://[::1", "https://exa mple/", "http://\ud800/"]
)
def test_a_source_url_that_is_none_is_unreachable_with_nothing_sent(url: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        transport_over(Script(httpx.UnsupportedProtocol("x"))).send("POST", url, [], b"{}")

    assert not may_have_been_sent(caught.value)


@pytest.mark.parametrize(
    "header",
    [("X-A", "hush\r\nX-B: c"), ("X A", "hush"), ("", "hush"), ("X-A:", "hush"), ("X-A", "hush\x00")],
)
def test_a_header_that_cannot_be_sent_is_a_settings_error(header: tuple[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        transport_over(Script(OK)).send("POST", "https://h.test/", [header], b"")

    assert "hush" not in str(caught.value)


def test_closing_twice_does_no_harm() -> None:
    with transport_over(Script(OK)) as transport:
        transport.close()


@pytest.mark.parametrize("retry_after", ["3", "Fri, 29 May 2026 12:00:03 GMT"])
def test_a_server_error_may_ask_for_a_pause_too(retry_after: str) -> None:
    clock = FakeClock()
    busy = httpx.Response(503, headers={"retry-after": retry_after, "date": "Fri, 29 May 2026 12:00:00 GMT"})
    transport = transport_over(Script(busy, httpx.Response(200, json={})), clock=clock)
    began = clock.monotonic()
    assert transport.get("/a").status == 200
    assert clock.monotonic() - began == pytest.approx(3.0)


def test_a_server_error_that_asks_for_too_long_a_pause_stays_a_server_error() -> None:
    clock = FakeClock()
    transport = transport_over(Script(httpx.Response(503, headers={"retry-after": "600"})), clock=clock)
    for _ in range(2):
        with pytest.raises(UnreachableError, match="503") as caught:
            transport.get("/a", deadline=clock.monotonic() + 10)
        assert caught.value.reason == "status"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<html>nginx</html>"),
        httpx.Response(404),
        httpx.Response(404, json="not found"),
        httpx.Response(404, json={"detail": "Not Found"}),
    ],
)
def test_a_404_that_is_not_of_fasthook_says_nothing_about_an_id(answer: httpx.Response) -> None:
    with pytest.raises(UnreadableError):
        transport_over(Script(answer)).get("/connections/conn_1")
    with pytest.raises(RefusedError):
        transport_over(Script(httpx.Response(404, json={"error": "unknown"}))).get("/connections/conn_1")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_names_where_it_leads(status: int) -> None:
    moved = httpx.Response(status, headers={"location": "https://login.example/"})
    with pytest.raises(UnreadableError, match=r"redirects to https://login.example/"):
        transport_over(Script(moved)).get("/a")


def test_every_try_is_within_the_request_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the last one of a read, and the second one of a write."""
    asked: list[float | None] = []

    def acquire(_: RateLimiter, deadline: float | None = None) -> bool:
        asked.append(deadline)
        return True

    monkeypatch.setattr(RateLimiter, "acquire", acquire)
    script = Script(*[httpx.ConnectError("refused")] * 6)
    transport = transport_over(script)
    with pytest.raises(UnreachableError):
        transport.get("/a")
    assert len(asked) == len(script.asked) == 4
    with pytest.raises(UnreachableError):
        transport.write("POST", "/a")
    assert len(asked) == len(script.asked) == 6
