"""FastHook's API as a function: what the reader's tests answer calls with, and what they were asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from core_world import KEY, TEAM, FakeClock

from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.retry import CallLimits
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.redact import Redactor, Secret

SERVER_DATE = "Fri, 29 May 2026 12:00:10 GMT"
Answer = Callable[[dict[str, str]], Any]


class Status(Exception):  # noqa: N818 - an answer of a function, not a failure
    """Raised by an answer to give another status than 200."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


def refusing(status: int) -> Answer:
    """An endpoint that answers this status only."""

    def answer(_: dict[str, str]) -> Any:
        raise Status(status)

    return answer


@dataclass
class FakeApi:
    """Answers by path; ``asked`` keeps path and parameters of every call."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)
    sent: list[httpx.Request] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in {"http", "https"}:
            raise httpx.UnsupportedProtocol("no URL to send to")  # as the real one does
        if request.url.host == "down.test":
            raise httpx.ConnectError("connection refused")
        if request.url.host != "api.test":
            self.sent.append(request)
            return httpx.Response(202, json={"request_id": "req_1"}, headers={"date": SERVER_DATE})
        path, params = request.url.path.removeprefix("/v1"), dict(request.url.params)
        self.asked.append((path, params))
        answer = self.answers.get(path, refusing(404))
        try:
            value = answer(params) if callable(answer) else answer
        except Status as other:
            return httpx.Response(other.status, json={"error": "no"}, headers={"date": SERVER_DATE})
        return httpx.Response(200, content=json.dumps(value), headers={"date": SERVER_DATE})

    def transport(self) -> Transport:
        return Transport(
            api_url="https://api.test/v1",
            team_id=TEAM,
            api_key=Secret(KEY),
            redactor=Redactor([KEY]),
            clock=self.clock,
            limiter=RateLimiter(per_minute=6000, clock=self.clock),
            http=httpx.MockTransport(self),
            limits=CallLimits(tries=1),
            random=lambda: 0.0,
        )


def page(models: Sequence[Any], *, next_cursor: str | None = None, **facts: Any) -> dict[str, Any]:
    """A page of a list."""
    return {"models": list(models), "count": len(models), "next_cursor": next_cursor, **facts}


def pages(*all_models: Sequence[Any], **facts: Any) -> Answer:
    """A list in several pages; cursors are the pages' numbers."""

    def answer(params: dict[str, str]) -> Any:
        number = int(params.get("cursor", "0"))
        following = str(number + 1) if number + 1 < len(all_models) else None
        return page(all_models[number], next_cursor=following, **facts)

    return answer
