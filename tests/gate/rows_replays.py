"""Replays of the probe, records that are listed twice, and what else is counted in place of ours."""

from __future__ import annotations

from typing import Any, get_args

from expected import PASS, Row, broken
from route_parts import FAILED, SHORT_S, UNMARKED, UNRECORDED, foreign

from standin import (
    ApiScript,
    BranchScript,
    ForeignTraffic,
    MetricsScript,
    ReplayScript,
    ReplaySign,
    RouteScript,
    SourceScript,
)

REPLAYED = ReplayScript()
REPLAYED_EVENT = ReplayScript(of="event")
NINE_TENTHS = ("--fasthook-max-failure-rate=0.9",)
SIGNS: tuple[ReplaySign, ...] = get_args(ReplaySign)
REPEATS = ApiScript(repeats=True)
IGNORED = ForeignTraffic(at_s=0.002, outcome="CANCELLED")
NEW_FAILURES = ForeignTraffic(at_s=0.002, outcome="FAILED", count=10)


def replayed(*replays: ReplayScript, **facts: Any) -> RouteScript:
    """A route whose first request, or its event, is played again; ``source`` holds further facts of the source."""
    return RouteScript(source=SourceScript(replays=replays, **facts.pop("source", {})), **facts)


def sign_rows(sign: ReplaySign) -> list[Row]:
    """Each field alone tells a replay, of a request by its marker or beside its id, and of an event."""
    of_request, of_event = ReplayScript(sign=sign), ReplayScript(of="event", sign=sign)
    return [
        Row(
            name=f"replay_by_{sign}_delivered_ours_failed",
            route=replayed(of_request, attempts=(FAILED,), source={"ingress": UNMARKED}),
            args=NINE_TENTHS,
            expected=broken("delivery", "DELIVERY_FAILED"),
            says=("a replay of it was delivered",),
        ),
        Row(
            name=f"event_replay_by_{sign}_delivered_ours_failed",
            route=replayed(of_event, attempts=(FAILED,)),
            args=NINE_TENTHS,
            expected=broken("delivery", "DELIVERY_FAILED"),
            says=("a replay of it was delivered",),
        ),
        Row(
            name=f"replay_by_{sign}_alone_is_no_record",
            route=replayed(of_request, source={"request": UNRECORDED}),
            timeout_s=SHORT_S,
            expected=broken("ingress", "REQUEST_NOT_SEEN"),
            says=("only replays of it",),
        ),
    ]


REPLAYS = [
    *(row for sign in SIGNS for row in sign_rows(sign)),
    Row(
        name="replay_failed_ours_delivered",
        route=replayed(ReplayScript(outcome="FAILED"), source={"ingress": UNMARKED}),
        args=NINE_TENTHS,
        expected=PASS,
        twin="replay_by_all_delivered_ours_failed",
    ),
    Row(
        name="replay_failed_is_an_event_of_its_own",
        route=replayed(ReplayScript(outcome="FAILED")),
        expected=broken("metrics", "METRICS_FAILURES"),
    ),
    Row(
        name="event_replay_failed_ours_delivered",
        route=replayed(ReplayScript(of="event", outcome="FAILED")),
        args=NINE_TENTHS,
        expected=PASS,
        twin="event_replay_by_all_delivered_ours_failed",
    ),
    Row(
        name="replay_without_an_event_of_ours",
        route=replayed(REPLAYED, branch=BranchScript(kind="never")),
        timeout_s=SHORT_S,
        expected=broken("branch", "BRANCH_NOT_SEEN"),
    ),
    Row(
        name="event_replay_of_an_ignored_branch",
        route=replayed(REPLAYED_EVENT, branch=BranchScript(kind="ignored")),
        expected=broken("branch", "BRANCH_IGNORED"),
    ),
    Row(
        name="many_replays",
        route=replayed(*[REPLAYED] * 25, source={"ingress": UNMARKED}),
        expected=PASS,
        twin="many_replays_ours_failed",
    ),
    Row(
        name="many_replays_ours_failed",
        route=replayed(*[REPLAYED] * 25, attempts=(FAILED,), source={"ingress": UNMARKED}),
        args=("--fasthook-max-failure-rate=0.99",),
        expected=broken("delivery", "DELIVERY_FAILED"),
    ),
    Row(
        name="busy_source_with_an_event_replay",
        route=replayed(
            REPLAYED_EVENT,
            attempts=(FAILED,),
            source={"foreign": (ForeignTraffic(at_s=0.002, count=60),)},
        ),
        args=("--fasthook-max-failure-rate=0.99",),
        expected=broken("delivery", "DELIVERY_FAILED"),
    ),
]

TWICE = [
    Row(name="records_listed_twice", api=REPEATS, expected=PASS, twin="records_listed_twice_never_counted"),
    Row(
        name="records_listed_twice_never_counted",
        api=REPEATS,
        route=RouteScript(metrics=MetricsScript(counted=False)),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG"),
    ),
    Row(
        name="busy_source_listed_twice",
        api=REPEATS,
        route=foreign(ForeignTraffic(at_s=0.002, count=130)),
        expected=PASS,
        twin="records_listed_twice_never_counted",
    ),
    Row(
        name="a_second_event_delivered",
        route=RouteScript(branch=BranchScript(second="SUCCESSFUL")),
        expected=PASS,
        twin="a_second_event_failed",
        warns="2 events",
    ),
    Row(
        name="a_second_event_ignored",
        route=RouteScript(branch=BranchScript(second="CANCELLED")),
        api=ApiScript(lists_cancelled=True),
        expected=PASS,
        twin="a_second_event_failed",
    ),
    Row(
        name="a_second_event_failed",
        route=RouteScript(branch=BranchScript(second="FAILED")),
        args=NINE_TENTHS,
        expected=broken("delivery", "DELIVERY_FAILED"),
        says=("_second",),
    ),
    Row(
        name="a_second_event_held",
        route=RouteScript(branch=BranchScript(second="HOLD")),
        expected=broken("branch", "EVENT_HELD"),
    ),
    Row(
        name="a_second_event_not_finished",
        route=RouteScript(branch=BranchScript(second="QUEUED")),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
]

COUNTED = [
    Row(
        name="ignored_event_counted_in_place_of_ours",
        route=foreign(IGNORED, metrics=MetricsScript(counted=False, ignored=True)),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG"),
    ),
    Row(
        name="ignored_events_counted_beside_ours",
        route=foreign(IGNORED, metrics=MetricsScript(ignored=True)),
        expected=PASS,
        twin="ignored_event_counted_in_place_of_ours",
    ),
    Row(
        name="ignored_events_listed_and_not_counted",
        route=foreign(IGNORED),
        api=ApiScript(lists_cancelled=True),
        expected=PASS,
        twin="busy_source_ours_never_counted",
    ),
    Row(
        name="failures_diluted_by_ignored_events",
        route=foreign(
            NEW_FAILURES,
            ForeignTraffic(at_s=0.002, outcome="CANCELLED", count=90),
            ForeignTraffic(at_s=0.002, outcome="QUEUED", count=90),
            metrics=MetricsScript(ignored=True),
        ),
        args=("--fasthook-max-failure-rate=0.8",),
        expected=broken("metrics", "METRICS_FAILURES"),
        says=("10 of 11",),
    ),
    Row(
        name="waiting_events_beside_ours",
        route=foreign(ForeignTraffic(at_s=0.002, outcome="QUEUED", count=3)),
        expected=PASS,
        twin="busy_source_ours_never_counted",
    ),
]

REPLAY_ROWS = [*REPLAYS, *TWICE, *COUNTED]
