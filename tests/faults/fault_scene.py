"""One scenario played with the real command: an emulator, a proxy before its API and one before its sources."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from expected import PASS, Expected
from gate_run import Command, GateRun
from tcp_proxy import NO_TROUBLE, TcpProxy, Trouble

from pytest_fasthook.emulator import Emulator, Route, Settings
from standin import API_KEY, TEAM

CONNECTION = "conn_orders"
LASTING_S = 3600.0
"""Longer than any run waits."""
DELIVERED_WITHIN_S = 30.0


@dataclass(kw_only=True)
class Plot:
    """What happens in a scenario, and what the gate must make of it. Truths and troubles fill it in.

    Attributes:
        expected: what is true of the connection.
        or_at: further stages that may decide, where two things happen at the same time.
        also: what is true of further connections, by name; they share the first one's source.
        route, settings: of ``Emulator.add_route`` and of the emulator.
        body: what the receiver says, whatever its status.
        before: done before the command starts, in this order.
        on_probe: done when the probe is on its way to the source.
        on_delivery: done when the receiver has got the probe.
        api, ingress: what the proxies before API and source do.
        rewrite: what becomes of a call of the API on its way.
        bears: the harmless troubles that do not touch what is true.
        troubles: those that were added.
        policy: the exit code of a verdict, where an option changes it.
    """

    expected: Expected = PASS
    or_at: tuple[str, ...] = ()
    also: dict[str, Expected] = field(default_factory=dict)
    route: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    args: list[str] = field(default_factory=list)
    env: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    before: list[Step] = field(default_factory=list)
    on_probe: list[Step] = field(default_factory=list)
    on_delivery: list[Step] = field(default_factory=list)
    api: Trouble = NO_TROUBLE
    ingress: Trouble = NO_TROUBLE
    rewrite: Callable[[bytes], bytes] = lambda call: call
    timeout_s: float = 12.0
    bears: frozenset[str] = frozenset()
    troubles: list[str] = field(default_factory=list)
    policy: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Played:
    """A scenario that was played.

    Attributes:
        probes: how many requests with a probe's marker the sources have recorded.
        on_the_wire: how many probes went to the source through the proxy.
        secrets: what must not be in any artefact.
        allowed_s: how long the run may take after preflight, with the route's delay rule.
    """

    run: GateRun
    probes: int
    on_the_wire: int
    secrets: tuple[str, ...]
    allowed_s: float


class Scene:
    """What a step of a plot works with."""

    def __init__(self, plot: Plot, folder: Path, emulator: Emulator) -> None:
        self.plot = plot
        self.folder = folder
        self.emulator = emulator
        self.over = threading.Event()
        self.route = emulator.add_route(name="orders", connection_id=CONNECTION, **plot.route)
        self.others = {name: self._another(name) for name in plot.also}
        self.api = TcpProxy(emulator.api_url, trouble=plot.api, on_request=plot.rewrite)
        self.ingress = TcpProxy(self.route.source_url, trouble=plot.ingress, on_request=self._see)
        self.on_the_wire = 0

    def _another(self, name: str) -> Route:
        return self.emulator.add_route(name=name, source=self.route)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the emulator's API past the proxy."""
        headers = {"authorization": f"Bearer {API_KEY}", "x-team-id": TEAM}
        answer = httpx.request(
            method, f"{self.emulator.api_url}{path}", headers=headers, json=body, timeout=10
        )
        answer.raise_for_status()
        return answer.json()

    def post(
        self, body: Any, *, times: int = 1, every_s: float = 0.0, headers: Mapping[str, str] | None = None
    ) -> None:
        """What somebody else sends to the source, until the scene is over."""
        with httpx.Client(timeout=10) as client:
            for _ in range(times):
                client.post(self.route.source_url, json=body, headers=headers)
                if self.over.wait(every_s):
                    return

    def break_for(self, away_s: float, kind: str, path: str, **details: Any) -> None:
        """Switch a fault on, and off again after a while."""
        broken = self.emulator.faults.add(kind, path, **details)
        timer = threading.Timer(away_s, self.emulator.faults.remove, (broken,))
        timer.daemon = True
        timer.start()

    def answer(self, status: int = 200, *, name: str | None = None, **more: Any) -> None:
        """What the receiver answers from now on."""
        self.emulator.receiver.answer(status, self.plot.body, name=name, **more)

    def play(self) -> Played:
        """Run the command."""
        for name, text in self.plot.files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        self.answer()
        for step in self.plot.before:
            step(self)
        with self.api, self.ingress:
            if self.plot.on_delivery:
                threading.Thread(target=self._await_delivery, daemon=True).start()
            try:
                run = self._command().run()
            finally:
                self.over.set()
        return self._played(run)

    def _played(self, run: GateRun) -> Played:
        self.emulator.faults.clear()
        delay_ms = sum(rule.get("delay", 0) for rule in self.plot.route.get("rules", ()))
        return Played(
            run=run,
            probes=self._probes(),
            on_the_wire=self.on_the_wire,
            secrets=(API_KEY, *([self.route.secret] if self.route.secret else [])),
            allowed_s=self.plot.timeout_s + delay_ms / 1000,
        )

    def _probes(self) -> int:
        """The recorded requests that carry a probe's marker."""
        found, cursor = 0, None
        while True:
            further = f"&cursor={cursor}" if cursor else ""
            page = self.call(
                "GET", f"/requests?source_id={self.route.source_id}&include=data&limit=100{further}"
            )
            found += sum("x-fasthook-probe" in request["data"]["headers"] for request in page["models"])
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def _command(self) -> Command:
        return Command(
            folder=self.folder,
            api_url=self.api.url(self.emulator.api_url),
            connections=[CONNECTION, *(route.connection_id for route in self.others.values())],
            args=self._args(),
            env=self.plot.env,
            timeout_s=self.plot.timeout_s,
        )

    def _args(self) -> Sequence[str]:
        further = ["--fasthook-markdown=reports/gate.md", "--fasthook-html=reports/gate.html"]
        through = self.plot.on_probe or self.plot.ingress != NO_TROUBLE
        url = [f"--fasthook-source-url={self.ingress.url(self.route.source_url)}"] if through else []
        return [*self.plot.args, *further, *url]

    def _see(self, piece: bytes) -> bytes:
        """Count a probe on its way, and let happen what was to happen then."""
        if b"x-fasthook-probe:" in piece.lower():
            self.on_the_wire += 1
            for step in self.plot.on_probe:
                step(self)
        return piece

    def _await_delivery(self) -> None:
        with suppress(TimeoutError):  # a probe that is never delivered is for the checks to find
            self.emulator.receiver.wait(
                timeout=DELIVERED_WITHIN_S, where=lambda got: "x-fasthook-probe" in got.headers
            )
            for step in self.plot.on_delivery:
                step(self)


Step = Callable[[Scene], None]


def play(plot: Plot, folder: Path) -> Played:
    """Play a plot in a folder of its own."""
    work = folder / "work"
    work.mkdir(parents=True)
    with Emulator(api_key=API_KEY, team_id=TEAM, settings=Settings(**plot.settings)) as emulator:
        return Scene(plot, work, emulator).play()


def fault(kind: str, path: str = "*", **details: Any) -> Step:
    """A step that switches a fault of the emulator on."""
    return lambda scene: void(scene.emulator.faults.add(kind, path, **details))


def void(_result: object) -> None:
    """Take a result that nobody needs, so that a step can be one expression."""


def signed(header: str = "x-signature") -> Mapping[str, Any]:
    """The authentication of a source that checks signatures."""
    return {"auth_type": "HMAC", "auth": {"signature_header": header}}
