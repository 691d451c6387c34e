"""An interrupted or inconclusive run goes on later: the same event, and nothing is sent again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_fasthook.emulator import Answer, Emulator, Route

LIMIT_S = 60.0
SLOW = Answer(delay=4.0)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def route(emulator: Emulator) -> Route:
    return emulator.add_route(name="invoices")


def start(emulator: Emulator, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "FASTHOOK_API_URL": emulator.api_url,
            "FASTHOOK_API_KEY": emulator.api_key,
            "FASTHOOK_TEAM_ID": emulator.team_id,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def gate(emulator: Emulator, folder: Path, *arguments: str) -> tuple[int, str]:
    process = start(emulator, folder, *arguments)
    output, _ = process.communicate(timeout=LIMIT_S)
    return process.returncode, output


def report(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def until_sent(file: Path) -> None:
    """Wait until the report says that a probe is on its way."""
    ends = time.monotonic() + LIMIT_S
    while time.monotonic() < ends:
        if file.exists() and report(file)["connections"][0]["probe_id"]:
            return
        time.sleep(0.02)
    pytest.fail("no probe was sent")


def test_an_inconclusive_run_goes_on_with_the_same_event(
    emulator: Emulator, route: Route, tmp_path: Path
) -> None:
    emulator.receiver.script(SLOW)
    name = route.connection_id
    code, _ = gate(
        emulator, tmp_path, f"--fasthook-connection={name}", "--fasthook-timeout=1s", "--fasthook-json=a.json"
    )
    assert (code, report(tmp_path / "a.json")["verdict"]) == (75, "inconclusive")

    code, output = gate(emulator, tmp_path, "--fasthook-resume=a.json", "--fasthook-json=b.json")

    first, second = report(tmp_path / "a.json"), report(tmp_path / "b.json")
    assert (code, second["verdict"]) == (0, "pass"), output
    assert second["connections"][0]["probe_id"] == first["connections"][0]["probe_id"]
    assert second["connections"][0]["ids"]["event_id"] == first["connections"][0]["ids"]["event_id"]
    assert len(emulator.receiver.deliveries) == 1


def test_a_resumed_run_fails_where_the_event_failed_meanwhile(
    emulator: Emulator, route: Route, tmp_path: Path
) -> None:
    emulator.receiver.script(Answer(status=500, delay=3.0))
    name = route.connection_id
    gate(
        emulator, tmp_path, f"--fasthook-connection={name}", "--fasthook-timeout=1s", "--fasthook-json=a.json"
    )

    code, _ = gate(emulator, tmp_path, "--fasthook-resume=a.json", "--fasthook-json=b.json")

    cause = report(tmp_path / "b.json")["connections"][0]["cause"]
    assert (code, cause["stage"], cause["code"]) == (1, "delivery", "DELIVERY_FAILED")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 2), (signal.SIGINT, 2), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_run_that_is_ended_from_outside_leaves_a_report_to_go_on_from(
    number: signal.Signals, code: int, emulator: Emulator, route: Route, tmp_path: Path
) -> None:
    emulator.receiver.script(SLOW)
    process = start(
        emulator, tmp_path, f"--fasthook-connection={route.connection_id}", "--fasthook-json=a.json"
    )
    until_sent(tmp_path / "a.json")
    emulator.receiver.wait(timeout=LIMIT_S)  # the report says so just before the probe is sent
    process.send_signal(number)
    process.communicate(timeout=LIMIT_S)

    left = report(tmp_path / "a.json")
    assert (process.returncode, left["verdict"]) == (code, "inconclusive")
    assert left["exit_code"] in {2, 75}
    code, output = gate(emulator, tmp_path, "--fasthook-resume=a.json")
    assert code == 0, output
    assert len(emulator.receiver.deliveries) == 1


def test_what_cannot_be_resumed_is_one_line(emulator: Emulator, route: Route, tmp_path: Path) -> None:
    name = route.connection_id
    gate(emulator, tmp_path, f"--fasthook-connection={name}", "--fasthook-json=a.json")
    saved = report(tmp_path / "a.json")
    (tmp_path / "team.json").write_text(json.dumps({**saved, "api": {**saved["api"], "team_id": "tm_other"}}))
    unsent = [{**one, "sending": None} for one in saved["connections"]]
    (tmp_path / "unsent.json").write_text(json.dumps({**saved, "connections": unsent}))
    (tmp_path / "text.json").write_text("no report")

    for file, says in (
        ("team.json", "that run was for team tm_other"),
        ("unsent.json", "nothing was sent in the run"),
        ("text.json", "is not a JSON report of this gate"),
        ("missing.json", "cannot read"),
    ):
        code, output = gate(emulator, tmp_path, f"--fasthook-resume={file}")
        assert (code, says in output, "Traceback" in output) == (4, True, False), output
    code, output = gate(emulator, tmp_path, "--fasthook-resume=a.json", f"--fasthook-connection={name}")
    assert (code, "contradict" in output) == (4, True)
