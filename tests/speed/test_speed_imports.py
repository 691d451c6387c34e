"""What a run loads, and when: the cheapest module is the one that is not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPORTER = """
import gc, json, os, sys

def seen(moment):
    with open(os.environ["SEEN"], "a", encoding="utf-8") as file:
        facts = {"frozen": gc.get_freeze_count(), "collects": gc.isenabled()}
        print(json.dumps({"moment": moment, "all": sorted(sys.modules), **facts}), file=file)

def pytest_collection_finish():
    seen("before sending")

def pytest_unconfigure():
    seen("end")
"""
NEEDED_AT_THE_END = {
    "junit_xml",
    *(f"pytest_fasthook.reports.{name}" for name in ("terminal", "junit", "html", "markdown", "github")),
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """What a run with these arguments had loaded when it was about to send, and at its end; each is run once."""

    @cache
    def run(*arguments: str) -> dict[str, Any]:
        return modules_of(tmp_path_factory.mktemp("run"), *arguments)

    return run


def modules_of(folder: Path, *arguments: str) -> dict[str, Any]:
    (folder / "reporter").mkdir()
    (folder / "reporter" / "what_is_seen.py").write_text(REPORTER, encoding="utf-8")
    (folder / "empty").mkdir()
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "-q", "-p", "what_is_seen", *arguments],
        cwd=folder / "empty",
        env={
            **os.environ,
            "HOME": str(folder),
            "PYTHONPATH": str(folder / "reporter"),
            "SEEN": str(folder / "seen"),
            "FASTHOOK_API_URL": "http://127.0.0.1:1",
            "FASTHOOK_API_KEY": "key",
            "FASTHOOK_TEAM_ID": "tm_1",
        },
        capture_output=True,
        check=False,
    )
    lines = (folder / "seen").read_text(encoding="utf-8").splitlines()
    return {found["moment"]: found for found in map(json.loads, lines)}


GATED = ("--fasthook-connection", "conn_1", "--fasthook-timeout", "1s")
Loaded = Callable[..., dict[str, Any]]


def test_a_gate_sends_before_it_loads_its_reports(loaded: Loaded) -> None:
    modules = loaded(*GATED, "--fasthook-junit", "gate.xml")

    assert "pytest_fasthook.gate.run" in modules["before sending"]["all"]
    assert set(modules["before sending"]["all"]) & NEEDED_AT_THE_END == set()
    assert set(modules["end"]["all"]) >= {"pytest_fasthook.reports.terminal", "pytest_fasthook.reports.junit"}


def test_reports_that_nobody_asked_for_are_never_loaded(loaded: Loaded) -> None:
    assert set(loaded(*GATED)["end"]["all"]) & NEEDED_AT_THE_END == {"pytest_fasthook.reports.terminal"}


@pytest.mark.parametrize("heavy", ["dateutil", "pytest_fasthook.emulator", "pytest_fasthook.client.bulk"])
def test_what_a_plain_gate_does_not_need_is_not_loaded(heavy: str, loaded: Loaded) -> None:
    assert heavy not in loaded(*GATED)["end"]["all"]


def test_a_gate_spares_the_garbage_collector_what_was_imported(loaded: Loaded) -> None:
    """Pytest and Python look through everything several times at the end."""
    seen = loaded(*GATED)["before sending"]
    assert seen["frozen"] > 10_000
    assert seen["collects"]


def test_an_unused_plugin_leaves_the_garbage_collector_alone(loaded: Loaded) -> None:
    seen = loaded()["before sending"]
    assert (seen["frozen"], seen["collects"]) == (0, True)


def test_the_garbage_collector_is_as_it_was_when_pytest_returns(tmp_path: Path) -> None:
    program = (
        "import gc, pytest\n"
        "pytest.main(['-q', '--fasthook-connection=conn_1', '--fasthook-timeout=1s'])\n"
        "print('left:', gc.get_freeze_count(), gc.isenabled())"
    )
    environment = {
        "FASTHOOK_API_URL": "http://127.0.0.1:1",
        "FASTHOOK_API_KEY": "key",
        "FASTHOOK_TEAM_ID": "tm_1",
    }
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "left: 0 True" in ended.stdout
