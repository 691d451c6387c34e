"""Routes that do not work, one broken hop each, and APIs that do not behave."""

from __future__ import annotations

from dataclasses import replace

from expected import Row, broken
from route_parts import FAILED, LATE_S, SECRET, SHORT_S, UNRECORDED, source

from standin import (
    API_KEY,
    DEMO_TEAM,
    SOURCE_SECRET,
    TEAM,
    ApiScript,
    AttemptScript,
    AuthScript,
    BranchScript,
    Fault,
    IngressScript,
    LatestInputScript,
    MetricsScript,
    RequestScript,
    RouteScript,
)

OTHER_KEY = "fhp_" + "ee11dd22cc33bb44" * 4
TIMED_OUT = AttemptScript(status="FAILED", response_status=None, error_code="TIMEOUT")

STATE = [
    Row(
        name="paused",
        route=RouteScript(paused=True),
        expected=broken("preflight", "CONNECTION_PAUSED", probes=0),
    ),
    Row(
        name="connection_disabled",
        route=RouteScript(disabled=True),
        expected=broken("preflight", "CONNECTION_DISABLED", probes=0),
    ),
    Row(
        name="source_disabled",
        route=source(status="disabled"),
        expected=broken("preflight", "SOURCE_DISABLED", probes=0),
    ),
    Row(
        name="destination_disabled",
        route=RouteScript(destination_disabled=True),
        expected=broken("preflight", "DESTINATION_DISABLED", probes=0),
    ),
]

REQUEST = [
    Row(
        name="never_recorded",
        route=source(request=UNRECORDED),
        timeout_s=SHORT_S,
        expected=broken("ingress", "REQUEST_NOT_SEEN"),
    ),
    Row(
        name="rejected_401",
        route=source(ingress=IngressScript(status=401, rejection="SOURCE_AUTH_FAILED")),
        expected=broken("ingress", "INGRESS_REJECTED"),
        says=("SOURCE_AUTH_FAILED",),
    ),
    Row(
        name="rejected_405",
        route=source(ingress=IngressScript(status=405, rejection="SOURCE_METHOD_NOT_ALLOWED")),
        expected=broken("ingress", "INGRESS_REJECTED"),
        says=("SOURCE_METHOD_NOT_ALLOWED",),
    ),
    Row(
        name="rejected_405_unrecorded",
        route=source(
            ingress=IngressScript(status=405, rejection="SOURCE_METHOD_NOT_ALLOWED"), request=UNRECORDED
        ),
        timeout_s=6.0,
        expected=broken("ingress", "INGRESS_REJECTED"),
    ),
    Row(
        name="rejected_behind_a_200",
        route=source(ingress=IngressScript(body='{"ok": true}', rejection="PAYLOAD_TOO_LARGE")),
        expected=broken("ingress", "INGRESS_REJECTED"),
        says=("PAYLOAD_TOO_LARGE",),
    ),
    Row(
        name="ingress_refused",
        route=source(ingress=IngressScript(behaviour="refused")),
        timeout_s=4.0,
        expected=broken("ingress", "INGRESS_UNREACHABLE", probes=0),
    ),
    Row(
        name="request_status_unknown",
        route=source(request=RequestScript(status="WEIRD")),
        timeout_s=SHORT_S,
        expected=broken("ingress", "REQUEST_NOT_SEEN", "API_BAD_RESPONSE"),
    ),
    Row(
        name="auth_kind_unknown",
        route=source(auth=AuthScript(shown_kind="WEIRD")),
        env=SECRET,
        timeout_s=SHORT_S,
        expected=broken("preflight", "SOURCE_SECRET_MISSING", "API_BAD_RESPONSE", probes=0),
    ),
    Row(
        name="source_status_unknown",
        route=source(status="WEIRD"),
        timeout_s=SHORT_S,
        expected=broken("preflight", "SOURCE_DISABLED", "API_BAD_RESPONSE", probes=0),
    ),
]

