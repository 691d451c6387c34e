"""The whole emulator as one ASGI application: sources, control routes, the receiver, and the API."""

from __future__ import annotations

import asyncio
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from pytest_fasthook.emulator.app import PATHS
from pytest_fasthook.emulator.control import HEALTH, PREFIX, control
from pytest_fasthook.emulator.delivery.transport import Sender
from pytest_fasthook.emulator.delivery.tunnels import Tunnels
from pytest_fasthook.emulator.errors import APIError, StorageFull
from pytest_fasthook.emulator.http import page
from pytest_fasthook.emulator.http.control_api import router
from pytest_fasthook.emulator.http.exchange import Dependencies, Exchange
from pytest_fasthook.emulator.http.ingress import Ingress
from pytest_fasthook.emulator.http.tunnel import serve_tunnel
from pytest_fasthook.emulator.openapi.document import document
from pytest_fasthook.emulator.payload import Headers, read_body
from pytest_fasthook.emulator.receiver import Delivery
from pytest_fasthook.emulator.resources.routes import RECEIVER_PATH

_LOCAL = ("localhost", "127.0.0.1", "::1")


def is_foreign(headers: Headers, *, origin: str) -> bool:
    """Whether a request was made by, or under the name of, another site.

    Args:
        headers: of the request.
        origin: where the emulator is served; a host that is not loopback may have any name.
    """
    given = dict(headers)
    host = given.get("host", "")
    if _host_of(origin) in _LOCAL and not _is_local(_host_of(f"http://{host}")):
        return True
    # A delivery carries the origin of its webhook; other sites' scripts cannot send its header.
    sender = None if "x-fasthook-event-id" in given else given.get("origin")
    return sender is not None and sender.partition("://")[2] != host


def is_local_peer(address: str, *, origin: str) -> bool:
    """Whether a connection comes from this machine: from loopback, or from the address that is served."""
    peer = ip_address(address.removeprefix("::ffff:").partition("%")[0])
    return peer.is_loopback or str(peer) == _host_of(origin)


def _is_local(name: str) -> bool:
    return name in _LOCAL or name.endswith(".localhost")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


_HOOK = re.compile(r"/(hook-[a-z0-9]+)(/.*)?", re.DOTALL)
_HOOK_HOST = re.compile(r"(hook-[a-z0-9]+)\.")
DOCUMENTS = ("/openapi.json", "/v1/openapi.json")
_MAX_CONTROL_BODY = 1_000_000


class App:
    """Decides by the path who answers.

    Args:
        rim: the emulator, and what its answers wait for.
        sender: calls the upstreams of sources in proxy mode.
        tunnels: the tunnels of CLI destinations.
    """

    def __init__(self, rim: Dependencies, sender: Sender, tunnels: Tunnels) -> None:
        self._rim = rim
        self._world = world = rim.world
        self._tunnels = tunnels
        self._ingress = Ingress(world, sender, rim.inflow)
        self._document = document(PATHS, origin=world.origin)
        self._api = router(world, self._exchange, PATHS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection; an internal error is answered with 500 and kept."""
        try:
            await self._serve(scope, receive, send)
        except ConnectionAbortedError:
            return
        except StorageFull as full:
            if scope["type"] == "http":
                await self._exchange(scope, receive, send).answer_json(full.body, status=full.status)
        except Exception as error:  # noqa: BLE001 - kept, and raised when the emulator stops
            self._world.failures.add(error, during=f"{scope.get('method', 'the upgrade of')} {scope['path']}")
            if scope["type"] == "http":
                exchange = self._exchange(scope, receive, send)
                await exchange.answer_json({"error": "the emulator failed"}, status=500)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await serve_tunnel(self._world, self._tunnels, scope, receive, send)
            return
        path = scope["path"]
        hook = self._hook(scope)
        if path in DOCUMENTS:
            await self._exchange(scope, receive, send).answer_json(self._document)
        elif hook:
            await self._ingress.take(self._exchange(scope, receive, send), hook[0], hook[1])
        elif path == "/" or path.startswith((f"{PREFIX}/", page.PREFIX)):
            await self._open(self._exchange(scope, receive, send))
        else:
            unversioned = path.removeprefix("/v1") if path.startswith("/v1/") else path
            await self._api({**scope, "path": unversioned}, receive, send)

    def _exchange(self, scope: Scope, receive: Receive, send: Send) -> Exchange:
        return Exchange(self._rim, scope, receive, send)

    def _hook(self, scope: Scope) -> tuple[str, str] | None:
        """The source's label and the caller's path, from the path, else from a hook-….localhost host."""
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        found = _HOOK.fullmatch(raw)
        if found:
            return found[1], found[2] or "/"
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        label = _HOOK_HOST.match(host)
        return (label[1], raw or "/") if label else None

    async def _open(self, exchange: Exchange) -> None:
        """What asks this machine for no credential, and therefore lets neither other sites nor machines in."""
        is_foreign_site = is_foreign(exchange.headers, origin=self._world.origin)
        is_local = is_local_peer(exchange.peer, origin=self._world.origin) or exchange.path == HEALTH
        if not (is_local and not is_foreign_site) and not self._has_key(exchange):
            status = 403 if is_foreign_site else 401
            message = "not for other sites or machines: send the API key as a bearer token"
            await exchange.answer_json({"error": message}, status=status)
        elif exchange.path.startswith(f"{RECEIVER_PATH}/"):
            await self._receive_delivery(exchange)
        elif exchange.path.startswith(f"{PREFIX}/"):
            await self._control(exchange)
        else:
            await page.serve_page(exchange, self._world)

    def _has_key(self, exchange: Exchange) -> bool:
        scheme, _, token = dict(exchange.headers).get("authorization", "").partition(" ")
        row = self._world.database.row(
            "SELECT kind FROM credentials WHERE token = ? AND team_id = ?",
            (token.strip(), self._world.team_id),
        )
        return scheme.lower() == "bearer" and row is not None and row["kind"] in ("project", "session")

    async def _receive_delivery(self, exchange: Exchange) -> None:
        name, slash, rest = exchange.raw_path.removeprefix(f"{RECEIVER_PATH}/").partition("/")
        delivery = Delivery(
            name=name,
            method=exchange.method,
            path=slash + rest or "/",
            query=exchange.raw_query,
            raw_headers=exchange.headers,
            body=await exchange.body(most=self._world.settings.max_body),
        )
        if len(delivery.body) > self._world.settings.max_body:
            await exchange.answer_json({"error": "the delivery is too large"}, status=413)
            return
        reply = self._world.receiver.receive(delivery)
        await asyncio.sleep(reply.delay)
        if reply.reset:
            await exchange.end(reset=True)
            return
        await exchange.answer(reply.body, status=reply.status, headers=reply.headers)

    async def _control(self, exchange: Exchange) -> None:
        raw = await exchange.body(most=_MAX_CONTROL_BODY)
        try:
            body = read_body(raw) if raw.strip() else {}
            answer = control(self._world, exchange.method, exchange.path.removeprefix(PREFIX), body)
            await exchange.answer_json(answer.body, status=answer.status)
        except APIError as refusal:
            await exchange.answer_json(refusal.body, status=refusal.status)
