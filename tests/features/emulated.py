"""The real command against the embedded emulator: one call each for a route, a run and what must hold of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from expected import Expected
from gate_checks import (
    check_document,
    check_junit,
    check_output,
    check_pytest_junit,
    check_secrets,
    check_verdict,
)
from gate_run import Command, GateRun

from pytest_fasthook.emulator import Emulator, Route
from standin import API_KEY, TEAM

TIMEOUT_S = 20.0
SHORT_S = 2.0


@dataclass(frozen=True)
class Emulated:
    """An emulator, and a folder to run the gate in."""

    emulator: Emulator
    folder: Path

    def route(self, name: str = "orders", **facts: Any) -> Route:
        """A route, as ``Emulator.add_route`` makes it."""
        return self.emulator.add_route(name=name, **facts)

    def write(self, name: str, content: Any) -> None:
        """A file beside the run; what is no text is written as JSON."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")

    def run(
        self,
        *args: str,
        env: Mapping[str, str | None] | None = None,
        connections: Sequence[str] = (),
        timeout_s: float = TIMEOUT_S,
        reports: bool = True,
    ) -> GateRun:
        """One run of the command."""
        return Command(
            folder=self.folder,
            api_url=self.emulator.api_url,
            connections=connections,
            args=args,
            env=env or {},
            timeout_s=timeout_s,
            reports=reports,
        ).run()

    def gate(
        self,
        *routes: Route,
        expected: Expected | Mapping[str, Expected],
        args: Sequence[str] = (),
        secrets: Sequence[str] = (),
        env: Mapping[str, str | None] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> GateRun:
        """Gate these routes by name, and check the verdict, the exit code and all reports."""
        names = [route.connection_id for route in routes]
        run = self.run(*args, env=env, connections=names, timeout_s=timeout_s)
        verdicts = expected if isinstance(expected, Mapping) else dict.fromkeys(names, expected)
        for name, one in verdicts.items():
            check_verdict(run, name, one)
        check_whole(run, *secrets)
        return run

    def post(self, route: Route, body: Any = None, **more: Any) -> httpx.Response:
        """What somebody else sends to a route's source; ``path`` follows the source's URL."""
        url = route.source_url + more.pop("path", "")
        return httpx.post(url, json=body, **more) if body is not None else httpx.post(url, **more)

    def requests(self, route: Route) -> list[dict[str, Any]]:
        """The requests that a route's source has recorded, newest first, with their payloads."""
        answer = self.call("GET", f"/requests?source_id={route.source_id}&include=data")
        models: list[dict[str, Any]] = answer["models"]
        return models

    def call(self, method: str, path: str, *, key: str = API_KEY, **more: Any) -> Any:
        """A call of the emulator's API, made apart from the package's client."""
        headers = {"authorization": f"Bearer {key}", "x-team-id": TEAM}
        answer = httpx.request(method, f"{self.emulator.api_url}{path}", headers=headers, **more)
        answer.raise_for_status()
        return answer.json()

    def probes(self, route: Route) -> list[dict[str, Any]]:
        """Those requests of a route's source that a gate has sent."""
        return [r for r in self.requests(route) if "x-fasthook-probe" in r["data"]["headers"]]


def check_whole(run: GateRun, *secrets: str) -> None:
    """What must hold of every run: the reports agree, are valid, and keep secrets."""
    check_output(run)
    check_document(run)
    check_junit(run)
    check_pytest_junit(run)
    check_secrets(run, API_KEY, *secrets)


def warnings(run: GateRun, connection_id: str) -> str:
    """A connection's warnings, in one text."""
    return "\n".join(run.connection(connection_id)["warnings"])
