"""What becomes of a request in the stand-in: rules, branches, attempts."""

from __future__ import annotations

from typing import Any

import pytest
from asking import ask, send, sent_id
from until import until

from standin import ApiScript, AttemptScript, BranchScript, RouteScript, StandIn

GUIDE_RULES: tuple[dict[str, Any], ...] = (
    {"type": "deduplicate", "window": 300000, "include_fields": ["body.id"]},
    {"type": "filter", "body": {"type": "invoice.paid"}},
)


@pytest.mark.parametrize(
    ("bodies", "cause"),
    [
        ([{"id": 1, "type": "invoice.paid"}], None),
        ([{"id": 1, "type": "invoice.void"}], "FILTERED"),
        ([{"id": 1, "type": "invoice.paid"}, {"id": 1, "type": "invoice.paid"}], "DEDUPLICATED"),
        ([{"id": 1, "type": "invoice.paid"}, {"id": 2, "type": "invoice.paid"}], None),
    ],
)
def test_rules_are_applied_for_real(bodies: list[dict[str, Any]], cause: str | None) -> None:
    with StandIn(RouteScript(rules=GUIDE_RULES)) as standin:
        last = [sent_id(send(standin, body)) for body in bodies][-1]
        ignored = ask(standin, f"/requests/{last}/ignored_events").json["models"]
        events = ask(standin, f"/requests/{last}/events").json["models"]
        cancelled = ask(standin, f"/requests/{last}/events", {"status": "CANCELLED"}).json["models"]
    assert [record["cause"] for record in ignored] == ([cause] if cause else [])
    assert (len(events), len(cancelled)) == ((0, 1) if cause else (1, 0))


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ({"headers": {"x-topic": {"$in": ["a", "b"]}}}, True),
        ({"headers": {"x-topic": {"$in": ["b"]}}}, False),
        ({"headers": {"x-nothing": {"exists": False}}}, True),
        ({"headers": {"x-nothing": {"$exists": True}}}, False),
        ({"body": {"data": {"total": {"gte": 100}}}}, True),
        ({"body": {"data": {"total": {"gte": 101}}}}, False),
        ({"body": {"data": {"tags": {"$contains": "x"}}}, "path": "/"}, True),
        ({"body": {"data": {"tags": {"$contains": "y"}}}}, False),
        ({"path": "/orders"}, False),
    ],
)
def test_filter_operators(condition: dict[str, Any], *, matches: bool) -> None:
    body = {"data": {"total": 100, "tags": ["x"]}}
    with StandIn(RouteScript(rules=({"type": "filter", **condition},))) as standin:
        send(standin, body, headers={"x-topic": "a"})
        assert bool(ask(standin, "/events").json["models"]) is matches


@pytest.mark.parametrize(
    ("branch", "statuses", "causes"),
    [
        (BranchScript(kind="never"), [], []),
        (BranchScript(kind="ignored", cause="TRANSFORMATION_FAILED"), [], ["TRANSFORMATION_FAILED"]),
        (BranchScript(status="HOLD"), ["HOLD"], []),
        (BranchScript(status="WEIRD"), ["WEIRD"], []),
    ],
)
def test_branches(branch: BranchScript, statuses: list[str], causes: list[str]) -> None:
    with StandIn(RouteScript(branch=branch)) as standin:
        request_id = sent_id(send(standin))
        events = ask(standin, "/events").json["models"]
        ignored = ask(standin, f"/requests/{request_id}/ignored_events").json["models"]
    assert [event["status"] for event in events] == statuses
    assert [record["cause"] for record in ignored] == causes


def test_a_failed_attempt_with_a_retry_to_come_is_not_the_end() -> None:
    attempts = (
        AttemptScript(status="FAILED", response_status=503, next_in_s=0.2),
        AttemptScript(lag_s=0.2),
    )
    with StandIn(RouteScript(attempts=attempts)) as standin:
        send(standin)
        (event,) = ask(standin, "/events").json["models"]
        assert (event["status"], event["response_status"]) == ("QUEUED", 503)
        assert event["next_attempt_at"] is not None
        until(lambda: ask(standin, "/events").json["models"][0]["status"] == "SUCCESSFUL")
        newest, oldest = ask(standin, "/attempts", {"event_id": event["id"]}).json["models"]
    assert (newest["attempt_number"], oldest["attempt_number"]) == (2, 1)


def test_a_delivery_without_an_answer_has_an_error_code() -> None:
    attempts = (AttemptScript(status="FAILED", response_status=None, error_code="TIMEOUT"),)
    with StandIn(RouteScript(attempts=attempts)) as standin:
        send(standin)
        (event,) = ask(standin, "/events").json["models"]
        (attempt,) = ask(standin, "/attempts", {"event_id": event["id"]}).json["models"]
    assert (event["status"], event["error_code"], event["next_attempt_at"]) == ("FAILED", "TIMEOUT", None)
    assert (attempt["response_status"], attempt["error_code"]) == (None, "TIMEOUT")


def test_ignored_branches_may_be_listed_among_the_events() -> None:
    for lists_cancelled, statuses in ((True, ["CANCELLED"]), (False, [])):
        api = ApiScript(lists_cancelled=lists_cancelled)
        with StandIn(RouteScript(branch=BranchScript(kind="ignored")), api=api) as standin:
            send(standin)
            events = ask(standin, "/events").json["models"]
        assert [event["status"] for event in events] == statuses