BRANCH = [
    Row(
        name="ignored_filtered",
        route=RouteScript(branch=BranchScript(kind="ignored")),
        expected=broken("branch", "BRANCH_IGNORED"),
        says=("FILTERED",),
    ),
    Row(
        name="ignored_other_cause",
        route=RouteScript(branch=BranchScript(kind="ignored", cause="TRANSFORMATION_FAILED")),
        expected=broken("branch", "BRANCH_IGNORED"),
        says=("TRANSFORMATION_FAILED",),
    ),
    Row(
        name="held",
        route=RouteScript(branch=BranchScript(status="HOLD"), attempts=()),
        expected=broken("branch", "EVENT_HELD"),
    ),
]

DELIVERY = [
    Row(
        name="destination_404",
        route=RouteScript(attempts=(replace(FAILED, response_status=404),)),
        expected=broken("delivery", "DELIVERY_FAILED"),
        says=("404",),
    ),
    Row(
        name="destination_times_out",
        route=RouteScript(attempts=(TIMED_OUT,)),
        expected=broken("delivery", "DELIVERY_FAILED"),
        says=("TIMEOUT",),
    ),
    Row(
        name="destination_times_out_retry_far",
        route=RouteScript(attempts=(replace(TIMED_OUT, next_in_s=600),)),
        expected=broken("delivery", "DELIVERY_FAILED"),
        says=("TIMEOUT",),
    ),
    Row(
        name="pending_for_ever",
        route=RouteScript(attempts=()),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="scheduled_for_ever",
        route=RouteScript(branch=BranchScript(status="SCHEDULED"), attempts=()),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="event_status_unknown",
        route=RouteScript(branch=BranchScript(status="WEIRD")),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="attempt_status_unknown",
        route=RouteScript(
            branch=BranchScript(status="SUCCESSFUL"), attempts=(AttemptScript(status="WEIRD"),)
        ),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="successful_without_an_attempt",
        route=RouteScript(branch=BranchScript(status="SUCCESSFUL"), attempts=()),
        timeout_s=SHORT_S,
        expected=broken("delivery", "DELIVERY_PENDING"),
    ),
    Row(
        name="delivered_too_slowly",
        route=RouteScript(attempts=(AttemptScript(lag_s=1.0),)),
        args=("--fasthook-max-latency=200ms",),
        expected=broken("delivery", "DELIVERY_SLOW"),
    ),
]

AFTER_DELIVERY = [
    Row(
        name="latest_input_stale",
        route=RouteScript(latest_input=LatestInputScript(shows="stale")),
        timeout_s=SHORT_S,
        expected=broken("latest_input", "LATEST_INPUT_STALE"),
    ),
    Row(
        name="latest_input_empty",
        route=RouteScript(latest_input=LatestInputScript(shows="empty")),
        timeout_s=SHORT_S,
        expected=broken("latest_input", "LATEST_INPUT_STALE"),
    ),
    Row(
        name="metrics_never_count",
        route=RouteScript(metrics=MetricsScript(counted=False)),
        timeout_s=SHORT_S,
        expected=broken("metrics", "METRICS_LAG"),
    ),
]

IDENTITY = [
    Row(
        name="wrong_key",
        env={"FASTHOOK_API_KEY": OTHER_KEY},
        expected=broken("preflight", "API_UNAUTHORIZED", probes=0),
    ),
    Row(
        name="forbidden",
        api=ApiScript(faults=(Fault(status=403),)),
        expected=broken("preflight", "API_FORBIDDEN", probes=0),
    ),
    Row(
        name="wrong_team",
        route=RouteScript(team_id=DEMO_TEAM),
        expected=broken("preflight", "WRONG_TEAM", probes=0),
        says=(DEMO_TEAM, TEAM),
    ),
    Row(
        name="unknown_connection",
        route=RouteScript(connection_id="conn_orders"),
        api=ApiScript(faults=(Fault(endpoint="connection", status=404),)),
        expected=broken("preflight", "CONNECTION_NOT_FOUND", probes=0),
    ),
    Row(
        name="forbidden_latest_input",
        api=ApiScript(faults=(Fault(endpoint="latest_input", status=403),)),
        expected=broken("latest_input", "API_FORBIDDEN"),
    ),
    Row(
        name="forbidden_metrics",
        api=ApiScript(faults=(Fault(endpoint="metrics", status=403),)),
        expected=broken("metrics", "API_FORBIDDEN"),
    ),
    Row(
        name="key_revoked_half_way",
        api=ApiScript(faults=(Fault(status=401, after_probe=True),)),
        expected=broken("ingress", "API_UNAUTHORIZED"),
    ),
    Row(
        name="error_that_echoes_the_key",
        api=ApiScript(
            faults=(Fault(status=403, body=f'{{"error": "key {API_KEY} of {SOURCE_SECRET} may not"}}'),)
        ),
        env=SECRET,
        expected=broken("preflight", "API_FORBIDDEN", probes=0),
    ),
]


