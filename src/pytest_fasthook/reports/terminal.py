"""The summary at the end of the run, as lines for pytest's terminal writer."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.causes import Outcome
from pytest_fasthook.reports.evidence_text import evidence_lines
from pytest_fasthook.reports.model import ConnectionRun, Run, StageRun
from pytest_fasthook.reports.model_fields import Verdict
from pytest_fasthook.reports.reading import read
from pytest_fasthook.reports.timeline import Bar, timeline
from pytest_fasthook.reports.wording import (
    LET_THROUGH,
    PLAN,
    headline,
    kept_out,
    outcome_of,
    policy_note,
    seconds,
    split_next,
    times,
    verdict_word,
)

Markup = dict[str, bool]
Line = tuple[str, Markup]

SHOWN_PASSES = 20
"""How many connections that passed are listed one by one; with ``-v`` all are."""
BAR_MIN, BAR_MAX = 8, 48
NARROWEST = 24

_MARKUP: Mapping[Verdict, Markup] = {
    Verdict.FAIL: {"red": True, "bold": True},
    Verdict.ERROR: {"red": True, "bold": True},
    Verdict.INCONCLUSIVE: {"yellow": True, "bold": True},
    Verdict.PASS: {"green": True, "bold": True},
}
_STAGE_MARKUP: Mapping[Outcome, Markup] = {
    Outcome.PASSED: {"green": True},
    Outcome.FAILED: {"red": True},
    Outcome.ERROR: {"red": True},
    Outcome.INCONCLUSIVE: {"yellow": True},
    Outcome.BLOCKED: {"light": True},
}
_SHELL_WORD = re.compile(r"""(?:-[HX] )?(?:"[^"]*"|'[^']*'|\S)+""")


