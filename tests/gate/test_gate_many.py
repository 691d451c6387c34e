"""Several connections in one run: at once, with as few probes as can be, and the worst verdict wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from expected import PASS, Expected, broken
from gate_checks import check_run, check_verdict
from gate_run import GateRun, command
from route_parts import FAILED, SHORT_S, UNRECORDED
from standin.moments import iso

from standin import (
    ApiScript,
    AttemptScript,
    BranchScript,
    Fault,
    IngressScript,
    ReplayScript,
    RequestScript,
    RouteScript,
    SourceScript,
    StandIn,
)

PAIR = ("conn_a", "conn_b")
FILTER_PAID = {"type": "filter", "body": {"type": "invoice.paid"}}
FILTER_VOID = {"type": "filter", "body": {"type": "invoice.void"}}
REFUSED = RouteScript(source=SourceScript(ingress=IngressScript(behaviour="refused")))
UNSEEN = RouteScript(source=SourceScript(request=UNRECORDED))


def apart(*routes: RouteScript) -> list[RouteScript]:
    """Give each route its own name and its own source: conn_a on src_a, and so on."""
    return [
        replace(route, connection_id=f"conn_{letter}", source=replace(route.source, id=f"src_{letter}"))
        for letter, route in zip("abc", routes, strict=False)
    ]


def together(*routes: RouteScript) -> list[RouteScript]:
    """Give each route its own name on one common source."""
    return [
        replace(route, connection_id=f"conn_{letter}") for letter, route in zip("abc", routes, strict=False)
    ]


def test_three_routes_are_judged_at_once(folder: Path) -> None:
    """No record shows before all three probes are in: one after the other, none would ever pass."""
    waiting = RouteScript(source=SourceScript(request=RequestScript(after_probes=3)))
    with StandIn(*apart(waiting, waiting, waiting)) as standin:
        run = command(folder, standin, connections=("conn_a,conn_b", "conn_c")).run()
        check_run(run, standin)
    assert (run.exit_code, len(run.connections), len(standin.probes)) == (0, 3, 3)


def judged_s(run: GateRun) -> float:
    """How long a run took by its own report, without the start of the process."""
    started, finished = (datetime.fromisoformat(run.document[name]) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()


def test_three_routes_take_about_as_long_as_one(folder: Path) -> None:
    """Each is slow by itself, so that waiting for one is the time to ask for the others."""
    slow = RouteScript(
        source=SourceScript(request=RequestScript(lag_s=1.0)), attempts=(AttemptScript(lag_s=1.0),)
    )
    with StandIn(*apart(slow)) as standin:
        one = command(folder, standin, connections=("conn_a",)).run()
    with StandIn(*apart(slow, slow, slow)) as standin:
        three = command(folder, standin, connections=("conn_a,conn_b,conn_c",)).run()
    assert (one.exit_code, three.exit_code) == (0, 0)
    assert judged_s(three) < 1.5 * judged_s(one)


def test_routes_that_wait_for_a_probe_too_many_do_not_pass(folder: Path) -> None:
    waiting = RouteScript(source=SourceScript(request=RequestScript(after_probes=4)))
    with StandIn(*apart(waiting, waiting, waiting)) as standin:
        run = command(folder, standin, connections=("conn_a,conn_b,conn_c",), timeout_s=SHORT_S).run()
        check_run(run, standin)
    assert (run.exit_code, len(standin.probes)) == (75, 3)


def test_connections_of_one_source_share_one_probe(folder: Path) -> None:
    with StandIn(*together(RouteScript(), RouteScript())) as standin:
        run = command(folder, standin, connections=PAIR).run()
        check_run(run, standin)
    assert (run.exit_code, len(standin.probes)) == (0, 1)
    assert len({connection["ids"]["request_id"] for connection in run.connections}) == 1
    assert len({connection["ids"]["event_id"] for connection in run.connections}) == 2


def test_one_payload_serves_filters_that_it_can_satisfy_together(folder: Path) -> None:
    other = {"type": "filter", "body": {"amount": {"$gte": 10}}}
    with StandIn(*together(RouteScript(rules=(FILTER_PAID,)), RouteScript(rules=(other,)))) as standin:
        run = command(folder, standin, connections=PAIR).run()
        check_run(run, standin)
    assert (run.exit_code, len(standin.probes)) == (0, 1)


def test_filters_that_exclude_each_other_take_two_probes(folder: Path) -> None:
    """Within one millisecond nobody could tell whose input is the newest of their common source."""
    routes = together(RouteScript(rules=(FILTER_PAID,)), RouteScript(rules=(FILTER_VOID,)))
    with StandIn(*routes) as standin:
        run = command(folder, standin, connections=PAIR).run()
        check_run(run, standin)
    assert (run.exit_code, len(standin.probes)) == (0, 2)
    assert len({iso(probe.at) for probe in standin.probes}) == 2


def test_the_event_of_a_sibling_is_not_ours(folder: Path) -> None:
    routes = together(RouteScript(branch=BranchScript(kind="never")), RouteScript())
    with StandIn(*routes) as standin:
        run = command(folder, standin, connections=("conn_a",), timeout_s=SHORT_S).run()
        check_run(run, standin)
        check_verdict(run, "conn_a", broken("branch", "BRANCH_NOT_SEEN"))
    assert run.exit_code == 75


def test_a_sibling_with_an_event_passes_where_ours_does_not(folder: Path) -> None:
    routes = together(RouteScript(branch=BranchScript(kind="never")), RouteScript())
    with StandIn(*routes) as standin:
        run = command(folder, standin, connections=PAIR, timeout_s=SHORT_S).run()
        check_run(run, standin)
        check_verdict(run, "conn_a", broken("branch", "BRANCH_NOT_SEEN"))
        check_verdict(run, "conn_b", PASS)
    assert (run.exit_code, len(standin.probes)) == (75, 1)


@pytest.mark.parametrize(
    ("routes", "verdicts", "exit_code"),
    [
        (
            (RouteScript(), RouteScript(attempts=(FAILED,))),
            (PASS, broken("delivery", "DELIVERY_FAILED")),
            1,
        ),
        (
            (UNSEEN, REFUSED),
            (broken("ingress", "REQUEST_NOT_SEEN"), broken("ingress", "INGRESS_UNREACHABLE")),
            69,
        ),
        (
            (REFUSED, RouteScript(team_id="tm_other")),
            (broken("ingress", "INGRESS_UNREACHABLE"), broken("preflight", "WRONG_TEAM")),
            77,
        ),
        (
            (RouteScript(paused=True), RouteScript(team_id="tm_other")),
            (broken("preflight", "CONNECTION_PAUSED"), broken("preflight", "WRONG_TEAM")),
            1,
        ),
    ],
    ids=["fail_over_pass", "error_over_inconclusive", "77_over_69", "fail_over_error"],
)
def test_the_worst_verdict_decides(
    routes: tuple[RouteScript, ...], verdicts: tuple[Expected, ...], exit_code: int, folder: Path
) -> None:
    with StandIn(*apart(*routes)) as standin:
        run = command(folder, standin, connections=PAIR, timeout_s=4.0).run()
        check_run(run, standin)
    for connection_id, expected in zip(PAIR, verdicts, strict=True):
        check_verdict(run, connection_id, expected)
    assert run.exit_code == exit_code


@pytest.mark.parametrize("routes", [apart, together], ids=["two_sources", "one_source"])
def test_under_xdist_each_source_gets_one_probe(routes: object, folder: Path) -> None:
    make = apart if routes is apart else together
    with StandIn(*make(RouteScript(), RouteScript())) as standin:
        run = command(folder, standin, connections=PAIR, args=("-n", "2")).run()
        check_run(run, standin)
    assert run.exit_code == 0
    assert sorted(probe.source.id for probe in standin.probes) == sorted(
        {route.source.id for route in standin.world.routes}
    )


def test_under_xdist_a_broken_route_is_still_told_from_a_good_one(folder: Path) -> None:
    with StandIn(*apart(RouteScript(), RouteScript(attempts=(FAILED,)))) as standin:
        run = command(folder, standin, connections=PAIR, args=("-n", "2")).run()
        check_run(run, standin)
        check_verdict(run, "conn_a", PASS)
        check_verdict(run, "conn_b", broken("delivery", "DELIVERY_FAILED"))
    assert (run.exit_code, len(standin.probes)) == (1, 2)


def test_an_unknown_id_beside_a_good_one_sinks_the_run(folder: Path) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, connections=("conn_orders", "conn_typo")).run()
        check_run(run, standin)
        check_verdict(run, "conn_orders", PASS)
        check_verdict(run, "conn_typo", broken("preflight", "CONNECTION_NOT_FOUND"))
    assert (run.exit_code, len(standin.probes)) == (77, 1)


def test_the_same_id_twice_is_one_connection(folder: Path) -> None:
    with StandIn(RouteScript()) as standin:
        run = command(folder, standin, connections=("conn_orders", "conn_orders")).run()
        check_run(run, standin)
    assert (run.exit_code, len(run.connections), len(standin.probes)) == (0, 1, 1)


def test_an_api_that_hangs_does_not_hold_every_route_in_turn(folder: Path) -> None:
    """Three hanging routes end within the limit of one."""
    api = ApiScript(faults=(Fault(kind="hang"),))
    with StandIn(*apart(RouteScript(), RouteScript(), RouteScript()), api=api) as standin:
        run = command(folder, standin, connections=("conn_a,conn_b,conn_c",), timeout_s=3.0).run()
        check_run(run, standin)
    assert run.exit_code == 69


def test_hardly_any_time_is_never_a_fail(folder: Path) -> None:
    """Too short a budget leaves evidence missing; it contradicts nothing."""
    with StandIn(RouteScript(branch=BranchScript(lag_s=5.0))) as standin:
        run = command(folder, standin, timeout_s=0.05).run()
        check_run(run, standin)
    assert run.connections[0]["verdict"] in {"inconclusive", "error"}
    assert len(standin.probes) <= 1


def test_replays_are_told_apart_where_many_connections_are_looked_at_together(folder: Path) -> None:
    """Those whose events failed are not saved by a delivered replay; the others are not sunk by a failed one."""
    saved = ReplayScript(), ReplayScript(of="event")
    sunk = ReplayScript(outcome="FAILED"), ReplayScript(of="event", outcome="FAILED")
    routes = [
        RouteScript(
            connection_id=f"conn_{number}",
            source=SourceScript(
                id=f"src_{number}", replays=saved if number % 2 else sunk, ingress=IngressScript(body="{}")
            ),
            attempts=(FAILED,) if number % 2 else (AttemptScript(),),
        )
        for number in range(8)
    ]
    with StandIn(*routes) as standin:
        names = [route.connection_id for route in routes]
        run = command(folder, standin, connections=names, args=("--fasthook-max-failure-rate=0.9",)).run()
        for number, name in enumerate(names):
            failed = broken("delivery", "DELIVERY_FAILED")
            check_verdict(run, name, failed if number % 2 else PASS)
            probe = next(one for one in standin.probes if one.source.id == f"src_{number}")
            assert run.connection(name)["ids"]["request_id"] == probe.request_id
