"""The JUnit file: one suite per connection, one case per stage.

junit-xml is the model and the counter, and this is its only user. Its string writer is not used: what it
writes is refused by strict readers, it loses a failure whose text is empty, and it breaks on text that XML
cannot hold. So its element tree is brought into the shape that both published JUnit schemas accept,
serialised here, read back and compared with the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import junit_xml

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.errors import FastHookError
from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.reports.evidence_text import evidence_lines, scalar_text
from pytest_fasthook.reports.model import ConnectionRun, Run, StageRun
from pytest_fasthook.reports.model_fields import Verdict
from pytest_fasthook.reports.reading import read
from pytest_fasthook.reports.wording import policy_note

MESSAGE_CHARS = 2000
BODY_CHARS = 20_000
"""Enough for the answers of a stage, and below what CI systems cut at."""


class JUnitMismatchError(FastHookError, ValueError):
    """The JUnit file would not say what the document says, so it must not be written."""


def render(document: Mapping[str, Any], *, hostname: str) -> bytes:
    """Return the document as a JUnit file in UTF-8.

    Args:
        document: the run's document.
        hostname: the machine the gate ran on; ``localhost`` is written where it is blank.

    Raises:
        ReportShapeError: the document is not of the published shape.
        JUnitMismatchError: the file, read back, differs from the document.
    """
    run = read(document)
    root = ET.Element("testsuites")
    for number, connection in enumerate(run.connections):
        root.append(_suite(run, connection, number=number, hostname=clean(hostname).strip() or "localhost"))
    written = _serialise(root)
    for suite, connection in zip(ET.fromstring(written), run.connections, strict=True):  # noqa: S314 - our own
        _check(suite, connection)
    return written


def _serialise(root: ET.Element) -> bytes:
    ET.indent(root)
    file = BytesIO()
    ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    return file.getvalue() + b"\n"


def _suite(run: Run, connection: ConnectionRun, *, number: int, hostname: str) -> ET.Element:
    name = f"fasthook.{connection.connection_id}"
    started = min(
        (stage.started_at for stage in connection.stages if stage.started_at), default=run.started_at
    )
    model = junit_xml.TestSuite(
        name,
        [_case(stage, connection, classname=name) for stage in connection.stages],
        hostname=hostname,
        id=str(number),
        timestamp=f"{started.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        properties=_properties(run, connection),
    )
    return _strict(model.build_xml_doc(), connection, summary=_summary(run, connection))


def _case(stage: StageRun, connection: ConnectionRun, *, classname: str) -> junit_xml.TestCase:
    case = junit_xml.TestCase(str(stage.stage), classname)
    kind, code = _result(stage, connection)
    message = one_line(_message(stage, connection), limit=MESSAGE_CHARS)
    body = _body(stage, connection, code=code)
    if kind == "failure":
        case.add_failure_info(f"{code}: {message}", body, str(code))
    elif kind == "error":
        case.add_error_info(f"{code}: {message}", body, str(code))
    elif kind == "skipped":
        reason = f"advisory, {code}: {message}" if code else message
        case.add_skipped_info(reason, reason)
    return case


def _result(stage: StageRun, connection: ConnectionRun) -> tuple[str | None, Cause | None]:
    """The kind of the case's element and its type.

    The deciding stage is never shown greener than the verdict, whatever its own entry says.
    """
    decides = connection.reason is not None and connection.reason.stage is stage.stage
    code = connection.reason.code if connection.reason and decides else stage.code
    if stage.advisory and code and not decides:
        return "skipped", code
    if code is not None:
        return ("failure" if code.outcome is Outcome.FAILED else "error"), code
    return ("skipped" if stage.outcome is Outcome.BLOCKED else None), None


def _message(stage: StageRun, connection: ConnectionRun) -> str:
    reason = connection.reason
    return reason.message if reason and reason.stage is stage.stage else stage.message


def _body(stage: StageRun, connection: ConnectionRun, *, code: Cause | None) -> str:
    """What to know first comes first: some systems show only the start of the text, and not the message."""
    lines = [f"{code}: {_message(stage, connection)}"]
    if connection.reason and connection.reason.stage is stage.stage:
        lines.append(f"Next: {connection.reason.next}")
    lines += ["", *(f"{name}: {value}" for name, value in connection.known_ids().items())]
    text = "\n".join([*lines, "", *evidence_lines(stage)]).rstrip()
    return text if len(text) <= BODY_CHARS else f"{text[:BODY_CHARS]}\n… cut; the JSON report has it all"


def _properties(run: Run, connection: ConnectionRun) -> dict[str, str]:
    of_run = {
        "connection_id": connection.connection_id,
        "verdict": connection.verdict,
        "run.verdict": run.verdict,
        "run.exit_code": run.exit_code,
        "run.mode": run.mode,
        "api_url": run.api.url,
        "team_id": run.api.team_id or "",
        "policy.on_inconclusive": run.policy.on_inconclusive,
        "policy.on_error": run.policy.on_error,
    }
    of_stages = {
        f"{stage.stage}.{name}": scalar_text(fact)
        for stage in connection.stages
        for name, fact in stage.facts.items()
    }
    return {
        name: str(value)
        for name, value in {**connection.known_ids(), **of_run, **of_stages}.items()
        if value != ""
    }


def _summary(run: Run, connection: ConnectionRun) -> str:
    lines = [f"{connection.connection_id}: {connection.verdict}"]
    note = policy_note(run)
    if note:
        lines.append(note)
    return "\n".join([*lines, *(f"warning: {warning}" for warning in connection.warnings)])


def _strict(suite: ET.Element, connection: ConnectionRun, *, summary: str) -> ET.Element:
    """Bring junit-xml's element into the shape that both published schemas accept."""
    suite.attrib.pop("disabled")
    suite.set("package", "")  # required by one schema; Jenkins puts any text here before the suite's name
    suite.set("time", f"{sum(stage.duration_s for stage in connection.stages):.3f}")
    for case, stage in zip(suite.iter("testcase"), connection.stages, strict=True):
        case.set("time", f"{stage.duration_s:.3f}")
    for skipped in suite.iter("skipped"):
        skipped.attrib.pop("type")
    for name, text in (("system-out", summary), ("system-err", "")):
        ET.SubElement(suite, name).text = text
    return suite


