"""What controller and workers share of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from core_world import FakeClock, resolved

from pytest_fasthook.causes import Outcome
from pytest_fasthook.plugin.mailbox import Mailbox
from pytest_fasthook.plugin.session import (
    CONNECTIONS_KEY,
    EMULATOR_KEY,
    HARD_STOP_MARGIN_S,
    LONGEST_DELAY_S,
    MAILBOX_KEY,
    WorkerPlugin,
    at_emulator,
    gated,
    unreached,
)
from pytest_fasthook.redact import Secret
from pytest_fasthook.reports.notices import Notice
from pytest_fasthook.stages import Stage

NOTICE = Notice(outcome=Outcome.PASSED, advisory=False, brief="seen", text="seen")


def worker(folder: Path, *, emulator: dict[str, Any] | None = None, **command: Any) -> WorkerPlugin:
    told = {MAILBOX_KEY: str(folder), EMULATOR_KEY: emulator, CONNECTIONS_KEY: ["conn_1"]}
    return WorkerPlugin(resolved(folder, command=command), told)


def test_a_worker_gates_what_the_controller_says(tmp_path: Path) -> None:
    """The connections of a source are asked for once, by the controller."""
    assert list(worker(tmp_path, source="src_1").connections) == ["conn_1"]


def test_a_worker_reports_what_the_controller_posted(tmp_path: Path) -> None:
    Mailbox(tmp_path, FakeClock()).post("conn_1", Stage.BRANCH, NOTICE)
    assert worker(tmp_path).wait("conn_1", Stage.BRANCH) == NOTICE


def test_a_stage_that_was_never_decided_is_inconclusive(tmp_path: Path) -> None:
    Mailbox(tmp_path, FakeClock()).close()
    notice = worker(tmp_path).wait("conn_1", Stage.BRANCH)
    assert notice == unreached(Stage.BRANCH)
    assert notice.outcome is Outcome.INCONCLUSIVE
    assert notice.text.startswith("STAGE_NOT_RUN: branch did not run")


@pytest.mark.parametrize(("timeout", "preflight"), [("120s", 30.0), ("5s", 5.0)])
def test_the_hard_stop_is_behind_the_whole_budget(timeout: str, preflight: float, tmp_path: Path) -> None:
    seconds = 120.0 if timeout == "120s" else 5.0
    assert worker(tmp_path, timeout=timeout).hard_stop_s == preflight + seconds + HARD_STOP_MARGIN_S


def test_the_hard_stop_is_that_of_the_connection_with_the_longest_budget(tmp_path: Path) -> None:
    (tmp_path / "fasthook.toml").write_text('[connections.conn_1]\ntimeout = "300s"\n')
    assert worker(tmp_path).hard_stop_s == 30.0 + 300.0 + HARD_STOP_MARGIN_S


def test_a_worker_allows_for_a_delay_rule_that_it_cannot_know(tmp_path: Path) -> None:
    joined = worker(tmp_path)
    assert joined.hard_stop_for("conn_1") == joined.hard_stop_s + LONGEST_DELAY_S


def test_stages_that_teeth_hold_back_may_take_as_long_again(tmp_path: Path) -> None:
    """And as long as the longest delay rule of another connection, for which they are held back as well."""
    alone, several = worker(tmp_path, teeth=True), worker(tmp_path, teeth=True)
    several.connections = ["conn_1", "conn_2"]

    assert alone.hard_stop_s == worker(tmp_path).hard_stop_s + 120.0
    assert several.hard_stop_s == alone.hard_stop_s + LONGEST_DELAY_S


def test_a_plan_asks_for_preflight_alone(tmp_path: Path) -> None:
    assert worker(tmp_path, plan=True).stages == (Stage.PREFLIGHT,)
    assert worker(tmp_path).stages == tuple(Stage)


def test_the_emulators_demo_route_takes_the_place_of_an_account(tmp_path: Path) -> None:
    settings = resolved(tmp_path, command={"emulator": True}, account=False)
    assert gated(settings) == ("conn_demo",)
    at = {"api_url": "http://127.0.0.1:1/v1", "team_id": "tm_e", "api_key": "fhp_e", "secret": "s3cr3t"}
    demo = at_emulator(settings, **at)
    assert (demo.api_url, demo.team_id, demo.api_key) == ("http://127.0.0.1:1/v1", "tm_e", Secret("fhp_e"))
    assert (demo.connections, demo.source_secrets) == (("conn_demo",), {"": Secret("s3cr3t")})
    assert worker(tmp_path, emulator=at).settings.api_url == at["api_url"]
