"""What the client's tests are played with: a clock that never waits, and a transport around a function."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.retry import CallLimits
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.clock import Clock, SystemClock
from pytest_fasthook.redact import Redactor, Secret

KEY = "fhp_0123456789abcdefSECRET+/=key"
TEAM = "tm_5f3a"
START = datetime(2026, 5, 29, 12, 0, tzinfo=UTC)

Handler = Callable[[httpx.Request], httpx.Response]


class FakeClock:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return START + timedelta(seconds=self.time - 1000.0)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.time += seconds


class Script:
    """Answers calls one after the other, and remembers what was asked; the last answer is repeated."""

    def __init__(self, *answers: httpx.Response | Exception | Handler) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)


def transport_over(
    handler: Handler,
    *,
    clock: FakeClock | None = None,
    per_minute: int = 6000,
    limits: CallLimits | None = None,
) -> Transport:
    """A transport whose calls are answered by ``handler``, with no jitter."""
    used = clock or FakeClock()
    return Transport(
        api_url="https://api.test/v1",
        team_id=TEAM,
        api_key=Secret(KEY),
        redactor=Redactor([KEY]),
        clock=used,
        limiter=RateLimiter(per_minute=per_minute, clock=used),
        http=httpx.MockTransport(handler),
        limits=limits or CallLimits(),
        random=lambda: 0.0,
    )


def transport_to(url: str, *, limits: CallLimits, clock: Clock | None = None) -> Transport:
    """A transport with real sockets."""
    used = clock or SystemClock()
    return Transport(
        api_url=url,
        team_id=TEAM,
        api_key=Secret(KEY),
        redactor=Redactor([KEY]),
        clock=used,
        limiter=RateLimiter(per_minute=6000, clock=used),
        limits=limits,
        random=lambda: 0.0,
    )


def answering(value: Any, status: int = 200) -> Handler:
    """Answer every call with the same JSON, spaced alike whatever the version of httpx."""
    body, kind = json.dumps(value, separators=(",", ":")), {"content-type": "application/json"}
    return lambda _: httpx.Response(status, text=body, headers=kind)


def dripping(*chunks: bytes, clock: FakeClock, seconds: float) -> Iterator[bytes]:
    """A body that takes its time."""
    for chunk in chunks:
        clock.sleep(seconds)
        yield chunk
