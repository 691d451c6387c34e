"""Sources: what they demand, what they answer; each pass beside a twin that must not pass."""

from __future__ import annotations

from dataclasses import replace

from expected import PASS, Row, broken
from route_parts import GUIDE_RULES, SECRET, SHORT_S, UNMARKED, UNRECORDED, source

from standin import (
    SOURCE_SECRET,
    AuthScript,
    BranchScript,
    IngressScript,
    LatestInputScript,
    RequestScript,
    RouteScript,
)

AUTH = [
    Row(
        name="signed",
        route=source(auth=AuthScript()),
        env=SECRET,
        expected=PASS,
        twin="signed_wrong_secret",
    ),
    Row(
        name="signed_secret_of_the_source",
        route=source(auth=AuthScript()),
        env={
            "FASTHOOK_SOURCE_SECRET_src_orders": SOURCE_SECRET,
            "FASTHOOK_SOURCE_SECRET": "of another source",
        },
        expected=PASS,
        twin="signed_wrong_secret",
    ),
    Row(
        name="signed_wrong_secret",
        route=source(auth=AuthScript()),
        env={"FASTHOOK_SOURCE_SECRET": "the-wrong-one-7f3a"},
        expected=broken("ingress", "INGRESS_REJECTED"),
        says=("SOURCE_AUTH_FAILED",),
    ),
    Row(
        name="signed_no_secret",
        route=source(auth=AuthScript()),
        expected=broken("preflight", "SOURCE_SECRET_MISSING", probes=0),
    ),
    Row(
        name="signed_but_not_verified",
        route=source(auth=AuthScript(), request=RequestScript(verified=False)),
        env=SECRET,
        expected=broken("ingress", "INGRESS_REJECTED"),
    ),
    Row(
        name="basic_auth",
        route=source(auth=AuthScript(kind="BASIC_AUTH", secret="fasthook:p4ss of basic")),
        env={"FASTHOOK_SOURCE_SECRET": "fasthook:p4ss of basic"},
        expected=PASS,
        twin="basic_auth_wrong",
    ),
    Row(
        name="basic_auth_wrong",
        route=source(auth=AuthScript(kind="BASIC_AUTH", secret="fasthook:p4ss of basic")),
        env={"FASTHOOK_SOURCE_SECRET": "fasthook:p4ss of yesterday"},
        expected=broken("ingress", "INGRESS_REJECTED"),
    ),
    Row(
        name="put_only",
        route=source(methods=("PUT",)),
        expected=PASS,
        twin="rejected_405",
    ),
]


PAYLOAD = '{"id": "inv_{{uuid}}", "type": "invoice.paid", "probe": "{{probe_id}}"}'

RULES = [
    Row(
        name="guide_rules_no_payload",
        route=RouteScript(rules=GUIDE_RULES),
        expected=PASS,
        twin="guide_rules_filtered_anyway",
    ),
    Row(
        name="guide_rules_filtered_anyway",
        route=RouteScript(rules=GUIDE_RULES, branch=BranchScript(kind="ignored")),
        expected=broken("branch", "BRANCH_IGNORED"),
        says=("FILTERED",),
    ),
    Row(
        name="guide_rules_payload",
        route=RouteScript(rules=GUIDE_RULES),
        files={"invoice.json": PAYLOAD},
        args=("--fasthook-payload=invoice.json",),
        expected=PASS,
        twin="guide_rules_wrong_payload",
    ),
    Row(
        name="guide_rules_wrong_payload",
        route=RouteScript(rules=GUIDE_RULES),
        files={"invoice.json": PAYLOAD.replace("paid", "void")},
        args=("--fasthook-payload=invoice.json",),
        expected=broken("preflight", "PAYLOAD_FILTERED", probes=0),
    ),
    Row(
        name="raw_payload",
        files={"note.txt": "probe {{probe_id}} is not JSON"},
        args=("--fasthook-payload=note.txt",),
        expected=PASS,
        twin="raw_payload_altered",
    ),
    Row(
        name="raw_payload_altered",
        route=RouteScript(latest_input=LatestInputScript(shows="altered")),
        files={"note.txt": "probe {{probe_id}} is not JSON"},
        args=("--fasthook-payload=note.txt",),
        expected=broken("latest_input", "LATEST_INPUT_MISMATCH"),
    ),
]


INGRESS = [
    Row(
        name="custom_response",
        route=source(ingress=UNMARKED),
        expected=PASS,
        twin="custom_response_unrecorded",
    ),
    Row(
        name="custom_response_unrecorded",
        route=source(ingress=UNMARKED, request=UNRECORDED),
        timeout_s=SHORT_S,
        expected=broken("ingress", "REQUEST_NOT_SEEN"),
    ),
    Row(
        name="custom_401_to_an_accepted_request",
        route=source(ingress=replace(UNMARKED, status=401)),
        expected=PASS,
        twin="refused_401_unrecorded",
    ),
    Row(
        name="refused_401_unrecorded",
        route=source(ingress=replace(UNMARKED, status=401), request=UNRECORDED),
        timeout_s=6.0,
        expected=broken("ingress", "INGRESS_REJECTED"),
    ),
    Row(
        name="proxy_503_to_an_accepted_request",
        route=source(ingress=replace(UNMARKED, status=503), request=RequestScript(lag_s=0.3)),
        expected=PASS,
        twin="ingress_503",
    ),
    Row(
        name="ingress_503",
        route=source(ingress=replace(UNMARKED, status=503), request=UNRECORDED),
        timeout_s=6.0,
        expected=broken("ingress", "INGRESS_UNREACHABLE", probes=range(1, 4)),
    ),
    Row(
        name="ingress_hangs_but_takes_it",
        route=source(ingress=IngressScript(behaviour="hang")),
        timeout_s=12.0,
        expected=PASS,
        twin="ingress_hangs",
    ),
    Row(
        name="ingress_hangs",
        route=source(ingress=IngressScript(behaviour="hang"), request=UNRECORDED),
        timeout_s=4.0,
        expected=broken("ingress", "INGRESS_UNREACHABLE", probes=range(1, 4)),
    ),
    Row(
        name="ingress_resets_but_takes_it",
        route=source(ingress=IngressScript(behaviour="reset")),
        expected=PASS,
        twin="ingress_resets",
    ),
    Row(
        name="ingress_resets",
        route=source(ingress=IngressScript(behaviour="reset"), request=UNRECORDED),
        timeout_s=4.0,
        expected=broken("ingress", "INGRESS_UNREACHABLE", probes=range(1, 4)),
    ),
]

INGRESS_ROWS = [*AUTH, *RULES, *INGRESS]