def summary_lines(
    document: Mapping[str, Any], *, width: int, verbosity: int, ascii_only: bool = False
) -> list[Line]:
    """Return the summary, each line with its markup.

    Args:
        document: the run's document.
        width: columns of the terminal; only ids and the words of a command may be longer.
        verbosity: below 0 the verdicts and causes alone, from 1 on the evidence of each stage too.
        ascii_only: use ASCII signs alone, for terminals that can show no others.

    Raises:
        ReportShapeError: the document is not of the published shape.
    """
    run = read(document)
    prefix = f"[{LET_THROUGH}] " if run.let_through() else ""
    page = _Page(width=max(width - len(prefix), NARROWEST), verbosity=verbosity, ascii_only=ascii_only)
    return [(f"{prefix}{text}" if text else "", markup) for text, markup in page.lines(run)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """What the lines of one summary have in common."""

    width: int
    verbosity: int
    ascii_only: bool

    def lines(self, run: Run) -> Iterator[Line]:
        yield from self._verdict(run)
        if self.verbosity < 0:
            yield from self._quiet(run)
        elif len(run.connections) == 1:
            yield from self._connection(run.connections[0])
        else:
            yield from self._many(run)

    def _many(self, run: Run) -> Iterator[Line]:
        yield from self._table(run)
        told = [c for c in run.worst_first() if self.verbosity > 0 or c.verdict is not Verdict.PASS]
        yield from self._warnings_of([c for c in run.connections if c not in told])
        for connection in told:
            yield ("", {})
            text = outcome_of(connection, plan=run.plan)
            yield from self._wrapped(text, markup=_MARKUP[connection.verdict])
            yield from self._connection(connection)

    def _verdict(self, run: Run) -> Iterator[Line]:
        took = seconds((run.finished_at - run.started_at).total_seconds())
        text = f"{verdict_word(run).upper()}  {headline(run)} ({took}, exit code {run.exit_code})"
        yield from self._wrapped(text, markup={"bold": True} if run.plan else _MARKUP[run.verdict])
        note = policy_note(run)
        if note:
            yield from self._wrapped(note, markup={"yellow": True, "bold": True})

    def _quiet(self, run: Run) -> Iterator[Line]:
        for connection in run.worst_first():
            if connection.reason:
                named = f"{outcome_of(connection)}: " if len(run.connections) > 1 else ""
                text = f"{named}{connection.reason.message}"
                yield from self._wrapped(text, indent=2, markup=_MARKUP[connection.verdict])

    def _table(self, run: Run) -> Iterator[Line]:
        listed = run.worst_first()
        passed = [connection for connection in listed if connection.verdict is Verdict.PASS]
        hidden = passed[SHOWN_PASSES:] if self.verbosity < 1 else []
        column = max(len(connection.connection_id) for connection in listed)
        for connection in listed[: len(listed) - len(hidden)]:
            yield self._row(connection, column=min(column, self.width // 2), plan=run.plan)
            if connection.verdict is Verdict.PASS and self.verbosity < 1:
                for stage in connection.stages:
                    yield from self._kept_out(stage)
        if hidden:
            yield f"  and {len(hidden)} more passed", _MARKUP[Verdict.PASS]

    def _row(self, connection: ConnectionRun, *, column: int, plan: bool) -> Line:
        reason = connection.reason
        where = f"  {reason.stage}  {reason.code}" if reason else f"  {seconds(timeline(connection).total_s)}"
        planned = plan and connection.verdict is Verdict.PASS
        word = PLAN if planned else connection.verdict
        text = f"  {connection.connection_id:<{column}}  {word:<12}{where}"
        return self._cut(text), {} if planned else _MARKUP[connection.verdict]

    def _connection(self, connection: ConnectionRun) -> Iterator[Line]:
        if connection.reason:
            yield from self._wrapped(connection.reason.message, indent=2, markup={"bold": True})
        ids = [f"{name.removesuffix('_id').replace('_ids', 's')} {value}" for name, value in _ids(connection)]
        if ids:
            yield from self._wrapped(self._sign(" · ", ", ").join(ids), indent=2, whole_words=True)
        if connection.reason:
            yield from self._next(connection.reason.next)
        yield from self._warnings_of([connection], named=False)
        yield from self._timeline(connection)

    def _next(self, text: str) -> Iterator[Line]:
        words, commands = split_next(text)
        yield from self._wrapped(f"next: {words}", indent=2, hang=6)
        for command in commands:
            yield from (
                self._command(command) if command.startswith("$ ") else self._wrapped(command, indent=8)
            )

    def _command(self, command: str) -> Iterator[Line]:
        """A command over several lines, continued as the shell wants it, so that it can be copied."""
        rows, room = [""], self.width - 12
        for word in _SHELL_WORD.findall(self._plain(command)):
            if rows[-1] and len(rows[-1]) + len(word) > room:
                rows.append("")
            rows[-1] += word + " "
        for number, row in enumerate(rows):
            end = " \\" if number + 1 < len(rows) else ""
            yield f"{' ' * (12 if number else 8)}{row.rstrip()}{end}", {"cyan": True}

    def _warnings_of(self, connections: Iterable[ConnectionRun], *, named: bool = True) -> Iterator[Line]:
        """Each warning once, with the connections it is about."""
        about: dict[str, list[str]] = {}
        for connection in connections:
            for warning in connection.warnings:
                about.setdefault(warning, []).append(connection.connection_id)
        for warning, ids in about.items():
            text = f"warning: {', '.join(ids)}: {warning}" if named else f"warning: {warning}"
            yield from self._wrapped(text, indent=2, hang=9, markup={"yellow": True})

    def _timeline(self, connection: ConnectionRun) -> Iterator[Line]:
        line = timeline(connection)
        for bar in line.bars:
            yield self._cut(self._bar(bar, total=line.total_s)), _STAGE_MARKUP[bar.stage.outcome]
            yield from self._advisory(bar.stage)
            yield from self._kept_out(bar.stage)
            if self.verbosity > 0:
                yield from self._evidence(bar.stage)

    def _bar(self, bar: Bar, *, total: float) -> str:
        stage = bar.stage
        took = seconds(stage.duration_s) if bar.start_s is not None else ""
        text = f"  {stage.stage:<12}  {stage.outcome:<12}  {took:>8}"
        room = min(self.width - len(text) - 12, BAR_MAX)
        if room < BAR_MIN:
            return text.rstrip()
        drawn = _drawn(bar, total=total, room=room, filled=self._sign("━", "#"), rest=self._sign("·", "."))
        return f"{text}  {drawn} {times(stage.polls, 'poll') if stage.polls > 1 else ''}".rstrip()

    def _advisory(self, stage: StageRun) -> Iterator[Line]:
        """What an advisory stage found, as nothing else in the summary says it."""
        if stage.advisory and stage.code:
            text = f"advisory, {stage.code}: {stage.message}"
            yield from self._wrapped(text, indent=6, markup={"yellow": True})

    def _kept_out(self, stage: StageRun) -> Iterator[Line]:
        """What a stage kept out, which its outcome alone does not say."""
        text = kept_out(stage)
        if text is not None:
            yield from self._wrapped(text, indent=6, markup={"light": True})

    def _evidence(self, stage: StageRun) -> Iterator[Line]:
        for text in [stage.message, *evidence_lines(stage)]:
            indent = 6 + len(text) - len(text.lstrip())
            yield from self._wrapped(text.lstrip(), indent=indent, markup={"light": True})

    def _wrapped(
        self,
        text: str,
        *,
        indent: int = 0,
        hang: int = 2,
        markup: Markup | None = None,
        whole_words: bool = False,
    ) -> Iterator[Line]:
        indent = min(indent, self.width // 3)
        rows = textwrap.wrap(
            self._plain(text),
            self.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=not whole_words,
            break_on_hyphens=False,
        )
        return ((row, markup or {}) for row in rows)

    def _cut(self, text: str) -> str:
        text = self._plain(text)
        return text if len(text) <= self.width else text[: self.width - 1].rstrip() + self._sign("…", "~")

    def _sign(self, sign: str, in_ascii: str) -> str:
        return in_ascii if self.ascii_only else sign

    def _plain(self, text: str) -> str:
        return text.encode("ascii", "backslashreplace").decode() if self.ascii_only else text


def _ids(connection: ConnectionRun) -> Iterator[tuple[str, str]]:
    """The ids to look things up by; source and destination are known to who set up the route."""
    shown = ("probe_id", "request_id", "event_id", "attempt_ids")
    return ((name, value) for name, value in connection.known_ids().items() if name in shown)


def _drawn(bar: Bar, *, total: float, room: int, filled: str, rest: str) -> str:
    if bar.start_s is None or total <= 0:
        return rest * room
    start = min(int(bar.start_s / total * room), room - 1)
    length = min(max(round(bar.stage.duration_s / total * room), 1), room - start)
    return rest * start + filled * length + rest * (room - start - length)
