"""Wait mode sends nothing: the first matching real request since the deploy start is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from expected import PASS, Expected, broken
from gate_checks import check_run, check_verdict
from gate_run import GateRun, command
from route_parts import SHORT_S

from standin import (
    ApiScript,
    AuthScript,
    ForeignTraffic,
    ReplayScript,
    ReplaySign,
    RouteScript,
    SourceScript,
    StandIn,
)

PAID = ForeignTraffic(
    at_s=-20, marked=False, body={"id": 1, "type": "invoice.paid", "lines": [{"sku": "a-1"}]}
)
VOID = ForeignTraffic(at_s=-10, marked=False, body={"id": 2, "type": "invoice.void"}, outcome="FAILED")
SOON = ForeignTraffic(at_s=0.5, since="look", marked=False, body={"id": 3, "type": "invoice.paid"})
WAIT = "--fasthook-mode=wait"
RECENT = "--fasthook-deploy-start=now-1m"
UNSENT = Expected(probes=range(1))


def judged(
    folder: Path,
    *traffic: ForeignTraffic,
    args: tuple[str, ...],
    expected: Expected,
    api: ApiScript | None = None,
    auth: AuthScript | None = None,
    replays: tuple[ReplayScript, ...] = (),
) -> GateRun:
    """Run the gate in wait mode beside this traffic, and check all but the exit code."""
    route = RouteScript(source=SourceScript(foreign=traffic, auth=auth, replays=replays))
    with StandIn(route, api=api) as standin:
        timeout_s = 20.0 if expected.codes != ("REQUEST_NOT_SEEN",) else SHORT_S
        run = command(folder, standin, args=(WAIT, *args), timeout_s=timeout_s).run()
        check_verdict(run, "conn_orders", expected)
        check_run(run, standin)
        assert standin.probes == []
    assert run.document["mode"] == "wait"
    return run


def test_a_real_request_since_the_deploy_is_followed_to_the_end(folder: Path) -> None:
    run = judged(folder, PAID, args=(RECENT,), expected=UNSENT)
    assert run.exit_code == 0
    assert run.connections[0]["ids"]["request_id"] == "req_foreign_orders_0_0"


def test_a_request_that_comes_while_waiting_counts(folder: Path) -> None:
    run = judged(folder, SOON, args=(), expected=UNSENT)
    assert run.exit_code == 0


def test_no_source_secret_is_needed(folder: Path) -> None:
    run = judged(folder, PAID, args=(RECENT,), expected=UNSENT, auth=AuthScript())
    assert run.exit_code == 0


@pytest.mark.parametrize("skew_s", [600.0, -600.0])
def test_a_wrong_clock_changes_nothing(skew_s: float, folder: Path) -> None:
    judged(folder, PAID, args=(RECENT,), expected=UNSENT, api=ApiScript(skew_s=skew_s))


def test_a_request_before_the_deploy_start_does_not_count(folder: Path) -> None:
    run = judged(folder, PAID, args=(), expected=broken("ingress", "REQUEST_NOT_SEEN", probes=0))
    assert run.exit_code == 75


def test_a_probe_of_another_gate_is_no_real_request(folder: Path) -> None:
    probe = replace(PAID, marked=True)
    run = judged(folder, probe, args=(RECENT,), expected=broken("ingress", "REQUEST_NOT_SEEN", probes=0))
    assert run.exit_code == 75


def test_without_traffic_the_run_is_inconclusive(folder: Path) -> None:
    run = judged(folder, args=(RECENT,), expected=broken("ingress", "REQUEST_NOT_SEEN", probes=0))
    assert run.exit_code == 75


def test_a_failed_delivery_of_a_real_request_is_a_failure(folder: Path) -> None:
    run = judged(folder, VOID, args=(RECENT,), expected=broken("delivery", "DELIVERY_FAILED", probes=0))
    assert run.exit_code == 1


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        (("body.type=invoice.paid",), UNSENT),
        (("body.type=invoice.paid", "body.id=1"), UNSENT),
        (("headers.content-type=application/json", "path=/", "body.id=1"), UNSENT),
        (("body.type=invoice.void",), broken("delivery", "DELIVERY_FAILED", probes=0)),
        (("body.type=invoice.paid", "body.id=2"), broken("ingress", "REQUEST_NOT_SEEN", probes=0)),
        (("headers.x-shop=7",), broken("ingress", "REQUEST_NOT_SEEN", probes=0)),
        (("query.env=staging",), broken("ingress", "REQUEST_NOT_SEEN", probes=0)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_only_a_matching_request_counts(matches: tuple[str, ...], expected: Expected, folder: Path) -> None:
    """The failed one is later, and in the metrics window: only matching decides which one is followed."""
    args = (RECENT, "--fasthook-max-failure-rate=1", *(f"--fasthook-match={match}" for match in matches))
    judged(folder, PAID, VOID, args=args, expected=expected)


def test_the_first_of_several_is_judged(folder: Path) -> None:
    later = replace(PAID, at_s=-5, outcome="FAILED")
    args = (RECENT, "--fasthook-max-failure-rate=1")
    run = judged(folder, PAID, later, args=args, expected=UNSENT)
    assert run.connections[0]["ids"]["request_id"] == "req_foreign_orders_0_0"


def test_a_first_one_behind_many_newer_ones_is_found(folder: Path) -> None:
    flood = ForeignTraffic(at_s=-10, count=250, marked=False)
    run = judged(folder, PAID, flood, args=(RECENT, "--fasthook-match=body.id=1"), expected=UNSENT)
    assert run.connections[0]["ids"]["request_id"] == "req_foreign_orders_0_0"


REPLAYS = [ReplayScript(at_s=15, sign=sign) for sign in get_args(ReplaySign)]


@pytest.mark.parametrize("replay", REPLAYS, ids=lambda replay: str(replay.sign))
def test_a_delivered_replay_of_a_real_request_makes_good_for_nothing(
    replay: ReplayScript, folder: Path
) -> None:
    failed = replace(PAID, outcome="FAILED")
    args = (RECENT, "--fasthook-max-failure-rate=0.9")
    expected = broken("delivery", "DELIVERY_FAILED", probes=0)
    run = judged(folder, failed, args=args, expected=expected, replays=(replay,))
    assert run.exit_code == 1
    assert run.connections[0]["ids"]["request_id"] == "req_foreign_orders_0_0"
    told = "a replay of it was delivered" in run.connections[0]["cause"]["message"]
    assert told == (
        replay.sign in {"parent", "all"}
    )  # without a parent it is not known what was played again


@pytest.mark.parametrize("replay", REPLAYS, ids=lambda replay: str(replay.sign))
def test_a_replay_since_the_deploy_of_an_older_request_is_no_real_request(
    replay: ReplayScript, folder: Path
) -> None:
    expected = broken("ingress", "REQUEST_NOT_SEEN", probes=0)
    args = ("--fasthook-deploy-start=now-10s",)
    assert judged(folder, PAID, args=args, expected=expected, replays=(replay,)).exit_code == 75


def test_in_send_mode_real_traffic_does_not_help(folder: Path) -> None:
    """The twin of all: the same traffic saves nobody who sends."""
    route = RouteScript(source=SourceScript(foreign=(PAID,)))
    with StandIn(route) as standin:
        run = command(folder, standin, args=(RECENT,)).run()
        check_verdict(run, "conn_orders", PASS)
        assert run.connections[0]["ids"]["request_id"] == standin.probes[0].request_id
