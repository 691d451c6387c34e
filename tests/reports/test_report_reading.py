from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import sample_documents as sample

from pytest_fasthook.causes import Cause
from pytest_fasthook.redact import clean
from pytest_fasthook.reports.consistency import contradictions
from pytest_fasthook.reports.reading import ReportShapeError, read

SAMPLES = sample.samples()
Breaking = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_read_and_holds_no_contradiction(name: str) -> None:
    assert contradictions(read(SAMPLES[name])) == []


def test_evidence_is_told_apart_into_facts_answers_and_more() -> None:
    document = sample.document()
    document["connections"][0]["stages"][3]["evidence"] |= {"nothing": None, "nested": {"a": [1]}}

    delivery = read(document).connections[0].stages[3]

    assert delivery.facts == {"response_status": 200, "attempts": 2, "latency_s": 2.41}
    assert delivery.more == {"nested": {"a": [1]}}
    assert [answer.call for answer in delivery.answers] == ["GET /attempts?event_id=evt_1"]


def test_texts_are_cleaned_wherever_they_stand() -> None:
    document = sample.document(sample.broken_connection(Cause.DELIVERY_FAILED, message="\x1b[31m::error::x"))
    document["connections"][0]["stages"][3]["evidence"] = {"\x00": "##vso[task]", "answers": []}

    run = read(document)

    assert run.connections[0].stages[3].message == ": :error: :x"
    assert run.connections[0].stages[3].facts == {clean("\x00"): "# #vso[task]"}


def test_the_worst_connection_comes_first() -> None:
    worst = [connection.connection_id for connection in read(SAMPLES["many"]).worst_first()]

    assert worst[:4] == ["conn_5", "conn_8", "conn_3", "conn_0"]


def _connection(document: dict[str, Any]) -> dict[str, Any]:
    connection: dict[str, Any] = document["connections"][0]
    return connection


def _delivery(document: dict[str, Any]) -> dict[str, Any]:
    stage: dict[str, Any] = _connection(document)["stages"][3]
    return stage


def _failed() -> dict[str, Any]:
    return sample.document(sample.broken_connection(Cause.DELIVERY_FAILED))


SHAPES: dict[str, tuple[Breaking, str]] = {
    "schema": (lambda run: run.update(schema_version=2), "report.schema_version is 2, not 1"),
    "exit code": (
        lambda run: run.update(exit_code=True),
        "report.exit_code is true or false, not a whole number",
    ),
    "negative": (lambda run: run.update(exit_code=-1), "report.exit_code is -1, not a number from 0 up"),
    "missing": (lambda run: run.pop("verdict"), "report.verdict is missing"),
    "verdict": (
        lambda run: run.update(verdict="ok"),
        "report.verdict is 'ok', not 'fail', 'error', 'inconclusive' or 'pass'",
    ),
    "time": (lambda run: run.update(started_at="soon"), "report.started_at is 'soon', not a time"),
    "zone": (lambda run: run.update(started_at="2026-05-29T10:00:00"), "report.started_at lacks its zone"),
    "object": (lambda run: run.update(api=[]), "report.api is a list, not an object"),
    "list": (lambda run: run.update(connections={}), "report.connections is an object, not a list"),
    "warnings": (
        lambda run: _connection(run).update(warnings=[1]),
        "report.connections[0].warnings[0] is a number, not a text",
    ),
    "advisory": (
        lambda run: run["policy"].update(advisory=None),
        "report.policy.advisory is null, not a list",
    ),
    "id": (
        lambda run: _connection(run).update(source_id=1),
        "report.connections[0].source_id is a number, not a text",
    ),
    "blank": (
        lambda run: _delivery(run).update(message=" "),
        "report.connections[0].stages[3].message is blank",
    ),
    "endless duration": (
        lambda run: _delivery(run).update(duration_s=10**400),
        "report.connections[0].stages[3].duration_s is too large for a number of seconds",
    ),
    "duration": (
        lambda run: _delivery(run).update(duration_s=float("inf")),
        "report.connections[0].stages[3].duration_s is inf, not a number from 0 up",
    ),
    "duration in words": (
        lambda run: _delivery(run).update(duration_s="1"),
        "report.connections[0].stages[3].duration_s is a text, not a number",
    ),
    "code": (
        lambda run: _delivery(run).update(outcome="failed"),
        "report.connections[0].stages[3].code is None, which is not a cause of the outcome failed",
    ),
    "passed with a code": (
        lambda run: _delivery(run).update(code="DELIVERY_FAILED"),
        "report.connections[0].stages[3].code is DELIVERY_FAILED, yet the stage passed",
    ),
    "cause elsewhere": (
        lambda run: _connection(run).update(
            cause={"stage": "delivery", "code": "DELIVERY_FAILED", "message": "m", "next": "n"},
            stages=_connection(run)["stages"][:2],
        ),
        "report.connections[0].stages lacks delivery, which the cause names",
    ),
}


