"""A stage's result in the words that an item reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_fasthook.causes import Outcome
from pytest_fasthook.redact import one_line
from pytest_fasthook.reports.document import ids_of, next_step_for
from pytest_fasthook.settings.config import Settings
from pytest_fasthook.stages import Stage, StageResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an item has to report; plain texts, fit to be shown.

    Attributes:
        text: the whole story, for the failure section.
        brief: one line.
    """

    outcome: Outcome
    advisory: bool
    brief: str
    text: str


def notice_of(
    connection_id: str, result: StageResult, results: Mapping[Stage, StageResult], settings: Settings
) -> Notice:
    """What the item of ``result`` reports; redacted and cleaned.

    Args:
        connection_id: the connection.
        result: the stage's result.
        results: the connection's results so far, for the ids along the chain.
        settings: for what must not be shown, and the API's address in the next step.
    """
    show = settings.redactor.shown
    code = f"{result.cause}: " if result.cause else ""
    # Masked first: a cut or a folded blank could hide a part of a secret.
    brief = one_line(show(f"{code}{result.message}"), limit=600)
    text = "\n".join([brief, *(show(line) for line in _more(connection_id, result, results, settings))])
    # Pytest's own terminal and JUnit file, which this package does not write, are made from these words.
    held_back = settings.net.held_back
    return Notice(
        outcome=result.outcome, advisory=result.advisory, brief=held_back(brief), text=held_back(text)
    )


def _more(
    connection_id: str, result: StageResult, results: Mapping[Stage, StageResult], settings: Settings
) -> list[str]:
    if result.cause is None or result.outcome is Outcome.BLOCKED:
        return []
    ids = ids_of(connection_id, {**results, result.stage: result})
    named = ", ".join(f"{name} {value}" for name, value in ids.items() if value is not None)
    steps = next_step_for(result.cause, ids, settings=settings, stage=result.stage)
    # The calls that show or mend it stand in the summary; here they would only be there twice.
    return [f"stage {result.stage}; {named}", steps.splitlines()[0]]
