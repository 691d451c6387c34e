"""One emulator for a whole test process, clean for each test, and a client for it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator, Route


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    with Emulator(seed_demo=True) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Iterator[Emulator]:
    running.reset()
    yield running
    running.faults.clear()


@pytest.fixture(scope="session")
def wire() -> Iterator[httpx.Client]:
    """A client without credentials and without a base URL."""
    with httpx.Client(verify=False, timeout=10) as client:  # noqa: S501 - loopback over plain HTTP
        yield client


class Api:
    """Calls the API as the emulator's own team."""

    def __init__(self, emulator: Emulator, client: httpx.Client) -> None:
        self._emulator = emulator
        self._client = client

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._emulator.api_key}", "x-team-id": self._emulator.team_id}
        return self._client.request(
            method,
            self._emulator.api_url + path,
            json=body,
            headers=headers | more.pop("headers", {}),
            **more,
        )

    def get(self, path: str, **query: Any) -> Any:
        response = self.call("GET", path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def ok(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        response = self.call(method, path, body)
        assert response.status_code == status, response.text
        return response.json()

    def send(self, route: Route, body: Any = None, *, path: str = "", **more: Any) -> httpx.Response:
        """Send one event, signed where the route is."""
        content = json.dumps({"id": 1} if body is None else body).encode()
        headers = {"content-type": "application/json", **more.pop("headers", {})}
        if route.secret:
            digest = hmac.new(route.secret.encode(), content, hashlib.sha256).hexdigest()
            headers.setdefault("x-signature", digest)
        return self._client.request(
            more.pop("method", "POST"), route.source_url + path, content=content, headers=headers, **more
        )

    def sent(self, route: Route, body: Any = None, **more: Any) -> str:
        """Send one event, wait until it is delivered, and return the request's id."""
        response = self.send(route, body, **more)
        assert response.status_code == 200, response.text
        self._emulator.settle()
        return str(response.json()["request_id"])

    def event(self, request_id: str) -> Any:
        """Return the one event of a request, ignored or not."""
        [event] = [item for item in self.get("/events")["models"] if item["request_id"] == request_id]
        return event


@pytest.fixture
def api(emulator: Emulator, wire: httpx.Client) -> Api:
    return Api(emulator, wire)
