from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
import sample_documents as sample

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.reports import json_report, model

VALIDATOR = jsonschema.Draft202012Validator(json_report.schema())


@pytest.mark.parametrize("name", sample.samples())
def test_every_sample_is_valid_and_comes_back_as_it_was(name: str) -> None:
    document = sample.samples()[name]

    read_back = json.loads(json_report.render(document))

    assert read_back == document
    VALIDATOR.validate(read_back)


def test_the_schema_itself_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json_report.schema())


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert json_report.render({"text": "a\ud800ö"}) == b'{\n  "text": "a\\ud800\xc3\xb6"\n}\n'


def test_a_number_without_a_spelling_in_json_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_report.render({"duration_s": float("nan")})


def test_the_shipped_schema_is_the_models() -> None:
    """Write it anew with ``python -m pytest_fasthook.reports.model``."""
    assert json_report.schema() == model.schema()


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE])
def test_a_stage_has_only_codes_of_its_outcome(outcome: Outcome) -> None:
    for cause in Cause:
        document = sample.document(sample.broken_connection(Cause.DELIVERY_FAILED))
        _stage(document).update(outcome=str(outcome), code=str(cause))
        valid = jsonschema.Draft202012Validator(
            {"$ref": "#/$defs/StageRun", "$defs": json_report.schema()["$defs"]}
        )
        assert valid.is_valid(_stage(document)) is (cause.outcome is outcome)


def test_evidence_is_open() -> None:
    document = sample.document()
    document["connections"][0]["stages"][0]["evidence"]["something_new"] = {"nested": [1, None]}

    VALIDATOR.validate(document)


Breaking = Callable[[dict[str, Any]], object]


def _connection(document: dict[str, Any]) -> dict[str, Any]:
    connection: dict[str, Any] = document["connections"][0]
    return connection


def _stage(document: dict[str, Any], number: int = 3) -> dict[str, Any]:
    stage: dict[str, Any] = _connection(document)["stages"][number]
    return stage


BROKEN_PASS: dict[str, Breaking] = {
    "another version": lambda run: run.update(schema_version=2),
    "another tool": lambda run: run["tool"].update(name="other"),
    "an unknown verdict": lambda run: run.update(verdict="success"),
    "no exit code": lambda run: run.pop("exit_code"),
    "an exit code in words": lambda run: run.update(exit_code="0"),
    "a local time": lambda run: run.update(started_at="2026-05-29T10:00:00+02:00"),
    "no team": lambda run: run["api"].pop("team_id"),
    "an unknown mode": lambda run: run.update(mode="dry"),
    "an unknown policy": lambda run: run["policy"].update(on_error="ignore"),
    "an advisory stage that must decide": lambda run: run["policy"].update(advisory=["branch"]),
    "a key of the top level nobody knows": lambda run: run.update(extra=1),
    "no connection": lambda run: run.update(connections=[]),
    "a connection without an id": lambda run: _connection(run).update(connection_id=""),
    "a key of a connection nobody knows": lambda run: _connection(run).update(extra=1),
    "no ids": lambda run: _connection(run).pop("ids"),
    "an empty warning": lambda run: _connection(run).update(warnings=[" "]),
    "a pass with a cause": lambda run: _connection(run).update(
        cause={"stage": "delivery", "code": "DELIVERY_FAILED", "message": "m", "next": "n"}
    ),
    "a pass without all stages": lambda run: _connection(run)["stages"].pop(),
    "a pass with a blocked stage": lambda run: _stage(run).update(outcome="blocked"),
    "a pass with a failed stage": lambda run: _stage(run).update(outcome="failed", code="DELIVERY_FAILED"),
    "an unknown stage": lambda run: _stage(run).update(stage="sending"),
    "an unknown outcome": lambda run: _stage(run).update(outcome="ok"),
    "a passed stage with a code": lambda run: _stage(run).update(code="DELIVERY_FAILED"),
    "an advisory stage that later ones need": lambda run: _stage(run, 2).update(advisory=True),
    "an empty message": lambda run: _stage(run).update(message=""),
    "a blank message": lambda run: _stage(run).update(message=" \n"),
    "a negative duration": lambda run: _stage(run).update(duration_s=-0.1),
    "no evidence": lambda run: _stage(run).pop("evidence"),
    "an answer to no call": lambda run: _stage(run)["evidence"]["answers"][0].pop("call"),
}


@pytest.mark.parametrize("what", BROKEN_PASS)
def test_a_pass_that_differs_in_one_fact_is_invalid(what: str) -> None:
    broken = copy.deepcopy(sample.document())
    BROKEN_PASS[what](broken)

    assert not VALIDATOR.is_valid(broken)


BROKEN_FAIL: dict[str, Breaking] = {
    "a fail without a cause": lambda run: _connection(run).update(cause=None),
    "an unknown code": lambda run: _connection(run)["cause"].update(code="DELIVERY_ODD"),
    "a code of another verdict": lambda run: _connection(run)["cause"].update(code="DELIVERY_PENDING"),
    "a verdict of another code": lambda run: _connection(run).update(verdict="error"),
    "a cause without a next step": lambda run: _connection(run)["cause"].update(next=""),
    "a failed stage without a code": lambda run: _stage(run).update(code=None),
    "a failed stage with an error's code": lambda run: _stage(run).update(code="API_UNREACHABLE"),
    "a stage whose outcome is not its code's": lambda run: _stage(run).update(outcome="inconclusive"),
    "a blocked stage with a cause of its own": lambda run: _stage(run, 4).update(code="DELIVERY_FAILED"),
}


@pytest.mark.parametrize("what", BROKEN_FAIL)
def test_a_fail_that_differs_in_one_fact_is_invalid(what: str) -> None:
    broken = sample.document(sample.broken_connection(Cause.DELIVERY_FAILED))
    BROKEN_FAIL[what](broken)

    assert not VALIDATOR.is_valid(broken)
