"""What must hold for every run whatever its verdict: the reports agree, are valid, and keep secrets."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree as ET

import jsonschema
from expected import EXIT_OF_CODE, OUTCOME_OF_VERDICT, STAGES, VERDICT_OF_EXIT, Expected
from gate_run import SOURCE_FOLDER, GateRun
from junitparser import JUnitXml
from lxml import etree

from standin import API_KEY, SOURCE_SECRET, TEAM, StandIn

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "schemas"
SEVERITY = ("pass", "inconclusive", "error", "fail")
JUNIT_KIND = {
    "passed": None,
    "failed": "failure",
    "error": "error",
    "inconclusive": "error",
    "blocked": "skipped",
}


def check_run(run: GateRun, standin: StandIn, *secrets: str) -> None:
    """Everything that needs no expectation of the verdict."""
    check_output(run)
    check_document(run)
    check_junit(run)
    check_pytest_junit(run)
    check_secrets(run, API_KEY, SOURCE_SECRET, *secrets)
    check_calls(standin)


def check_verdict(run: GateRun, connection_id: str, expected: Expected) -> None:
    """The connection's verdict, deciding stage and code."""
    connection = run.connection(connection_id)
    cause = connection["cause"]
    if expected.passes:
        assert (connection["verdict"], cause) == ("pass", None), run.output
        return
    assert cause is not None, f"passed, but {expected.codes} at {expected.stage} was due"
    allowed = [(expected.stage, code) for code in expected.codes]
    assert (cause["stage"], cause["code"]) in allowed, run.output
    assert connection["verdict"] == VERDICT_OF_EXIT[EXIT_OF_CODE[cause["code"]]]


def check_output(run: GateRun) -> None:
    """No traceback and no internal error, and no line that a CI system would take for a command."""
    for word in ("Traceback (most recent call last)", "INTERNALERROR", "\x1b]", "::error", "##[", "##vso["):
        assert word not in run.output, run.output


def check_document(run: GateRun, *, team: str = TEAM) -> None:
    """The JSON report says one thing in all its places."""
    document = run.document
    jsonschema.validate(document, json.loads(shipped_schema().read_text(encoding="utf-8")))
    assert run.json_file.stat().st_size < 2_000_000
    assert document["schema_version"] == 1
    assert document["tool"]["name"] == "pytest-fasthook"
    assert document["api"]["team_id"] == team
    assert document["exit_code"] == run.exit_code
    for connection in document["connections"]:
        check_connection(connection)
    verdicts = [connection["verdict"] for connection in document["connections"]]
    assert document["verdict"] == max(verdicts, key=SEVERITY.index)


def shipped_schema() -> Path:
    """The JSON Schema of the report that the package brings along."""
    (file,) = (SOURCE_FOLDER / "pytest_fasthook").rglob("*.schema.json")
    return file


def check_connection(connection: dict[str, Any]) -> None:
    """One connection: six stages in order, what follows a non-pass is blocked, the cause is the stage's."""
    stages = connection["stages"]
    assert tuple(stage["stage"] for stage in stages) == STAGES
    for stage in stages:
        assert stage["message"].strip()
        assert (stage["code"] is None) == (stage["outcome"] in {"passed", "blocked"}), stage
    deciding = [stage for stage in stages if stage["outcome"] != "passed" and not stage["advisory"]]
    if not deciding:
        assert (connection["verdict"], connection["cause"]) == ("pass", None)
        return
    check_cause(connection, stages)


def check_cause(connection: dict[str, Any], stages: list[dict[str, Any]]) -> None:
    cause = connection["cause"]
    assert cause["code"] in EXIT_OF_CODE
    assert connection["verdict"] == VERDICT_OF_EXIT[EXIT_OF_CODE[cause["code"]]]
    decided = next(stage for stage in stages if stage["stage"] == cause["stage"])
    assert decided["code"] == cause["code"]
    assert decided["outcome"] == OUTCOME_OF_VERDICT[connection["verdict"]]
    assert cause["message"].strip()
    assert cause["next"].strip()


def junit_outcomes(file: Path) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """The cases of a JUnit file: class and name → the element inside and its type."""
    found: dict[tuple[str, str], tuple[str | None, str | None]] = {}
    for case in ET.parse(file).iter("testcase"):  # noqa: S314 - our own file
        children = [child for child in case if child.tag in {"failure", "error", "skipped"}]
        assert len(children) <= 1, "one case, one outcome"
        key = (case.get("classname", ""), case.get("name", ""))
        assert key not in found, f"{key} is there twice"
        found[key] = (children[0].tag, children[0].get("type")) if children else (None, None)
    return found


