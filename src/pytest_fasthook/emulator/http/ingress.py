"""Source URLs over HTTP."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from pytest_fasthook.emulator.delivery.pacing import Inflow
from pytest_fasthook.emulator.delivery.transport import Sender
from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.http.exchange import Exchange, inject_faults_after, inject_faults_before
from pytest_fasthook.emulator.ingress import proxying
from pytest_fasthook.emulator.ingress.accept import Decision, Received, methods_of, receive, source_of
from pytest_fasthook.emulator.ingress.responses import (
    Reply,
    custom_reply,
    subscription_reply,
    url_verification_reply,
)
from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.records import Source
from pytest_fasthook.emulator.world import AppState

_REASONS = {
    "SOURCE_DISABLED": "source is disabled",
    "SOURCE_METHOD_NOT_ALLOWED": "method not allowed",
    "SOURCE_AUTH_FAILED": "source authentication failed",
    "PAYLOAD_TOO_LARGE": "payload too large",
}
_JSON = {"content-type": "application/json"}


class Ingress:
    """Takes webhooks in and answers them.

    Args:
        world: the emulator.
        sender: calls the upstreams of sources in proxy mode.
        inflow: counts the webhooks that are being taken in.
    """

    def __init__(self, world: AppState, sender: Sender, inflow: Inflow) -> None:
        self._world = world
        self._sender = sender
        self._inflow = inflow

    async def take(self, exchange: Exchange, hook: str, path: str) -> None:
        """Take one webhook in.

        Args:
            exchange: the HTTP exchange.
            hook: the source's label.
            path: the caller's path after it.
        """
        if await inject_faults_before(exchange, self._world.faults, exchange.path):
            return
        source = source_of(self._world, hook)
        if source is None:
            await self._answer(exchange, _json({"error": "source not found"}, status=404))
            return
        payload = exchange.payload(path, await exchange.body(most=self._world.settings.max_body))
        # Waiting for an upstream is no reason to hold deliveries back.
        with nullcontext() if proxying.proxy_of(source) else self._inflow:
            await self._answer(exchange, await self._reply(source, payload, exchange.path))

    async def _answer(self, exchange: Exchange, reply: Reply) -> None:
        if not await inject_faults_after(exchange, self._world.faults, exchange.path, reply.body):
            await exchange.answer(reply.body, status=reply.status, headers=reply.headers)

    async def _reply(self, source: Source, payload: Payload, path: str) -> Reply:
        challenge = subscription_reply(source, payload)
        if challenge:
            return challenge
        received = receive(self._world, source, payload)
        if received.decision.cause:
            return _rejection(source, received.decision)
        return await self._accepted(source, payload, received, path)

    async def _accepted(self, source: Source, payload: Payload, received: Received, path: str) -> Reply:
        if proxying.proxy_of(source):
            return await self._proxied(source, payload, received)
        return (
            url_verification_reply(source, payload)
            or custom_reply(source.config, payload, request_id=received.request.id)
            or self._default(received, path)
        )

    async def _proxied(self, source: Source, payload: Payload, received: Received) -> Reply:
        proxy = proxying.proxy_of(source) or {}
        call = proxying.upstream_call(proxy, payload, request_id=received.request.id)
        seconds, most = proxying.limits(proxy)
        started_ms = self._world.clock.now_ms()
        exchanged = await self._sender.send(call, seconds=seconds, most=most)
        proxying.record_exchange(self._world, received.request, call, exchanged, started_ms=started_ms)
        return proxying.upstream_reply(exchanged)

    def _default(self, received: Received, path: str) -> Reply:
        body: dict[str, Any] = {"ok": True, "queued": True, "transport": "queue"}
        if not self._world.faults.take(FaultKind.NO_REQUEST_ID, path):
            body["request_id"] = received.request.id
        return _json(body)


def _rejection(source: Source, decision: Decision) -> Reply:
    reply = _json({"error": _REASONS[str(decision.cause)]}, status=decision.status)
    if decision.status != 405:
        return reply
    return replace(reply, headers={**_JSON, "allow": ", ".join(methods_of(source))})


def _json(body: dict[str, Any], *, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body, separators=(",", ":")).encode(), headers=_JSON)
