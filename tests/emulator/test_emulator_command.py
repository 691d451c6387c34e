"""``fasthook-emulator`` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pytest_fasthook.emulator.__main__ import main

SOURCE = Path(__file__).parents[2] / "src"


@contextmanager
def command(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the command and read its start lines into a mapping, up to ``last``."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "pytest_fasthook.emulator", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
    )
    assert process.stdout is not None
    expected = 6 if "--seed-demo" in arguments else 4
    try:
        lines = [process.stdout.readline().split(maxsplit=1) for _ in range(expected)]
        yield process, {line[0]: line[1].strip() for line in lines if line}
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_it_serves_says_where_and_stops_on_sigterm(wire: httpx.Client) -> None:
    with command("--seed-demo") as (process, said):
        headers = {"authorization": f"Bearer {said['key']}", "x-team-id": said["team"]}
        assert wire.get(f"{said['API']}/connections/conn_demo", headers=headers).status_code == 200
        assert said["demo"].startswith("conn_demo at http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_key_and_team_come_from_the_environment() -> None:
    with command(FASTHOOK_API_KEY="fhp_mine", FASTHOOK_TEAM_ID="tm_mine") as (_, said):
        assert (said["key"], said["team"]) == ("fhp_mine", "tm_mine")


def test_a_taken_port_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["--port", str(port)]) == 1
    line = capsys.readouterr().err
    assert line.startswith(f"fasthook-emulator: cannot listen on 127.0.0.1:{port}: ")
    assert line.count("\n") == 1


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([f"--port={port}"])
    assert caught.value.code == 2
    assert "is not a port" in capsys.readouterr().err


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "db").write_text("not a database, but long enough to look like one" * 10)
    assert main(["--port", "0", "--db", str(tmp_path / "db")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
