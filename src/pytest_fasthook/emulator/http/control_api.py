"""The control API over HTTP: from a path to its operation, and from a refusal to its answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from pytest_fasthook.emulator.api import not_built
from pytest_fasthook.emulator.api.access import Role, authorize, identify
from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.search import searched
from pytest_fasthook.emulator.app import Path
from pytest_fasthook.emulator.errors import APIError
from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.http.exchange import Exchange, inject_faults_after, inject_faults_before
from pytest_fasthook.emulator.ids import DEMO_TEAM
from pytest_fasthook.emulator.payload import serialize_headers
from pytest_fasthook.emulator.world import AppState

MAX_BODY = 16_000_000
"""Bytes a control call's body may have: a replay of 10 MB, written as JSON."""

MakeExchange = Callable[[Scope, Receive, Send], Exchange]


def router(world: AppState, make_exchange: MakeExchange, paths: Sequence[Path]) -> Router:
    """Return the ASGI application that serves the paths, without ``/v1``."""
    grouped: dict[str, dict[str, Path]] = {}
    for path in paths:
        grouped.setdefault(path.path, {})[path.method] = path
    absent = [Route(path, _NotBuilt(world, make_exchange)) for path in not_built.PATHS]
    built = [Route(path, _Endpoint(world, make_exchange, methods)) for path, methods in grouped.items()]
    return Router([*absent, *built], redirect_slashes=False, default=_Unknown(world, make_exchange))


class _Endpoint:
    """One path with all its methods."""

    def __init__(self, world: AppState, make_exchange: MakeExchange, methods: Mapping[str, Path]) -> None:
        self._world = world
        self._make_exchange = make_exchange
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = self._make_exchange(scope, receive, send)
        path = scope["path"]
        if await inject_faults_before(exchange, self._world.faults, path):
            return
        answer = await self._answer(exchange, scope["path_params"])
        body = json.dumps(self._disguised(answer.body, path), separators=(",", ":")).encode()
        if not await inject_faults_after(exchange, self._world.faults, path, body):
            headers = {"content-type": "application/json", **answer.headers}
            await exchange.answer(body, status=answer.status, headers=headers)

    async def _answer(self, exchange: Exchange, parameters: Mapping[str, str]) -> Answer:
        found = self._methods.get(exchange.method)
        if found is None:
            return Answer({"error": "method not allowed"}, 405, {"allow": ", ".join(sorted(self._methods))})
        body = await exchange.body(most=MAX_BODY)
        if len(body) > MAX_BODY:
            return Answer({"error": "the request body is too large"}, 413)
        try:
            call = await searched(self._call(exchange, found, parameters, body), found.path)
            answer = found.operation(call)
            return await answer if isinstance(answer, Awaitable) else answer
        except APIError as refusal:
            return Answer(refusal.body, refusal.status, refusal.headers)

    def _call(self, exchange: Exchange, path: Path, parameters: Mapping[str, str], body: bytes) -> Call:
        query = exchange.query
        team_id, token = DEMO_TEAM, ""
        if path.role is not Role.PUBLIC:
            caller = identify(self._world, serialize_headers(exchange.headers), dict(query))
            authorize(self._world, caller, path.role, method=path.method, path=path.path)
            team_id, token = caller.team_id, caller.token
        return Call(
            world=self._world, team_id=team_id, parameters=parameters, query=query, raw_body=body, token=token
        )

    def _disguised(self, body: Any, path: str) -> Any:
        return _as_demo_team(body) if self._world.faults.take(FaultKind.OTHER_TEAM, path) else body


class _Unknown:
    """Every path that is not in the table."""

    def __init__(self, world: AppState, make_exchange: MakeExchange) -> None:
        self._world = world
        self._make_exchange = make_exchange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = self._make_exchange(scope, receive, send)
        if not await inject_faults_before(exchange, self._world.faults, scope["path"]):
            await self._answer(exchange, scope["path"])

    async def _answer(self, exchange: Exchange, path: str) -> None:
        del path
        await exchange.answer_json({"error": "not found"}, status=404)


class _NotBuilt(_Unknown):
    """An operation of FastHook that the emulator does not have."""

    async def _answer(self, exchange: Exchange, path: str) -> None:
        message = f"the emulator does not have {exchange.method} /v1{path}; FastHook does"
        await exchange.answer_json({"error": message}, status=501)


def _as_demo_team(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: DEMO_TEAM if key == "team_id" else _as_demo_team(item) for key, item in value.items()}
    return [_as_demo_team(item) for item in value] if isinstance(value, list) else value
