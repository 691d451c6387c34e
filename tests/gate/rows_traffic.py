"""Busy sources, wrong clocks and an API with hiccups; each pass beside a twin that must not pass."""

from __future__ import annotations

from dataclasses import replace

from expected import PASS, Row, broken
from route_parts import FAILED, SHORT_S, UNMARKED, UNRECORDED, foreign, source

from standin import (
    ApiScript,
    AttemptScript,
    Fault,
    ForeignTraffic,
    MetricsScript,
    RouteScript,
)

BUSY = ForeignTraffic(at_s=0.001, count=250)
OLD_FAILURES = ForeignTraffic(at_s=-60, count=3, outcome="FAILED")
NEW_FAILURES = ForeignTraffic(at_s=0.001, count=3, outcome="FAILED")

TRAFFIC = [
    Row(
        name="busy_source",
        route=foreign(BUSY, source={"ingress": UNMARKED}),
        expected=PASS,
        twin="busy_source_ours_unrecorded",
    ),
    Row(
        name="busy_source_ours_unrecorded",
        route=foreign(BUSY, source={"ingress": UNMARKED, "request": UNRECORDED}),
        timeout_s=SHORT_S,
        expected=broken("ingress", "REQUEST_NOT_SEEN"),
    ),
    Row(
        name="busy_source_ours_never_counted",
        route=foreign(replace(BUSY, count=5), metrics=MetricsScript(counted=False)),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG"),
    ),
    Row(
        name="busy_source_ours_fails",
        route=foreign(replace(BUSY, count=5), attempts=(FAILED,)),
        expected=broken("delivery", "DELIVERY_FAILED"),
    ),
    Row(
        name="failures_before_the_deploy",
        route=foreign(OLD_FAILURES),
        expected=PASS,
        twin="failures_in_the_window",
    ),
    Row(
        name="failures_in_the_window",
        route=foreign(NEW_FAILURES),
        expected=broken("metrics", "METRICS_FAILURES"),
        says=("3",),
    ),
    Row(
        name="failures_since_the_deploy_start",
        route=foreign(OLD_FAILURES),
        args=("--fasthook-deploy-start=now-15m",),
        expected=broken("metrics", "METRICS_FAILURES"),
    ),
    Row(
        name="failures_within_the_limit",
        route=foreign(NEW_FAILURES),
        args=("--fasthook-max-failure-rate=0.8",),
        expected=PASS,
        twin="failures_above_the_limit",
    ),
    Row(
        name="failures_above_the_limit",
        route=foreign(NEW_FAILURES),
        args=("--fasthook-max-failure-rate=0.7",),
        expected=broken("metrics", "METRICS_FAILURES"),
    ),
    Row(
        name="partial_lists_first",
        route=source(ingress=UNMARKED),
        api=ApiScript(partial_calls=2),
        expected=PASS,
        twin="custom_response_unrecorded",
    ),
]


RETRIED = (replace(FAILED, next_in_s=0.6), AttemptScript(lag_s=0.6))


def clock_rows(word: str, skew_s: float) -> list[Row]:
    """What a wrong clock must not change, for a service ahead of (or behind) the machine of the gate."""
    api = ApiScript(skew_s=skew_s)
    return [
        Row(
            name=f"clock_{word}",
            api=api,
            route=foreign(OLD_FAILURES),
            expected=PASS,
            twin=f"clock_{word}_failures_in_the_window",
        ),
        Row(
            name=f"clock_{word}_failures_in_the_window",
            api=api,
            route=foreign(NEW_FAILURES),
            expected=broken("metrics", "METRICS_FAILURES"),
        ),
        Row(
            name=f"clock_{word}_deploy_after_the_failures",
            api=api,
            route=foreign(OLD_FAILURES),
            args=("--fasthook-deploy-start=now-30s",),
            expected=PASS,
            twin=f"clock_{word}_deploy_before_the_failures",
        ),
        Row(
            name=f"clock_{word}_deploy_before_the_failures",
            api=api,
            route=foreign(OLD_FAILURES),
            args=("--fasthook-deploy-start=now-15m",),
            expected=broken("metrics", "METRICS_FAILURES"),
        ),
        Row(
            name=f"clock_{word}_retried",
            api=api,
            route=RouteScript(attempts=RETRIED),
            expected=PASS,
            twin=f"clock_{word}_retry_far",
        ),
        Row(
            name=f"clock_{word}_retry_far",
            api=api,
            route=RouteScript(attempts=(replace(FAILED, next_in_s=600),)),
            expected=broken("delivery", "DELIVERY_FAILED"),
        ),
        Row(
            name=f"clock_{word}_fast_enough",
            api=api,
            args=("--fasthook-max-latency=30s",),
            expected=PASS,
            twin=f"clock_{word}_too_slow",
        ),
        Row(
            name=f"clock_{word}_too_slow",
            api=api,
            route=RouteScript(attempts=(AttemptScript(lag_s=1.0),)),
            args=("--fasthook-max-latency=200ms",),
            expected=broken("delivery", "DELIVERY_SLOW"),
        ),
        Row(
            name=f"clock_{word}_custom_response",
            api=api,
            route=source(ingress=UNMARKED),
            expected=PASS,
            twin=f"clock_{word}_too_slow",
        ),
    ]


CLOCKS = [*clock_rows("ahead", 600.0), *clock_rows("behind", -600.0)]

TRANSIENT = [
    Row(
        name="two_503_first",
        api=ApiScript(faults=(Fault(times=2),)),
        expected=PASS,
        twin="503_for_ever",
    ),
    Row(
        name="every_third_call_503",
        api=ApiScript(faults=(Fault(every=3),)),
        expected=PASS,
        twin="503_for_ever",
    ),
    Row(
        name="every_third_call_reset",
        api=ApiScript(faults=(Fault(kind="reset", every=3),)),
        expected=PASS,
        twin="503_for_ever",
    ),
    Row(
        name="rate_limited_once",
        api=ApiScript(faults=(Fault(status=429, retry_after=1, times=1, after_probe=True),)),
        expected=PASS,
        twin="503_for_ever",
    ),
    Row(
        name="503_for_ever",
        api=ApiScript(faults=(Fault(),)),
        timeout_s=4.0,
        expected=broken("preflight", "API_UNREACHABLE", probes=0),
    ),
]

TRAFFIC_ROWS = [*TRAFFIC, *CLOCKS, *TRANSIENT]
