"""What reports say of a plan, of other tests' failures and of stages that never began: only what happened."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
import sample_documents as sample

from pytest_fasthook.causes import Cause
from pytest_fasthook.reports import html, json_report, markdown
from pytest_fasthook.reports.consistency import contradictions
from pytest_fasthook.reports.reading import read
from pytest_fasthook.reports.terminal import summary_lines
from pytest_fasthook.reports.timeline import timeline

SENT = 'class="sent"'
SCHEMA = jsonschema.Draft202012Validator(json_report.schema())


def planned(*names: str) -> dict[str, Any]:
    connections = [sample.passing_connection(name) for name in names or ("conn_1",)]
    for connection in connections:
        connection["probe_id"] = None
        for stage in connection["stages"][1:]:
            stage.update(outcome="blocked", message="not part of a plan", started_at=None, evidence={})
    return sample.document(*connections, plan=True)


def shown(document: dict[str, Any], *, verbosity: int = 0) -> list[str]:
    return [text for text, _ in summary_lines(document, width=100, verbosity=verbosity)]


def test_a_plan_is_no_pass_in_any_report() -> None:
    document = planned()

    first = shown(document)[0]
    assert first.startswith("PLAN  conn_1: preflight passed; nothing was sent, not run: ingress, branch")
    page, text = html.render(document), markdown.render(document)
    assert "# FastHook gate: plan" in text
    assert "nothing was sent" in page
    assert "✓ pass<" not in page
    assert not any("conn_1 passed" in report for report in (first, page, text))


def test_a_run_that_is_no_plan_is_a_pass() -> None:
    document = sample.document()

    assert shown(document)[0].startswith("PASS  conn_1 passed")
    assert "✓ pass<" in html.render(document)
    assert "# FastHook gate: pass" in markdown.render(document)


def test_a_plan_of_many_connections_counts_them_as_planned() -> None:
    lines = shown(planned("conn_1", "conn_2"))

    assert lines[0].startswith("PLAN  2 connections: 2 passed preflight, nothing was sent")
    assert [line.split()[:2] for line in lines[1:3]] == [["conn_1", "plan"], ["conn_2", "plan"]]
    assert "| `conn_2` | plan |" in markdown.render(planned("conn_1", "conn_2"))


def test_a_plan_whose_preflight_failed_is_a_failure() -> None:
    document = sample.document(sample.broken_connection(Cause.CONNECTION_PAUSED), plan=True)

    assert shown(document)[0].startswith("FAIL  conn_1 failed at preflight: CONNECTION_PAUSED")


def test_only_a_plan_may_leave_stages_out_of_a_pass() -> None:
    document = planned()
    assert SCHEMA.is_valid(document)
    assert contradictions(read(document)) == []

    del document["plan"]
    assert not SCHEMA.is_valid(document)
    assert contradictions(read(document)) != []


def test_a_plan_needs_a_preflight_that_passed() -> None:
    document = planned()
    document["connections"][0]["stages"][0]["outcome"] = "blocked"

    assert contradictions(read(document)) == ["conn_1: it passed, yet preflight did not"]


@pytest.mark.parametrize(("exit_code", "said"), [(1, True), (0, False)])
def test_failing_tests_of_the_user_are_named_as_the_cause_of_the_exit_code(
    exit_code: int, *, said: bool
) -> None:
    lines = shown(sample.document(exit_code=exit_code))

    sentence = "every route passed; the exit code is 1 because of the other tests of this run"
    assert (sentence in lines) is said


def blocked_at_preflight() -> dict[str, Any]:
    """A connection that never left preflight, whose later stages carry a moment all the same."""
    connection = sample.broken_connection(Cause.CONNECTION_PAUSED)
    connection["connection_id"], connection["probe_id"] = "conn_2", None
    for stage in connection["stages"][1:]:
        stage.update(started_at=sample.at(1), duration_s=0.5)
    return connection


def test_blocked_stages_have_no_bar_and_no_event_is_drawn_that_was_not_sent() -> None:
    alone = sample.document(blocked_at_preflight())

    assert [bar.start_s is None for bar in timeline(read(alone).connections[0]).bars] == [False] + [True] * 5
    assert SENT not in html.render(alone)
    assert SENT in html.render(sample.document())
    both = sample.document(sample.passing_connection("conn_1"), blocked_at_preflight())
    assert html.render(both).count(SENT) == 1


def with_teeth(connection_id: str) -> dict[str, Any]:
    connection = copy.deepcopy(sample.passing_connection(connection_id))
    connection["stages"][1]["evidence"] |= {
        "negative_request_id": f"req_negative_{connection_id}",
        "negative_cause": "SOURCE_AUTH_FAILED",
    }
    return connection


def test_a_run_of_several_routes_says_what_was_kept_out_of_each() -> None:
    lines = shown(
        sample.document(with_teeth("conn_1"), with_teeth("conn_2"), sample.passing_connection("conn_3"))
    )

    said = [line.strip() for line in lines if "teeth:" in line]
    assert said == [
        f"teeth: negative request req_negative_{name} was refused (SOURCE_AUTH_FAILED)"
        for name in ("conn_1", "conn_2")
    ]
