"""Words from outside: they may be anything, and nothing they say is obeyed, shown raw or leaked."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from expected import PASS, Expected, broken
from gate_checks import check_run, check_secrets, check_verdict
from gate_run import command
from route_parts import FAILED, SECRET

from standin import (
    API_KEY,
    SOURCE_SECRET,
    ApiScript,
    AttemptScript,
    AuthScript,
    BranchScript,
    Fault,
    IngressScript,
    RouteScript,
    SourceScript,
    StandIn,
)

EVIL = (
    "\n::error file=a,line=1::pwned\n##[error]pwned\n##vso[task.complete result=Succeeded]done\n"
    "\x1b[31mred\x1b]0;title\x07 \x00\x0b\ud800 ]]> <![CDATA[ &amp; \u202e"
)
ECHO: dict[str, Any] = {
    name: {
        "raw": secret,
        "in words": f"Bearer {secret} was used",
        "base64": base64.b64encode(secret.encode()).decode(),
        "base64url": base64.urlsafe_b64encode(secret.encode()).decode(),
        "url": quote(secret, safe=""),
        "hex": secret.encode().hex(),
        "HEX": secret.encode().hex().upper(),
        secret: "as a key",
    }
    for name, secret in (("key", API_KEY), ("secret", SOURCE_SECRET))
}


def nested(depth: int) -> Any:
    """A list in a list in a list …"""
    return [nested(depth - 1)] if depth else "deep"


SIGNED = SourceScript(auth=AuthScript())


ROWS: list[tuple[str, RouteScript, ApiScript, Expected]] = [
    ("evil_answer", RouteScript(source=SIGNED, attempts=(AttemptScript(body=EVIL),)), ApiScript(), PASS),
    (
        "evil_failure",
        RouteScript(source=SIGNED, attempts=(replace(FAILED, body=EVIL, error_code=EVIL),)),
        ApiScript(),
        broken("delivery", "DELIVERY_FAILED"),
    ),
    (
        "evil_rejection",
        RouteScript(
            source=replace(SIGNED, ingress=IngressScript(status=400, body=EVIL[:40], rejection=EVIL))
        ),
        ApiScript(),
        broken("ingress", "INGRESS_REJECTED"),
    ),
    (
        "evil_cause",
        RouteScript(source=SIGNED, branch=BranchScript(kind="ignored", cause=EVIL)),
        ApiScript(),
        broken("branch", "BRANCH_IGNORED"),
    ),
    (
        "evil_refusal",
        RouteScript(source=SIGNED),
        ApiScript(faults=(Fault(status=403, body='{"error": "\\u001b[2J\\n::error::pwned"}'),)),
        broken("preflight", "API_FORBIDDEN", probes=0),
    ),
    ("echoed_secrets", RouteScript(source=SIGNED, attempts=(AttemptScript(body=ECHO),)), ApiScript(), PASS),
    (
        "echoed_secrets_of_a_failure",
        RouteScript(source=SIGNED, attempts=(replace(FAILED, body=ECHO, error_code=str(ECHO)),)),
        ApiScript(),
        broken("delivery", "DELIVERY_FAILED"),
    ),
    (
        "huge_answer",
        RouteScript(source=SIGNED, attempts=(AttemptScript(body={"page": "x" * 1_500_000}),)),
        ApiScript(),
        PASS,
    ),
    (
        "deep_answer",
        RouteScript(source=SIGNED, attempts=(AttemptScript(body=nested(400)),)),
        ApiScript(),
        PASS,
    ),
]


@pytest.mark.parametrize(
    ("route", "api", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
@pytest.mark.parametrize("loud", ["", "-v"], ids=["plain", "verbose"])
def test_hostile_words(
    loud: str, route: RouteScript, api: ApiScript, expected: Expected, folder: Path
) -> None:
    with StandIn(route, api=api) as standin:
        run = command(folder, standin, env=SECRET, args=tuple(filter(None, [loud]))).run()
        check_verdict(run, "conn_orders", expected)
        check_run(run, standin)
    assert len(standin.probes) in expected.probes
    assert_clean_files(folder)


def test_annotations_for_github_say_nothing_that_an_outsider_chose(folder: Path) -> None:
    """One command of our own for the one stage that failed; none that came from outside."""
    route = RouteScript(attempts=(replace(FAILED, body=EVIL, error_code=EVIL),))
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "reports/summary.md"}
    with StandIn(route) as standin:
        run = command(folder, standin, env=env).run()
        check_verdict(run, "conn_orders", broken("delivery", "DELIVERY_FAILED"))
        check_secrets(run, API_KEY)
    commands = [line for line in run.output.splitlines() if line.lstrip().startswith("::")]
    assert [line for line in commands if not line.startswith("::error title=conn_orders")] == []
    assert len(commands) <= 1
    assert "##[" not in run.output
    assert "##vso[" not in run.output
    assert_clean_files(folder)


def assert_clean_files(folder: Path) -> None:
    """No command, no control character and no page of somebody's answer in any report."""
    for file in (folder / "reports").iterdir():
        text = file.read_bytes().decode("utf-8")
        assert len(text) < 500_000
        for word in ("::error", "##[", "##vso["):
            assert word not in text, (file.name, word)
        words = strings(json.loads(text)) if file.suffix == ".json" else [text]
        assert [word for word in words if UNPRINTABLE.search(word)] == []


UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def strings(value: Any) -> list[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in [key, *strings(inner)]]
    if isinstance(value, list):
        return [text for inner in value for text in strings(inner)]
    return [value] if isinstance(value, str) else []
