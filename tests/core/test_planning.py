"""What a plan shows: everything that would be sent and checked, and nothing secret."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from core_world import START, FakeClock, filtering, resolved, route_of

from pytest_fasthook.evidence.expect import ServerClock
from pytest_fasthook.gate.planning import BODY_SHOWN, plan_lines
from pytest_fasthook.probe.route import Route

SECRET = "s3cr3t-of-the-source"
HMAC = {"auth_type": "HMAC", "auth": {"signature_header": "x-signature"}}


def plan(folder: Path, route: Route, payload: str = "{}", **command: Any) -> str:
    (folder / "payload").write_text(payload)
    settings = resolved(
        folder,
        command={"payload": "payload", **{name.replace("_", "-"): value for name, value in command.items()}},
        env={"FASTHOOK_SOURCE_SECRET": SECRET},
    )
    clock = ServerClock(date=START, seen_at=0.0)
    return "\n".join(plan_lines(route, settings, clock, FakeClock()))


def test_a_plan_names_what_would_be_sent(tmp_path: Path) -> None:
    text = plan(tmp_path, route_of(config=HMAC), '{"a": 1}', header=["x-env: staging"])
    assert "plan for conn_orders:" in text
    assert "POST https://hook-abc123.test/" in text
    assert 'body     {"a": 1}' in text
    for name in ("content-type", "x-fasthook-probe", "x-env", "x-signature"):
        assert name in text
    assert "staging" not in text


def test_a_plan_names_checks_limits_and_the_budget(tmp_path: Path) -> None:
    rules = [
        {"type": "delay", "delay": 5000},
        {"type": "retry", "strategy": "linear", "interval": 30000, "count": 5},
    ]
    text = plan(tmp_path, route_of(rules=rules), advisory=["metrics"], max_latency="3s", timeout="60s")
    assert "preflight, ingress, branch, delivery, latest_input, metrics (advisory)" in text
    assert "latency at most 3 s" in text
    assert "65 s = 60 s time-out + 5 s delay rule" in text
    assert "5 by the rule (linear), 2 of them inside the time-out" in text


def test_a_plan_says_why_nothing_would_be_sent(tmp_path: Path) -> None:
    text = plan(tmp_path, filtering(body={"type": "paid"}), '{"type": "open"}')
    assert "send     nothing: the payload cannot pass the filter of conn_orders" in text


def test_a_plan_of_waiting_names_what_is_waited_for(tmp_path: Path) -> None:
    settings = resolved(tmp_path, command={"mode": "wait", "match": ["body.type=paid", "path=/orders"]})
    clock = ServerClock(date=START, seen_at=0.0)
    lines = plan_lines(route_of(), settings, clock, FakeClock())
    assert "  send     nothing; wait for body.type=paid and path=/orders" in lines
    anything = plan_lines(route_of(), resolved(tmp_path, command={"mode": "wait"}), clock, FakeClock())
    assert "  send     nothing; wait for any real request" in anything


def test_a_plan_names_expected_rules_and_the_expected_release(tmp_path: Path) -> None:
    settings = replace(resolved(tmp_path), expected_rules=({}, {}), expected_body={"version": "1.2"})
    text = "\n".join(plan_lines(route_of(), settings, ServerClock(date=START, seen_at=0.0), FakeClock()))
    assert "rules    must be the 2 of the rules file" in text
    assert "release  the answer's body must have version" in text


def test_a_plan_names_what_was_changed_in_the_payload(tmp_path: Path) -> None:
    rules = [{"type": "deduplicate", "window": 1000, "include_fields": ["body.id"]}]
    assert "note     fresh values for the deduplicate rule of conn_orders: body.id" in plan(
        tmp_path, route_of(rules=rules), '{"id": 1}'
    )


@pytest.mark.parametrize("before", [0, BODY_SHOWN - 30, BODY_SHOWN - 20, BODY_SHOWN - 12, BODY_SHOWN])
def test_no_cut_leaves_half_a_secret(before: int, tmp_path: Path) -> None:
    text = plan(tmp_path, route_of(), "x" * before + SECRET + "y" * 100)
    assert SECRET[:6] not in text


def test_a_plan_shows_the_one_probe_that_several_connections_share(tmp_path: Path) -> None:
    routes = (filtering("conn_a", body={"type": "a"}), filtering("conn_b", body={"shop": 7}))
    clock = ServerClock(date=START, seen_at=0.0)
    text = "\n".join(plan_lines(routes[0], resolved(tmp_path), clock, FakeClock(), sharing=routes))
    assert '"type":"a"' in text
    assert '"shop":7' in text
    assert "the same probe is for conn_b\n" in text
