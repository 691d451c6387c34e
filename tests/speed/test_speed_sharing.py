"""Many connections in one run: few calls, and each verdict as if it had been alone."""

from __future__ import annotations

from typing import Any

import pytest
from paced_fasthook import NEVER, Lags, PacedRoute
from virtual_gate import VirtualRun

PASS = ["passed"] * 6
LAGS = Lags.adding_up_to(5.0)


def routes(count: int, lags: Lags = LAGS, **facts: Any) -> list[PacedRoute]:
    """Routes of sources of their own."""
    return [
        PacedRoute(connection_id=f"conn_{n:03d}", source_id=f"src_{n:03d}", lags=lags, **facts)
        for n in range(count)
    ]


def one(**facts: Any) -> PacedRoute:
    """The odd one out, to be put among others."""
    return PacedRoute(**{"connection_id": "conn_odd", "source_id": "src_odd", "lags": LAGS, **facts})


def all_but_the_odd_one_pass(run: VirtualRun) -> bool:
    return all(run.outcomes(name) == PASS for name in run.fasthook.routes if name != "conn_odd")


def test_many_routes_cost_a_fraction_of_as_many_runs() -> None:
    alone = VirtualRun(routes(1)).run()
    many = VirtualRun(routes(100), per_minute=6000).run()
    assert all_but_the_odd_one_pass(many)
    assert many.calls < 4 * 100 < 0.2 * 100 * alone.calls


def test_many_routes_take_as_long_as_one() -> None:
    alone = VirtualRun(routes(1)).run()
    many = VirtualRun(routes(100), per_minute=6000).run()
    assert many.clock.time < 1.1 * alone.clock.time


def test_one_more_connection_costs_about_two_calls() -> None:
    """Its latest input and its metrics; all else is asked for along with the others."""
    some, more = (VirtualRun(routes(count), per_minute=6000).run() for count in (100, 200))
    assert (more.calls - some.calls) / 100 < 3.0


def test_routes_of_one_source_are_read_with_one_look_at_its_requests() -> None:
    together = [PacedRoute(connection_id=f"conn_{n}", source_id="src_all", lags=LAGS) for n in range(20)]
    run = VirtualRun(together).run()
    alone = VirtualRun(routes(1)).run()
    assert all_but_the_odd_one_pass(run)
    assert run.fasthook.probes == 1
    assert run.fasthook.calls["requests"] <= alone.fasthook.calls["requests"]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="as_documented"),
        pytest.param({"splits_lists": False}, id="no_lists_of_ids"),
        pytest.param({"longest_list": 3}, id="only_short_lists_of_ids"),
        pytest.param({"lists_cancelled": False}, id="ignored_branches_not_among_events"),
        pytest.param({"refuses": frozenset({"connections"})}, id="no_list_of_connections"),
    ],
)
@pytest.mark.parametrize(
    ("odd", "verdict"),
    [
        pytest.param(one(), PASS, id="pass"),
        pytest.param(one(ignored=True), ["passed", "passed", "BRANCH_IGNORED"], id="ignored"),
        pytest.param(one(delivered=False), ["passed"] * 3 + ["DELIVERY_FAILED"], id="failed"),
        pytest.param(one(lags=Lags(request=NEVER)), ["passed", "REQUEST_NOT_SEEN"], id="no_request"),
        pytest.param(one(lags=Lags(event=NEVER)), ["passed", "passed", "BRANCH_NOT_SEEN"], id="no_event"),
        pytest.param(one(lags=Lags(delivery=NEVER)), ["passed"] * 3 + ["DELIVERY_PENDING"], id="pending"),
        pytest.param(one(lags=Lags(latest_input=NEVER)), ["passed"] * 4 + ["LATEST_INPUT_STALE"], id="stale"),
        pytest.param(one(lags=Lags(metrics=NEVER)), ["passed"] * 5 + ["METRICS_LAG"], id="uncounted"),
    ],
)
def test_the_odd_one_out_is_told_from_the_others(
    odd: PacedRoute, verdict: list[str], facts: dict[str, Any]
) -> None:
    """Whatever the API makes of questions for many: what is shared is no weaker than what is asked alone."""
    run = VirtualRun([*routes(10), odd, *routes(20)[10:]], per_minute=600, timeout_s=60.0, facts=facts).run()
    assert run.outcomes("conn_odd")[: len(verdict)] == verdict
    assert all_but_the_odd_one_pass(run)


def test_routes_that_are_all_broken_are_all_found_broken() -> None:
    run = VirtualRun(routes(30, ignored=True), per_minute=600).run()
    assert {run.outcomes(name)[2] for name in run.fasthook.routes} == {"BRANCH_IGNORED"}


def test_lists_of_ids_that_are_not_understood_are_given_up() -> None:
    run = VirtualRun(routes(20), per_minute=6000, facts={"splits_lists": False}).run()
    asked = [asked for _, name, asked in run.fasthook.asked if name == "events" and "to" not in asked]
    lists = [one for one in asked if "," in one["connection_id"]]
    assert all_but_the_odd_one_pass(run)
    assert "," in asked[0]["connection_id"] or "," in asked[1]["connection_id"]
    assert len(lists) < len(asked) / 10


def test_other_peoples_traffic_changes_nothing() -> None:
    """Longer lists than one look goes through: what a shared look cannot see to the end is asked alone."""
    run = VirtualRun([*routes(20, older=150), one(ignored=True, older=150)], per_minute=6000).run()
    assert all_but_the_odd_one_pass(run)
    assert run.outcomes("conn_odd")[2] == "BRANCH_IGNORED"


@pytest.mark.parametrize("hop", ["request", "event", "delivery", "latest_input", "metrics"])
def test_every_route_gets_its_last_look_at_the_deadline(hop: str) -> None:
    """Far more of them than looks that the budget could pay for at any moment before."""
    lags = Lags(**{hop: NEVER})
    run = VirtualRun(routes(90, lags), timeout_s=120.0).run()
    causes = {outcome for name in run.fasthook.routes for outcome in run.outcomes(name)}
    assert "API_RATE_LIMITED" not in causes
    assert run.clock.time < 120.0 + 3.0
