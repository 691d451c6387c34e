"""The order in which things become visible, on a clock that stands still until it is set."""

from __future__ import annotations

import pytest
from standin.answers import Ask, Incoming
from standin.api import Api
from standin.ingress import answer_probe
from standin.world import World

from standin import (
    ApiScript,
    AttemptScript,
    BranchScript,
    LatestInputScript,
    MetricsScript,
    RequestScript,
    RouteScript,
    SourceScript,
)

ROUTE = RouteScript(
    source=SourceScript(request=RequestScript(lag_s=1)),
    branch=BranchScript(lag_s=2),
    attempts=(AttemptScript(lag_s=4),),
    latest_input=LatestInputScript(lag_s=8),
    metrics=MetricsScript(lag_s=16),
)
START = 1_790_000_000.0


def seen_at(after_s: float) -> set[str]:
    """Which hops can be seen so many seconds after the probe."""
    clock = [START]
    world = World((ROUTE,), api=ApiScript(), clock=lambda: clock[0])
    answer_probe(world, ROUTE.source, Incoming(method="POST", path="/", query={}, headers={}))
    clock[0] += after_s
    api = Api(world=world, source_url=str)
    query = {"measures": ["count"], "connection_id": ["conn_orders"]}
    ask = Ask(endpoint="any", ids=("conn_orders",), query=query, now=clock[0])
    events = api.events(ask)["models"]
    found = {
        "request": bool(api.requests(ask)["models"]),
        "event": bool(events),
        "attempt": any(event["attempts"] for event in events),
        "latest_input": api.latest_input(ask)["latest_input"]["request_id"] != "req_older",
        "metrics": any(point["count"] for point in api.metrics(ask)["series"]),
    }
    return {name for name, visible in found.items() if visible}


@pytest.mark.parametrize(
    ("after_s", "seen"),
    [
        (0.9, set()),
        (1.1, {"request"}),
        (2.9, {"request"}),
        (3.1, {"request", "event"}),
        (6.9, {"request", "event"}),
        (7.1, {"request", "event", "attempt"}),
        (10.9, {"request", "event", "attempt"}),
        (11.1, {"request", "event", "attempt", "latest_input"}),
        (22.9, {"request", "event", "attempt", "latest_input"}),
        (23.1, {"request", "event", "attempt", "latest_input", "metrics"}),
    ],
)
def test_each_hop_becomes_visible_at_its_moment(after_s: float, seen: set[str]) -> None:
    assert seen_at(after_s) == seen
