"""Odd but truthful services and deceptive ones: what FastHook leaves open, the gate must bear or see through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from expected import PASS, Row, broken
from route_parts import FAILED, SHORT_S, UNMARKED, UNRECORDED, foreign, source

from standin import (
    ApiScript,
    AttemptScript,
    BranchScript,
    Fault,
    ForeignTraffic,
    IngressScript,
    MetricsScript,
    RequestScript,
    RouteScript,
)

STEADY = ForeignTraffic(at_s=0.0, count=600, every_s=0.05, counted_after_s=0.5)
OLD_SUCCESS = ForeignTraffic(at_s=-20)
OLD_FAILURE = ForeignTraffic(at_s=-20, outcome="FAILED")
ONE_MORE = ForeignTraffic(at_s=0.001)
FOREIGN_ID = '{"ok": true, "request_id": "req_foreign_orders_0_0"}'


def endpoint(name: Any, **facts: Any) -> ApiScript:
    """An API that misbehaves at one endpoint."""
    return ApiScript(faults=(Fault(endpoint=name, **facts),))


def delayed(lag_s: float, *, delay_ms: int) -> RouteScript:
    """A route that delivers after a while, and a delay rule that explains so much of it."""
    rules = ({"type": "delay", "delay": delay_ms},) if delay_ms else ()
    return RouteScript(rules=rules, attempts=(AttemptScript(lag_s=lag_s),))


ANSWERS = [
    Row(
        name="empty_202",
        route=source(ingress=IngressScript(status=202, body="")),
        expected=PASS,
        twin="custom_response_unrecorded",
    ),
    Row(
        name="answer_with_the_id_of_another_system",
        route=source(ingress=IngressScript(body='{"request_id": "req_of_the_upstream"}')),
        expected=PASS,
        twin="answer_with_the_id_of_a_foreign_request",
    ),
    Row(
        name="answer_with_the_id_of_a_foreign_request",
        route=foreign(ONE_MORE, source={"ingress": IngressScript(body=FOREIGN_ID), "request": UNRECORDED}),
        timeout_s=SHORT_S,
        expected=broken("ingress", "REQUEST_NOT_SEEN"),
    ),
    Row(
        name="answer_that_is_a_page",
        route=source(ingress=IngressScript(body="<html>thanks</html>", content_type="text/html")),
        expected=PASS,
        twin="custom_response_unrecorded",
    ),
    Row(
        name="answer_that_is_a_list",
        route=source(ingress=IngressScript(body='[{"request_id": 7}, null]')),
        expected=PASS,
        twin="custom_response_unrecorded",
    ),
    Row(
        name="record_of_another_team",
        route=source(request=RequestScript(team_id="tm_other")),
        timeout_s=SHORT_S,
        expected=broken("ingress", "WRONG_TEAM"),
    ),
    Row(
        name="source_without_an_address",
        route=source(shows_url=False),
        timeout_s=SHORT_S,
        expected=broken("preflight", "API_BAD_RESPONSE", "INGRESS_UNREACHABLE", probes=0),
    ),
]

LISTS = [
    Row(
        name="small_records",
        api=ApiScript(small=True),
        expected=PASS,
        twin="small_records_of_a_failure",
    ),
    Row(
        name="small_records_of_a_failure",
        api=ApiScript(small=True),
        route=RouteScript(attempts=(FAILED,)),
        expected=broken("delivery", "DELIVERY_FAILED"),
    ),
    Row(
        name="small_records_custom_response",
        api=ApiScript(small=True),
        route=source(ingress=UNMARKED),
        expected=PASS,
        twin="small_records_of_a_failure",
    ),
    Row(
        name="ignored_branch_among_the_events",
        api=ApiScript(lists_cancelled=True),
        route=RouteScript(branch=BranchScript(kind="ignored", cause="DEDUPLICATED")),
        expected=broken("branch", "BRANCH_IGNORED"),
        says=("DEDUPLICATED",),
    ),
    Row(
        name="lists_that_ignore_their_filters",
        api=ApiScript(ignores_filters=True),
        route=foreign(ONE_MORE),
        expected=PASS,
        twin="lists_that_ignore_their_filters_ours_fails",
    ),
    Row(
        name="lists_that_ignore_their_filters_ours_fails",
        api=ApiScript(ignores_filters=True),
        route=foreign(ONE_MORE, attempts=(FAILED,)),
        expected=broken("delivery", "DELIVERY_FAILED"),
    ),
    Row(
        name="lists_that_ignore_their_filters_ours_never_tried",
        api=ApiScript(ignores_filters=True),
        route=foreign(ONE_MORE, attempts=()),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="no_request_detail",
        api=endpoint("request", status=404),
        expected=PASS,
        twin="never_recorded",
    ),
    Row(
        name="no_request_events",
        api=endpoint("request_events", status=404),
        expected=PASS,
        twin="branch_never",
    ),
    Row(
        name="no_ignored_events",
        api=endpoint("ignored_events", status=404),
        route=RouteScript(branch=BranchScript(lag_s=0.3)),
        expected=PASS,
        twin="branch_never",
    ),
]

COUNTS = [
    Row(
        name="steady_traffic",
        route=foreign(STEADY),
        expected=PASS,
        twin="steady_traffic_ours_never_counted",
    ),
    Row(
        name="steady_traffic_ours_never_counted",
        route=foreign(STEADY, metrics=MetricsScript(counted=False)),
        timeout_s=6.0,
        expected=broken("metrics", "METRICS_LAG"),
    ),
    Row(
        name="whole_buckets_failures_before",
        route=foreign(OLD_FAILURE, metrics=MetricsScript(whole_buckets=True)),
        expected=PASS,
        twin="whole_buckets_ours_never_counted",
    ),
    Row(
        name="whole_buckets_ours_never_counted",
        route=foreign(OLD_SUCCESS, metrics=MetricsScript(whole_buckets=True, counted=False)),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG"),
    ),
    Row(
        name="no_series",
        api=endpoint("metrics", status=200, body='{"series": []}'),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG", "API_BAD_RESPONSE"),
    ),
    Row(
        name="series_without_failures",
        api=endpoint(
            "metrics", status=200, body='{"series": [{"timestamp": "2026-05-01T00:00:00Z", "count": 9}]}'
        ),
        timeout_s=SHORT_S,
        expected=broken("metrics", "API_BAD_RESPONSE"),
    ),
    Row(
        name="counts_that_are_no_numbers",
        api=endpoint(
            "metrics",
            status=200,
            body='{"series": [{"timestamp": "2026-05-01T00:00:00Z", "count": "many", "failed_count": "none"}]}',
        ),
        timeout_s=SHORT_S,
        expected=broken("metrics", "API_BAD_RESPONSE"),
    ),
    Row(
        name="negative_failures",
        api=endpoint(
            "metrics",
            status=200,
            body='{"series": [{"timestamp": "2026-05-01T00:00:00Z", "count": 1, "failed_count": -1}]}',
        ),
        timeout_s=SHORT_S,
        expected=broken("metrics", "API_BAD_RESPONSE", "METRICS_LAG"),
    ),
    Row(
        name="error_with_status_200",
        api=endpoint("metrics", status=200, body='{"error": "quota"}'),
        timeout_s=SHORT_S,
        expected=broken("metrics", "API_BAD_RESPONSE"),
    ),
]

TIME = [
    Row(
        name="delay_rule_extends_the_budget",
        route=delayed(4.0, delay_ms=4000),
        timeout_s=2.5,
        expected=PASS,
        twin="no_delay_rule_no_extension",
    ),
    Row(
        name="no_delay_rule_no_extension",
        route=delayed(4.0, delay_ms=0),
        timeout_s=2.5,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="fast_enough",
        route=RouteScript(attempts=(AttemptScript(lag_s=0.3),)),
        args=("--fasthook-max-latency=30s",),
        expected=PASS,
        twin="delivered_too_slowly",
    ),
    Row(
        name="first_attempt_succeeds",
        args=("--fasthook-attempts=first",),
        expected=PASS,
        twin="only_the_first_attempt_counts",
    ),
    Row(
        name="slow_api",
        api=ApiScript(faults=(Fault(kind="slow", delay_s=0.3),)),
        expected=PASS,
        twin="api_hangs",
    ),
    Row(
        name="one_call_hangs",
        api=endpoint("events", kind="hang", times=1),
        timeout_s=30.0,
        expected=PASS,
        twin="api_hangs",
    ),
    Row(
        name="one_page_of_a_proxy",
        api=ApiScript(
            faults=(Fault(status=502, body="<html>Bad Gateway</html>", times=2, after_probe=True),)
        ),
        expected=PASS,
        twin="half_way_503",
    ),
    Row(
        name="retry_time_is_over_and_nothing_comes",
        route=RouteScript(attempts=(replace(FAILED, next_in_s=0.2),)),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING", "DELIVERY_FAILED"),
    ),
    Row(
        name="api_redirects",
        api=ApiScript(faults=(Fault(status=302, body="moved"),)),
        timeout_s=SHORT_S,
        expected=broken("preflight", "API_BAD_RESPONSE", "API_UNREACHABLE", probes=0),
    ),
]

ODD_ROWS = [*ANSWERS, *LISTS, *COUNTS, *TIME]