@pytest.mark.parametrize("what", SHAPES)
def test_a_wrong_shape_is_refused_and_its_field_named(what: str) -> None:
    breaking, message = SHAPES[what]
    document = copy.deepcopy(sample.document())
    breaking(document)

    with pytest.raises(ReportShapeError) as caught:
        read(document)
    assert str(caught.value).startswith(message)


def test_a_policy_may_name_no_advisory_stages() -> None:
    document = copy.deepcopy(sample.document())
    del document["policy"]["advisory"]
    assert read(document).policy.advisory == ()


def test_something_that_is_no_object_is_refused() -> None:
    with pytest.raises(ReportShapeError, match="report is a list, not an object"):
        read([])  # type: ignore[arg-type] # what a file from outside may hold


PASS_LIES: dict[str, tuple[Breaking, str]] = {
    "a worse run": (lambda run: run.update(verdict="fail"), "the run's verdict is fail, the worst of its"),
    "a failed stage": (
        lambda run: _delivery(run).update(outcome="failed", code="DELIVERY_FAILED"),
        "conn_1: it passed, yet delivery did not",
    ),
    "a blocked stage": (
        lambda run: _delivery(run).update(outcome="blocked"),
        "conn_1: it passed, yet delivery",
    ),
    "a missing stage": (
        lambda run: _connection(run)["stages"].pop(),
        "conn_1: it passed, yet metrics did not",
    ),
    "a stage twice": (
        lambda run: _connection(run)["stages"].insert(0, _delivery(run)),
        "conn_1: its stages are not each listed once and in order",
    ),
    "a cause": (
        lambda run: _connection(run).update(
            cause={"stage": "delivery", "code": "DELIVERY_FAILED", "message": "m", "next": "n"}
        ),
        "conn_1: it passed, yet a cause is given",
    ),
    "a connection twice": (
        lambda run: run["connections"].append(_connection(run)),
        "conn_1 is listed more than once",
    ),
}


@pytest.mark.parametrize("what", PASS_LIES)
def test_a_pass_that_its_stages_do_not_bear_out_is_a_contradiction(what: str) -> None:
    breaking, message = PASS_LIES[what]
    document = copy.deepcopy(sample.document())
    breaking(document)

    assert any(sentence.startswith(message) for sentence in contradictions(read(document)))


FAIL_LIES: dict[str, tuple[Breaking, str]] = {
    "no cause": (
        lambda run: _connection(run).update(cause=None),
        "conn_1: its verdict is fail and no cause is given",
    ),
    "a milder verdict": (
        lambda run: _connection(run).update(verdict="inconclusive"),
        "conn_1: DELIVERY_FAILED is not a cause of a verdict of inconclusive",
    ),
    "a milder cause": (
        lambda run: (
            _connection(run).update(verdict="inconclusive"),
            _connection(run)["cause"].update(code="METRICS_LAG"),
        ),
        "conn_1: its verdict is inconclusive, the worst of its deciding stages' is fail",
    ),
    "a milder run": (lambda run: run.update(verdict="pass"), "the run's verdict is pass, the worst of its"),
    "success": (
        lambda run: run.update(exit_code=0),
        "the exit code is 0 and no policy lets a verdict of fail",
    ),
    "success by a policy that cannot be": (
        lambda run: run.update(
            exit_code=0, policy={"on_inconclusive": "pass", "on_error": "pass", "advisory": []}
        ),
        "the exit code is 0 and no policy lets a verdict of fail through",
    ),
}


@pytest.mark.parametrize("what", FAIL_LIES)
def test_a_fail_shown_as_less_is_a_contradiction(what: str) -> None:
    breaking, message = FAIL_LIES[what]
    document = _failed()
    breaking(document)

    assert any(sentence.startswith(message) for sentence in contradictions(read(document)))


@pytest.mark.parametrize(("policy", "contradicts"), [("on_inconclusive", False), ("on_error", True)])
def test_success_without_a_pass_needs_the_policy_of_that_verdict(policy: str, *, contradicts: bool) -> None:
    document = sample.let_through_document()
    document["policy"] = {"on_inconclusive": "keep", "on_error": "keep", "advisory": []} | {policy: "pass"}

    assert bool(contradictions(read(document))) is contradicts