def check_junit(run: GateRun) -> None:
    """The JUnit file says what the JSON report says, to a reader, to the schemas and to whoever counts."""
    found = junit_outcomes(run.junit_file)
    for connection in run.connections:
        name = f"fasthook.{connection['connection_id']}"
        for stage in connection["stages"]:
            tag, kind = found[name, stage["stage"]]
            advisory = stage["advisory"] and stage["outcome"] != "passed"
            assert tag == ("skipped" if advisory else JUNIT_KIND[stage["outcome"]]), stage
            assert tag in {None, "skipped"} or kind == stage["code"]
    assert len(found) == 6 * len(run.connections)
    check_counts(run)
    check_schemas(run.junit_file)


def check_counts(run: GateRun) -> None:
    """The suites' counts, as an independent reader of JUnit files takes them."""
    suites = list(JUnitXml.fromfile(str(run.junit_file)))
    assert [suite.name for suite in suites] == [f"fasthook.{c['connection_id']}" for c in run.connections]
    for suite in suites:
        results = [result for case in suite for result in case.result]
        kinds = [type(result).__name__ for result in results]
        assert suite.tests == 6
        assert suite.failures == kinds.count("Failure")
        assert suite.errors == kinds.count("Error")
        assert suite.skipped == kinds.count("Skipped")
        assert all(result.message and result.message.strip() for result in results)


def check_schemas(file: Path) -> None:
    """The file is valid under both strict schemas, where these are at hand."""
    for name in ("junit-10.xsd", "windyroad-JUnit.xsd"):
        if (SCHEMAS / name).exists():
            etree.XMLSchema(etree.parse(SCHEMAS / name)).assertValid(etree.parse(file))


def check_pytest_junit(run: GateRun) -> None:
    """Pytest's own file has the same classes, names and outcomes as the gate's."""
    ours = {key: tag for key, (tag, _) in junit_outcomes(run.junit_file).items()}
    theirs = {
        key: tag
        for key, (tag, _) in junit_outcomes(run.pytest_junit_file).items()
        if key[0].startswith("fasthook.")
    }
    not_run = {
        (f"fasthook.{connection['connection_id']}", stage["stage"])
        for connection in run.connections
        for stage in connection["stages"]
        if stage["code"] == "STAGE_NOT_RUN" or not stage["started_at"]
    }
    assert {key: tag for key, tag in ours.items() if key in theirs} == theirs
    assert ours.keys() - theirs.keys() <= not_run


def check_secrets(run: GateRun, *secrets: str) -> None:
    """No secret in any encoding, in the output or in any file of the run."""
    texts = {"output": run.output}
    for file in run.folder.rglob("*"):
        if file.is_file() and file.suffix in {".json", ".xml", ".md", ".html"} and "reports" in file.parts:
            texts[file.name] = file.read_text(encoding="utf-8", errors="surrogateescape")
    for where, text in texts.items():
        for secret in secrets:
            for name, form in encodings(secret).items():
                assert form not in text, f"a secret is in {where} ({name})"


def encodings(secret: str) -> dict[str, str]:
    """The forms in which a secret may not be shown; base64 without what its neighbours would change."""
    raw = secret.encode()
    whole = raw[: len(raw) // 3 * 3]
    return {
        "raw": secret,
        "base64": base64.b64encode(whole).decode(),
        "base64url": base64.urlsafe_b64encode(whole).decode(),
        "url": quote(secret, safe=""),
        "url with slashes": quote(secret),
        "form": quote_plus(secret),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
    }


def check_calls(standin: StandIn) -> None:
    """The gate only reads, and never forgets the team."""
    for call in standin.calls:
        assert call.method == "GET", call
        assert "x-team-id" in call.headers, call
        assert "authorization" in call.headers, call


def check_passing(run: GateRun, standin: StandIn) -> None:
    """A pass of the one connection names what was really received, and took few calls."""
    (connection,) = run.connections
    (probe,) = standin.probes
    assert connection["probe_id"] == probe.probe_id
    assert connection["ids"]["request_id"] == probe.request_id
    made = [event for event in standin.world.events() if event.receipt is probe]
    events = [event for event in made if event.replay is None]
    assert connection["ids"]["event_id"] in {event.id for event in events}
    assert connection["ids"]["attempt_ids"]
    assert {stage["outcome"] for stage in connection["stages"]} == {"passed"}
    assert len(standin.calls) <= 60
    properties = suite_properties(run.junit_file)
    assert properties["request_id"] == probe.request_id
    assert properties["event_id"] == connection["ids"]["event_id"]
    assert properties["delivery.response_status"] == "200"


def suite_properties(file: Path) -> dict[str, str]:
    """The properties of a JUnit file with one suite."""
    entries = ET.parse(file).iter("property")  # noqa: S314 - our own file
    return {entry.get("name", ""): entry.get("value", "") for entry in entries}
