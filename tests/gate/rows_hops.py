"""Routes whose hops are fast, slow, retried or oddly shaped; each pass beside a twin that must not pass."""

from __future__ import annotations

from dataclasses import replace

from expected import PASS, Row, broken
from route_parts import FAILED, GUIDE_RULES, LAG_S, LATE_S, SHORT_S, source

from standin import (
    AttemptScript,
    BranchScript,
    LatestInputScript,
    MetricsScript,
    RequestScript,
    RouteScript,
    SourceScript,
)

SPEED = [
    Row(name="fast", expected=PASS, twin="destination_500"),
    Row(
        name="destination_500",
        route=RouteScript(attempts=(replace(FAILED, response_status=500),)),
        expected=broken("delivery", "DELIVERY_FAILED"),
        says=("500",),
    ),
    Row(
        name="slow_request",
        route=source(request=RequestScript(lag_s=LAG_S)),
        expected=PASS,
        twin="late_request",
    ),
    Row(
        name="late_request",
        route=source(request=RequestScript(lag_s=LATE_S)),
        timeout_s=SHORT_S,
        expected=broken("ingress", "REQUEST_NOT_SEEN"),
    ),
    Row(
        name="slow_branch",
        route=RouteScript(branch=BranchScript(lag_s=LAG_S)),
        expected=PASS,
        twin="late_branch",
    ),
    Row(
        name="late_branch",
        route=RouteScript(branch=BranchScript(lag_s=LATE_S)),
        timeout_s=SHORT_S,
        expected=broken("branch", "BRANCH_NOT_SEEN"),
    ),
    Row(
        name="slow_delivery",
        route=RouteScript(attempts=(AttemptScript(lag_s=LAG_S),)),
        expected=PASS,
        twin="late_delivery",
    ),
    Row(
        name="late_delivery",
        route=RouteScript(attempts=(AttemptScript(lag_s=LATE_S),)),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="slow_latest_input",
        route=RouteScript(latest_input=LatestInputScript(lag_s=LAG_S)),
        expected=PASS,
        twin="late_latest_input",
    ),
    Row(
        name="late_latest_input",
        route=RouteScript(latest_input=LatestInputScript(lag_s=LATE_S)),
        timeout_s=SHORT_S,
        expected=broken("latest_input", "LATEST_INPUT_STALE"),
    ),
    Row(
        name="slow_metrics",
        route=RouteScript(metrics=MetricsScript(lag_s=LAG_S)),
        expected=PASS,
        twin="late_metrics",
    ),
    Row(
        name="late_metrics",
        route=RouteScript(metrics=MetricsScript(lag_s=LATE_S)),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG"),
    ),
    Row(
        name="slow_everywhere",
        route=RouteScript(
            source=SourceScript(request=RequestScript(lag_s=0.3)),
            branch=BranchScript(lag_s=0.3),
            attempts=(AttemptScript(lag_s=0.3),),
            latest_input=LatestInputScript(lag_s=0.3),
            metrics=MetricsScript(lag_s=0.3),
        ),
        expected=PASS,
        twin="late_metrics",
    ),
]


RETRIED = (replace(FAILED, next_in_s=0.6), AttemptScript(lag_s=0.6))
RETRIES = [
    Row(
        name="retried_success",
        route=RouteScript(attempts=RETRIED),
        expected=PASS,
        twin="retried_failure",
        warns="503",
    ),
    Row(
        name="retried_success_of_a_failed_event",
        route=RouteScript(attempts=RETRIED, retrying_status="FAILED"),
        expected=PASS,
        twin="retried_failure",
        warns="503",
    ),
    Row(
        name="retried_failure",
        route=RouteScript(attempts=(RETRIED[0], replace(FAILED, lag_s=0.6))),
        expected=broken("delivery", "DELIVERY_FAILED"),
        says=("503",),
    ),
    Row(
        name="only_the_first_attempt_counts",
        route=RouteScript(attempts=RETRIED),
        args=("--fasthook-attempts=first",),
        expected=broken("delivery", "DELIVERY_FAILED"),
    ),
    Row(
        name="retry_beyond_the_deadline",
        route=RouteScript(
            attempts=(replace(FAILED, next_in_s=600), AttemptScript(lag_s=600)), rules=GUIDE_RULES[2:]
        ),
        expected=broken("delivery", "DELIVERY_FAILED"),
        says=("503",),
    ),
    Row(
        name="retry_beyond_the_deadline_of_a_failed_event",
        route=RouteScript(
            attempts=(replace(FAILED, next_in_s=600), AttemptScript(lag_s=600)), retrying_status="FAILED"
        ),
        expected=broken("delivery", "DELIVERY_FAILED"),
    ),
]


SHAPES = [
    Row(
        name="guide_dialect",
        route=RouteScript(metrics=MetricsScript(dialect="guide")),
        expected=PASS,
        twin="guide_dialect_never_counted",
    ),
    Row(
        name="guide_dialect_never_counted",
        route=RouteScript(metrics=MetricsScript(dialect="guide", counted=False)),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG"),
    ),
    Row(
        name="contract_dialect",
        route=RouteScript(metrics=MetricsScript(dialect="contract")),
        expected=PASS,
        twin="guide_dialect_never_counted",
    ),
    Row(
        name="webhook_id_only", route=RouteScript(event_ids="webhook_id"), expected=PASS, twin="branch_never"
    ),
    Row(
        name="connection_id_only",
        route=RouteScript(event_ids="connection_id"),
        expected=PASS,
        twin="branch_never",
    ),
    Row(
        name="web_id",
        route=RouteScript(connection_id="web_546d291fd0544d"),
        expected=PASS,
        twin="branch_never",
    ),
    Row(name="source_by_id", route=RouteScript(embeds="ids"), expected=PASS, twin="source_by_id_disabled"),
    Row(
        name="source_by_id_disabled",
        route=RouteScript(embeds="ids", source=SourceScript(status="disabled")),
        expected=broken("preflight", "SOURCE_DISABLED", probes=0),
    ),
    Row(
        name="branch_never",
        route=RouteScript(branch=BranchScript(kind="never")),
        timeout_s=SHORT_S,
        expected=broken("branch", "BRANCH_NOT_SEEN"),
    ),
    Row(
        name="latest_input_newer",
        route=RouteScript(latest_input=LatestInputScript(shows="newer")),
        expected=PASS,
        twin="latest_input_altered",
    ),
    Row(
        name="latest_input_altered",
        route=RouteScript(latest_input=LatestInputScript(shows="altered")),
        expected=broken("latest_input", "LATEST_INPUT_MISMATCH"),
    ),
]

HOP_ROWS = [*SPEED, *RETRIES, *SHAPES]
