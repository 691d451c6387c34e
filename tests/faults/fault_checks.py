"""What a scenario's run must have come to: verdict, cause, exit code, probes, time, and sound reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from fault_scenarios import Scenario, exit_codes
from fault_scene import CONNECTION, Played, Plot
from gate_checks import (
    check_document,
    check_junit,
    check_output,
    check_pytest_junit,
    check_secrets,
    check_verdict,
)

from standin import TEAM

PREFLIGHT_LIMIT_S = 30.0
MARGIN_S = 5.0
"""How far past its budget a run may go."""
ENDED = {"markdown": "gate.md", "html": "gate.html", "json": "gate.json", "junit": "gate.xml"}


def problems(scenario: Scenario, played: Played) -> list[str]:
    """What is wrong with a run, in words; empty where nothing is."""
    plot = scenario.plot
    checks: list[Callable[[], Any]] = [
        lambda: _check_main_verdict(plot, played),
        lambda: _check_others(plot, played),
        lambda: _check_exit_code(scenario, played),
        lambda: _check_probes(plot, played),
        lambda: _check_time(played),
        lambda: check_output(played.run),
        lambda: check_document(played.run, team=plot.env.get("FASTHOOK_TEAM_ID") or TEAM),
        lambda: check_junit(played.run),
        lambda: check_pytest_junit(played.run),
        lambda: check_secrets(played.run, *played.secrets),
        lambda: _check_reports(played),
    ]
    return [problem for check in checks for problem in _problem_of(check)]


def _problem_of(check: Callable[[], Any]) -> Iterator[str]:
    try:
        check()
    except Exception as error:  # noqa: BLE001 - whatever a check stumbles over is wrong with the run
        yield f"{type(error).__name__}: {error}"


def verdict_of_run(played: Played) -> str:
    """The verdict that the report tells, ``none`` where there is no report."""
    return str(played.run.document["verdict"]) if played.run.json_file.exists() else "none"


def cause_of_run(played: Played) -> str:
    """Stage and code of the connection, for the table of causes."""
    cause = played.run.connection(CONNECTION)["cause"] if played.run.json_file.exists() else None
    return f"{cause['stage']} {cause['code']}" if cause else "-"


def _check_main_verdict(plot: Plot, played: Played) -> None:
    allowed = [plot.expected, *(replace(plot.expected, stage=stage) for stage in plot.or_at)]
    cause = played.run.connection(CONNECTION)["cause"]
    matching = [one for one in allowed if cause is not None and one.stage == cause["stage"]]
    check_verdict(played.run, CONNECTION, (matching or allowed)[0])


def _check_others(plot: Plot, played: Played) -> None:
    others = [one for one in played.run.connections if one["connection_id"] != CONNECTION]
    for found, expected in zip(others, plot.also.values(), strict=True):
        check_verdict(played.run, found["connection_id"], expected)


def _check_exit_code(scenario: Scenario, played: Played) -> None:
    allowed = exit_codes(scenario.plot, scenario.truth)
    assert played.run.exit_code in allowed, f"exit code {played.run.exit_code}, expected {allowed}"


def _check_probes(plot: Plot, played: Played) -> None:
    """Never two, wherever they are counted; and none where nothing may be sent."""
    assert played.probes in plot.expected.probes, f"{played.probes} probes recorded, expected {plot.expected}"
    assert played.on_the_wire <= 1, f"{played.on_the_wire} probes on the wire"


def _check_time(played: Played) -> None:
    """No stage goes on when its budget is over; preflight has one of its own."""
    for connection in played.run.connections:
        took = {stage["stage"]: stage["duration_s"] for stage in connection["stages"]}
        preflight = took.pop("preflight")
        assert preflight <= min(PREFLIGHT_LIMIT_S, played.allowed_s) + MARGIN_S, (
            f"preflight took {preflight} s"
        )
        assert sum(took.values()) <= played.allowed_s + MARGIN_S, f"the stages took {took}"


def _check_reports(played: Played) -> None:
    """Every report that was asked for is there, and whole."""
    for option, name in ENDED.items():
        file = played.run.folder / "reports" / name
        assert file.exists(), f"--fasthook-{option} left nothing"
        assert f"--fasthook-{option}: wrote" in played.run.output, played.run.output
    assert (played.run.folder / "reports" / "gate.html").read_text().rstrip().endswith("</html>")
