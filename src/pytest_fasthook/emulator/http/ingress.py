"""Source URLs over HTTP."""

from __future__ import annotations

from typing import Any

from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.http.exchange import Exchange, spoiled_after, spoiled_before
from pytest_fasthook.emulator.ingress.accept import Received, receive, source_of
from pytest_fasthook.emulator.world import World

_REASONS = {
    "SOURCE_DISABLED": "source is disabled",
    "SOURCE_METHOD_NOT_ALLOWED": "method not allowed",
    "SOURCE_AUTH_FAILED": "source authentication failed",
    "PAYLOAD_TOO_LARGE": "payload too large",
}


async def ingress(exchange: Exchange, world: World, hook: str, path: str) -> None:
    """Take one webhook in and answer it.

    Args:
        exchange: the HTTP exchange.
        world: the emulator.
        hook: the source's label.
        path: the caller's path after it.
    """
    if await spoiled_before(exchange, world.faults, exchange.path):
        return
    source = source_of(world, hook)
    if source is None:
        await exchange.answer_json({"error": "source not found"}, status=404)
        return
    body = await exchange.body(most=world.settings.max_body)
    received = receive(world, source, exchange.payload(path, body))
    answer = _answer(world, received, exchange.path)
    if await spoiled_after(exchange, world.faults, exchange.path, answer):
        return
    await exchange.answer_json(answer, status=received.decision.status)


def _answer(world: World, received: Received, path: str) -> dict[str, Any]:
    if received.decision.cause:
        return {"error": _REASONS[received.decision.cause]}
    answer: dict[str, Any] = {"ok": True, "queued": True, "transport": "queue"}
    if world.faults.take(FaultKind.NO_REQUEST_ID, path):
        return answer
    return {**answer, "request_id": received.request.id}
