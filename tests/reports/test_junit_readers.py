"""The JUnit file as CI systems read it: each reader below follows the rules of one system's own parser."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
import sample_documents as sample

from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.reports.junit import render

SAMPLES = sample.samples()


class Seen(NamedTuple):
    """What a system shows of one case."""

    group: str
    name: str
    result: str
    text: str


def first_of(case: ET.Element, kinds: Iterable[str]) -> ET.Element | None:
    return next((found for kind in kinds if (found := case.find(kind)) is not None), None)


def gitlab(root: ET.Element) -> list[Seen]:
    """Groups by class name; a failure wins over an error over a skip; shows the element's text only."""
    seen = []
    for case in root.iter("testcase"):
        found = first_of(case, ("failure", "error", "skipped"))
        result = "success" if found is None else {"failure": "failed"}.get(found.tag, found.tag)
        seen.append(
            Seen(
                case.attrib["classname"],
                case.attrib["name"],
                result,
                "" if found is None else found.text or "",
            )
        )
    return seen


def jenkins(root: ET.Element) -> list[Seen]:
    """Puts the package before the suite's name; looks for an error first; shows the message."""
    seen = []
    for suite in root.iter("testsuite"):
        prefix = f"{package}." if (package := suite.get("package")) else ""
        float(suite.attrib["time"].replace(",", ""))
        for case in suite.iter("testcase"):
            found = first_of(case, ("error", "failure", "skipped"))
            text = "" if found is None else found.attrib["message"]
            seen.append(Seen(prefix + suite.attrib["name"], case.attrib["name"], _tag(found), text))
    return seen


def azure(root: ET.Element) -> list[Seen]:
    """Takes the agent from the host name and reads a time stamp without a zone as UTC; names up to 512 characters."""
    seen = []
    for suite in root.iter("testsuite"):
        assert datetime.fromisoformat(suite.attrib["timestamp"]).tzinfo is None
        assert suite.attrib["hostname"]
        for case in suite.iter("testcase"):
            assert len(case.attrib["name"]) <= 512
            found = first_of(case, ("error", "failure", "skipped"))
            text = "" if found is None else found.attrib["message"]
            seen.append(Seen(case.attrib["classname"], case.attrib["name"], _tag(found), text))
    return seen


def github_test_reporter(root: ET.Element) -> list[Seen]:
    """Breaks on a suite without a name and on a missing time; a failure before an error; the message, then the text."""
    seen = []
    for suite in root.iter("testsuite"):
        group = suite.attrib["name"].strip()
        float(suite.attrib["time"])
        for case in suite.iter("testcase"):
            float(case.attrib["time"])
            found = first_of(case, ("failure", "error", "skipped"))
            text = "" if found is None else f"{found.get('type')}: {found.get('message')}\n{found.text}"
            seen.append(Seen(group, case.attrib["name"], _tag(found), text))
    return seen


def github_action_junit_report(root: ET.Element) -> list[Seen]:
    """Counts a case that has a skip as skipped, whatever else it has."""
    seen = []
    for case in root.iter("testcase"):
        found = first_of(case, ("skipped", "failure", "error"))
        text = "" if found is None else found.text or found.attrib["message"]
        seen.append(Seen(case.attrib["classname"], case.attrib["name"], _tag(found), text))
    return seen


def bitbucket(root: ET.Element) -> list[Seen]:
    """Shows the first 2,000 characters of what failed."""
    return [Seen(seen.group, seen.name, seen.result, seen.text[:2000]) for seen in gitlab(root)]


def buildkite(root: ET.Element) -> list[Seen]:
    """Drops what has no class name or no name."""
    kept = [case for case in root.iter("testcase") if case.get("classname") and case.get("name")]
    assert len(kept) == len(list(root.iter("testcase")))
    return github_action_junit_report(root)


def _tag(found: ET.Element | None) -> str:
    return "success" if found is None else {"failure": "failed"}.get(found.tag, found.tag)


READERS: list[Callable[[ET.Element], list[Seen]]] = [
    gitlab,
    jenkins,
    azure,
    github_test_reporter,
    github_action_junit_report,
    bitbucket,
    buildkite,
]


def expected(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    results = []
    for connection in document["connections"]:
        for stage in connection["stages"]:
            result = {"passed": "success", "blocked": "skipped", "inconclusive": "error"}.get(
                stage["outcome"], stage["outcome"]
            )
            if stage["advisory"] and stage["code"]:
                result = "skipped"
            results.append((f"fasthook.{clean(connection['connection_id'])}", stage["stage"], result))
    return results


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_each_system_sees_every_stage_with_its_result_and_message(
    reader: Callable[[ET.Element], list[Seen]], name: str
) -> None:
    document = SAMPLES[name]
    root = ET.fromstring(render(document, hostname="runner-1"))  # noqa: S314 - our own file

    seen = reader(root)

    assert [(one_line(s.group), s.name, s.result) for s in seen] == [
        (one_line(group), stage, result) for group, stage, result in expected(document)
    ]
    stages = [stage for connection in document["connections"] for stage in connection["stages"]]
    for shown, stage in zip(seen, stages, strict=True):
        if shown.result != "success":
            assert one_line(clean(stage["message"])) in one_line(shown.text, limit=5000)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name.startswith("cause_")])
def test_who_shows_only_the_text_still_shows_code_and_next_step(name: str) -> None:
    root = ET.fromstring(render(SAMPLES[name], hostname="runner-1"))  # noqa: S314 - our own file
    cause = SAMPLES[name]["connections"][0]["cause"]

    shown = next(seen for seen in bitbucket(root) if seen.name == cause["stage"])

    assert shown.text.startswith(f"{cause['code']}: {cause['message']}\nNext: {cause['next']}\n")
