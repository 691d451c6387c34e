"""The whole gate on a clock of its own: nothing sleeps, and a minute of polling takes milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from core_world import START, FakeClock
from paced_fasthook import KEY, TEAM, PacedFastHook, PacedRoute

from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.evidence.reader import Reader
from pytest_fasthook.evidence.shared_reader import SharedReader
from pytest_fasthook.gate.collect import Collector
from pytest_fasthook.gate.run import Gate
from pytest_fasthook.redact import Redactor, Secret
from pytest_fasthook.settings.config import Settings, resolve
from pytest_fasthook.settings.options import Option
from pytest_fasthook.stages import Stage


class VirtualBell:
    """What the collector waits on: waiting moves the clock."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._rung = False

    def wait(self, timeout: float | None = None) -> bool:
        if not self._rung:
            self._clock.sleep(timeout or 0.0)
        return self._rung

    def set(self) -> None:
        self._rung = True

    def clear(self) -> None:
        self._rung = False


@dataclass(frozen=True)
class Given:
    """Settings as a command line gives them."""

    words: dict[str, Any]

    def command_line(self, option: Option) -> Any:
        return self.words.get(option.name, False if option.action == "store_true" else None)

    def ini(self, option: Option) -> str | None:  # noqa: ARG002 - nobody has an ini file
        return None


@dataclass
class VirtualRun:
    """One run of the gate against a paced FastHook.

    Attributes:
        call_s: how long a call takes; looks that would run beside each other run one after the other here.
    """

    routes: Iterable[PacedRoute]
    per_minute: int = 220
    timeout_s: float = 120.0
    call_s: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.fasthook = PacedFastHook.of(self.routes, now=lambda: self.clock.now().timestamp(), **self.facts)
        transport = self._transport()
        reader = Reader(transport, self.clock)
        together = SharedReader(transport, self.clock, alone=reader)
        numbers = count(1)
        self.gate = Gate(
            settings=self._settings(),
            reader=reader,
            together=together,
            per_minute=self.per_minute,
            clock=self.clock,
            new_id=lambda: f"probe_{next(numbers):024d}",
        )
        self.gate._collector = Collector(
            reader,
            self.gate.evidence,
            self.clock,
            on_result=self.gate._post,
            together=together,
            per_minute=self.per_minute,
            bell=VirtualBell(self.clock),
            spawn=lambda job: job(),
        )

    def run(self) -> VirtualRun:
        """Gate every route, to the end."""
        self.gate.run({name: frozenset(Stage) for name in self.fasthook.routes})
        if self.gate.problem is not None:
            raise self.gate.problem
        return self

    @property
    def calls(self) -> int:
        """Calls of the API in all."""
        return self.fasthook.calls.total()

    def outcomes(self, connection_id: str) -> list[str]:
        """Each stage's outcome, or its cause where it has one."""
        results = self.gate.board.of(connection_id)
        return [str(results[stage].cause or results[stage].outcome) for stage in Stage]

    def _settings(self) -> Settings:
        words = {"connection": [",".join(self.fasthook.routes)], "timeout": f"{self.timeout_s}s"}
        words["rate-limit"] = str(self.per_minute)
        account = {"FASTHOOK_API_KEY": KEY, "FASTHOOK_TEAM_ID": TEAM}
        nowhere = Path("no such folder")
        return resolve(Given(words), account, home=nowhere, folder=nowhere, now=START)

    def _transport(self) -> Transport:
        return Transport(
            api_url="https://api.test/v1",
            team_id=TEAM,
            api_key=Secret(KEY),
            redactor=Redactor([KEY]),
            clock=self.clock,
            limiter=RateLimiter(per_minute=self.per_minute, clock=self.clock),
            http=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.clock.sleep(self.call_s)
        query = request.url.query.decode()
        headers = dict(request.headers)
        status, value = self.fasthook.answer(
            request.method, request.url.path, query, headers, request.content
        )
        return httpx.Response(
            status, json=value, headers={"date": format_datetime(self.clock.now(), usegmt=True)}
        )
