"""The tunnel's WebSocket: who may open one, and the messages that go through it (FastHook CLI)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from pytest_fasthook.emulator.delivery.tunnels import Tunnel, Tunnels
from pytest_fasthook.emulator.errors import APIError, Forbidden, NotFound, Unauthorized
from pytest_fasthook.emulator.payload import read_json
from pytest_fasthook.emulator.store.records import Destination
from pytest_fasthook.emulator.store.tables import DESTINATIONS, PROJECT_KEYS
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.world import AppState

PATH = "/connect"


async def serve_tunnel(world: AppState, tunnels: Tunnels, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one WebSocket until it closes; a refusal is an ordinary HTTP answer to the upgrade."""
    socket = WebSocket(scope, receive, send)
    try:
        destination = _destination(world, socket)
    except APIError as refusal:
        await socket.send_denial_response(JSONResponse(dict(refusal.body), status_code=refusal.status))
        return
    await socket.accept()

    async def send_message(message: Mapping[str, Any]) -> None:
        try:
            await socket.send_text(json.dumps(message))
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionResetError("the tunnel is gone") from error

    tunnel = Tunnel(destination.id, send_message, socket.query_params.get("local_url"))
    await send_message(_hello(world, destination))
    tunnels.add(tunnel)
    try:
        while (event := await socket.receive())["type"] == "websocket.receive":
            is_json, message = read_json(event.get("text") or event.get("bytes") or "")
            if is_json:
                tunnel.take_result(message)
    finally:
        tunnels.remove(tunnel)


def _hello(world: AppState, destination: Destination) -> dict[str, Any]:
    return {"type": "hello", "destinationId": destination.id, "serverTime": iso(world.clock.now_ms())}


def _destination(world: AppState, socket: WebSocket) -> Destination:
    """The CLI destination that the caller may open a tunnel for."""
    if socket.url.path.rstrip("/") != PATH:
        raise NotFound("not found")
    team_id = _team(world, socket)
    destination = DESTINATIONS.get(world.database, team_id, socket.query_params.get("destination_id") or "")
    if destination.type != "CLI":
        raise Forbidden("the destination is not of the type CLI")
    return destination


def _team(world: AppState, socket: WebSocket) -> str:
    scheme, _, bearer = socket.headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else socket.headers.get("x-api-key", "")
    row = world.database.row("SELECT * FROM credentials WHERE token = ?", (token,)) if token else None
    if row is None:
        raise Unauthorized("invalid credentials")
    key = PROJECT_KEYS.find(world.database, "id = ?", (row["key_id"],)) if row["key_id"] else None
    if key is not None and (key.status != "active" or "tunnel:connect" not in key.scopes):
        raise Forbidden("the API key may not open tunnels")
    return str(row["team_id"])
