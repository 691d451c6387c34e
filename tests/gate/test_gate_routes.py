"""Every kind of route: exit code, verdict, deciding stage, code, number of probes, and sound reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from expected import EXIT_OF_CODE, Row, twins_are_missing
from gate_checks import check_passing, check_run, check_verdict
from gate_run import GateRun, command
from rows_broken import BROKEN_ROWS
from rows_hops import HOP_ROWS
from rows_ingress import INGRESS_ROWS
from rows_odd import ODD_ROWS
from rows_replays import REPLAY_ROWS
from rows_traffic import TRAFFIC_ROWS

from standin import StandIn

ROWS = [*HOP_ROWS, *INGRESS_ROWS, *TRAFFIC_ROWS, *BROKEN_ROWS, *ODD_ROWS, *REPLAY_ROWS]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_route(row: Row, folder: Path) -> None:
    for name, text in row.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with StandIn(row.route, api=row.api) as standin:
        run = command(
            folder,
            standin,
            connections=(row.route.connection_id,),
            args=row.args,
            env=row.env,
            timeout_s=row.timeout_s,
        ).run()
        judge(row, run, standin)


def judge(row: Row, run: GateRun, standin: StandIn) -> None:
    check_verdict(run, row.route.connection_id, row.expected)
    secrets = [value for name, value in row.env.items() if value and ("SECRET" in name or "KEY" in name)]
    check_run(run, standin, *secrets)
    assert len(standin.probes) in row.expected.probes
    connection = run.connection(row.route.connection_id)
    if row.expected.passes:
        assert run.exit_code == 0
        check_passing(run, standin)
    else:
        assert run.exit_code == EXIT_OF_CODE[connection["cause"]["code"]]
        assert_blocked_after(row.expected.stage, connection["stages"])
        assert_told(run, connection)
    for word in row.says:
        assert word in connection["cause"]["message"]
        assert word in run.output
    assert any(row.warns in warning for warning in connection["warnings"]) if row.warns else True


def assert_told(run: GateRun, connection: dict[str, Any]) -> None:
    """The terminal names the deciding stage, its code, the next step and what is known of the request."""
    cause = connection["cause"]
    request_id = connection["ids"]["request_id"]
    for word in (
        cause["stage"],
        cause["code"],
        cause["next"].splitlines()[0][:40],
        request_id or cause["code"],
    ):
        assert word in run.output


def assert_blocked_after(stage: str | None, stages: list[dict[str, str]]) -> None:
    """What comes before the deciding stage passed; what comes after it never ran."""
    names = [found["stage"] for found in stages]
    at = names.index(str(stage))
    assert [found["outcome"] for found in stages[:at]] == ["passed"] * at
    assert [found["outcome"] for found in stages[at + 1 :]] == ["blocked"] * (5 - at)


def test_every_pass_has_a_twin_that_must_not_pass() -> None:
    assert twins_are_missing(ROWS) == []


def test_row_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
