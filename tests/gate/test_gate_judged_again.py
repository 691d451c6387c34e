"""``python -m pytest_fasthook judge``: a saved run judged again, offline, by the judge that the gate has."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from expected import EXIT_OF_CODE
from gate_checks import check_connection, check_secrets, shipped_schema
from gate_run import GateRun, command
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import validate
from route_parts import FAILED, GUIDE_RULES, SECRET, SHORT_S

from pytest_fasthook.reports.commands import main
from standin import (
    SOURCE_SECRET,
    AttemptScript,
    AuthScript,
    ForeignTraffic,
    LatestInputScript,
    MetricsScript,
    RequestScript,
    RouteScript,
    SourceScript,
    StandIn,
)

SLOW = RouteScript(attempts=(AttemptScript(lag_s=0.4),))
RETRIED = RouteScript(attempts=(replace(FAILED, next_in_s=0.3), AttemptScript(lag_s=0.3)))
WAIT = ("--fasthook-mode=wait", "--fasthook-deploy-start=now-1m", "--fasthook-match=body.type=invoice.paid")
PAID = ForeignTraffic(at_s=-20, marked=False, body={"id": 1, "type": "invoice.paid"})
RELEASE = '[connections.conn_orders]\nexpect.response.body.release = "7"\n'
BIG = json.dumps({"text": "x" * 300_000})


def gated(folder: Path, route: RouteScript, *args: str, timeout_s: float = 20.0, env: Any = None) -> GateRun:
    with StandIn(route) as standin:
        return command(folder, standin, args=args, timeout_s=timeout_s, env=env or {}).run()


def judged(file: Path, *limits: str) -> tuple[int, dict[str, Any]]:
    out = file.with_name("again.json")
    code = main(["judge", str(file), "--json", str(out), *limits])
    document: dict[str, Any] = json.loads(out.read_bytes())
    validate(document, json.loads(shipped_schema().read_text(encoding="utf-8")))
    for connection in document["connections"]:
        check_connection(connection)
    return code, document


def cause_of(document: dict[str, Any]) -> tuple[str, str] | None:
    (connection,) = document["connections"]
    cause = connection["cause"]
    return (cause["stage"], cause["code"]) if cause else None


ROUTES: dict[str, tuple[RouteScript, Sequence[str], float]] = {
    "passes": (RouteScript(), (), 20.0),
    "passes_signed_with_rules": (
        RouteScript(source=SourceScript(auth=AuthScript()), rules=GUIDE_RULES),
        (),
        20.0,
    ),
    "passes_with_the_release": (
        RouteScript(attempts=(AttemptScript(body={"release": "7", "more": "y" * 50_000}),)),
        (),
        20.0,
    ),
    "passes_with_a_big_payload": (RouteScript(), ("--fasthook-payload=big.json",), 20.0),
    "passes_for_a_real_request": (RouteScript(source=SourceScript(foreign=(PAID,))), WAIT, 20.0),
    "passes_after_a_retry": (RETRIED, (), 20.0),
    "passes_thin": (RouteScript(embeds="ids"), (), 20.0),
    "wrong_release": (RouteScript(attempts=(AttemptScript(body={"release": "6"}),)), (), 20.0),
    "paused": (RouteScript(paused=True), (), 20.0),
    "fails": (RouteScript(attempts=(FAILED,)), (), 20.0),
    "late_request": (RouteScript(source=SourceScript(request=RequestScript(lag_s=60.0))), (), SHORT_S),
    "altered": (RouteScript(latest_input=LatestInputScript(shows="altered")), (), 20.0),
    "uncounted": (RouteScript(metrics=MetricsScript(counted=False)), (), SHORT_S),
    "first_failed": (RETRIED, ("--fasthook-attempts=first",), 20.0),
    "too_slow": (SLOW, ("--fasthook-max-latency=10ms",), 20.0),
    "deselected": (RouteScript(), ("--deselect=fasthook::conn_orders::metrics", "-k", "not metrics"), 20.0),
    "advisory": (
        RouteScript(attempts=(FAILED,)),
        ("--fasthook-advisory=delivery", "--fasthook-advisory=metrics"),
        20.0,
    ),
}


@pytest.mark.parametrize("name", ROUTES)
def test_the_same_limits_give_the_same_run(name: str, folder: Path) -> None:
    """Every word of the report is the same again, but for what the run as a whole could not know."""
    route, args, timeout_s = ROUTES[name]
    (folder / "big.json").write_text(BIG, encoding="utf-8")
    if "release" in name:
        (folder / "fasthook.toml").write_text(RELEASE, encoding="utf-8")
    run = gated(folder, route, *args, timeout_s=timeout_s, env=SECRET)

    code, again = judged(run.json_file)

    assert code == run.exit_code
    assert again == run.document
    assert (cause_of(again) is None) == name.startswith(("passes", "advisory"))
    check_secrets(run, SOURCE_SECRET)


def test_a_tighter_limit_fails_what_had_passed(folder: Path) -> None:
    run = gated(folder, SLOW)
    assert run.exit_code == 0

    code, again = judged(run.json_file, "--fasthook-max-latency", "100ms")

    assert (code, cause_of(again)) == (1, ("delivery", "DELIVERY_SLOW"))
    assert (
        "judged again with --fasthook-max-latency 0.1; the run had none"
        in again["connections"][0]["warnings"]
    )
    assert judged(run.json_file, "--fasthook-max-latency", "30s")[0] == 0
    assert judged(run.json_file.with_name("again.json"))[0] == 0, "a judged run can be judged again"


def test_only_the_first_attempt_counts_where_that_is_asked_for(folder: Path) -> None:
    run = gated(folder, RETRIED)

    assert run.exit_code == 0
    assert cause_of(judged(run.json_file, "--fasthook-attempts=first")[1]) == ("delivery", "DELIVERY_FAILED")


def test_a_looser_limit_forgives_the_stage_but_not_what_was_never_looked_at(folder: Path) -> None:
    run = gated(folder, SLOW, "--fasthook-max-latency=10ms")
    assert cause_of(run.document) == ("delivery", "DELIVERY_SLOW")

    code, again = judged(run.json_file, "--fasthook-max-latency=30s")

    assert (code, cause_of(again)) == (75, ("latest_input", "STAGE_NOT_RUN"))
    outcomes = [stage["outcome"] for stage in again["connections"][0]["stages"]]
    assert outcomes == ["passed"] * 4 + ["inconclusive"] * 2
    message = again["connections"][0]["cause"]["message"]
    assert "the run ended at delivery (DELIVERY_SLOW) before these limits could be judged" in message


def test_failures_in_the_window_are_forgiven_up_to_the_rate(folder: Path) -> None:
    broken = ForeignTraffic(at_s=-1.0, outcome="FAILED")
    route = RouteScript(source=SourceScript(foreign=(broken,)))
    run = gated(folder, route, "--fasthook-deploy-start=now-1m")
    assert cause_of(run.document) == ("metrics", "METRICS_FAILURES")

    assert judged(run.json_file, "--fasthook-max-failure-rate=0.5")[0] == 0
    assert cause_of(judged(run.json_file, "--fasthook-max-failure-rate=0.4")[1]) == (
        "metrics",
        "METRICS_FAILURES",
    )


def test_a_policy_changes_the_exit_code_and_no_verdict(folder: Path) -> None:
    late = RouteScript(attempts=(AttemptScript(lag_s=60.0),))
    run = gated(folder, late, timeout_s=SHORT_S)
    assert (run.exit_code, judged(run.json_file)[0]) == (75, 75)

    code, again = judged(run.json_file, "--fasthook-on-inconclusive=pass")

    assert (code, again["verdict"]) == (0, "inconclusive")
    assert again["connections"][0]["warnings"][0].startswith("NOT A PASS")
    assert judged(run.json_file, "--fasthook-on-inconclusive=fail")[0] == 1


# -- what cannot be judged again ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def passing(tmp_path_factory: pytest.TempPathFactory) -> GateRun:
    folder = tmp_path_factory.mktemp("passing") / "work"
    folder.mkdir()
    return gated(folder, RouteScript(source=SourceScript(auth=AuthScript()), rules=GUIDE_RULES), env=SECRET)


def refusal(file: Path, capsys: pytest.CaptureFixture[str], *limits: str) -> str:
    capsys.readouterr()
    assert main(["judge", str(file), *limits]) == 4
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err


def changed(passing: GateRun, folder: Path, **facts: Any) -> Path:
    document = copy.deepcopy(passing.document)
    document["connections"][0] |= facts
    file = folder / "changed.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def test_a_report_without_its_evidence_is_refused_in_one_line(
    passing: GateRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(changed(passing, tmp_path, transcript=None), capsys)
    assert "changed.json cannot be judged again: it does not hold what conn_orders was judged by" in said
    unknown = [{"question": {"ask": "anything"}, "answers": []}]
    transcript = {**passing.document["connections"][0]["transcript"], "looks": unknown}
    said = refusal(changed(passing, tmp_path, transcript=transcript), capsys)
    assert "what was read of conn_orders is not of the published shape" in said


def test_a_plan_sent_nothing_that_could_be_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = gated(folder, RouteScript(), "--fasthook-plan")

    said = refusal(run.json_file, capsys)

    assert "is a plan: nothing was sent" in said


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("--fasthook-max-latency=soon", "--fasthook-max-latency: 'soon' is not valid; expected a duration"),
        ("--fasthook-max-failure-rate=2", "--fasthook-max-failure-rate: '2' is not valid"),
        ("--fasthook-attempts=last", "--fasthook-attempts: 'last' is not valid; expected eventual or first"),
        ("--fasthook-on-error=ignore", "--fasthook-on-error: 'ignore' is not valid"),
    ],
)
def test_a_wrong_limit_is_one_line(
    limit: str, says: str, passing: GateRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refusal(passing.json_file, capsys, limit)


def test_a_masked_word_that_a_verdict_depends_on_makes_no_pass(folder: Path) -> None:
    """The secret is the very word that an accepted request has."""
    auth = AuthScript(secret="accepted")
    run = gated(
        folder, RouteScript(source=SourceScript(auth=auth)), env={"FASTHOOK_SOURCE_SECRET": "accepted"}
    )
    assert run.exit_code == 0

    code, again = judged(run.json_file)

    assert (code, cause_of(again)) == (75, ("ingress", "STAGE_NOT_RUN"))
    assert "its evidence was masked or cut in the report" in again["connections"][0]["cause"]["message"]


WORTHLESS: tuple[Any, ...] = (None, True, -1, 1e300, 2**70, "", "x", "9999-12-31T23:59:59Z", [], {}, "*" * 9)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, item in inside for place in places(item, (*way, key)))]


@settings(max_examples=200)
@given(st.data())
def test_a_report_that_somebody_changed_is_judged_or_refused(passing: GateRun, data: st.DataObject) -> None:
    document = copy.deepcopy(passing.document)
    place = data.draw(st.sampled_from(places(document)[1:]))
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = data.draw(st.sampled_from(WORTHLESS))
    file = passing.json_file.with_name("changed.json")
    file.write_text(json.dumps(document), encoding="utf-8")

    assert main(["judge", str(file)]) in {0, 4, *EXIT_OF_CODE.values()}


def test_attempts_that_were_asked_for_before_the_event_was_seen_are_judged(
    passing: GateRun, tmp_path: Path
) -> None:
    """A saved run may hold any moments; what its own event's attempts say decides all the same."""
    document = copy.deepcopy(passing.document)
    (attempts,) = [
        look
        for look in document["connections"][0]["transcript"]["looks"]
        if look["question"]["ask"] == "attempts"
    ]
    attempts["answers"][0]["at"][0][0] = -1
    file = tmp_path / "early.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert judged(file)[0] == 0

    attempts["answers"][0]["value"][0].update(status="FAILED", response_status=500)
    file.write_text(json.dumps(document), encoding="utf-8")
    assert judged(file)[0] != 0