def api_row(name: str, stage: str, codes: str, fault: Fault) -> Row:
    """An API that misbehaves from the start (preflight) or once the probe is in."""
    return Row(
        name=name,
        api=ApiScript(faults=(fault,)),
        timeout_s=4.0,
        expected=broken(stage, *codes.split(), probes=0 if stage == "preflight" else 1),
    )


API = [
    api_row("api_html", "preflight", "API_BAD_RESPONSE", Fault(kind="html")),
    api_row("api_truncated", "preflight", "API_BAD_RESPONSE", Fault(kind="truncated")),
    api_row("api_null", "preflight", "API_BAD_RESPONSE", Fault(kind="null")),
    api_row("api_nulls", "preflight", "API_BAD_RESPONSE", Fault(kind="nulls")),
    api_row("api_hangs", "preflight", "API_UNREACHABLE", Fault(kind="hang")),
    api_row("api_resets", "preflight", "API_UNREACHABLE", Fault(kind="reset")),
    api_row("api_cuts_off", "preflight", "API_UNREACHABLE API_BAD_RESPONSE", Fault(kind="cut")),
    api_row("api_429_storm", "preflight", "API_RATE_LIMITED", Fault(status=429)),
    api_row("api_429_far", "preflight", "API_RATE_LIMITED", Fault(status=429, retry_after=LATE_S)),
    api_row("half_way_503", "ingress", "API_UNREACHABLE", Fault(after_probe=True)),
    api_row("half_way_hang", "ingress", "API_UNREACHABLE", Fault(kind="hang", after_probe=True)),
    api_row("half_way_reset", "ingress", "API_UNREACHABLE", Fault(kind="reset", after_probe=True)),
    api_row("half_way_html", "ingress", "API_BAD_RESPONSE", Fault(kind="html", after_probe=True)),
    api_row("half_way_nulls", "ingress", "API_BAD_RESPONSE", Fault(kind="nulls", after_probe=True)),
    api_row("half_way_429", "ingress", "API_RATE_LIMITED", Fault(status=429, after_probe=True)),
    api_row("events_html", "branch", "API_BAD_RESPONSE", Fault(kind="html", endpoint="events")),
    api_row("events_503", "branch", "API_UNREACHABLE", Fault(endpoint="events")),
    api_row(
        "attempts_truncated", "delivery", "API_BAD_RESPONSE", Fault(kind="truncated", endpoint="attempts")
    ),
    api_row("attempts_null", "delivery", "API_BAD_RESPONSE", Fault(kind="null", endpoint="attempts")),
    api_row("latest_input_503", "latest_input", "API_UNREACHABLE", Fault(endpoint="latest_input")),
    api_row(
        "latest_input_html", "latest_input", "API_BAD_RESPONSE", Fault(kind="html", endpoint="latest_input")
    ),
    api_row("metrics_html", "metrics", "API_BAD_RESPONSE", Fault(kind="html", endpoint="metrics")),
    api_row("metrics_nulls", "metrics", "API_BAD_RESPONSE", Fault(kind="nulls", endpoint="metrics")),
    api_row("metrics_400", "metrics", "API_BAD_RESPONSE", Fault(status=400, endpoint="metrics")),
    api_row("metrics_503", "metrics", "API_UNREACHABLE", Fault(endpoint="metrics")),
]

BROKEN_ROWS = [*STATE, *REQUEST, *BRANCH, *DELIVERY, *AFTER_DELIVERY, *IDENTITY, *API]
