from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import sample_documents as sample

from pytest_fasthook.causes import Cause
from pytest_fasthook.reports.next_steps import next_step
from pytest_fasthook.reports.terminal import summary_lines

SAMPLES = sample.samples()
IDS = {
    "event_id": "evt_1",
    "destination_id": "des_1",
    "connection_id": "conn_1",
    "api_url": "https://api.fasthook.io/v1",
}


def shown(
    document: dict[str, Any], *, width: int = 80, verbosity: int = 0, ascii_only: bool = False
) -> list[str]:
    lines = summary_lines(document, width=width, verbosity=verbosity, ascii_only=ascii_only)
    return [text for text, _ in lines]


def failed() -> dict[str, Any]:
    document = sample.document(
        sample.broken_connection(
            Cause.DELIVERY_FAILED, message="attempt att_2 was answered with 503, not a success"
        )
    )
    document["connections"][0]["cause"]["next"] = next_step(Cause.DELIVERY_FAILED, IDS)
    return document


def test_a_pass_is_one_verdict_its_ids_and_its_timeline() -> None:
    assert shown(sample.document()) == [
        "PASS  conn_1 passed (4.50 s, exit code 0)",
        "  probe prb_1 · request req_1 · event evt_1 · attempts att_1, att_2",
        "  warning: delivered on attempt 2 of 2",
        "  preflight     passed          120 ms  ━·····························",
        "  ingress       passed          420 ms  ·━━━·························· 2 polls",
        "  branch        passed           90 ms  ····━·························",
        "  delivery      passed          2.60 s  ····━━━━━━━━━━━━━━━━━········· 4 polls",
        "  latest_input  passed           50 ms  ······················━·······",
        "  metrics       passed          1.10 s  ······················━━━━━━━· 2 polls",
    ]


def test_a_failure_says_where_why_and_what_next_before_the_timeline() -> None:
    lines = shown(failed())

    assert lines[:5] == [
        "FAIL  conn_1 failed at delivery: DELIVERY_FAILED (4.50 s, exit code 1)",
        "  attempt att_2 was answered with 503, not a success",
        "  probe prb_1 · request req_1 · event evt_1 · attempts att_1, att_2",
        "  next: Mend the receiver behind destination des_1, then deliver event evt_1",
        "        again and run the gate again.",
    ]
    assert lines[-2:] == [
        "  latest_input  blocked                 ······························",
        "  metrics       blocked                 ······························",
    ]


@pytest.mark.parametrize(
    ("document", "markup"),
    [
        (sample.document(), {"green": True, "bold": True}),
        (failed(), {"red": True, "bold": True}),
        (sample.document(sample.broken_connection(Cause.API_UNREACHABLE)), {"red": True, "bold": True}),
        (sample.document(sample.broken_connection(Cause.METRICS_LAG)), {"yellow": True, "bold": True}),
    ],
)
def test_the_verdict_has_its_colour(document: dict[str, Any], markup: dict[str, bool]) -> None:
    assert summary_lines(document, width=80, verbosity=0)[0][1] == markup


@pytest.mark.parametrize("width", [80, 50, 30])
def test_a_command_can_be_copied_at_any_width(width: int) -> None:
    text = "\n".join(shown(failed(), width=width))
    commands = [line[2:] for line in next_step(Cause.DELIVERY_FAILED, IDS).splitlines() if line[:2] == "$ "]

    pasted = text.replace("\\\n", " ")
    found = [line.strip().removeprefix("$ ") for line in pasted.splitlines() if "$ " in line]
    assert list(map(shlex.split, found)) == list(map(shlex.split, commands))


def holds_something_whole(line: str) -> bool:
    """An id, or a word of a command: what people copy is never broken."""
    return bool(re.search(r"_[0-9a-z]|\$ | {12}", line))


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "hostile"])
@pytest.mark.parametrize("width", [120, 80, 40, 24, 1])
def test_no_line_is_wider_than_the_terminal_but_for_ids(name: str, width: int) -> None:
    document = SAMPLES[name]
    for line in shown(document, width=width, verbosity=1):
        room = max(width, 24 + len("[LET THROUGH] "))
        assert len(line) <= room or holds_something_whole(line)


def test_without_room_for_bars_the_durations_stay() -> None:
    assert "  delivery      passed          2.60 s" in shown(sample.document(), width=45)


@pytest.mark.parametrize("name", SAMPLES)
def test_ascii_only_holds_for_every_line(name: str) -> None:
    assert all(line.isascii() for line in shown(SAMPLES[name], ascii_only=True, verbosity=1))


def test_ascii_bars_tell_time_from_rest() -> None:
    assert shown(sample.document(), ascii_only=True)[6] == (
        "  delivery      passed          2.60 s  ....#################......... 4 polls"
    )


