"""The release checklist: for pull request comments, runbooks and GitHub's step summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_fasthook.causes import Outcome
from pytest_fasthook.redact import one_line
from pytest_fasthook.reports.evidence_text import scalar_text
from pytest_fasthook.reports.model import ConnectionRun, Reason, Run, StageRun
from pytest_fasthook.reports.model_fields import Verdict
from pytest_fasthook.reports.reading import read
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
from pytest_fasthook.stages import Stage

STEP_SUMMARY_BYTES = 1_000_000
"""GitHub refuses a step's summary above 1 MiB."""

MESSAGE_CHARS = 1000
CUT_NOTE = "\n*The rest is cut; the JSON report has it all.*\n"

_FACTS_SHOWN: Mapping[Stage, tuple[str, ...]] = {
    Stage.DELIVERY: ("response_status", "attempts", "latency_s"),
    Stage.METRICS: ("count", "failed_count", "failure_rate", "window_start", "window_end"),
}
_BOX = {Outcome.PASSED: "x"}


def render(document: Mapping[str, Any]) -> str:
    """Return the document as GitHub-flavoured Markdown, the worst connection first.

    Raises:
        ReportShapeError: the document is not of the published shape.
    """
    run = read(document)
    lines = list(_head(run))
    many = len(run.connections) > 1
    if many:
        lines += _table(run)
    for connection in run.worst_first():
        if many:
            lines += (f"## {escaped(outcome_of(connection, plan=run.plan))}", "")
        lines += _connection(connection)
    return "\n".join(lines).rstrip() + "\n"


def cut(markdown: str, *, limit: int = STEP_SUMMARY_BYTES) -> str:
    """Return as many whole lines as fit into ``limit`` bytes of UTF-8, and a note where some did not."""
    if len(markdown.encode()) <= limit:
        return markdown
    room = limit - len(CUT_NOTE.encode()) - len("\n```````\n")
    kept: list[str] = []
    for line in markdown.splitlines(keepends=True):
        room -= len(line.encode())
        if room < 0:
            break
        kept.append(line)
    return "".join(kept) + _closing_fence(kept) + CUT_NOTE


def _closing_fence(lines: list[str]) -> str:
    """The end of a code block that the cut left open, without which the note would be code as well."""
    fences = [line.strip() for line in lines if line.startswith("```")]
    return f"{fences[-1].removesuffix('sh')}\n" if len(fences) % 2 else ""


def _head(run: Run) -> Iterator[str]:
    yield f"# FastHook gate: {verdict_word(run)}"
    yield ""
    note = policy_note(run)
    if note:
        yield from (f"> **{escaped(note)}**", "")
    yield f"**{escaped(headline(run))}**"
    yield ""
    team = f" for team {code(run.api.team_id)}" if run.api.team_id else ""
    began = f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"
    took = seconds((run.finished_at - run.started_at).total_seconds())
    yield f"Run{team} at {code(run.api.url)}, {began}, {took}, exit code {run.exit_code}."
    yield ""


def _table(run: Run) -> Iterator[str]:
    yield "| connection | verdict | stage | code |"
    yield "| --- | --- | --- | --- |"
    for connection in run.worst_first():
        reason = connection.reason
        where = f"{reason.stage} | {code(reason.code)}" if reason else " | "
        word = PLAN if run.plan and connection.verdict is Verdict.PASS else connection.verdict
        yield f"| {_cell(code(connection.connection_id))} | {word} | {where} |"
    yield ""


def _connection(connection: ConnectionRun) -> Iterator[str]:
    yield from (_stage(stage) for stage in connection.stages)
    yield ""
    ids = [f"{name.replace('_', ' ')} {code(value)}" for name, value in connection.known_ids().items()]
    if ids:
        yield from (", ".join(ids), "")
    yield from (f"- warning: {escaped(warning)}" for warning in connection.warnings)
    if connection.warnings:
        yield ""
    if connection.reason:
        yield from _reason(connection.reason)


def _stage(stage: StageRun) -> str:
    """One line of the checklist; only a stage that passed is ticked."""
    name = f"**{stage.stage}**"
    if stage.outcome is not Outcome.PASSED:
        name += f" {stage.outcome}" + (f", {code(stage.code)}" if stage.code else "")
    if stage.advisory:
        name += " (advisory)"
    known = [*_facts(stage), *_effort(stage)]
    said = f" ({', '.join(known)})" if known else ""
    return f"- [{_BOX.get(stage.outcome, ' ')}] {name}: {escaped(stage.message)}{said}"


def _facts(stage: StageRun) -> Iterator[str]:
    for name in _FACTS_SHOWN.get(stage.stage, ()):
        if name in stage.facts:
            yield f"{name.replace('_', ' ')} {escaped(scalar_text(stage.facts[name]))}"


def _effort(stage: StageRun) -> Iterator[str]:
    if stage.started_at:
        yield seconds(stage.duration_s)
        yield times(stage.polls, "poll")


def _reason(reason: Reason) -> Iterator[str]:
    words, commands = split_next(reason.next)
    yield f"**Cause:** {escaped(reason.message)}"
    yield ""
    yield f"**Next:** {escaped(words)}"
    yield ""
    if commands:
        fence = _fence("\n".join(commands), least=3)
        yield from (f"{fence}sh", *(line.removeprefix("$ ") for line in commands), fence, "")


def escaped(text: str) -> str:
    """Text as Markdown that shows it as it is, on one line: no mark-up, no HTML, nobody mentioned."""
    text = one_line(text, limit=MESSAGE_CHARS)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)|^[#+-]", r"\\\g<0>", text)
    return re.sub(r"@(?=\w)", "@<!-- -->", text)


def code(text: str) -> str:
    """Text as a code span, whatever backticks it holds."""
    text = one_line(text, limit=MESSAGE_CHARS)
    fence = _fence(text, least=1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _cell(text: str) -> str:
    """A code span in a table: there a bar ends the cell even inside code."""
    return text.replace("|", r"\|")


def _fence(text: str, *, least: int) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(longest + 1, least)
