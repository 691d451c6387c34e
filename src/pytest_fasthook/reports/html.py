"""The HTML report: one page that needs nothing but itself.

It is a tree of elements rather than a template: text from outside can then only ever be text, and a plain
install is enough. There is no script in it, and its own policy forbids any, as it does everything from elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

from pytest_fasthook.causes import Outcome
from pytest_fasthook.reports.elements import Node, el, page
from pytest_fasthook.reports.evidence_text import answer_heading, json_text, scalar_text
from pytest_fasthook.reports.metrics_chart import chart, in_words, series
from pytest_fasthook.reports.model import Answer, ConnectionRun, Reason, Run, StageRun
from pytest_fasthook.reports.model_fields import Mode, Verdict
from pytest_fasthook.reports.reading import read
from pytest_fasthook.reports.timeline import timeline
from pytest_fasthook.reports.waterfall import waterfall
from pytest_fasthook.reports.wording import (
    PLAN,
    headline,
    outcome_of,
    policy_note,
    seconds,
    split_next,
    times,
    verdict_word,
)

SIGNS: Mapping[str, str] = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.ERROR: "!",
    Verdict.INCONCLUSIVE: "?",
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.BLOCKED: "◦",
    PLAN: "◦",
}
"""So that nobody has to tell states apart by colour; ``error`` and ``inconclusive`` are the same in both lists."""


def render(document: Mapping[str, Any]) -> str:
    """Return the document as one self-contained HTML page, the worst connection first.

    Raises:
        ReportShapeError: the document is not of the published shape.
    """
    run = read(document)
    return page(el("html", _head(run), el("body", *_body(run)), lang="en"))


def _head(run: Run) -> ET.Element:
    css = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", **{"http-equiv": "Content-Security-Policy", "content": policy}),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", f"{run.verdict}: {headline(run)}"),
        el("style", css),
    )


def _body(run: Run) -> Iterator[ET.Element]:
    yield el("header", *_header(run))
    many = len(run.connections) > 1
    parts = [_overview(run)] if many else []
    parts += [
        _connection(connection, run, number=run.connections.index(connection))
        for connection in run.worst_first()
    ]
    yield el("main", *parts)
    yield el("footer", el("p", f"pytest-fasthook {run.tool.version}. Times are UTC."))


def _header(run: Run) -> Iterator[ET.Element]:
    yield el("p", "FastHook gate", class_="product")
    yield el("h1", _badge(verdict_word(run)), " ", headline(run))
    note = policy_note(run)
    if note:
        yield el("p", note, class_="loud")
    took = seconds((run.finished_at - run.started_at).total_seconds())
    facts = {
        "started": f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        "took": took,
        "exit code": str(run.exit_code),
        "mode": str(run.mode),
        "team": run.api.team_id or "not known",
        "API": run.api.url,
    }
    if run.merged_from:
        facts["merged from"] = times(len(run.merged_from), "run")
    yield _facts(facts)


def _badge(state: str) -> ET.Element:
    """A state as sign and word."""
    return el("span", f"{SIGNS[state]} {state}", class_=f"badge {state}")


def _facts(facts: Mapping[str, str]) -> ET.Element:
    pairs = [el("div", el("dt", name), el("dd", value)) for name, value in facts.items()]
    return el("dl", *pairs, class_="facts")


def _overview(run: Run) -> ET.Element:
    heads = (el("th", name, scope="col", class_=name) for name in ("connection", "verdict", "cause", "took"))
    rows = (
        _overview_row(
            connection,
            number=run.connections.index(connection),
            planned=run.plan and connection.verdict is Verdict.PASS,
        )
        for connection in run.worst_first()
    )
    table = el("table", el("thead", el("tr", *heads)), el("tbody", *rows))
    return el("section", el("h2", "Overview", id="overview"), table, aria_labelledby="overview")


def _overview_row(connection: ConnectionRun, *, number: int, planned: bool) -> ET.Element:
    reason = connection.reason
    cause = _breakable(f"{reason.stage}: {reason.code}") if reason else ()
    return el(
        "tr",
        el("th", el("a", *_breakable(connection.connection_id), href=f"#c{number}"), scope="row"),
        el("td", _badge(PLAN if planned else connection.verdict)),
        el("td", *cause),
        el("td", seconds(timeline(connection).total_s), class_="took"),
    )


def _breakable(text: str) -> Iterator[Node]:
    """Ids and codes, broken between their parts where a screen is too narrow for them."""
    first, *rest = text.split("_")
    yield first
    for part in rest:
        yield from ("_", el("wbr"), part)


def _connection(connection: ConnectionRun, run: Run, *, number: int) -> ET.Element:
    """A section; where there are many, each has its title and those that passed are folded."""
    name = f"c{number}"
    css = f"connection {connection.verdict}"
    if len(run.connections) == 1:
        parts = _connection_parts(connection, name=name, sent=_sent(connection, run), heading="h2")
        return el("section", *parts, class_=css, aria_label=connection.connection_id)
    parts = _connection_parts(connection, name=name, sent=_sent(connection, run), heading="h3")
    badge = _badge(PLAN if run.plan and connection.verdict is Verdict.PASS else connection.verdict)
    title = el("h2", badge, " ", outcome_of(connection, plan=run.plan), id=name)
    opened = {} if connection.verdict is Verdict.PASS else {"open": ""}
    folded = el("details", el("summary", title), *parts, class_="connection", **opened)
    return el("section", folded, class_=css, aria_labelledby=name)


def _sent(connection: ConnectionRun, run: Run) -> bool:
    """Whether the run sent an event for this connection."""
    return run.mode is Mode.SEND and connection.probe_id is not None


def _connection_parts(
    connection: ConnectionRun, *, name: str, sent: bool, heading: str
) -> Iterator[ET.Element]:
    if connection.reason:
        yield _cause(connection.reason)
    if connection.warnings:
        warnings = (el("li", warning) for warning in connection.warnings)
        yield el("ul", *warnings, class_="warnings", aria_label="Warnings")
    yield _facts({key.replace("_", " "): value for key, value in connection.known_ids().items()})
    yield el(heading, "Timeline")
    yield waterfall(timeline(connection), name=name, sent=sent)
    points = series(connection)
    if points:
        yield el(heading, "Events in the window")
        yield chart(points, name=name)
        yield el("p", in_words(points), class_="effort")
    yield el(heading, "Stages")
    yield el("ol", *(_stage(stage, connection) for stage in connection.stages), class_="stages")


def _cause(reason: Reason) -> ET.Element:
    words, commands = split_next(reason.next)
    parts = [
        el("p", el("strong", f"{reason.stage}: {reason.code}")),
        el("p", reason.message),
        el("p", el("strong", "Next: "), words),
    ]
    if commands:
        text = "\n".join(line.removeprefix("$ ") for line in commands)
        parts.append(el("pre", el("code", text)))
    return el("div", *parts, class_="cause")


def _stage(stage: StageRun, connection: ConnectionRun) -> ET.Element:
    advisory = " (advisory)" if stage.advisory else ""
    code = f" {stage.code}" if stage.code else ""
    parts = [
        el("p", _badge(stage.outcome), " ", el("strong", f"{stage.stage}{advisory}{code}")),
        el("p", stage.message),
    ]
    if stage.started_at:
        began = f"{stage.started_at:%H:%M:%S.%f}"[:-3]
        effort = f"began {began}, took {seconds(stage.duration_s)}, {times(stage.polls, 'poll')}"
        parts.append(el("p", effort, class_="effort"))
    evidence = list(_evidence(stage))
    if evidence:
        decides = connection.reason is not None and connection.reason.stage is stage.stage
        summary = el("summary", f"Evidence of {stage.stage}")
        parts.append(el("details", summary, *evidence, **({"open": ""} if decides else {})))
    return el("li", *parts, class_=stage.outcome)


def _evidence(stage: StageRun) -> Iterator[ET.Element]:
    facts = {name: scalar_text(fact) for name, fact in stage.facts.items()}
    facts |= {name: json_text(value, indent=None) for name, value in stage.more.items()}
    if facts:
        yield _facts(facts)
    for answer in stage.answers:
        yield el("div", *_answer(answer), class_="answer")


def _answer(answer: Answer) -> Iterator[Node]:
    yield el("p", answer_heading(answer), class_="call")
    if answer.error is not None:
        yield el("p", answer.error)
    if answer.value is not None or answer.error is None:
        yield el("pre", el("code", json_text(answer.value)))