def test_verbose_adds_the_evidence_of_each_stage() -> None:
    quiet, verbose = shown(sample.document()), shown(sample.document(), verbosity=1)

    assert not any("GET /" in line for line in quiet)
    assert "      response_status: 200" in verbose
    assert "      GET /attempts?event_id=evt_1  asked at 10:00:03.280Z, answered after 0.030" in verbose
    assert any('"response_status": 503' in line for line in verbose)


def test_quiet_is_the_verdict_and_the_causes() -> None:
    assert shown(failed(), verbosity=-1) == [
        "FAIL  conn_1 failed at delivery: DELIVERY_FAILED (4.50 s, exit code 1)",
        "  attempt att_2 was answered with 503, not a success",
    ]
    assert shown(sample.document(), verbosity=-1) == ["PASS  conn_1 passed (4.50 s, exit code 0)"]


@pytest.mark.parametrize("verbosity", [-1, 0, 1])
@pytest.mark.parametrize("cause", [Cause.DELIVERY_PENDING, Cause.API_UNREACHABLE])
def test_a_verdict_that_was_let_through_is_said_on_every_line(verbosity: int, cause: Cause) -> None:
    lines = [
        line for line in shown(sample.let_through_document(cause), width=200, verbosity=verbosity) if line
    ]

    assert all(line.startswith("[LET THROUGH] ") for line in lines)
    assert (
        f"the exit code is 0 only because of --fasthook-on-{sample.VERDICT_OF[cause.outcome]}=pass"
        in lines[1]
    )


def test_a_verdict_that_was_kept_is_not_called_let_through() -> None:
    document = sample.document(sample.broken_connection(Cause.DELIVERY_PENDING))

    assert not any("LET THROUGH" in line for line in shown(document, verbosity=1))


def test_a_policy_that_made_it_a_failure_is_said() -> None:
    document = sample.document(
        sample.broken_connection(Cause.DELIVERY_PENDING),
        exit_code=1,
        policy={"on_inconclusive": "fail", "on_error": "keep", "advisory": []},
    )

    assert shown(document, width=120)[1] == "the exit code is 1 because of --fasthook-on-inconclusive=fail"


def test_many_connections_are_a_table_with_the_worst_first() -> None:
    lines = shown(sample.many_connections_document(), width=100)

    assert " ".join(line.strip() for line in lines[:2]) == (
        "FAIL  12 connections: 1 failed, 1 could not be judged, 1 lacked evidence, 9 passed "
        "(4.50 s, exit code 1)"
    )
    rows = [line.split() for line in lines if re.match(r"  conn_\d+ +(fail|error|inconclusive|pass)", line)]
    assert [row[:2] for row in rows[:4]] == [
        ["conn_5", "fail"],
        ["conn_8", "error"],
        ["conn_3", "inconclusive"],
        ["conn_0", "pass"],
    ]
    assert rows[0][2:] == ["delivery", "DELIVERY_FAILED"]
    assert len(rows) == 12


def test_of_many_connections_only_those_that_did_not_pass_are_told_in_full() -> None:
    lines = shown(sample.many_connections_document())

    assert [line for line in lines if line.startswith("conn_")] == [
        "conn_5 failed at delivery: DELIVERY_FAILED",
        "conn_8 could not be judged at preflight: API_UNAUTHORIZED",
        "conn_3 lacked evidence at metrics: METRICS_LAG",
    ]
    assert "conn_11 passed" in shown(sample.many_connections_document(), verbosity=1)


def test_a_warning_of_many_connections_is_said_once_with_their_names() -> None:
    warnings = [line for line in shown(sample.many_connections_document(), width=200) if "warning:" in line]

    assert len(warnings) == 1
    assert warnings[0].startswith("  warning: conn_0, conn_1, conn_2, conn_4, ")
    assert warnings[0].endswith(", conn_11: delivered on attempt 2 of 2")


def test_of_very_many_passes_only_some_are_listed() -> None:
    document = sample.many_connections_document(count=50)

    assert "  and 27 more passed" in shown(document)
    assert not any("more passed" in line for line in shown(document, verbosity=1))
    assert len([line for line in shown(document) if re.match(r"  conn_\d+ +(fail|error|inc)", line)]) == 3


def test_what_an_advisory_stage_found_is_shown_and_the_verdict_stays_pass() -> None:
    lines = shown(sample.advisory_document())

    assert lines[0].startswith("PASS")
    assert lines[-1] == "      advisory, METRICS_LAG: metrics ended with METRICS_LAG"


def test_hostile_text_reaches_the_terminal_inert() -> None:
    text = "\n".join(shown(sample.hostile_document(), verbosity=1))

    assert "\x1b" not in text
    assert "\x07" not in text
    assert not re.search(r"::[a-z]|##(vso)?\[", text)


def test_a_run_that_never_started_a_stage_still_has_its_lines() -> None:
    document = sample.not_run_document()
    for stage in document["connections"][0]["stages"]:
        stage.update(started_at=None)

    assert "  delivery      passed                  ······························ 4 polls" in shown(document)