def _check(suite: ET.Element, connection: ConnectionRun) -> None:
    """Compare a suite as it will be read with what the document says.

    Raises:
        JUnitMismatchError: a case, its element or a count differs, or the suite is greener than the verdict.
    """
    expected = [(str(stage.stage), *_shown(*_result(stage, connection))) for stage in connection.stages]
    found = [_read_back(case) for case in suite.iter("testcase")]
    if found != expected:
        raise JUnitMismatchError(f"{suite.get('name')}: its cases read {found}, the document says {expected}")
    counts = {"tests": len(expected)} | {
        count: sum(kind == element for _, kind, _ in expected)
        for count, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    counted = {name: int(suite.get(name, "-1")) for name in counts}
    if counted != counts:
        raise JUnitMismatchError(f"{suite.get('name')}: it counts {counted}, the document says {counts}")
    if not _fits(connection.verdict, failures=counts["failures"], errors=counts["errors"]):
        raise JUnitMismatchError(
            f"{suite.get('name')}: {counts} does not show a verdict of {connection.verdict}"
        )


def _shown(kind: str | None, code: Cause | None) -> tuple[str | None, str | None]:
    """The element and its type; a skipped element has none."""
    return kind, str(code) if code and kind != "skipped" else None


def _read_back(case: ET.Element) -> tuple[str | None, str | None, str | None]:
    results = list(case)
    if not results:
        return case.get("name"), None, None
    if len(results) > 1 or not results[0].get("message") or not results[0].text:
        raise JUnitMismatchError(
            f"{case.get('classname')}.{case.get('name')}: more than one result, or no text"
        )
    return case.get("name"), results[0].tag, results[0].get("type")


def _fits(verdict: Verdict, *, failures: int, errors: int) -> bool:
    if verdict is Verdict.PASS:
        return failures == errors == 0
    if verdict is Verdict.FAIL:
        return failures > 0
    return failures == 0 and errors > 0
