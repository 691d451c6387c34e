"""Nothing that comes from outside makes the emulator deaf, huge or wrong: each input beside one that is in order."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Answer, APIError, Emulator, Fault, FaultKind, SettableClock, Settings
from pytest_fasthook.emulator.http.front import is_local_peer
from pytest_fasthook.emulator.rules.rules import next_delay_ms

from .conftest import Api

CONTROL = "/__emulator__"


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def deliver(emulator: Emulator, api: Api, wire: httpx.Client, body: bytes) -> Any:
    """Send exact bytes through an unsigned route and return the request as the API shows it."""
    route = emulator.add_route(name="exact", auth={"auth_type": None})
    response = wire.post(route.source_url, content=body)
    assert response.status_code == 200, response.text
    emulator.settle()
    return api.get(f"/requests/{response.json()['request_id']}")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"n":1e400}', '{"n":1e400}'),
        ('{"n":-1e999}', '{"n":-1e999}'),
        ('{"n":' + "9" * 400 + ".0}", '{"n":' + "9" * 400 + ".0}"),
        ('{"n":NaN}', '{"n":NaN}'),
        ('{"n":1e40}', {"n": 1e40}),
        ('{"n":' + "9" * 30 + ".0}", {"n": 1e30}),
    ],
)
def test_a_body_is_delivered_as_sent_and_shown_as_text_where_it_is_not_finite(
    emulator: Emulator, api: Api, wire: httpx.Client, body: str, shown: Any
) -> None:
    request = deliver(emulator, api, wire, body.encode())
    assert request["data"]["body"] == shown
    [delivery] = emulator.receiver.wait(1)
    assert delivery.body == body.encode()


@pytest.mark.parametrize(("levels", "is_text"), [(500, False), (501, True), (50_000, True)])
def test_a_body_that_is_nested_too_deeply_is_text(
    emulator: Emulator, api: Api, wire: httpx.Client, levels: int, *, is_text: bool
) -> None:
    body = b'{"a":' * levels + b"1" + b"}" * levels
    shown = deliver(emulator, api, wire, body)["data"]["body"]
    assert shown == (body.decode() if is_text else deep(levels))


@pytest.mark.parametrize("path", ["sources", "destinations", "connections", "filters", "transformations"])
@pytest.mark.parametrize("name", ["source_id", "destination_id"])
def test_lists_take_filters_that_their_records_do_not_have(api: Api, path: str, name: str) -> None:
    unfiltered = api.get(f"/{path}")["count"]
    found = api.get(f"/{path}", **{name: "none"})
    assert found["count"] == (0 if path == "connections" else unfiltered)


BAD_TEXT = '"\\ud800"'


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/sources", '{"name": %s}'),
        ("POST", "/destinations", '{"name": "d", "config": {"url": %s}}'),
        ("POST", "/transformations", '{"name": "t", "code": %s}'),
        ("POST", "/filters", '{"name": "f", "conditions": {"body": %s}}'),
        ("PUT", "/project-secrets", '{"signing_secret": %s}'),
    ],
)
def test_half_of_a_surrogate_pair_is_no_text(api: Api, method: str, path: str, body: str) -> None:
    response = api.call(method, path, content=(body % BAD_TEXT).encode())
    assert (response.status_code, "surrogate" in response.json()["error"]) == (400, True)
    whole = api.call(method, path, content=(body % '"\\ud83d\\ude00"').encode())
    assert "surrogate" not in whole.text


def test_what_cannot_be_stored_is_refused(emulator: Emulator) -> None:
    with pytest.raises(APIError, match="surrogate"):
        emulator.world.database.row("SELECT ?", ("\ud800",))
    with pytest.raises(APIError, match="too large"):
        emulator.world.database.row("SELECT ?", (2**63,))
    assert emulator.world.database.number("SELECT ? = ?", ("\U0001f600", 2**63 - 1)) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sources", {"name": "s", "config": deep(900)}),
        ("/destinations", {"name": "d", "config": {"url": "http://127.0.0.1:9/", "more": deep(900)}}),
        ("/filters", {"name": "f", "conditions": {"body": deep(300)}}),
        ("/filters/test", {"filter": {"body": deep(300)}, "input": {}}),
    ],
)
def test_a_body_of_a_call_that_is_nested_too_deeply_is_refused(api: Api, path: str, body: Any) -> None:
    assert api.call("POST", path, body).status_code == 400
    assert api.call("GET", "/sources").status_code == 200
    for name in ("config", "conditions", "filter"):
        if name in body:
            body[name] = (
                {"body": deep(40)} if name != "config" else {"url": "http://127.0.0.1:9/", "a": deep(40)}
            )
    assert api.call("POST", path, body).status_code == 200


def dedupe(**fields: Any) -> list[dict[str, Any]]:
    return [{"type": "deduplicate", "window": 60_000, **fields}]


@pytest.mark.parametrize(("second", "count"), [("2", 2), ("1", 1)])
def test_headers_in_deduplicate_rules_are_compared_without_case(
    emulator: Emulator, api: Api, second: str, count: int
) -> None:
    route = emulator.add_route(name="r", rules=dedupe(include_fields=["headers.X-Id"]))
    api.sent(route, headers={"X-ID": "1"})
    api.sent(route, headers={"x-id": second})
    assert len(emulator.receiver.deliveries) == count


@pytest.mark.parametrize(("second", "count"), [("2", 1), ("1", 1)])
def test_headers_can_be_excluded_without_case(emulator: Emulator, api: Api, second: str, count: int) -> None:
    route = emulator.add_route(name="r", rules=dedupe(exclude_fields=["headers.X-Id"]))
    api.sent(route, headers={"X-ID": "1"})
    api.sent(route, headers={"x-id": second})
    assert len(emulator.receiver.deliveries) == count


@pytest.mark.parametrize(("field", "count"), [("body.b", 1), ("body.c", 2)])
def test_fields_of_a_deep_body_can_be_excluded(emulator: Emulator, api: Api, field: str, count: int) -> None:
    route = emulator.add_route(name="r", rules=dedupe(exclude_fields=[field]))
    for number in (1, 2):
        api.sent(route, {"a": deep(490), "b": number})
    assert len(emulator.receiver.deliveries) == count


@pytest.mark.parametrize(("last", "matched"), [(2499, True), (-1, False)])
def test_in_is_linear(api: Api, last: int, *, matched: bool) -> None:
    options = [[number] for number in range(2500)]
    given = [*([number] for number in range(5000, 7499)), [last]]
    began = time.perf_counter()
    found = api.ok("POST", "/filters/test", {"filter": {"body": {"$in": options}}, "input": {"body": given}})
    assert time.perf_counter() - began < 0.5
    assert found == {"matched": matched}


@pytest.mark.parametrize(
    ("option", "value", "matched"),
    [
        (1, True, False),
        (True, True, True),
        (1, 1.0, True),
        ([1], [[1.0]], True),
        (["bool", 1], True, False),
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": [1]}, {"a": [True]}, False),
        (None, None, True),
        (None, 0, False),
    ],
)
def test_in_compares_as_equality_does(api: Api, option: Any, value: Any, *, matched: bool) -> None:
    body = {"filter": {"body": {"$in": [option]}}, "input": {"body": value}}
    assert api.ok("POST", "/filters/test", body) == {"matched": matched}


@pytest.mark.parametrize(
    "condition",
    [{"$in": list(range(10_001))}, {"$and": [{"a": 1}] * 201}, {str(number): 1 for number in range(201)}],
)
def test_a_rule_has_bounds(api: Api, condition: Any) -> None:
    body = {"filter": {"body": condition}, "input": {"body": {}}}
    assert api.call("POST", "/filters/test", body).status_code == 400
    if "$in" in condition:
        condition["$in"].pop()
    else:
        condition = {"$and": [{"a": 1}] * 199}
    body = {"filter": {"body": condition}, "input": {"body": {}}}
    assert api.ok("POST", "/filters/test", body) == {"matched": False}


@pytest.mark.parametrize(
    ("path", "bad", "good"),
    [
        ("/clock", '{"skew": 1e300}', '{"skew": 1}'),
        ("/clock", '{"skew": 1e999}', '{"skew": -1}'),
        ("/clock", '{"advance": 4000000000}', '{"advance": 60}'),
        ("/clock", '{"advance": true}', '{"advance": 0}'),
        ("/faults", '{"kind": "status", "status": 99}', '{"kind": "status", "status": 503, "path": "/x"}'),
        ("/faults", '{"kind": "status", "status": 600}', '{"kind": "status", "status": 599, "path": "/x"}'),
        ("/faults", '{"kind": "lag", "seconds": 1e300}', '{"kind": "lag", "seconds": 5}'),
        ("/faults", '{"kind": "slow", "seconds": -1}', '{"kind": "slow", "seconds": 1, "path": "/x"}'),
        ("/faults", '{"kind": "slow", "times": 0}', '{"kind": "slow", "times": 1, "path": "/x"}'),
        ("/receiver", '{"answers": [{"status": 99}]}', '{"answers": [{"status": 500}]}'),
        ("/receiver", '{"answers": [{"delay": 1e300}]}', '{"answers": [{"delay": 0.1}]}'),
        ("/receiver", '{"answers": [{"body": "\\ud800"}]}', '{"answers": [{"body": "x"}]}'),
        ("/receiver", '{"answers": [{"reset": 1}]}', '{"answers": [{"reset": true}]}'),
    ],
)
def test_control_routes_refuse_what_is_out_of_range(
    emulator: Emulator, wire: httpx.Client, path: str, bad: str, good: str
) -> None:
    base = emulator.world.origin + CONTROL
    assert wire.post(base + path, content=bad).status_code == 400
    assert wire.get(base + "/health").status_code == 200
    assert wire.post(base + path, content=good).status_code == 200
    assert wire.get(base + "/clock").status_code == 200


def test_code_refuses_what_control_routes_refuse() -> None:
    with pytest.raises(APIError):
        SettableClock().skew(float("nan"))
    with pytest.raises(APIError):
        Fault(kind=FaultKind.STATUS, status=99)
    with pytest.raises(APIError):
        Answer(99)
    assert Answer(599).status == 599


def test_the_receiver_is_bounded_and_not_for_other_sites(emulator: Emulator, wire: httpx.Client) -> None:
    url = f"{emulator.world.origin}{CONTROL}/receiver/x"
    assert wire.post(url, content=b"x" * 11_000_000).status_code == 413
    assert wire.post(url, content=b"x", headers={"origin": "https://evil.example"}).status_code == 403
    assert wire.post(url, content=b"x", headers={"host": "evil.example"}).status_code == 403
    assert emulator.receiver.deliveries == ()
    assert wire.post(url, content=b"x" * 9_000_000).status_code == 200
    assert len(emulator.receiver.deliveries) == 1


def test_a_webhook_of_a_web_page_is_delivered(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.add_route(name="r"), headers={"origin": "https://app.example"})
    assert len(emulator.receiver.deliveries) == 1


@pytest.mark.parametrize(
    ("address", "origin", "is_local"),
    [
        ("127.0.0.1", "http://127.0.0.1:1", True),
        ("::1", "http://[::1]:1", True),
        ("::ffff:127.0.0.1", "http://[::1]:1", True),
        ("192.168.1.5", "http://192.168.1.5:1", True),
        ("192.168.1.6", "http://192.168.1.5:1", False),
        ("192.168.1.6", "http://127.0.0.1:1", False),
    ],
)
def test_who_is_on_this_machine(address: str, origin: str, *, is_local: bool) -> None:
    assert is_local_peer(address, origin=origin) is is_local


def test_control_routes_from_another_machine_ask_for_the_key(
    emulator: Emulator, wire: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_fasthook.emulator.http.front.is_local_peer", lambda _peer, origin: not origin)
    url = f"{emulator.world.origin}{CONTROL}/faults"
    assert wire.get(url).status_code == 401
    assert wire.get(url, headers={"authorization": "Bearer wrong"}).status_code == 401
    assert wire.get(emulator.page_url).status_code == 401
    assert wire.get(url, headers={"authorization": f"Bearer {emulator.api_key}"}).status_code == 200
    assert wire.get(f"{emulator.world.origin}{CONTROL}/health").status_code == 200


def test_a_request_that_does_not_come_in_whole_is_cut(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_fasthook.emulator.server.REQUEST_LIMIT_S", 0.2)
    host, port = emulator.world.origin.removeprefix("http://").split(":")
    health = f"GET {CONTROL}/health HTTP/1.1\r\nhost: localhost\r\n".encode()
    for half in (
        b"",
        health,
        b"POST /__emulator__/faults HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nab",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(half)
            with pytest.raises(ConnectionResetError):
                read_to_the_end(connection)
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(health + b"\r\n")
        time.sleep(0.3)
        connection.sendall(health + b"connection: close\r\n\r\n")
        assert read_to_the_end(connection).count(b'{"ok":true}') == 2


def read_to_the_end(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(4096):
        received += data
    raise_if_cut = received or b""
    if not raise_if_cut:
        raise ConnectionResetError
    return raise_if_cut


@pytest.mark.parametrize("encoding", ["br", None])
def test_receivers_are_asked_in_an_encoding_that_can_be_read(
    emulator: Emulator, api: Api, encoding: str | None
) -> None:
    api.sent(emulator.add_route(name="r"), headers={"accept-encoding": encoding or "identity"})
    [delivery] = emulator.receiver.wait(1)
    assert delivery.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(("encoding", "body"), [("gzip", b"abcd"), ("identity", b"abcd")])
def test_a_status_survives_a_body_that_cannot_be_decoded(
    emulator: Emulator, api: Api, encoding: str, body: bytes
) -> None:
    emulator.receiver.answer(201, body, headers={"content-encoding": encoding})
    request_id = api.sent(emulator.add_route(name="r"))
    [attempt] = api.get("/attempts")["models"]
    assert (attempt["request_id"], attempt["response_status"]) == (request_id, 201)
    assert attempt["body"] == ("" if encoding == "gzip" else "abcd")


def test_the_page_shows_the_team_that_was_asked_for(tmp_path: Any, wire: httpx.Client) -> None:
    shown = {}
    for team in ("tm_111111111111111111", "tm_222222222222222222", "tm_111111111111111111"):
        with Emulator(db=tmp_path / "e.db", team_id=team) as emulator:
            if team not in shown:
                emulator.add_route(name=f"of-{team}")
            page = wire.get(emulator.page_url).text
            shown[team] = page
            other = json.dumps([name for name in shown if name != team])
            assert f"of-{team}" in page, other
            assert all(f"of-{name}" not in page for name in shown if name != team)


def longest_health(emulator: Emulator, wire: httpx.Client, work: Any) -> float:
    """Do something in a thread and return the longest time that a health request took meanwhile."""
    longest = 0.0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work)
        while not running.done():
            began = time.monotonic()
            assert wire.get(f"{emulator.world.origin}{CONTROL}/health").status_code == 200
            longest = max(longest, time.monotonic() - began)
        running.result()
    return longest


def test_others_are_answered_during_a_bulk_retry(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    route = emulator.add_route(name="r", auth={"auth_type": None})
    for _ in range(600):
        wire.post(route.source_url, content=b"{}")
    emulator.settle(timeout=30)

    def retry() -> None:
        operation = api.ok("POST", "/events/bulk_operations", {}, status=201)
        assert operation["total_count"] == 600
        emulator.settle(timeout=30)
        assert api.get(f"/events/bulk_operations/{operation['id']}")["done_count"] == 600

    assert longest_health(emulator, wire, retry) < 0.5


def test_bulk_operations_are_bounded(emulator: Emulator, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_fasthook.emulator.replay.MAX_TARGETS", 2)
    route = emulator.add_route(name="r")
    api.sent(route)
    api.sent(route)
    assert api.ok("POST", "/requests/bulk_operations", {}, status=201)["total_count"] == 2
    emulator.settle()
    assert api.call("POST", "/requests/bulk_operations", {}).status_code == 400
    assert api.get("/requests/bulk_operations")["count"] == 1


def test_ongoing_bulk_operations_are_bounded(wire: httpx.Client) -> None:
    with Emulator(settings=Settings(bulk_delay=3600)) as emulator:
        api = Api(emulator, wire)
        operations = [api.ok("POST", "/events/bulk_operations", {}, status=201) for _ in range(10)]
        assert api.call("POST", "/events/bulk_operations", {}).status_code == 409
        api.ok("POST", f"/events/bulk_operations/{operations[0]['id']}/cancel")
        api.ok("POST", "/events/bulk_operations", {}, status=201)


@pytest.mark.parametrize(("times", "status"), [(200, 500), (5, 200)])
def test_templates_are_bounded(
    emulator: Emulator, api: Api, wire: httpx.Client, times: int, status: int
) -> None:
    custom = {"content_type": "text", "body": "{{body.text}}" * times}
    route = emulator.add_route(name="r", auth={"auth_type": None}, source_config={"custom_response": custom})
    answers = []
    body = json.dumps({"text": "x" * 1_000_000})
    longest = longest_health(
        emulator, wire, lambda: answers.append(wire.post(route.source_url, content=body, timeout=30))
    )
    assert longest < 0.5
    [answer] = answers
    assert (answer.status_code, len(answer.content) > 1000) == (status, status == 200)


@pytest.mark.parametrize(
    ("custom", "twin"),
    [
        ({"body": "x" * 100_001}, {"body": "x" * 100_000}),
        ({"body": "", "rules": [{}] * 101}, {"body": "", "rules": [{}] * 100}),
        ({"headers": {"x-a": "{{body}}" * 3}}, {"headers": {"x-a": "{{body}}"}}),
    ],
)
def test_custom_responses_are_bounded(api: Api, wire: httpx.Client, custom: Any, twin: Any) -> None:
    def status(given: Any) -> int:
        made = api.call("PUT", "/sources", {"name": "s", "config": {"custom_response": given}})
        if made.status_code != 200:
            return made.status_code
        return wire.post(made.json()["url"], content=b"x" * 4000).status_code

    assert status(custom) in {400, 500}
    assert status(twin) == 200


def test_a_page_of_large_bodies_is_cut(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    route = emulator.add_route(name="r", auth={"auth_type": None})
    small = wire.post(route.source_url, json={"a": 1}).json()["request_id"]
    for _ in range(8):
        large = wire.post(route.source_url, content=b"x" * 1_500_000).json()["request_id"]
    answer = api.call("GET", "/requests", params={"include": "data", "limit": 100})
    assert len(answer.content) < 5_000_000
    models = {model["id"]: model["data"] for model in answer.json()["models"]}
    assert models[small]["body"] == {"a": 1}
    assert [len(data["body"]) for data in models.values()] == [1_500_000] * 2 + [1000] * 6 + [1]
    assert all(data["is_large_payload"] is (name != small) for name, data in models.items())
    assert len(api.get(f"/requests/{large}")["data"]["body"]) == 1_500_000
    page = wire.get(f"{emulator.page_url}ui/requests/{large}")
    assert (len(page.content) < 100_000, "its beginning" in page.text) == (True, True)
    assert "its beginning" not in wire.get(f"{emulator.page_url}ui/requests/{small}").text


def test_others_are_answered_during_a_search(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    route = emulator.add_route(name="r", auth={"auth_type": None})
    for number in range(40):
        wire.post(route.source_url, content=b"x" * 1_000_000 + b"needle%d-" % number)
    emulator.settle(timeout=30)
    found = []

    def look() -> None:
        for path in ("/requests", "/events", "/requests/count"):
            found.append(api.get(path, q="needle7-")["count"])
            found.append(api.get(path, q="needle77-")["count"])

    assert longest_health(emulator, wire, look) < 0.5
    assert found == [1, 0] * 3
    assert wire.get(emulator.page_url, params={"q": "needle7-"}).text.count("/ui/requests/") == 1
    operation = api.ok("POST", "/requests/bulk_operations", {"q": "needle7-"}, status=201)
    assert operation["total_count"] == 1


def test_attempts_are_found_by_their_answers(emulator: Emulator, api: Api) -> None:
    emulator.receiver.answer(200, b'{"said": "needle"}')
    api.sent(emulator.add_route(name="r"))
    assert api.get("/attempts", q="needle")["count"] == 1
    assert api.get("/attempts", q="other")["count"] == 0


def test_a_name_that_is_never_resolved_keeps_nobody_from_stopping(
    wire: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends, real = threading.Event(), socket.getaddrinfo

    def hangs(host: Any, *more: Any, **named: Any) -> Any:
        if host == "never.test" and ends.wait(20):
            raise socket.gaierror
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    emulator = Emulator().start()
    route = emulator.add_route(name="r", auth={"auth_type": None}, destination_url="http://never.test/")
    assert wire.post(route.source_url, content=b"{}").status_code == 200
    local = emulator.add_route(name="l", auth={"auth_type": None})
    assert wire.post(local.source_url, content=b"{}").status_code == 200
    emulator.receiver.wait(1)
    began = time.monotonic()
    emulator.stop()
    ends.set()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("sender", ["http://[", "null", "http://[::1", "://"])
def test_an_origin_that_is_none_is_foreign(emulator: Emulator, wire: httpx.Client, sender: str) -> None:
    own = {"origin": emulator.world.origin}
    assert wire.get(emulator.page_url, headers={"origin": sender}).status_code == 403
    assert wire.get(emulator.page_url, headers=own).status_code == 200


@pytest.mark.parametrize(
    ("custom", "status", "body"),
    [
        ({"status": 204, "body": "x"}, 204, ""),
        ({"status": 304, "body": "x"}, 304, ""),
        ({"status": 205, "body": "x"}, 205, ""),
        ({"status": 201, "body": "x"}, 201, "x"),
        ({"body": "x", "headers": {"x-a": "{{body.a}}"}}, 200, "x"),
        ({"body": "x", "headers": {"Transfer-Encoding": "chunked", "Content-Length": "9"}}, 200, "x"),
    ],
)
def test_every_custom_response_can_be_sent(
    api: Api, wire: httpx.Client, custom: Any, status: int, body: str
) -> None:
    source = api.ok("POST", "/sources", {"name": "s", "config": {"custom_response": custom}})
    answer = wire.post(source["url"], content=b'{"a": "1\\u0000\\u007f2"}')
    assert (answer.status_code, answer.text) == (status, body)
    assert answer.headers.get("x-a") in {None, "1 2"}


def test_a_content_type_is_ascii(api: Api) -> None:
    for kind, status in (("\u65e5/x", 400), ("text/x", 200)):
        body = {"name": f"s{status}", "config": {"custom_response": {"content_type": kind, "body": "x"}}}
        assert api.call("POST", "/sources", body).status_code == status


@pytest.mark.parametrize(("status", "answered"), [(b"999", 502), (b"599", 599)])
def test_a_proxied_status_that_is_none_is_502(
    api: Api, wire: httpx.Client, status: bytes, answered: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as upstream, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            connection, _ = upstream.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 " + status + b" X\r\ncontent-length: 1\r\n\r\nx")

        pool.submit(answer)
        proxy = {"target_url": f"http://127.0.0.1:{upstream.getsockname()[1]}/"}
        source = api.ok("POST", "/sources", {"name": "s", "config": {"mode": "proxy", "proxy": proxy}})
        assert wire.post(source["url"], content=b"x").status_code == answered


@pytest.mark.parametrize("status", [204, 500])
def test_a_receiver_answers_with_any_status(emulator: Emulator, api: Api, status: int) -> None:
    emulator.receiver.answer(status, b"x")
    api.sent(emulator.add_route(name="r"))
    [attempt] = api.get("/attempts")["models"]
    assert (attempt["response_status"], attempt["body"]) == (status, "" if status == 204 else "x")


@pytest.mark.parametrize(("attempts", "delay"), [(2, 2 * 86_400_000), (50, 30 * 86_400_000)])
def test_an_exponential_retry_waits_at_most_thirty_days(attempts: int, delay: int) -> None:
    rule = {"strategy": "exponential", "interval": 86_400_000, "count": 50}
    assert next_delay_ms(rule, attempts=attempts, response_status=500) == delay


def test_the_list_of_deliveries_is_bounded(emulator: Emulator, wire: httpx.Client) -> None:
    base = emulator.world.origin + CONTROL
    for size in (3_000_000, 3_000_000, 500):
        assert wire.post(f"{base}/receiver/x", content=b"x" * size).status_code == 200
    models = wire.get(f"{base}/deliveries").json()["models"]
    assert [(len(item["body"]), item["is_cut"]) for item in models] == [
        (3_000_000, False),
        (1000, True),
        (500, False),
    ]
