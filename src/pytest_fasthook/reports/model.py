"""The JSON report as a model: what every writer except the JSON one works from, and where its JSON Schema comes from.

``python -m pytest_fasthook.reports.model`` prints the schema that is shipped as ``report.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    WithJsonSchema,
    field_validator,
)
from pydantic_core.core_schema import ValidationInfo

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.reports.model_fields import (
    ADVISABLE,
    ALL_STAGES_OF_A_PASS,
    CODES,
    VERDICT_OF,
    Digest,
    ExitCode,
    Mode,
    Policy,
    Scalar,
    Seconds,
    Sentence,
    Text,
    Time,
    Truth,
    Verdict,
    Whole,
    where,
)
from pytest_fasthook.stages import Stage


class Part(BaseModel):
    """A part of the document: the schema refuses fields that it does not name, a reader passes over them."""

    model_config = ConfigDict(
        frozen=True, defer_build=True, json_schema_extra={"additionalProperties": False}
    )


class Open(BaseModel):
    """A part that may have other fields too."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="allow")


# -- the document ----------------------------------------------------------------------------------------------


class Answer(Open):
    """One answer of the API: the call in words, when it was asked and seen, and what came back."""

    call: Text
    asked_at: Time | None = None
    seen_at: Time | None = None
    value: Any = Field(default=None, alias="answer")
    error: Text | None = None


class Evidence(Open):
    """Short facts as scalars, and the answers of the API that the stage was judged by. Other keys may come."""

    answers: tuple[Answer, ...] = ()


class StageRun(Part):
    """What became of one stage of one connection."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "allOf": [
                where("outcome", "passed", code={"type": "null"}),
                *(where("outcome", str(one), code={"enum": codes}) for one, codes in CODES.items()),
                where("outcome", "blocked", code={"enum": [None, "STAGE_NOT_RUN"]}),
                {
                    "if": {"properties": {"advisory": {"const": True}}},
                    "then": {"properties": {"stage": {"enum": ADVISABLE}}},
                },
            ],
        }
    )

    stage: Stage
    outcome: Outcome
    advisory: Truth
    code: Cause | None
    message: Sentence
    started_at: Time | None
    duration_s: Seconds
    polls: Whole
    evidence: Evidence

    @field_validator("code", mode="after")
    @classmethod
    def _fits_outcome(cls, code: Cause | None, info: ValidationInfo) -> Cause | None:
        outcome = info.data.get("outcome")
        if outcome in VERDICT_OF and (code is None or code.outcome is not outcome):
            raise ValueError(f"is {code}, which is not a cause of the outcome {outcome}")
        if outcome is Outcome.PASSED and code is not None:
            raise ValueError(f"is {code}, yet the stage passed")
        return code

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers of the API that the stage was judged by."""
        return self.evidence.answers

    @property
    def facts(self) -> Mapping[str, Scalar]:
        """Evidence in single values."""
        return {key: value for key, value in self._others().items() if isinstance(value, Scalar)}

    @property
    def more(self) -> Mapping[str, Any]:
        """Evidence that is neither a single value nor one of the answers."""
        return {key: value for key, value in self._others().items() if not isinstance(value, Scalar)}

    def _others(self) -> dict[str, Any]:
        return {key: value for key, value in (self.evidence.model_extra or {}).items() if value is not None}


class Reason(Part):
    """The stage and the code that decided a verdict other than pass, and what to do next."""

    stage: Stage
    code: Cause
    message: Sentence
    next: Sentence


class Ids(Part):
    """The ids along the way of the event, as far as they are known."""

    request_id: Text | None
    event_id: Text | None
    attempt_ids: tuple[Text, ...]


class Sent(Part):
    """What a later run needs to go on watching the same event."""

    sent_at: Time
    window_start: Time
    body_sha256: Digest | None


class Kept(Open):
    """A part of the transcript; ``altered`` where nobody should judge by it again.

    Redacting, cleaning or cutting changed something there that a verdict can depend on.
    """

    altered: Literal[True] | None = None


class Expected(Kept):
    """What was expected of the connection."""

    team_id: Any
    source_url: Any
    waits: Any
    stages: Any
    preflight_deadline: Any
    sending: Any
    bites: Any
    teeth: Any


class Limits(Kept):
    """The limits that were set."""

    attempts: Any
    max_failure_rate: Any
    max_latency_s: Any
    rules: Any
    response_body: Any
    advisory: Any


class Told(Kept):
    """What only the payload and the secrets could tell, which no report holds."""

    refusal: Any
    doubts: Any
    inputs: Any


class AskedQuestion(Open):
    """What was asked."""

    ask: Any


class SeenAnswer(Open):
    """Equal answers that follow each other are one, with the moments of asking and seeing of each."""

    at: tuple[Any, ...]
    error: Mapping[str, Any] | None = None


class Look(Kept):
    """One question, and what was answered."""

    question: AskedQuestion
    answers: tuple[SeenAnswer, ...]


