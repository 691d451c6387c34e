"""The servers that are compared: the emulator, and an empty handler on the same Starlette and uvicorn.

Run as a script, this module is the empty handler: it answers every request with what a source answers.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route as Handled

from pytest_fasthook.emulator import Emulator, Route, Settings
from pytest_fasthook.emulator.delivery.attempt import AttemptResult, record_attempt
from pytest_fasthook.emulator.ingress.accept import receive, source_of
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.tables import CONNECTIONS, EVENTS
from pytest_fasthook.emulator.times import SettableClock
from pytest_fasthook.emulator.world import AppState

TEAM, KEY = "tm_benchmark", "fhp_benchmark"
HEADERS = (("authorization", f"Bearer {KEY}"), ("x-team-id", TEAM))
SPAN_S = 86_400
"""What the stored records are spread over."""
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Server:
    """A running process that serves.

    Attributes:
        url: its origin, without a slash at the end.
    """

    process: subprocess.Popen[str]
    url: str

    def processor_s(self) -> float:
        """Processor time so far, user and system, in seconds (Linux)."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, *, peak: bool = False) -> float:
        """Resident memory now, or the most it ever had (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def empty_handler() -> Iterator[Server]:
    """Run the empty handler."""
    with _running([sys.executable, __file__], {}) as process:
        assert process.stdout is not None
        yield Server(process, process.stdout.readline().strip())


@contextmanager
def emulator(db: Path) -> Iterator[Server]:
    """Run ``fasthook-emulator`` on a database file."""
    command = [sys.executable, "-m", "pytest_fasthook.emulator", "--port", "0", "--db", str(db)]
    with _running(command, {"FASTHOOK_API_KEY": KEY, "FASTHOOK_TEAM_ID": TEAM}) as process:
        assert process.stdout is not None
        said = dict(process.stdout.readline().split() for _ in range(4))
        yield Server(process, said["API"].removesuffix("/v1"))


@contextmanager
def _running(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def source_url(server: Server, kind: str, *, receiver: str) -> str:
    """Make a source over the API and return its URL.

    Args:
        server: a fresh emulator.
        kind: ``alone`` without a connection, ``branched`` with a paused one, ``delivered`` with one that delivers.
        receiver: where it delivers to.
    """
    with httpx.Client(base_url=f"{server.url}/v1", headers=list(HEADERS)) as client:
        source = _put(client, "sources", {"name": kind})
        if kind != "alone":
            config = {"url": receiver, "path_forwarding_disabled": True}
            destination = _put(client, "destinations", {"name": kind, "config": config})
            ids = {"source_id": source["id"], "destination_id": destination["id"]}
            paused_at = "2026-01-01T00:00:00Z" if kind == "branched" else None
            _put(client, "connections", {"name": kind, **ids, "paused_at": paused_at})
    return str(source["url"])


def _put(client: httpx.Client, kind: str, body: dict[str, Any]) -> Any:
    answer = client.put(f"/{kind}", json=body)
    if answer.is_error:
        raise RuntimeError(f"PUT /{kind} {body}: {answer.status_code} {answer.text}")
    return answer.json()


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands in a filled database.

    Attributes:
        route: the first of two routes that share the traffic.
        request_id: the newest request.
        event_id: its event.
    """

    route: Route
    request_id: str
    event_id: str


def fill(db: Path, *, requests: int, every_s: float) -> Stored:
    """Store requests, events and attempts by the emulator's own code, evenly spread over the time before now.

    Of fifty one is rejected, of ten one is filtered, of four one fails; the rest is delivered.
    """
    clock = SettableClock(frozen=True)
    with Emulator(
        db=db, api_key=KEY, team_id=TEAM, clock=clock, settings=Settings(max_concurrent=0)
    ) as filled:
        routes = [
            filled.add_route(name=name, rules=[{"type": "filter", "body": {"kept": True}}]) for name in "ab"
        ]
        for first in range(0, requests, _BATCH):
            with filled.world.database.transaction():
                for number in range(first, min(first + _BATCH, requests)):
                    clock.skew((number - requests) * every_s)
                    request_id = _store(filled.world, routes[number % 2], number)
        newest = EVENTS.select(filled.world.database, "ORDER BY seq DESC LIMIT 1")[0]
    return Stored(routes[0], request_id, newest.id)


def _store(world: AppState, route: Route, number: int) -> str:
    payload = message(number)
    source = source_of(world, route.source_url.rstrip("/").rpartition("/")[2])
    assert source is not None
    request = receive(world, source, replace(payload, method="GET") if number % 50 == 49 else payload).request
    for event in EVENTS.select(world.database, "WHERE request_id = ?", (request.id,)):
        if event.status == "QUEUED":
            connection = CONNECTIONS.find(world.database, "id = ?", (event.connection_id,))
            status = 500 if number % 4 == 3 else 200
            outcome = AttemptResult(response_status=status, body={"ok": status == 200}, latency_ms=5.0)
            record_attempt(world, event, connection, outcome)
    return request.id


def message(number: int) -> Payload:
    """Return a webhook of a usual size."""
    body = (
        b'{"id": "in_%08d", "type": "invoice.paid", "kept": %s, "data": {"total": %d, "items": [1, 2, 3]}}'
        % (
            number,
            b"false" if number % 10 == 9 else b"true",
            number % 1000,
        )
    )
    headers = (
        ("host", "hook.example"),
        ("user-agent", "benchmark/1.0"),
        ("accept", "*/*"),
        ("content-type", "application/json"),
        ("x-webhook-id", f"wh_{number:024d}"),
        ("content-length", str(len(body))),
    )
    return Payload(method="POST", path="/orders", query="env=production", headers=headers, body=body)


async def _answer(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse({"ok": True, "queued": True, "transport": "queue", "request_id": "req_" + "0" * 24})


def _serve_empty() -> None:
    # With the protocol named, asyncio switches Nagle's algorithm off, as it does for sockets of its own making.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        app = Starlette(routes=[Handled("/hook/", _answer, methods=["POST"])])
        config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    _serve_empty()
