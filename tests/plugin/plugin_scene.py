"""Runs of pytest with the plugin, in a folder of their own, against a route or against nothing at all."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points

import pytest

from standin import API_KEY, TEAM, RouteScript, StandIn

STAGES = ("preflight", "ingress", "branch", "delivery", "latest_input", "metrics")
LIMIT_S = 60.0
PLUGIN = [] if entry_points(group="pytest11", name="fasthook") else ["-p", "pytest_fasthook.plugin"]
"""How pytest finds the plugin: by itself where it is installed, else by name."""


@dataclass
class Scene:
    """A user's folder, with an account in the environment."""

    pytester: pytest.Pytester
    monkeypatch: pytest.MonkeyPatch
    api_url: str

    def __post_init__(self) -> None:
        for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "PYTEST_ADDOPTS", "COLUMNS", "CI"):
            self.monkeypatch.delenv(name, raising=False)
        self.monkeypatch.setenv("FASTHOOK_API_KEY", API_KEY)
        self.monkeypatch.setenv("FASTHOOK_TEAM_ID", TEAM)
        self.monkeypatch.setenv("FASTHOOK_API_URL", self.api_url)

    def run(self, *args: str) -> pytest.RunResult:
        """Run pytest as given."""
        return self.pytester.runpytest_subprocess(*PLUGIN, *args, timeout=LIMIT_S)

    def gate(self, *args: str, connections: str = "conn_orders") -> pytest.RunResult:
        """Run pytest with the gate on."""
        return self.run(f"--fasthook-connection={connections}", "--fasthook-timeout=20s", *args)

    @contextmanager
    def serving(self, *routes: RouteScript) -> Iterator[StandIn]:
        """A FastHook with these routes; without it the API of the scene is meant."""
        with StandIn(*(routes or (RouteScript(),))) as standin:
            self.monkeypatch.setenv("FASTHOOK_API_URL", standin.api_url)
            yield standin

    def file(self, name: str, text: str) -> None:
        self.pytester.path.joinpath(name).write_text(text, encoding="utf-8")


def node_ids(*connections: str) -> list[str]:
    return [f"fasthook::{connection}::{stage}" for connection in connections for stage in STAGES]


def collected(result: pytest.RunResult) -> list[str]:
    """The node ids that ``--co -q`` lists."""
    return [line for line in result.outlines if re.fullmatch(r"\S+::\S+", line)]


def order_of(result: pytest.RunResult) -> list[str]:
    """The node ids in the order in which ``-v`` reports them."""
    started = result.outlines[next(i for i, line in enumerate(result.outlines) if "collected" in line) :]
    reported = itertools.takewhile(lambda line: not line.startswith("="), started)
    return [line.split(" ")[0] for line in reported if re.match(r"\S+::\S+ ", line)]


def text_of(result: pytest.RunResult) -> str:
    return "\n".join([*result.outlines, *result.errlines])


def one_line_of(result: pytest.RunResult) -> str:
    """The single line that a wrong call is answered with."""
    lines = [line for line in (*result.outlines, *result.errlines) if line.strip()]
    assert len(lines) == 1, lines
    return lines[0]