class Transcript(Part):
    """What the judge read, redacted and cut, so that the run can be judged again.

    Moments are seconds on the run's own monotonic clock.
    """

    expected: Expected
    limits: Limits
    told: Told
    looks: tuple[Look, ...]


class ConnectionRun(Part):
    """The verdict over one connection, and its stages in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "allOf": [
                {
                    "if": {"properties": {"verdict": {"const": "pass"}}},
                    "then": {"properties": {"cause": {"type": "null"}}},
                    "else": {"properties": {"cause": {"type": "object"}}},
                },
                *(
                    where("verdict", str(VERDICT_OF[one]), cause={"properties": {"code": {"enum": codes}}})
                    for one, codes in CODES.items()
                ),
            ],
        }
    )

    connection_id: Annotated[str, Strict(), StringConstraints(min_length=1, pattern=r"\S")]
    source_id: Text | None
    destination_id: Text | None
    probe_id: Text | None
    sending: Sent | None = None
    transcript: Transcript | None = None
    verdict: Verdict
    reason: Reason | None = Field(alias="cause")
    ids: Ids
    warnings: tuple[Sentence, ...]
    stages: Annotated[tuple[StageRun, ...], Field(min_length=1, json_schema_extra={"maxItems": len(Stage)})]

    @field_validator("stages", mode="after")
    @classmethod
    def _hold_the_deciding_one(
        cls, stages: tuple[StageRun, ...], info: ValidationInfo
    ) -> tuple[StageRun, ...]:
        reason = info.data.get("reason")
        if reason and reason.stage not in {stage.stage for stage in stages}:
            raise ValueError(f"lacks {reason.stage}, which the cause names")
        return stages

    @property
    def request_id(self) -> str | None:
        """The request record of the event."""
        return self.ids.request_id

    @property
    def event_id(self) -> str | None:
        """The branch of the event on this connection."""
        return self.ids.event_id

    def known_ids(self) -> dict[str, str]:
        """The ids that are known, by name, in the order of the route."""
        named = {
            "source_id": self.source_id,
            "destination_id": self.destination_id,
            "probe_id": self.probe_id,
            "request_id": self.ids.request_id,
            "event_id": self.ids.event_id,
            "attempt_ids": ", ".join(self.ids.attempt_ids),
        }
        return {name: value for name, value in named.items() if value and value.strip()}


class Tool(Part):
    """What wrote the report."""

    name: Literal["pytest-fasthook"]
    version: Annotated[str, Strict(), StringConstraints(min_length=1)]


class Api(Part):
    """Which FastHook, and which team."""

    url: Text
    team_id: Text | None


class Policies(Part):
    """What a verdict that is neither pass nor fail means for the exit code, and the stages that never decide."""

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "required": ["on_inconclusive", "on_error", "advisory"],
        }
    )

    on_inconclusive: Policy = Policy.KEEP
    on_error: Policy = Policy.KEEP
    advisory: tuple[Annotated[Text, WithJsonSchema({"enum": ADVISABLE})], ...] = ()


class MergedRun(Part):
    """One of the runs that a merged report was joined from."""

    verdict: Verdict
    exit_code: ExitCode
    started_at: Time
    finished_at: Time
    api: Api
    mode: Mode
    connections: tuple[Text, ...]


class Run(Part):
    """One run of the gate over one or more connections: what was asked, what was observed, and the verdict.

    Times are UTC, durations are seconds. ``verdict`` is the worst of all connections, whatever the policy;
    ``exit_code`` is the run's, after the policy and the other tests of the run. ``plan`` is true where nothing was
    sent and only preflight was judged.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "additionalProperties": False,
            "if": {"properties": {"plan": {"const": True}}, "required": ["plan"]},
            "else": {"properties": {"connections": {"items": ALL_STAGES_OF_A_PASS}}},
        }
    )

    schema_version: Literal[1]
    tool: Tool
    verdict: Verdict
    exit_code: ExitCode
    started_at: Time
    finished_at: Time
    api: Api
    mode: Mode
    policy: Policies = Policies()
    plan: Truth = False
    merged_from: Annotated[tuple[MergedRun, ...], Field(min_length=1)] | None = None
    connections: Annotated[tuple[ConnectionRun, ...], Field(min_length=1)]

    def let_through(self) -> bool:
        """Whether the exit code says success although the verdict does not."""
        return self.exit_code == 0 and self.verdict is not Verdict.PASS

    def worst_first(self) -> list[ConnectionRun]:
        """The connections, worst verdict first, else in the order of the run."""
        return sorted(self.connections, key=lambda connection: connection.verdict.rank)


def schema() -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of the report."""
    generated = _without_titles(Run.model_json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:pytest-fasthook:report:1",
        "title": "Report of a pytest-fasthook run",
        **generated,
    }


def _without_titles(value: Any) -> Any:
    """Leave out the titles, which only repeat the names of the fields."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if not (name == "title" and isinstance(item, str))}
        return {name: _without_titles(item) for name, item in kept.items()}
    return [_without_titles(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))  # noqa: T201 - it prints what is shipped
