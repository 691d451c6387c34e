"""A stage's evidence as lines of text, for reports that are read without folding or colour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_fasthook.reports.model import Answer, StageRun
from pytest_fasthook.reports.model_fields import Scalar


def scalar_text(value: Scalar) -> str:
    """A fact as text: texts as they are, everything else in JSON's spelling."""
    return value if isinstance(value, str) else json.dumps(value)


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """A JSON value as text for people: not escaped beyond what JSON needs."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def evidence_lines(stage: StageRun) -> Iterator[str]:
    """Yield the facts of a stage, then each answer it was judged by."""
    for name, fact in stage.facts.items():
        yield f"{name}: {scalar_text(fact)}"
    for name, value in stage.more.items():
        yield f"{name}: {json_text(value, indent=None)}"
    for answer in stage.answers:
        yield answer_heading(answer)
        if answer.error is not None:
            yield f"  {answer.error}"
        if answer.value is not None or answer.error is None:
            yield from (f"  {line}" for line in json_text(answer.value).splitlines())


def answer_heading(answer: Answer) -> str:
    """The call, when it was asked (UTC) and how long the answer took."""
    if answer.asked_at is None:
        return answer.call
    asked = f"{answer.call}  asked at {answer.asked_at:%H:%M:%S.%f}"[:-3] + "Z"
    if answer.seen_at is None:
        return asked
    return f"{asked}, answered after {(answer.seen_at - answer.asked_at).total_seconds():.3f} s"
