"""What an item says: the code, the sentence, the ids and the next step, and nothing secret."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from core_world import KEY, harmless, resolved, settings_of

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.judge.findings import ended, passed
from pytest_fasthook.judge.sequence import blocked_after
from pytest_fasthook.reports.notices import notice_of
from pytest_fasthook.stages import Stage, StageResult

FAILED = ended(
    Stage.DELIVERY,
    Cause.DELIVERY_FAILED,
    "event evt_1 failed: HTTP 503, expected a successful answer",
    facts={"event_id": "evt_1", "attempt_id": "att_1"},
)
INGRESS = passed(Stage.INGRESS, "request req_1 accepted", facts={"request_id": "req_1"})


def notice(result: StageResult, **facts: Any) -> Any:
    return notice_of("conn_1", result, {Stage.INGRESS: INGRESS}, settings_of(connection=["conn_1"], **facts))


def test_a_failure_names_code_sentence_ids_and_the_next_step() -> None:
    found = notice(FAILED)
    first, second, *steps = found.text.splitlines()
    assert (
        first == found.brief == "DELIVERY_FAILED: event evt_1 failed: HTTP 503, expected a successful answer"
    )
    assert second.startswith("stage delivery; ")
    for named in ("connection_id conn_1", "request_id req_1", "event_id evt_1", "attempt_id att_1"):
        assert named in second
    assert "source_id" not in second
    assert len(steps) >= 1
    assert steps[0]


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_notice(cause: Cause) -> None:
    found = notice(ended(Stage.BRANCH, cause, "why"))
    assert found.brief == f"{cause}: why"
    assert found.outcome is cause.outcome
    assert len(found.text.splitlines()) >= 3


def test_a_pass_is_one_line() -> None:
    found = notice(INGRESS)
    assert (found.outcome, found.brief, found.text) == (
        Outcome.PASSED,
        "request req_1 accepted",
        "request req_1 accepted",
    )


def test_a_blocked_stage_names_what_blocks_it() -> None:
    blocked = blocked_after(Stage.INGRESS, {Stage.PREFLIGHT: INGRESS, Stage.INGRESS: INGRESS})[Stage.BRANCH]
    found = notice(blocked)
    assert (found.outcome, found.text) == (Outcome.BLOCKED, "not reached: blocked by ingress")


def test_a_brief_is_one_harmless_line_of_bounded_length() -> None:
    found = notice(ended(Stage.BRANCH, Cause.BRANCH_IGNORED, "a\nb\x1b[31m ::error::c\ud800" + "x" * 5000))
    assert harmless(found.brief)
    assert "\n" not in found.brief
    assert "::error" not in found.text
    assert len(found.brief) <= 620


@pytest.mark.parametrize("at", [0, 520, 560, 580, 590, 600])
def test_no_cut_leaves_half_a_secret(at: int) -> None:
    found = notice(ended(Stage.BRANCH, Cause.BRANCH_IGNORED, "x" * at + KEY + "y" * 100))
    assert KEY[:8] not in found.text


def test_folding_a_line_does_not_hide_a_secret(tmp_path: Path) -> None:
    """Blanks are folded for the one line; a secret with two of them must be found before."""
    settings = resolved(tmp_path, env={"FASTHOOK_SOURCE_SECRET": "two  blanks"})
    found = notice_of("conn_1", ended(Stage.BRANCH, Cause.BRANCH_IGNORED, "got two  blanks"), {}, settings)
    assert found.brief == "BRANCH_IGNORED: got ***"


def test_an_advisory_result_says_that_it_is_one() -> None:
    assert not notice(FAILED).advisory
    assert notice(replace(FAILED, advisory=True)).advisory
