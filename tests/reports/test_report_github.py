from __future__ import annotations

import re
from typing import Any

import pytest
import sample_documents as sample

from pytest_fasthook.causes import Cause
from pytest_fasthook.reports.github import workflow_commands

SAMPLES = sample.samples()


def test_a_pass_is_not_annotated() -> None:
    assert workflow_commands(sample.document()) == []


@pytest.mark.parametrize("cause", Cause)
def test_a_verdict_that_stops_the_run_is_one_error(cause: Cause) -> None:
    (command,) = workflow_commands(sample.document(sample.broken_connection(cause, message="seen 503")))
    where = sample.STAGE_OF_CAUSE.get(cause, "preflight")
    verdict = sample.VERDICT_OF[cause.outcome]

    assert command == f"::error title=conn_1 {where}%3A {verdict}::{cause}: seen 503%0ALook at {where}."


def test_a_verdict_that_was_let_through_is_a_warning() -> None:
    (command,) = workflow_commands(sample.let_through_document())

    assert command.startswith("::warning title=conn_1 delivery%3A inconclusive::DELIVERY_PENDING: ")


def test_an_advisory_stage_that_did_not_pass_is_a_warning() -> None:
    (command,) = workflow_commands(sample.advisory_document())

    assert (
        command == "::warning title=conn_1 metrics%3A advisory::METRICS_LAG: metrics ended with METRICS_LAG"
    )


def test_the_worst_comes_first() -> None:
    titles = [command.split("::")[1] for command in workflow_commands(sample.many_connections_document())]

    assert titles == [
        "error title=conn_5 delivery%3A fail",
        "error title=conn_8 preflight%3A error",
        "error title=conn_3 metrics%3A inconclusive",
    ]


def _failures(count: int) -> dict[str, Any]:
    broken = [
        sample.broken_connection(Cause.DELIVERY_FAILED, connection_id=f"conn_{number}")
        for number in range(count)
    ]
    return sample.document(*broken)


def test_more_than_github_shows_end_in_a_count() -> None:
    commands = workflow_commands(_failures(11))

    assert len(commands) == 10
    assert commands[-1] == (
        "::warning title=FastHook gate::11 connections: 11 failed; not all of it is annotated"
    )
    assert len(workflow_commands(_failures(10))) == 10
    assert not workflow_commands(_failures(10))[-1].startswith("::warning")


@pytest.mark.parametrize("name", SAMPLES)
def test_no_text_from_outside_ends_its_command_or_starts_another(name: str) -> None:
    for command in workflow_commands(SAMPLES[name]):
        head, _, data = command[2:].partition("::")
        assert "::" not in data
        assert not re.search(r"[\r\n]", command)
        assert re.fullmatch(r"(error|warning) title=[^:,]*", head)


def test_a_percent_sign_is_escaped_so_that_it_cannot_pass_for_a_line_break() -> None:
    document = sample.document(sample.broken_connection(Cause.DELIVERY_FAILED, message="100%0A, a: b"))

    assert "DELIVERY_FAILED: 100%250A, a: b%0A" in workflow_commands(document)[0]
