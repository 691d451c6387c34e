from __future__ import annotations

import itertools
from typing import Any

import jsonschema
import pytest
import sample_documents as sample

from pytest_fasthook.causes import Cause
from pytest_fasthook.judge.verdict import Verdict as GateVerdict
from pytest_fasthook.reports import json_report, model_fields, reading
from pytest_fasthook.reports.consistency import contradictions
from pytest_fasthook.reports.merge import merge

KEEP = {"on_inconclusive": "keep", "on_error": "keep", "advisory": []}


def shard(cause: Cause | None, number: int, **more: Any) -> dict[str, Any]:
    name = f"conn_{number}"
    made = sample.broken_connection(cause, connection_id=name) if cause else sample.passing_connection(name)
    return sample.document(made, **more)


WORST_FIRST = [
    (Cause.DELIVERY_FAILED, "fail", 1),
    (Cause.API_UNAUTHORIZED, "error", 77),
    (Cause.API_UNREACHABLE, "error", 69),
    (Cause.METRICS_LAG, "inconclusive", 75),
    (None, "pass", 0),
]


@pytest.mark.parametrize("swapped", [False, True], ids=["in order", "swapped"])
@pytest.mark.parametrize(
    ("better", "worse"), [(b, w) for w, b in itertools.combinations_with_replacement(WORST_FIRST, 2)]
)
def test_the_worst_wins(better: tuple[Any, ...], worse: tuple[Any, ...], *, swapped: bool) -> None:
    shards = [shard(better[0], 1), shard(worse[0], 2)]

    merged = merge(shards[::-1] if swapped else shards)

    assert (merged["verdict"], merged["exit_code"]) == worse[1:]


@pytest.mark.parametrize("causes", list(itertools.product([case[0] for case in WORST_FIRST], repeat=2)))
def test_a_merged_run_is_valid_and_holds_no_contradiction(causes: tuple[Cause | None, ...]) -> None:
    merged = merge([shard(cause, number) for number, cause in enumerate(causes)])

    jsonschema.Draft202012Validator(json_report.schema()).validate(merged)
    assert contradictions(reading.read(merged)) == []


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6])
def test_pytests_own_codes_come_between_a_failure_and_the_gates_others(code: int) -> None:
    interrupted = shard(Cause.STAGE_NOT_RUN, 1, exit_code=code)

    assert merge([shard(Cause.API_UNAUTHORIZED, 2), interrupted])["exit_code"] == code
    assert merge([interrupted, shard(Cause.DELIVERY_FAILED, 2)])["exit_code"] == 1


def test_each_run_keeps_what_its_policy_made_of_it() -> None:
    lenient = KEEP | {"on_inconclusive": "pass"}
    let_through = shard(Cause.METRICS_LAG, 1, policy=lenient, exit_code=0)

    with_pass = merge([let_through, shard(None, 2)])
    with_error = merge([let_through, shard(Cause.API_UNREACHABLE, 2)])

    assert (with_pass["verdict"], with_pass["exit_code"]) == ("inconclusive", 0)
    assert reading.read(with_pass).let_through()
    assert contradictions(reading.read(with_pass)) == []
    assert (with_error["verdict"], with_error["exit_code"]) == ("error", 69)


def test_a_run_that_failed_for_another_reason_is_not_lost() -> None:
    """An ordinary test of the same run failed, beside a gate that passed."""
    assert merge([shard(None, 1), shard(None, 2, exit_code=1)])["exit_code"] == 1


def test_the_merged_run_spans_all_and_lists_its_parts() -> None:
    late = shard(None, 2, started_at=sample.at(60), finished_at=sample.at(90))

    merged = merge([late, shard(Cause.METRICS_LAG, 1)])

    assert (merged["started_at"], merged["finished_at"]) == (sample.at(0), sample.at(90))
    assert [entry["connection_id"] for entry in merged["connections"]] == ["conn_2", "conn_1"]
    parts = [(part["connections"], part["verdict"], part["exit_code"]) for part in merged["merged_from"]]
    assert parts == [(["conn_2"], "pass", 0), (["conn_1"], "inconclusive", 75)]


def test_merging_a_merged_run_lists_all_parts() -> None:
    merged = merge([merge([shard(None, 1), shard(None, 2)]), shard(None, 3)])

    assert [part["connections"] for part in merged["merged_from"]] == [["conn_1"], ["conn_2"], ["conn_3"]]
    assert len(reading.read(merged).merged_from or ()) == 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_connection_that_two_runs_verified_keeps_its_worst_result(order: tuple[int, int]) -> None:
    shards = [shard(None, 1), shard(Cause.DELIVERY_FAILED, 1)]

    merged = merge([shards[number] for number in order])

    (connection,) = merged["connections"]
    assert connection["verdict"] == "fail"
    assert connection["warnings"] == ["verified by 2 of the merged runs; the worst result is shown"]


def test_a_connection_verified_elsewhere_says_where() -> None:
    elsewhere = shard(None, 2, api={"url": "http://127.0.0.1:9/v1", "team_id": "tm_2"}, mode="wait")

    merged = merge([shard(None, 1), elsewhere])

    warnings = [connection["warnings"][1:] for connection in merged["connections"]]
    assert warnings == [[], ["verified at http://127.0.0.1:9/v1 for team tm_2 in mode wait"]]


def test_advisory_stages_of_all_runs_are_listed() -> None:
    advisory = sample.document(sample.passing_connection("conn_2"), policy=KEEP | {"advisory": ["metrics"]})
    bare = shard(None, 1)
    del bare["policy"]

    assert merge([bare, advisory])["policy"] == KEEP | {"advisory": ["metrics"]}


def test_what_is_merged_stays_as_it_was() -> None:
    first, second = shard(None, 1), shard(None, 1)
    before = sample.document(sample.passing_connection("conn_1"))

    merge([first, second])

    assert first == second == before


def test_the_verdicts_here_are_the_gates() -> None:
    assert {str(verdict) for verdict in model_fields.Verdict} == {str(verdict) for verdict in GateVerdict}


def test_a_stage_that_nobody_ran_is_not_let_through() -> None:
    policy = {"on_inconclusive": "pass", "on_error": "pass", "advisory": []}
    document = shard(Cause.STAGE_NOT_RUN, 1, policy=policy, exit_code=0)

    assert contradictions(reading.read(document)) == [
        "the exit code is 0 and no policy lets a verdict of inconclusive through"
    ]
