"""The run as one document: its shape, and that nothing unfit leaves the process in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from core_world import KEY, START, TEAM, harmless, resolved
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.iso import write_iso
from pytest_fasthook.judge.findings import ended, passed
from pytest_fasthook.judge.sequence import blocked_after
from pytest_fasthook.judge.verdict import Verdict, decide
from pytest_fasthook.reports.document import ConnectionRun, Run, document, ids_of
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.stages import Stage, StageResult

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((files("pytest_fasthook.reports") / "report.schema.json").read_text(encoding="utf-8"))
)
FACTS: dict[Stage, dict[str, Any]] = {
    Stage.PREFLIGHT: {"connection_id": "conn_1", "source_id": "src_1", "destination_id": "des_1"},
    Stage.INGRESS: {"request_id": "req_1"},
    Stage.BRANCH: {"event_id": "evt_1"},
    Stage.DELIVERY: {"attempt_id": "att_2", "attempt_ids": ("att_1", "att_2")},
    Stage.LATEST_INPUT: {"request_id": "req_newer"},
    Stage.METRICS: {"count": 1},
}


def results(**changed: StageResult) -> dict[Stage, StageResult]:
    """Six passing stages, but for the changed ones, which block what comes after them."""
    found = {stage: passed(stage, f"{stage} passed", facts=FACTS[stage]) for stage in Stage}
    for name, result in changed.items():
        stage = Stage(name)
        before = {s: found[s] for s in list(Stage)[: list(Stage).index(stage)]}
        found = {**before, stage: result, **blocked_after(stage, {**before, stage: result})}
    return found


def run(
    found: Mapping[Stage, StageResult] | None = None,
    *,
    settings: Settings | None = None,
    exit_code: int = 0,
    **facts: Any,
) -> Run:
    found = found or results()
    decision = decide(found)
    return Run(
        settings=settings or resolved(Path("no such folder"), command={"connection": ["conn_1"]}),
        connections=[ConnectionRun(connection_id="conn_1", results=found, decision=decision, **facts)],
        verdict=decision.verdict,
        exit_code=exit_code,
        started_at=START,
        finished_at=START + timedelta(seconds=2.5),
    )


def only(made: dict[str, Any]) -> dict[str, Any]:
    (connection,) = made["connections"]
    found: dict[str, Any] = connection
    return found


FAILED = ended(
    Stage.DELIVERY, Cause.DELIVERY_FAILED, "HTTP 503", facts={"event_id": "evt_1", "attempt_ids": ("att_1",)}
)


# -- the shape -------------------------------------------------------------------------------------------------


def test_a_passing_run_in_the_promised_shape() -> None:
    made = document(run(probe_id="probe_1"))
    assert made["schema_version"] == 1
    assert made["tool"] == {"name": "pytest-fasthook", "version": version("pytest-fasthook")}
    assert (made["verdict"], made["exit_code"], made["mode"]) == ("pass", 0, "send")
    assert (made["started_at"], made["finished_at"]) == (
        "2026-05-29T12:00:00.000Z",
        "2026-05-29T12:00:02.500Z",
    )
    assert made["api"] == {"url": "https://api.fasthook.io/v1", "team_id": TEAM}
    connection = only(made)
    assert (connection["connection_id"], connection["source_id"], connection["destination_id"]) == (
        "conn_1",
        "src_1",
        "des_1",
    )
    assert (connection["probe_id"], connection["verdict"], connection["cause"]) == ("probe_1", "pass", None)
    assert connection["ids"] == {
        "request_id": "req_1",
        "event_id": "evt_1",
        "attempt_ids": ["att_1", "att_2"],
    }
    assert connection["warnings"] == []
    assert [stage["stage"] for stage in connection["stages"]] == [str(stage) for stage in Stage]


def test_a_failing_run_names_its_cause_and_what_to_do() -> None:
    made = document(run(results(delivery=FAILED), exit_code=1))
    connection = only(made)
    assert (made["verdict"], made["exit_code"], connection["verdict"]) == ("fail", 1, "fail")
    cause = connection["cause"]
    assert (cause["stage"], cause["code"], cause["message"]) == ("delivery", "DELIVERY_FAILED", "HTTP 503")
    assert "evt_1" in cause["next"]
    outcomes = [(stage["outcome"], stage["code"]) for stage in connection["stages"]]
    assert outcomes == [
        *[("passed", None)] * 3,
        ("failed", "DELIVERY_FAILED"),
        *[("blocked", None)] * 2,
    ]


@pytest.mark.parametrize(
    "found",
    [
        results(),
        results(delivery=FAILED),
        results(preflight=ended(Stage.PREFLIGHT, Cause.API_UNAUTHORIZED, "401")),
        results(branch=ended(Stage.BRANCH, Cause.BRANCH_NOT_SEEN, "nothing")),
        results(metrics=replace(ended(Stage.METRICS, Cause.METRICS_LAG, "lag"), advisory=True)),
    ],
    ids=["pass", "fail", "error", "inconclusive", "advisory"],
)
def test_every_document_is_valid_under_the_shipped_schema(found: dict[Stage, StageResult]) -> None:
    SCHEMA.validate(document(run(found)))


def test_a_stage_carries_times_polls_facts_and_answers() -> None:
    answer = {"call": "GET /events", "asked_at": START, "answer": {"models": []}}
    branch = replace(
        passed(Stage.BRANCH, "seen", facts={"event_id": "evt_1"}),
        started_at=START,
        duration_s=0.123456,
        polls=3,
        evidence={"answers": (answer,)},
    )
    stage = only(document(run({**results(), Stage.BRANCH: branch})))["stages"][2]
    assert (stage["started_at"], stage["duration_s"], stage["polls"]) == (
        "2026-05-29T12:00:00.000Z",
        0.123,
        3,
    )
    assert stage["evidence"] == {
        "event_id": "evt_1",
        "answers": [
            {"call": "GET /events", "asked_at": "2026-05-29T12:00:00.000Z", "answer": {"models": []}}
        ],
    }


def test_warnings_of_notes_and_stages_are_collected() -> None:
    doubtful = passed(Stage.BRANCH, "seen", facts={}, warnings=("created twice",))
    made = only(document(run({**results(), Stage.BRANCH: doubtful}, notes=("fresh values for body.id",))))
    assert made["warnings"] == ["fresh values for body.id", "created twice"]


# -- ids -------------------------------------------------------------------------------------------------------


def test_the_latest_inputs_request_is_never_taken_for_ours() -> None:
    assert ids_of("conn_1", results())["request_id"] == "req_1"
    late = {Stage.LATEST_INPUT: passed(Stage.LATEST_INPUT, "newer", facts={"request_id": "req_newer"})}
    assert ids_of("conn_1", late)["request_id"] is None


def test_the_connections_id_is_the_one_asked_for() -> None:
    other = {Stage.PREFLIGHT: passed(Stage.PREFLIGHT, "read", facts={"connection_id": "conn_other"})}
    assert ids_of("conn_1", other)["connection_id"] == "conn_1"


def test_ids_that_are_not_known_are_null() -> None:
    made = only(document(run(results(preflight=ended(Stage.PREFLIGHT, Cause.API_UNREACHABLE, "down")))))
    assert (made["source_id"], made["ids"]) == (
        None,
        {"request_id": None, "event_id": None, "attempt_ids": []},
    )


# -- policies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "option", "verdict"),
    [
        (Cause.BRANCH_NOT_SEEN, "on-inconclusive", "inconclusive"),
        (Cause.API_FORBIDDEN, "on-error", "error"),
    ],
)
def test_what_a_policy_lets_through_is_said_loudly(
    cause: Cause, option: str, verdict: str, tmp_path: Path
) -> None:
    found = results(branch=ended(Stage.BRANCH, cause, "why"))
    lax = resolved(tmp_path, command={option: "pass"})
    made = document(run(found, settings=lax, exit_code=0))
    assert (made["verdict"], only(made)["verdict"]) == (verdict, verdict)
    assert only(made)["warnings"][0].startswith(
        f"NOT A PASS: this connection is {verdict}; exit code 0 comes from"
    )
    strict = document(run(found, settings=resolved(tmp_path), exit_code=75))
    assert only(strict)["warnings"] == []


def test_a_policy_is_not_blamed_for_a_run_that_did_not_pass(tmp_path: Path) -> None:
    found = results(branch=ended(Stage.BRANCH, Cause.BRANCH_NOT_SEEN, "why"))
    made = document(run(found, settings=resolved(tmp_path, command={"on-inconclusive": "pass"}), exit_code=1))
    assert only(made)["warnings"] == []


def test_policies_are_part_of_the_document(tmp_path: Path) -> None:
    settings = resolved(tmp_path, command={"on-error": "fail", "advisory": ["metrics,delivery"]})
    assert document(run(settings=settings))["policy"] == {
        "on_inconclusive": "keep",
        "on_error": "fail",
        "advisory": ["delivery", "metrics"],
    }


# -- what may leave the process --------------------------------------------------------------------------------


def texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *texts_in(item))]
    return [text for item in value for text in texts_in(item)] if isinstance(value, list) else []


def hostile(text: Any) -> Run:
    """A run with a text from outside in every place that can hold one."""
    everywhere = {
        stage: replace(
            ended(
                stage,
                Cause.DELIVERY_FAILED,
                f"said {text}",
                facts={**FACTS[stage], "said": text, "event_id": text},
            ),
            warnings=(f"warned {text}",),
            evidence={"answers": ({"call": f"GET /{text}", "answer": {str(text): [text, {"deep": text}]}},)},
        )
        for stage in Stage
    }
    return run(everywhere, notes=(f"note {text}",))


def test_no_secret_leaves_the_process() -> None:
    """The twin differs in its last character and is shown."""
    twin = f"{KEY[:-1]}z"
    assert KEY not in json.dumps(document(hostile(KEY)))
    assert twin in json.dumps(document(hostile(twin)))


def test_no_text_from_outside_acts() -> None:
    made = document(hostile("a\x1b[31m\ud800\u202e::error::x ##[error] ##vso[y]"))
    for text in texts_in(made):
        assert harmless(text)
        assert "::error" not in text
        assert "##[" not in text
        assert "##vso[" not in text
    json.dumps(made).encode()


def test_nothing_from_outside_is_longer_than_sane() -> None:
    """Neither in the evidence nor in the sentences: a report must open, whatever an API answers."""
    made = document(hostile("x" * 100_000))
    assert max(len(text) for text in texts_in(made)) < 2100


def test_of_very_many_warnings_some_are_shown_and_the_rest_is_counted() -> None:
    warned = passed(Stage.BRANCH, "seen", facts={}, warnings=tuple(f"rule {n}" for n in range(5000)))
    warnings = only(document(run(results(branch=warned))))["warnings"]
    assert (warnings[0], len(warnings), warnings[-1]) == ("rule 0", 61, "… 4940 more")


@pytest.mark.parametrize("depth", [10, 100, 400, 900, 5000])
def test_a_deep_answer_is_cut_and_breaks_nothing(depth: int) -> None:
    value: Any = "bottom"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    branch = replace(
        passed(Stage.BRANCH, "seen", facts={}), evidence={"answers": ({"call": "GET /x", "answer": value},)}
    )
    made = document(run({**results(), Stage.BRANCH: branch}))
    assert len(json.dumps(made)) < 20_000


def test_dates_are_texts_wherever_they_are() -> None:
    branch = replace(
        passed(Stage.BRANCH, "seen", facts={"at": START}),
        evidence={"answers": ({"asked_at": START, "answer": {"a": [START, {"b": (START,)}]}},)},
    )
    evidence = only(document(run({**results(), Stage.BRANCH: branch})))["stages"][2]["evidence"]
    spelled = "2026-05-29T12:00:00.000Z"
    assert evidence == {
        "at": spelled,
        "answers": [{"asked_at": spelled, "answer": {"a": [spelled, {"b": [spelled]}]}}],
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.just(KEY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_any_answer_makes_a_valid_document_without_secrets(answer: Any) -> None:
    branch = replace(
        passed(Stage.BRANCH, "seen", facts={"said": answer}),
        evidence={"answers": ({"call": "GET /events", "answer": answer},)},
    )
    made = document(run({**results(), Stage.BRANCH: branch}))
    SCHEMA.validate(made)
    assert KEY not in json.dumps(made, allow_nan=False)


# -- dates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 5, 29, 12, 0, 0, 123999, tzinfo=UTC),
        datetime(2026, 5, 29, 14, 0, 0, 123999, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_date_is_spelled_in_utc_with_milliseconds(moment: datetime) -> None:
    assert write_iso(moment) == "2026-05-29T12:00:00.123Z"


def test_a_run_without_connections_is_a_document_too() -> None:
    empty = replace(run(), connections=[], verdict=Verdict.INCONCLUSIVE, exit_code=75)
    assert document(empty)["connections"] == []
    assert Outcome.PASSED not in document(empty).values()
