"""GitHub annotations for the stages that did not pass: workflow commands, one a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_fasthook.reports.model import ConnectionRun, Run
from pytest_fasthook.reports.reading import read
from pytest_fasthook.reports.wording import headline, split_next

LIMIT = 10
"""GitHub shows so many annotations of one level a step."""


def workflow_commands(document: Mapping[str, Any], *, limit: int = LIMIT) -> list[str]:
    """Return the commands to print, each at the start of a line of its own, the worst connection first.

    A verdict that stops the run is an error; one that was let through, and an advisory stage that did not
    pass, is a warning. Where there are more than ``limit``, the last one says so.

    Raises:
        ReportShapeError: the document is not of the published shape.
    """
    run = read(document)
    found = [line for connection in run.worst_first() for line in _of_connection(connection, run)]
    if len(found) <= limit:
        return found
    rest = _command("warning", title="FastHook gate", text=f"{headline(run)}; not all of it is annotated")
    return [*found[: limit - 1], rest]


def _of_connection(connection: ConnectionRun, run: Run) -> Iterator[str]:
    reason = connection.reason
    if reason:
        level = "warning" if run.let_through() else "error"
        words, _ = split_next(reason.next)
        text = f"{reason.code}: {reason.message}\n{words}"
        yield _command(
            level, title=f"{connection.connection_id} {reason.stage}: {connection.verdict}", text=text
        )
    for stage in connection.stages:
        if stage.advisory and stage.code:
            title = f"{connection.connection_id} {stage.stage}: advisory"
            yield _command("warning", title=title, text=f"{stage.code}: {stage.message}")


def _command(level: str, *, title: str, text: str) -> str:
    return f"::{level} title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
