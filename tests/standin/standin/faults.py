"""How the API misbehaves: a good answer goes in, what really leaves comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from standin.answers import Answer
from standin.script import Fault, FaultKind
from standin.world import World

HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>upstream</body></html>"


def current_fault(world: World, endpoint: str) -> Fault | None:
    """The first fault that spoils this call; counts the call for every fault it could match."""
    live = [
        (number, fault)
        for number, fault in enumerate(world.api.faults)
        if fault.endpoint in {"*", endpoint} and (not fault.after_probe or world.probes)
    ]
    hit = [fault for number, fault in live if _spoils(fault, world.count_match(number))]
    return hit[0] if hit else None


def _spoils(fault: Fault, call: int) -> bool:
    call -= fault.skip
    if call <= 0 or call % fault.every:
        return False
    return fault.times is None or call // fault.every <= fault.times


def spoiled(answer: Answer, fault: Fault) -> Answer:
    """The answer as the fault leaves it."""
    spoil = _SPOILERS.get(fault.kind)
    return spoil(answer, fault) if spoil else replace(answer, manner=_MANNERS[fault.kind])


def _refused(_: Answer, fault: Fault) -> Answer:
    body = (fault.body or json.dumps({"error": f"scripted {fault.status}"})).encode()
    return Answer(status=fault.status, body=body, headers=_retry_after(fault))


def _html(_: Answer, __: Fault) -> Answer:
    return Answer(status=200, body=HTML, content_type="text/html; charset=utf-8")


def _truncated(answer: Answer, _: Fault) -> Answer:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _null(answer: Answer, _: Fault) -> Answer:
    return replace(answer, body=b"null")


def _nulls(answer: Answer, _: Fault) -> Answer:
    return replace(answer, body=json.dumps(_nulled(json.loads(answer.body))).encode())


def _slow(answer: Answer, fault: Fault) -> Answer:
    return replace(answer, delay_s=fault.delay_s)


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}


def _nulled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _nulled(inner) if key == "models" else None for key, inner in value.items()}
    return [_nulled(inner) for inner in value] if isinstance(value, list) else None


_SPOILERS: dict[FaultKind, Callable[[Answer, Fault], Answer]] = {
    "status": _refused,
    "html": _html,
    "truncated": _truncated,
    "null": _null,
    "nulls": _nulls,
    "slow": _slow,
}

_MANNERS: dict[FaultKind, Literal["hang", "reset", "cut"]] = {"hang": "hang", "reset": "reset", "cut": "cut"}
