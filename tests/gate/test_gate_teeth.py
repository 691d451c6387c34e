"""``--fasthook-teeth``: what must be refused is refused, what must be ignored is ignored, by their records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from expected import PASS, Expected, broken
from gate_checks import check_run, check_verdict, suite_properties
from gate_run import GateRun, command
from route_parts import FAILED, GUIDE_RULES, SECRET, SHORT_S
from standin.receipts import Receipt

from pytest_fasthook.reports.commands import main
from standin import (
    ApiScript,
    AttemptScript,
    AuthScript,
    BranchScript,
    ReplayScript,
    RequestScript,
    RouteScript,
    SourceScript,
    StandIn,
)

TEETH = "--fasthook-teeth"
SIGNED = SourceScript(auth=AuthScript())
GUARDED = RouteScript(source=SIGNED, rules=GUIDE_RULES)
OPEN = SourceScript(methods=None)


def tried(
    folder: Path,
    *routes: RouteScript,
    args: Sequence[str] = (),
    expected: Expected = PASS,
    timeout_s: float = 20.0,
    api: ApiScript | None = None,
) -> tuple[GateRun, list[Receipt]]:
    """Run the gate with teeth; the run must hold together whatever comes of it, and be judged the same again."""
    with StandIn(*routes, api=api) as standin:
        run = command(
            folder,
            standin,
            connections=[route.connection_id for route in routes],
            args=(TEETH, *args),
            env=SECRET,
            timeout_s=timeout_s,
        ).run()
        for route in routes:
            check_verdict(run, route.connection_id, expected)
        check_run(run, standin)
        probes = standin.probes
    again = folder / "again.json"
    assert main(["judge", str(run.json_file), "--json", str(again)]) == run.exit_code
    assert json.loads(again.read_bytes()) == run.document
    return run, probes


def stage(run: GateRun, name: str, connection: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in run.connections[connection]["stages"] if s["stage"] == name)
    return found


def test_a_wrong_signature_is_refused_and_a_wrong_payload_ignored(folder: Path) -> None:
    run, (own, *negative) = tried(folder, GUARDED)

    assert run.exit_code == 0
    by_fate = {probe.rejection or probe.ignored.get("conn_orders"): probe for probe in negative}
    assert set(by_fate) == {"SOURCE_AUTH_FAILED", "FILTERED"}
    assert len({probe.probe_id for probe in (own, *negative)}) == 3
    refused, ignored = stage(run, "ingress")["evidence"], stage(run, "branch")["evidence"]
    assert refused["negative_request_id"] == by_fate["SOURCE_AUTH_FAILED"].request_id
    assert ignored["negative_request_id"] == by_fate["FILTERED"].request_id
    assert run.connections[0]["ids"]["request_id"] == own.request_id
    said = " ".join(run.output.split())
    assert f"negative request {refused['negative_request_id']} was refused (SOURCE_AUTH_FAILED)" in said
    assert f"negative request {ignored['negative_request_id']} was ignored (FILTERED)" in said


def test_every_report_tells_what_was_kept_out(folder: Path) -> None:
    run, _ = tried(
        folder, GUARDED, args=("--fasthook-html=reports/gate.html", "--fasthook-markdown=reports/gate.md")
    )

    properties = suite_properties(run.junit_file)
    for name, cause in (("ingress", "SOURCE_AUTH_FAILED"), ("branch", "FILTERED")):
        request_id = stage(run, name)["evidence"]["negative_request_id"]
        assert properties[f"{name}.negative_request_id"] == request_id
        assert properties[f"{name}.negative_cause"] == cause
        for report in ("gate.html", "gate.md"):
            assert request_id in (folder / "reports" / report).read_text(encoding="utf-8")


def test_nothing_negative_is_sent_before_all_stages_have_passed(folder: Path) -> None:
    with StandIn(GUARDED) as standin:
        command(folder, standin, args=(TEETH,), env=SECRET).run()
        counted = max(call.at for call in standin.calls if call.endpoint == "metrics")
        looked = [call for call in standin.calls if call.endpoint == "ignored_events"]

        assert len(standin.probes) == 3
        assert all(call.at > counted for call in looked), "the filter's record is asked for after the metrics"


@pytest.mark.parametrize(
    ("route", "at", "names"),
    [
        (
            RouteScript(source=SourceScript(auth=AuthScript(), checks=False), rules=GUIDE_RULES),
            "ingress",
            "req_",
        ),
        (RouteScript(source=SourceScript(checks=False)), "ingress", "req_"),
        (RouteScript(source=SIGNED, rules=GUIDE_RULES, branch=BranchScript(filters=False)), "branch", "evt_"),
    ],
    ids=["any_signature", "any_method", "any_payload"],
)
def test_what_gets_through_fails_the_gate_and_is_named(
    route: RouteScript, at: str, names: str, folder: Path
) -> None:
    run, _ = tried(folder, route, expected=broken(at, "NEGATIVE_ACCEPTED"))

    assert run.exit_code == 1
    cause = run.connections[0]["cause"]
    assert names in cause["message"]
    assert stage(run, at)["evidence"]["negative_probe_id"] in cause["message"]
    assert stage(run, "delivery")["outcome"] == "blocked"
    assert "delivered: HTTP 200" in stage(run, "delivery")["message"]
    assert run.connections[0]["ids"]["attempt_ids"], "what the own probe had found stays"


def test_a_source_without_auth_must_refuse_a_method(folder: Path) -> None:
    run, (own, negative) = tried(folder, RouteScript())

    assert (own.method, negative.method) == ("POST", "PUT")
    assert stage(run, "ingress")["evidence"]["negative_cause"] == "SOURCE_METHOD_NOT_ALLOWED"
    assert "nothing to bite on at branch" in " ".join(run.connections[0]["warnings"])


def test_where_there_is_nothing_to_bite_on_the_report_says_so(folder: Path) -> None:
    run, probes = tried(folder, RouteScript(source=OPEN))

    assert len(probes) == 1
    said = " ".join(run.connections[0]["warnings"])
    assert "nothing to bite on at ingress of conn_orders" in said
    assert "nothing to bite on at branch of conn_orders" in said


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (
            RouteScript(source=SourceScript(auth=AuthScript(), request=RequestScript(first=1))),
            broken("ingress", "REQUEST_NOT_SEEN"),
        ),
        (
            RouteScript(source=OPEN, rules=GUIDE_RULES, branch=BranchScript(tells_ignored=None)),
            broken("branch", "BRANCH_NOT_SEEN"),
        ),
        (
            RouteScript(source=OPEN, rules=GUIDE_RULES, branch=BranchScript(tells_ignored="DEDUPLICATED")),
            broken("branch", "BRANCH_NOT_SEEN"),
        ),
    ],
    ids=["no_record_of_the_request", "no_record_of_the_branch", "ignored_for_another_reason"],
)
def test_neither_kept_out_nor_let_through_is_inconclusive(
    route: RouteScript, expected: Expected, folder: Path
) -> None:
    run, _ = tried(folder, route, expected=expected, timeout_s=SHORT_S)

    assert run.exit_code == 75


def test_a_route_that_does_not_pass_is_not_tried(folder: Path) -> None:
    route = RouteScript(source=SIGNED, rules=GUIDE_RULES, attempts=(FAILED,))

    run, probes = tried(folder, route, expected=broken("delivery", "DELIVERY_FAILED"))

    assert (run.exit_code, len(probes)) == (1, 1)


def test_connections_of_one_source_share_what_it_must_refuse(folder: Path) -> None:
    routes = [RouteScript(connection_id=f"conn_{n}", source=SIGNED, rules=GUIDE_RULES) for n in range(3)]

    run, probes = tried(folder, *routes)

    assert sorted(str(probe.rejection) for probe in probes) == ["None", "None", "SOURCE_AUTH_FAILED"]
    assert {stage(run, "branch", n)["evidence"]["negative_cause"] for n in range(3)} == {"FILTERED"}


def test_one_leaking_filter_among_tight_ones_fails_its_own_connection_alone(folder: Path) -> None:
    tight = RouteScript(connection_id="conn_tight", source=SIGNED, rules=GUIDE_RULES)
    leaking = RouteScript(
        connection_id="conn_leaking", source=SIGNED, rules=GUIDE_RULES, branch=BranchScript(filters=False)
    )
    with StandIn(tight, leaking) as standin:
        run = command(
            folder, standin, connections=["conn_tight", "conn_leaking"], args=(TEETH,), env=SECRET
        ).run()

    check_verdict(run, "conn_tight", PASS)
    check_verdict(run, "conn_leaking", broken("branch", "NEGATIVE_ACCEPTED"))


def test_workers_of_xdist_see_the_same(folder: Path) -> None:
    run, probes = tried(folder, GUARDED, args=("-n", "2"))
    assert (run.exit_code, len(probes)) == (0, 3)


def test_a_stage_that_was_deselected_leaves_no_pass_to_try(folder: Path) -> None:
    run, probes = tried(
        folder, GUARDED, args=("-k", "not metrics"), expected=broken("metrics", "STAGE_NOT_RUN")
    )
    assert (run.exit_code, len(probes)) == (75, 1)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--fasthook-plan",), "contradict each other"),
        (("--fasthook-mode=wait",), "a run in wait mode sends nothing"),
    ],
)
def test_where_nothing_may_be_sent_teeth_are_a_usage_error(
    args: Sequence[str], says: str, folder: Path
) -> None:
    with StandIn(GUARDED) as standin:
        run = command(folder, standin, args=(TEETH, *args), env=SECRET).run()

        assert (run.exit_code, says in run.output, standin.calls, standin.probes) == (4, True, [], [])


def test_a_resumed_run_is_tried_once_its_event_has_passed(folder: Path) -> None:
    route = RouteScript(source=SIGNED, rules=GUIDE_RULES, attempts=(AttemptScript(lag_s=4.0),))
    with StandIn(route) as standin:
        first = command(folder, standin, args=(TEETH,), env=SECRET, timeout_s=SHORT_S).run()
        assert (first.exit_code, len(standin.probes)) == (75, 1)

        saved = folder / "first.json"
        first.json_file.rename(saved)
        second = command(
            folder, standin, connections=(), args=(TEETH, f"--fasthook-resume={saved}"), env=SECRET
        ).run()

        assert second.exit_code == 0, second.output
        assert [probe.rejection for probe in standin.probes].count("SOURCE_AUTH_FAILED") == 1
        assert len(standin.probes) == 3


def test_a_run_that_is_interrupted_before_its_teeth_says_how_far_it_came(folder: Path) -> None:
    with StandIn(RouteScript(source=SourceScript(auth=AuthScript()), attempts=())) as standin:
        call = command(folder, standin, args=(TEETH,), env=SECRET)
        run = call.run_until(lambda: sum(seen.endpoint == "attempts" for seen in standin.calls) >= 2)

    (connection,) = run.connections
    assert (run.exit_code, connection["cause"]["stage"]) == (2, "delivery")
    assert connection["ids"]["request_id"] == standin.probes[0].request_id
    outcomes = {stage["stage"]: stage["outcome"] for stage in connection["stages"]}
    assert (outcomes["ingress"], outcomes["branch"]) == ("passed", "passed")


def test_a_run_that_is_interrupted_among_its_teeth_is_no_pass(folder: Path) -> None:
    """The negative request is never recorded, so the gate still waits for it when it is told to stop."""
    silent = SourceScript(auth=AuthScript(), request=RequestScript(first=1))
    with StandIn(RouteScript(source=silent)) as standin:
        call = command(folder, standin, args=(TEETH,), env=SECRET)
        run = call.run_until(lambda: len(standin.probes) >= 2)

    assert (run.exit_code, run.document["verdict"]) == (2, "inconclusive")
    assert run.connections[0]["cause"]["code"] == "STAGE_NOT_RUN"
    assert main(["judge", str(run.json_file)]) == 75


def test_a_replay_of_a_negative_probe_that_got_through_is_not_the_probe(folder: Path) -> None:
    """A replay skips what must refuse it; the probe itself was refused, or ignored."""
    again = ReplayScript(each=True)
    run, _ = tried(folder, replace(GUARDED, source=replace(SIGNED, replays=(again,))))
    assert run.exit_code == 0


def test_a_refused_replay_does_not_cover_a_negative_probe_that_got_through(folder: Path) -> None:
    """The twin: the source takes everything for verified."""
    refused = ReplayScript(each=True, rejection="SOURCE_AUTH_FAILED")
    source = replace(SIGNED, checks=False, replays=(refused,))
    run, _ = tried(folder, replace(GUARDED, source=source), expected=broken("ingress", "NEGATIVE_ACCEPTED"))
    assert run.exit_code == 1
