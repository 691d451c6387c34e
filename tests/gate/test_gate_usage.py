"""Wrong options and files: pytest's usage error, one line, and nothing was asked or sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gate_checks import check_secrets
from gate_run import command

from standin import API_KEY, RouteScript, StandIn


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A wrong call. ``says`` are words that the one line must hold."""

    name: str
    says: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: Mapping[str, str | None] = field(default_factory=dict)
    ini: str = ""
    connections: tuple[str, ...] = ("conn_orders",)


def given(option: str, value: str, *says: str) -> Wrong:
    """A wrong value on the command line: the line names the option and the value."""
    return Wrong(name=f"{option}={value}", args=(f"{option}={value}",), says=(option, value, *says))


WRONG = [
    Wrong(name="no_team", env={"FASTHOOK_TEAM_ID": None}, says=("--fasthook-team", "FASTHOOK_TEAM_ID")),
    Wrong(name="empty_team", env={"FASTHOOK_TEAM_ID": " "}, says=("FASTHOOK_TEAM_ID",)),
    Wrong(name="no_key", env={"FASTHOOK_API_KEY": None}, says=("FASTHOOK_API_KEY",)),
    Wrong(name="empty_key", env={"FASTHOOK_API_KEY": ""}, says=("FASTHOOK_API_KEY",)),
    Wrong(
        name="key_file_missing",
        env={"FASTHOOK_API_KEY": None, "FASTHOOK_API_KEY_FILE": "nowhere.key"},
        says=("FASTHOOK_API_KEY_FILE", "nowhere.key"),
    ),
    Wrong(name="empty_selection", connections=("",), says=("--fasthook-connection",)),
    Wrong(
        name="id_that_is_a_path",
        connections=("conn_orders/latest-input",),
        says=("--fasthook-connection", "conn_orders/latest-input"),
    ),
    Wrong(name="id_that_is_a_query", connections=("conn?x=1",), says=("--fasthook-connection", "conn?x=1")),
    Wrong(name="only_commas", connections=(" , ",), says=("--fasthook-connection",)),
    Wrong(
        name="emulator_and_connection",
        args=("--fasthook-emulator",),
        says=("--fasthook-emulator", "--fasthook-connection"),
    ),
    Wrong(
        name="timeout_from_env", env={"FASTHOOK_TIMEOUT": "soon"}, args=(), says=("FASTHOOK_TIMEOUT", "soon")
    ),
    Wrong(name="timeout_from_ini", ini="fasthook_timeout = soon", says=("fasthook_timeout", "soon")),
    Wrong(name="url_from_env", env={"FASTHOOK_API_URL": "somewhere"}, says=("FASTHOOK_API_URL", "somewhere")),
    Wrong(name="key_of_no_ascii", env={"FASTHOOK_API_KEY": "fhp_ключ"}, says=("FASTHOOK_API_KEY",)),
    Wrong(name="key_of_two_lines", env={"FASTHOOK_API_KEY": "fhp_a\nx-evil: 1"}, says=("FASTHOOK_API_KEY",)),
    Wrong(
        name="header_of_two_lines", args=("--fasthook-header=x-a: 1\nx-b: 2",), says=("--fasthook-header",)
    ),
    given("--fasthook-timeout", "soon"),
    given("--fasthook-timeout", "0s"),
    given("--fasthook-timeout", "-5s"),
    given("--fasthook-timeout", "nan"),
    given("--fasthook-timeout", "inf"),
    given("--fasthook-payload", "nowhere.json"),
    given("--fasthook-payload", "a_folder"),
    given("--fasthook-json", "a_folder"),
    given("--fasthook-junit", "a_folder"),
    given("--fasthook-json", "a_file/gate.json"),
    given("--fasthook-junit", "a_file/deep/gate.xml"),
    given("--fasthook-advisory", "preflight"),
    given("--fasthook-advisory", "ingress"),
    given("--fasthook-advisory", "branch"),
    given("--fasthook-advisory", "everything", "metrics"),
    given("--fasthook-on-inconclusive", "ignore", "keep"),
    given("--fasthook-on-error", "green", "keep"),
    given("--fasthook-attempts", "last", "eventual"),
    given("--fasthook-header", "no colon"),
    given("--fasthook-deploy-start", "yesterday"),
    given("--fasthook-max-failure-rate", "2"),
    given("--fasthook-max-failure-rate", "few"),
    given("--fasthook-max-latency", "fast"),
    given("--fasthook-api-url", "ftp://example.test"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=[wrong.name for wrong in WRONG])
def test_a_wrong_call_is_one_clear_line(wrong: Wrong, folder: Path) -> None:
    (folder / "a_folder").mkdir()
    (folder / "a_file").write_text("in the way")
    if wrong.ini:
        (folder / "pytest.ini").write_text(f"[pytest]\n{wrong.ini}\n")
    with StandIn(RouteScript()) as standin:
        run = command(
            folder,
            standin,
            args=wrong.args,
            env=wrong.env,
            connections=wrong.connections,
            timeout_option="timeout" not in wrong.name,
            reports=False,
        ).run()
    assert run.exit_code == 4, run.output
    lines = [line for line in run.output.splitlines() if line.strip()]
    assert len(lines) == 1, run.output
    for word in wrong.says:
        assert word in lines[0]
    assert "Traceback" not in run.output
    assert (standin.calls, standin.probes) == ([], [])
    check_secrets(run, API_KEY)


SAME_FILE = [
    ("--fasthook-json=a.json", "--fasthook-html=./a.json"),
    ("--fasthook-html=pay.json", "--fasthook-payload=pay.json"),
    ("--fasthook-json=pay.json", "--fasthook-payload=pay.json"),
    ("--fasthook-html=fasthook.toml",),
    ("--fasthook-json=own.xml", "--junitxml=own.xml"),
    ("--fasthook-markdown=own.log", "--log-file=own.log"),
    ("--fasthook-html=pytest.ini",),
]


@pytest.mark.parametrize("args", SAME_FILE, ids=" ".join)
def test_a_report_over_another_file_of_the_run_is_refused_and_nothing_is_touched(
    args: tuple[str, ...], folder: Path
) -> None:
    before = {"pay.json": "{}", "fasthook.toml": "", "pytest.ini": "[pytest]\n"}
    for name, text in before.items():
        (folder / name).write_text(text)
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=args, reports=False).run()
    assert (run.exit_code, standin.calls) == (4, []), run.output
    assert "is already the file of" in run.output
    assert {name: (folder / name).read_text() for name in before} == before


def test_the_same_call_without_the_mistake_passes(folder: Path) -> None:
    """The twin of them all: with a key file, headers, a far report folder and all the options right."""
    (folder / "key").write_text(API_KEY + "\n")
    args = (
        "--fasthook-header=x-shop: 7",
        "--fasthook-advisory=metrics",
        "--fasthook-on-error=keep",
        "--fasthook-on-inconclusive=keep",
        "--fasthook-attempts=eventual",
        "--fasthook-deploy-start=now-15m",
        "--fasthook-max-failure-rate=0",
        "--fasthook-max-latency=60s",
        "--fasthook-json=deep/er/gate.json",
    )
    env = {"FASTHOOK_API_KEY": None, "FASTHOOK_API_KEY_FILE": "key"}
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=args, env=env, reports=False).run()
        check_secrets(run, API_KEY)
        (probe,) = standin.probes
    assert run.exit_code == 0, run.output
    assert probe.headers["x-shop"] == "7"
    assert (folder / "deep" / "er" / "gate.json").exists()


def test_a_secret_on_the_command_line_is_not_an_option(folder: Path) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=(f"--fasthook-api-key={API_KEY}",), reports=False).run()
    assert (run.exit_code, standin.calls) == (4, [])
