from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import junit_xml
import junitparser
import pytest
import sample_documents as sample
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.redact import clean
from pytest_fasthook.reports.junit import JUnitMismatchError, render
from pytest_fasthook.reports.reading import ReportShapeError
from pytest_fasthook.stages import Stage

SCHEMAS = Path(__file__).parents[3] / "shared" / "schemas"
SAMPLES = sample.samples()


def read_back(document: dict[str, Any], *, hostname: str = "runner-1") -> ET.Element:
    return ET.fromstring(render(document, hostname=hostname))  # noqa: S314 - our own file


def suites(document: dict[str, Any]) -> list[ET.Element]:
    return list(read_back(document))


def properties(suite: ET.Element) -> dict[str, str]:
    return {entry.attrib["name"]: entry.attrib["value"] for entry in suite.iter("property")}


def case(suite: ET.Element, stage: str) -> ET.Element:
    return next(entry for entry in suite.iter("testcase") if entry.get("name") == stage)


@pytest.mark.parametrize("schema", ["junit-10.xsd", "windyroad-JUnit.xsd"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_valid_under_both_strict_schemas(schema: str, name: str) -> None:
    if not (SCHEMAS / schema).exists():
        pytest.skip(f"{schema} is not beside the repository")
    document = etree.fromstring(render(SAMPLES[name], hostname="runner-1"))

    etree.XMLSchema(etree.parse(SCHEMAS / schema)).assertValid(document)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_has_the_shape_strict_readers_want(name: str) -> None:
    root = read_back(SAMPLES[name])

    assert root.tag == "testsuites"
    assert root.attrib == {}
    for number, suite in enumerate(root):
        assert suite.get("id") == str(number)
        assert suite.get("package") == ""
        assert "disabled" not in suite.attrib
        children = [child.tag for child in suite]
        assert children == ["properties", *["testcase"] * 6, "system-out", "system-err"]
        times = [suite.attrib["time"], *(entry.attrib["time"] for entry in suite.iter("testcase"))]
        assert all(len(time.partition(".")[2]) == 3 for time in times)


def test_a_suite_carries_its_ids_statuses_and_window() -> None:
    (suite,) = suites(sample.document())

    assert suite.attrib | {"time": ""} == {
        "name": "fasthook.conn_1",
        "package": "",
        "id": "0",
        "hostname": "runner-1",
        "timestamp": "2026-05-29T10:00:00",
        "tests": "6",
        "failures": "0",
        "errors": "0",
        "skipped": "0",
        "time": "",
    }
    expected = {
        "connection_id": "conn_1",
        "source_id": "src_1",
        "destination_id": "des_1",
        "request_id": "req_1",
        "event_id": "evt_1",
        "attempt_ids": "att_1, att_2",
        "probe_id": "prb_1",
        "verdict": "pass",
        "run.exit_code": "0",
        "ingress.verified": "true",
        "delivery.response_status": "200",
        "metrics.count": "4",
        "metrics.window_start": sample.at(-60),
        "metrics.window_end": sample.at(4.4),
    }
    assert expected.items() <= properties(suite).items()
    assert "warning: delivered on attempt 2 of 2" in (suite.findtext("system-out") or "")


def test_each_stage_is_a_case_with_its_duration() -> None:
    (suite,) = suites(sample.document())

    cases = [(entry.get("classname"), entry.get("name")) for entry in suite.iter("testcase")]
    assert cases == [("fasthook.conn_1", str(stage)) for stage in Stage]
    assert case(suite, "delivery").get("time") == "2.600"
    assert suite.get("time") == "4.380"


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_is_an_element_of_its_kind_and_later_stages_are_skipped(cause: Cause) -> None:
    (suite,) = suites(sample.document(sample.broken_connection(cause)))
    where = sample.STAGE_OF_CAUSE.get(cause, Stage.PREFLIGHT)
    before = list(Stage).index(where)

    element = case(suite, where)[0]
    kind = "failure" if cause.outcome is Outcome.FAILED else "error"
    assert (element.tag, element.get("type")) == (kind, cause)
    assert element.get("message") == f"{cause}: {where} of conn_1 ended with {cause}"
    assert (element.text or "").startswith(
        f"{cause}: {where} of conn_1 ended with {cause}\nNext: Look at {where}."
    )
    assert "source_id: src_1" in (element.text or "")
    assert ("event_id: evt_1" in (element.text or "")) is (before >= 3)
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["6", str(int(kind == "failure")), str(int(kind == "error")), str(5 - before)]
    for later in list(Stage)[before + 1 :]:
        (skipped,) = case(suite, later)
        assert skipped.get("message") == skipped.text == f"not run: blocked by {where}"


@pytest.mark.parametrize("cause", [Cause.METRICS_LAG, Cause.METRICS_FAILURES])
def test_an_advisory_stage_that_did_not_pass_is_skipped_and_named(cause: Cause) -> None:
    (suite,) = suites(sample.advisory_document(cause))

    (skipped,) = case(suite, "metrics")
    assert skipped.tag == "skipped"
    assert skipped.get("message") == f"advisory, {cause}: metrics ended with {cause}"
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "1")


def test_a_stage_that_was_blocked_without_running_is_an_error_where_its_code_says_so() -> None:
    document = sample.not_run_document()
    for stage in document["connections"][0]["stages"][4:]:
        stage.update(outcome="blocked", code="STAGE_NOT_RUN")

    (suite,) = suites(document)

    assert [case(suite, name)[0].get("type") for name in ("latest_input", "metrics")] == ["STAGE_NOT_RUN"] * 2


@pytest.mark.parametrize("outcome", ["blocked", "passed"])
def test_the_deciding_stage_is_never_greener_than_the_verdict(outcome: str) -> None:
    """A probe that had to be refused and got through decides a stage that passed for the ordinary probe."""
    document = sample.document(sample.broken_connection(Cause.NEGATIVE_ACCEPTED))
    document["connections"][0]["stages"][1].update(outcome=outcome, code=None)

    (suite,) = suites(document)

    assert case(suite, "ingress")[0].get("type") == "NEGATIVE_ACCEPTED"
    assert suite.get("failures") == "1"


def test_a_verdict_that_was_let_through_keeps_its_error_and_is_said() -> None:
    (suite,) = suites(sample.let_through_document())

    assert suite.get("errors") == "1"
    assert properties(suite)["policy.on_inconclusive"] == "pass"
    assert "LET THROUGH: nothing proves that" in (suite.findtext("system-out") or "")


@pytest.mark.parametrize("hostname", ["", " \n"])
def test_a_machine_without_a_name_is_localhost(hostname: str) -> None:
    root = read_back(sample.document(), hostname=hostname)

    assert root[0].get("hostname") == "localhost"


def test_a_message_of_several_lines_is_one_line_in_the_attribute_and_whole_in_the_text() -> None:
    message = "the receiver said:\n\tfirst line\nsecond line"
    document = sample.document(sample.broken_connection(Cause.DELIVERY_FAILED, message=message))

    element = case(suites(document)[0], "delivery")[0]

    assert element.get("message") == "DELIVERY_FAILED: the receiver said: first line second line"
    assert message in (element.text or "")


def test_a_long_answer_is_cut_and_the_cut_is_said() -> None:
    connection = sample.broken_connection(Cause.DELIVERY_FAILED)
    connection["stages"][3]["evidence"]["answers"][0]["answer"] = "x" * 100_000

    text = case(suites(sample.document(connection))[0], "delivery")[0].text or ""

    assert len(text) < 21_000
    assert text.endswith("… cut; the JSON report has it all")


def test_what_xml_cannot_hold_becomes_visible() -> None:
    message = "nul \x00 escape \x1b lone \ud800 last \uffff"
    document = sample.document(sample.broken_connection(Cause.DELIVERY_FAILED, message=message))

    element = case(suites(document)[0], "delivery")[0]

    assert element.get("message") == f"DELIVERY_FAILED: {clean(message)}"
    assert not set("\x00\x1b\ud800\uffff") & set(element.get("message") or "")


TEXT = st.text(st.characters(exclude_categories=()))


@settings(deadline=None)
@given(
    message=TEXT.filter(lambda text: clean(text).strip()),
    key=TEXT.filter(lambda key: key != "answers"),
    fact=TEXT,
    hostname=TEXT,
)
def test_any_text_gives_a_file_that_can_be_read(message: str, key: str, fact: str, hostname: str) -> None:
    connection = sample.broken_connection(Cause.DELIVERY_FAILED, message=message, facts={key: fact})

    root = read_back(sample.document(connection), hostname=hostname)

    assert root[0].get("failures") == "1"


@pytest.mark.parametrize("name", SAMPLES)
def test_junitparser_reads_what_the_document_says(name: str, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_bytes(render(SAMPLES[name], hostname="runner-1"))
    file = junitparser.JUnitXml.fromfile(str(path))

    for suite, connection in zip(file, SAMPLES[name]["connections"], strict=True):
        assert suite.tests == 6
        assert (suite.failures > 0) is (connection["verdict"] == "fail")
        assert (suite.errors > 0) is (connection["verdict"] in {"error", "inconclusive"})
        results = {entry.name: entry.result for entry in suite}
        if connection["cause"]:
            (result,) = results[connection["cause"]["stage"]]
            assert result.type == connection["cause"]["code"]
            assert result.message


def test_many_connections_are_as_many_suites() -> None:
    names = [suite.get("name") for suite in suites(sample.many_connections_document())]

    assert names == [f"fasthook.conn_{number}" for number in range(12)]


def test_a_failure_that_the_library_loses_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """junit-xml writes a failure with an empty message as a pass; a file that does so must not be written."""
    monkeypatch.setattr(junit_xml.TestCase, "add_failure_info", lambda *_args: None)

    with pytest.raises(JUnitMismatchError, match="its cases read"):
        render(sample.document(sample.broken_connection(Cause.DELIVERY_FAILED)), hostname="runner-1")


def test_a_failure_that_loses_its_text_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems show nothing but the text."""
    original = junit_xml.TestCase.add_failure_info

    def without_text(self: Any, message: str, _text: str, code: str) -> None:
        original(self, message, None, code)

    monkeypatch.setattr(junit_xml.TestCase, "add_failure_info", without_text)

    with pytest.raises(JUnitMismatchError, match="more than one result, or no text"):
        render(sample.document(sample.broken_connection(Cause.DELIVERY_FAILED)), hostname="runner-1")


def test_a_count_that_the_library_gets_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit_xml.TestCase, "is_failure", lambda _self: False)

    with pytest.raises(JUnitMismatchError, match="it counts"):
        render(sample.document(sample.broken_connection(Cause.DELIVERY_FAILED)), hostname="runner-1")


def test_a_pass_whose_deciding_stage_failed_is_not_written() -> None:
    document = sample.document()
    document["connections"][0]["stages"][3].update(outcome="failed", code="DELIVERY_FAILED")

    with pytest.raises(JUnitMismatchError, match="does not show a verdict of pass"):
        render(document, hostname="runner-1")


def test_a_verdict_without_a_cause_is_not_written_as_a_pass() -> None:
    document = sample.document()
    document["connections"][0]["verdict"] = "inconclusive"

    with pytest.raises(JUnitMismatchError, match="does not show a verdict of inconclusive"):
        render(document, hostname="runner-1")


@pytest.mark.parametrize("kind", [JUnitMismatchError, ReportShapeError])
def test_what_goes_wrong_is_a_value_error_too(kind: type[Exception]) -> None:
    """Whoever writes several reports has to catch one kind of error for all of them."""
    assert issubclass(kind, ValueError)


def test_a_document_without_connections_is_refused() -> None:
    """A file without cases is green in most readers."""
    document = sample.document()
    document["connections"] = []

    with pytest.raises(ReportShapeError, match=r"report\.connections is empty"):
        render(document, hostname="runner-1")
