"""The document as typed values: what every writer except the JSON one works from.

Texts are cleaned on the way in. The gate has done so already; a document that was read back from a file may
have been through other hands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.redact import clean
from pytest_fasthook.reports.fields import Fields, ReportShapeError
from pytest_fasthook.stages import Stage

SCHEMA_VERSION = 1

Scalar = str | int | float | bool


class Verdict(StrEnum):
    """The verdicts, worst first."""

    FAIL = "fail"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"  # noqa: S105 - a verdict, not a password

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return list(Verdict).index(self)


VERDICT_OF: Mapping[Outcome, Verdict] = {
    Outcome.FAILED: Verdict.FAIL,
    Outcome.ERROR: Verdict.ERROR,
    Outcome.INCONCLUSIVE: Verdict.INCONCLUSIVE,
}


class Mode(StrEnum):
    """Whether the run sent its event or waited for a real one."""

    SEND = "send"
    WAIT = "wait"


class Policy(StrEnum):
    """What a run was told to make of a verdict that is neither pass nor fail."""

    KEEP = "keep"
    FAIL = "fail"
    PASS = "pass"  # noqa: S105 - a policy, not a password


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the API: the call in words, when it was asked and seen, and what came back."""

    call: str
    asked_at: datetime | None
    seen_at: datetime | None
    value: Any
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRun:
    """What became of one stage of one connection."""

    stage: Stage
    outcome: Outcome
    advisory: bool
    code: Cause | None
    message: str
    started_at: datetime | None
    duration_s: float
    polls: int
    facts: Mapping[str, Scalar]
    answers: tuple[Answer, ...]
    more: Mapping[str, Any]
    """Evidence that is neither a scalar nor one of the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """The stage and the code that decided a verdict other than pass, and what to do next."""

    stage: Stage
    code: Cause
    message: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRun:
    """The verdict over one connection, and its stages in order."""

    connection_id: str
    source_id: str | None
    destination_id: str | None
    probe_id: str | None
    verdict: Verdict
    reason: Reason | None
    request_id: str | None
    event_id: str | None
    attempt_ids: tuple[str, ...]
    warnings: tuple[str, ...]
    stages: tuple[StageRun, ...]

    def ids(self) -> dict[str, str]:
        """The ids that are known, by name, in the order of the route."""
        named = {
            "source_id": self.source_id,
            "destination_id": self.destination_id,
            "probe_id": self.probe_id,
            "request_id": self.request_id,
            "event_id": self.event_id,
            "attempt_ids": ", ".join(self.attempt_ids),
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the gate over one or more connections."""

    tool_version: str
    verdict: Verdict
    exit_code: int
    started_at: datetime
    finished_at: datetime
    api_url: str
    team_id: str | None
    mode: Mode
    on_inconclusive: Policy
    on_error: Policy
    advisory: tuple[str, ...]
    connections: tuple[ConnectionRun, ...]
    merged_from: int
    """How many runs this one was joined from; 0 when it is a run of its own."""

    def let_through(self) -> bool:
        """Whether the exit code says success although the verdict does not."""
        return self.exit_code == 0 and self.verdict is not Verdict.PASS

    def worst_first(self) -> list[ConnectionRun]:
        """The connections, worst verdict first, else in the order of the run."""
        return sorted(self.connections, key=lambda connection: connection.verdict.rank)


def read(document: Mapping[str, Any]) -> Run:
    """Read the document.

    Raises:
        ReportShapeError: it is not of the published shape; the text names the first wrong field.
    """
    fields = Fields(_cleaned(document))
    if fields.integer("schema_version") != SCHEMA_VERSION:
        raise ReportShapeError(f"report.schema_version is not {SCHEMA_VERSION}, the only one known here")
    api, policy = fields.child("api"), fields.optional_child("policy")
    connections = tuple(_connection(child) for child in fields.children("connections"))
    if not connections:
        raise ReportShapeError("report.connections is empty")
    return Run(
        tool_version=fields.child("tool").text("version"),
        verdict=fields.choice("verdict", Verdict),
        exit_code=fields.integer("exit_code"),
        started_at=fields.time("started_at"),
        finished_at=fields.time("finished_at"),
        api_url=api.text("url"),
        team_id=api.optional_text("team_id"),
        mode=fields.choice("mode", Mode),
        on_inconclusive=policy.choice("on_inconclusive", Policy) if policy else Policy.KEEP,
        on_error=policy.choice("on_error", Policy) if policy else Policy.KEEP,
        advisory=policy.optional_texts("advisory") if policy else (),
        connections=connections,
        merged_from=len(list(fields.children("merged_from"))) if fields.has("merged_from") else 0,
    )


def _connection(fields: Fields) -> ConnectionRun:
    ids, cause = fields.child("ids"), fields.optional_child("cause")
    stages = tuple(_stage(child) for child in fields.children("stages"))
    return ConnectionRun(
        connection_id=fields.text("connection_id"),
        source_id=fields.optional_text("source_id"),
        destination_id=fields.optional_text("destination_id"),
        probe_id=fields.optional_text("probe_id"),
        verdict=fields.choice("verdict", Verdict),
        reason=_reason(cause, stages) if cause else None,
        request_id=ids.optional_text("request_id"),
        event_id=ids.optional_text("event_id"),
        attempt_ids=ids.texts("attempt_ids"),
        warnings=fields.texts("warnings"),
        stages=stages,
    )


def _reason(fields: Fields, stages: Iterable[StageRun]) -> Reason:
    deciding = fields.choice("stage", Stage)
    if deciding not in {stage.stage for stage in stages}:
        raise fields.wrong("stage", f"is {deciding}, which is not among the stages")
    return Reason(
        stage=deciding,
        code=fields.choice("code", Cause),
        message=fields.text("message"),
        next=fields.text("next"),
    )


def _stage(fields: Fields) -> StageRun:
    outcome, code = fields.choice("outcome", Outcome), fields.optional_choice("code", Cause)
    if outcome in VERDICT_OF and (code is None or code.outcome is not outcome):
        raise fields.wrong("code", f"is {code}, which is not a cause of the outcome {outcome}")
    if outcome is Outcome.PASSED and code is not None:
        raise fields.wrong("code", f"is {code}, yet the stage passed")
    evidence = fields.child("evidence")
    rest = {key: value for key, value in evidence.raw().items() if key != "answers" and value is not None}
    return StageRun(
        stage=fields.choice("stage", Stage),
        outcome=outcome,
        advisory=fields.flag("advisory"),
        code=code,
        message=fields.text("message"),
        started_at=fields.optional_time("started_at"),
        duration_s=fields.number("duration_s"),
        polls=fields.integer("polls"),
        facts={key: value for key, value in rest.items() if isinstance(value, Scalar)},
        answers=tuple(map(_answer, evidence.children("answers"))) if evidence.has("answers") else (),
        more={key: value for key, value in rest.items() if not isinstance(value, Scalar)},
    )


def _answer(fields: Fields) -> Answer:
    return Answer(
        call=fields.text("call"),
        asked_at=fields.optional_time("asked_at"),
        seen_at=fields.optional_time("seen_at"),
        value=fields.raw().get("answer"),
        error=fields.optional_text("error"),
    )


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
