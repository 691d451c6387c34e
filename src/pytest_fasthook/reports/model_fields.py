"""What the fields of the JSON report may hold, and the conditions of its schema."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AllowInfNan,
    BeforeValidator,
    Field,
    JsonValue,
    Strict,
    StringConstraints,
    WithJsonSchema,
)

from pytest_fasthook.causes import Cause, Outcome
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


# -- single fields ---------------------------------------------------------------------------------------------


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f"is {value!r}, not a time") from None
    if moment.tzinfo is None:
        raise ValueError("lacks its zone")
    return moment


def _no_digits_lost(value: object) -> object:
    """Refuse whole numbers that no float can hold."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > sys.float_info.max_exp:
        raise ValueError("is too large for a number of seconds")
    return value


_TIME_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$"
Time = Annotated[
    datetime, BeforeValidator(_moment), Strict(), WithJsonSchema({"type": "string", "pattern": _TIME_PATTERN})
]
Text = Annotated[str, Strict()]
Sentence = Annotated[str, Strict(), StringConstraints(pattern=r"\S")]
Truth = Annotated[bool, Strict()]
Whole = Annotated[int, Strict(), Field(ge=0)]
ExitCode = Annotated[int, Strict(), Field(ge=0, le=255)]
Seconds = Annotated[float, Strict(), Field(ge=0), AllowInfNan(False), BeforeValidator(_no_digits_lost)]
Digest = Annotated[str, Strict(), StringConstraints(pattern="^[0-9a-f]{64}$")]

CODES: Mapping[Outcome, list[JsonValue]] = {
    outcome: [cause.value for cause in Cause if cause.outcome is outcome] for outcome in VERDICT_OF
}
ADVISABLE: list[JsonValue] = [stage.value for stage in (Stage.DELIVERY, Stage.LATEST_INPUT, Stage.METRICS)]


def where(field: str, value: str, **then: Any) -> dict[str, Any]:
    """A condition of the schema: where a field has this value, others must be so."""
    return {"if": {"properties": {field: {"const": value}}}, "then": {"properties": then}}


ALL_STAGES_OF_A_PASS: JsonValue = {
    "if": {"properties": {"verdict": {"const": "pass"}}},
    "then": {
        "properties": {
            "stages": {
                "minItems": len(Stage),
                "items": {
                    "anyOf": [
                        {"properties": {"outcome": {"const": "passed"}}},
                        {"properties": {"advisory": {"const": True}}},
                    ]
                },
            }
        }
    },
}
"""What only a plan leaves out: every stage of a pass has passed, but for the advisory ones."""
