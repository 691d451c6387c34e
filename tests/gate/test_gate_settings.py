"""Where settings come from, strongest first, and the places a CI system may run the gate in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from expected import PASS, broken
from gate_checks import check_run, check_verdict
from gate_run import command
from route_parts import FAILED

from standin import API_KEY, TEAM, AttemptScript, BranchScript, RouteScript, StandIn

NO_ACCOUNT: dict[str, str | None] = {"FASTHOOK_API_KEY": None, "FASTHOOK_TEAM_ID": None}
WRONG_TEAM = "tm_000000000000000000"


def write_cli_config(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("place", ["home", "variable"])
def test_key_and_team_may_come_from_the_cli_config(place: str, folder: Path) -> None:
    file = folder.parent / ("home/.fasthook" if place == "home" else "elsewhere") / "config.json"
    write_cli_config(file, json.dumps({"apiKey": API_KEY, "teamId": TEAM, "destinationId": "des_1"}))
    env = NO_ACCOUNT | ({"FASTHOOK_CONFIG": str(file)} if place == "variable" else {})
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, env=env).run()
        check_run(run, standin)
    assert run.exit_code == 0, run.output


def test_the_environment_is_stronger_than_the_cli_config(folder: Path) -> None:
    write_cli_config(
        folder.parent / "home/.fasthook/config.json", json.dumps({"apiKey": "fhp_old", "teamId": WRONG_TEAM})
    )
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin).run()
        check_run(run, standin, "fhp_old")
    assert run.exit_code == 0, run.output


@pytest.mark.parametrize("text", ["{not json", "[]", '{"apiKey": 7, "teamId": null}', ""])
def test_a_broken_cli_config_is_one_line(text: str, folder: Path) -> None:
    write_cli_config(folder.parent / "home/.fasthook/config.json", text)
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, env=NO_ACCOUNT, reports=False).run()
    assert (run.exit_code, standin.calls) == (4, [])
    assert len([line for line in run.output.splitlines() if line.strip()]) == 1, run.output


@pytest.mark.parametrize(
    ("args", "env_team", "ini_team", "exit_code"),
    [
        ((f"--fasthook-team={TEAM}",), WRONG_TEAM, WRONG_TEAM, 0),
        ((f"--fasthook-team={WRONG_TEAM}",), TEAM, TEAM, 77),
        ((), TEAM, WRONG_TEAM, 0),
        ((), WRONG_TEAM, TEAM, 77),
        ((), None, TEAM, 0),
    ],
    ids=["option_wins", "option_wins_wrongly", "environment_wins", "environment_wins_wrongly", "ini_alone"],
)
def test_the_strongest_setting_wins(
    args: tuple[str, ...], env_team: str | None, ini_team: str, exit_code: int, folder: Path
) -> None:
    (folder / "pytest.ini").write_text(f"[pytest]\nfasthook_team = {ini_team}\n")
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, args=args, env={"FASTHOOK_TEAM_ID": env_team}).run()
        assert len(standin.probes) == (exit_code == 0)
    assert run.exit_code == exit_code, run.output


@pytest.mark.parametrize("change", ["", "/", "no_version"])
def test_the_base_url_may_be_written_in_several_ways(change: str, folder: Path) -> None:
    with StandIn(RouteScript()) as standin:
        url = standin.api_url.removesuffix("/v1") if change == "no_version" else standin.api_url + change
        run = replace(command(folder, standin), api_url=url).run()
        check_run(run, standin)
    assert run.exit_code == 0, run.output


def test_the_header_shows_the_resolved_settings_and_no_secret(folder: Path) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, timeout_s=17.0).run()
        for word in (standin.api_url.removesuffix("/v1"), TEAM, "17"):
            assert word in run.output
        check_run(run, standin)


SURROUNDINGS = [
    {"PYTHONOPTIMIZE": "2"},
    {"PYTHONIOENCODING": "ascii"},
    {"COLUMNS": "20"},
    {"NO_COLOR": "1", "CI": "true"},
    {"PYTHONWARNINGS": "error"},
    {"TZ": "Pacific/Kiritimati"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.mark.parametrize("env", SURROUNDINGS, ids=lambda env: next(iter(env)))
def test_surroundings_make_no_route_pass_or_fail(env: dict[str, str], folder: Path) -> None:
    good = RouteScript(connection_id="conn_a", attempts=(AttemptScript(body="großartig ✓"),))
    bad = RouteScript(connection_id="conn_b", attempts=(replace(FAILED, body="kaputt ✗", error_code="Öl"),))
    with StandIn(good, bad) as standin:
        run = command(folder, standin, connections=("conn_a", "conn_b"), env=env).run()
        check_run(run, standin)
        check_verdict(run, "conn_a", PASS)
        check_verdict(run, "conn_b", broken("delivery", "DELIVERY_FAILED"))
    assert (run.exit_code, len(standin.probes)) == (1, 1)


def test_a_time_limit_for_ordinary_tests_does_not_stop_the_gate(folder: Path) -> None:
    """The gate has its own budget; a user's ``--timeout`` is for tests."""
    with StandIn(RouteScript(branch=BranchScript(lag_s=2.0))) as standin:
        run = command(folder, standin, args=("--timeout=1",)).run()
        check_run(run, standin)
    assert run.exit_code == 0, run.output
