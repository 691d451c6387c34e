"""CLI destinations: a developer's machine behind a WebSocket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pytest_fasthook.emulator import Emulator, Settings

from .conftest import Api

JOB = (
    "teamId destinationId localUrl path method headers body requestId eventId connectionId eventDataId "
    "sourcePayloadR2Key processedR2Key query"
)


def cli_route(emulator: Emulator, api: Api, **config: Any) -> tuple[Any, Any, Any]:
    """A source, a CLI destination and their connection."""
    route = emulator.add_route(name="r")
    destination = api.ok("PUT", "/destinations", {"name": "laptop", "type": "CLI", "config": config})
    body = {"name": "cli", "source_id": route.source_id, "destination_id": destination["id"]}
    api.ok("DELETE", f"/connections/{route.connection_id}")
    return route, destination, api.ok("PUT", "/connections", body)


@contextmanager
def tunnel(emulator: Emulator, destination_id: str, token: str | None = None) -> Iterator[ClientConnection]:
    url = f"{emulator.page_url.replace('http', 'ws')}connect?destination_id={destination_id}"
    headers = {"authorization": f"Bearer {token or emulator.api_key}"}
    with connect(
        f"{url}&local_url=http://localhost:3000", additional_headers=headers, proxy=None, open_timeout=5
    ) as socket:
        yield socket


def read(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=5))
    return message


def answer(socket: ClientConnection, job: dict[str, Any], **result: Any) -> None:
    message = {"type": "delivery_result", "jobId": job["jobId"], "statusText": "x", "headers": {}, **result}
    socket.send(json.dumps(message))


def test_a_delivery_goes_through_the_tunnel(emulator: Emulator, api: Api) -> None:
    route, destination, connection = cli_route(emulator, api, path="/hooks", http_method="PUT")
    with tunnel(emulator, destination["id"]) as socket:
        assert read(socket)["type"] == "hello"
        request_id = api.send(route, {"n": 1}, path="deep?x=1").json()["request_id"]
        job = read(socket)
        assert (job["type"], sorted(job["request"])) == ("delivery", sorted(JOB.split()))
        request = job["request"]
        assert (request["method"], request["path"], request["query"]) == ("PUT", "/hooks/deep", "x=1")
        assert (request["requestId"], request["connectionId"]) == (request_id, connection["id"])
        assert (request["localUrl"], request["teamId"]) == ("http://localhost:3000", emulator.team_id)
        assert request["headers"]["x-fasthook-event-id"] == request["eventId"]
        answer(socket, job, status=201, body='{"ok": true}')
        emulator.settle()
    event = api.event(request_id)
    assert (event["status"], event["response_status"]) == ("SUCCESSFUL", 201)
    [attempt] = api.get("/attempts", event_id=event["id"])["models"]
    assert attempt["body"] == {"ok": True}
    assert attempt["requested_url"] == "http://localhost:3000/hooks/deep"  # the CLI leaves the query out
    assert api.get(f"/requests/{request_id}")["cli_events_count"] == 1


@pytest.mark.parametrize(("status", "shown"), [(500, 500), (404, 404), (None, 502), (999, 502), ("200", 502)])
def test_the_local_answer_decides(emulator: Emulator, api: Api, status: Any, shown: int) -> None:
    route, destination, _ = cli_route(emulator, api)
    with tunnel(emulator, destination["id"]) as socket:
        read(socket)
        request_id = api.send(route).json()["request_id"]
        answer(socket, read(socket), status=status, body="no")
        emulator.settle()
    assert (api.event(request_id)["status"], api.event(request_id)["response_status"]) == ("FAILED", shown)


def test_deliveries_are_concurrent_and_may_be_answered_in_any_order(emulator: Emulator, api: Api) -> None:
    route, destination, _ = cli_route(emulator, api)
    with tunnel(emulator, destination["id"]) as socket:
        read(socket)
        sent = [api.send(route, {"n": n}).json()["request_id"] for n in range(3)]
        jobs = [read(socket) for _ in sent]
        socket.send("not json")
        socket.send('{"type": "delivery_result", "jobId": "unknown", "status": 200}')
        socket.send('{"type": "something"}')
        for job in reversed(jobs):
            answer(socket, job, status=200, body=job["request"]["requestId"])
        emulator.settle()
    for attempt in api.get("/attempts")["models"]:
        assert (attempt["status"], attempt["body"]) == ("SUCCESSFUL", attempt["request_id"])


def test_without_a_tunnel_the_attempt_fails(emulator: Emulator, api: Api) -> None:
    route, _, _ = cli_route(emulator, api)
    event = api.event(api.sent(route))
    assert (event["status"], event["error_code"], event["attempts"]) == ("FAILED", "CLI_UNAVAILABLE", 1)


def test_a_tunnel_that_closes_fails_what_waits_for_it(emulator: Emulator, api: Api) -> None:
    route, destination, _ = cli_route(emulator, api)
    with tunnel(emulator, destination["id"]) as socket:
        read(socket)
        request_id = api.send(route).json()["request_id"]
        read(socket)
    emulator.settle()
    assert api.event(request_id)["error_code"] == "SOCKET_CLOSED"
    again = api.sent(route)
    assert api.event(again)["error_code"] == "CLI_UNAVAILABLE"


def test_the_newest_tunnel_gets_the_deliveries(emulator: Emulator, api: Api) -> None:
    route, destination, _ = cli_route(emulator, api)
    with tunnel(emulator, destination["id"]) as older, tunnel(emulator, destination["id"]) as newer:
        read(older)
        read(newer)
        api.send(route)
        answer(newer, read(newer), status=200)
        emulator.settle()
    assert api.get("/events")["models"][0]["status"] == "SUCCESSFUL"


def test_nobody_answering_is_a_time_out(wire: httpx.Client) -> None:
    with Emulator(settings=Settings(delivery_timeout=0.05)) as emulator:
        api = Api(emulator, wire)
        route, destination, _ = cli_route(emulator, api)
        with tunnel(emulator, destination["id"]) as socket:
            read(socket)
            assert api.event(api.sent(route))["error_code"] == "TIMEOUT"


@pytest.mark.parametrize(
    ("token", "destination", "status"),
    [("fhp_wrong", "cli", 401), (None, "des_none", 404), (None, "http", 403), ("reader", "cli", 403)],
)
def test_a_refusal_is_an_ordinary_http_answer(
    emulator: Emulator, api: Api, token: str | None, destination: str, status: int
) -> None:
    route, laptop, _ = cli_route(emulator, api)
    if token == "reader":
        token = api.ok("POST", "/project-api-keys", {"name": "k"}, status=201)["data"]["api_key"]
    ids = {"cli": laptop["id"], "http": route.destination_id}
    with (
        pytest.raises(InvalidStatus) as caught,
        tunnel(emulator, ids.get(destination, destination), token),
    ):
        pass
    assert caught.value.response.status_code == status
    assert "error" in json.loads(caught.value.response.body)


def test_a_key_with_the_scope_may_open_a_tunnel(emulator: Emulator, api: Api) -> None:
    _, laptop, _ = cli_route(emulator, api)
    body = {"name": "k", "scopes": ["tunnel:connect"]}
    token = api.ok("POST", "/project-api-keys", body, status=201)["data"]["api_key"]
    with tunnel(emulator, laptop["id"], token) as socket:
        assert read(socket)["destinationId"] == laptop["id"]


def test_an_open_tunnel_does_not_keep_the_emulator_from_stopping(wire: httpx.Client) -> None:
    emulator = Emulator().start()
    _, laptop, _ = cli_route(emulator, Api(emulator, wire))
    with tunnel(emulator, laptop["id"]) as socket:
        read(socket)
        stopping = threading.Thread(target=emulator.stop)
        stopping.start()
        stopping.join(5)
        assert not stopping.is_alive()


def test_messages_that_are_none_are_ignored(emulator: Emulator, api: Api) -> None:
    route, destination, _ = cli_route(emulator, api)
    with tunnel(emulator, destination["id"]) as socket:
        read(socket)
        request_id = api.send(route).json()["request_id"]
        job = read(socket)
        for message in (b"\xff\x00", b"", "", "[", '{"n":1e999}', "[1]", '{"type": 5}'):
            socket.send(message)
        answer(socket, job, status=201, body="x" * 100_000)
        emulator.settle()
    [attempt] = api.get("/attempts")["models"]
    assert (attempt["request_id"], attempt["response_status"]) == (request_id, 201)
    assert len(attempt["body"]) == 32_768
