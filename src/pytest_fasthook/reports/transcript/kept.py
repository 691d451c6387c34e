"""The transcript of one connection: made at the end of a run, judged again from a report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_fasthook.errors import FastHookError
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Ask, Evidence
from pytest_fasthook.judge import teeth
from pytest_fasthook.judge.sequence import judge
from pytest_fasthook.redact import Redactor
from pytest_fasthook.reports.transcript.expected import (
    found_out,
    plain_expectations,
    plain_limits,
    plain_told,
    read_expectations,
)
from pytest_fasthook.reports.transcript.fit import Json, fit_to_keep
from pytest_fasthook.reports.transcript.read import read_evidence
from pytest_fasthook.reports.transcript.written import Noted, written
from pytest_fasthook.stages import Stage

STAGE_OF: Mapping[Ask, Stage] = {
    Ask.CONNECTION: Stage.PREFLIGHT,
    Ask.SOURCE: Stage.PREFLIGHT,
    Ask.DESTINATION: Stage.PREFLIGHT,
    Ask.INGRESS: Stage.INGRESS,
    Ask.REQUEST: Stage.INGRESS,
    Ask.AWAITED: Stage.INGRESS,
    Ask.IGNORED: Stage.BRANCH,
    Ask.EVENTS: Stage.BRANCH,
    Ask.ATTEMPTS: Stage.DELIVERY,
    Ask.LATEST_INPUT: Stage.LATEST_INPUT,
    Ask.METRICS: Stage.METRICS,
}


class UnreadableTranscriptError(FastHookError):
    """A report's transcript is not of the published shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What a report kept of a connection.

    Attributes:
        altered: the first stage that cannot be judged by it, since what it was judged by was masked or cut.
    """

    evidence: Evidence
    expect: Expectations
    altered: Stage | None


def transcribed(evidence: Evidence, expect: Expectations, show: Redactor) -> Json:
    """Everything that the judge reads to come to its verdict, fit to leave the process."""
    noted, told = Noted(evidence), expect.told or found_out(evidence, expect)
    judge(noted, replace(expect, told=told), math.inf)
    if expect.teeth is not None:
        teeth.judge(noted, expect, math.inf)
    return {
        "expected": fit_to_keep(plain_expectations(expect), show),
        "limits": fit_to_keep(plain_limits(expect.limits), show),
        "told": fit_to_keep(plain_told(told), show),
        "looks": written(evidence, noted.asked, show, answer=expect.limits.response_body),
    }


def read_transcript(connection_id: str, value: Mapping[str, Any]) -> Transcript:
    """Read what ``transcribed`` wrote.

    Raises:
        UnreadableTranscriptError: it is not of that shape.
    """
    try:
        evidence, altered = read_evidence(value["looks"])
        expect = read_expectations(connection_id, value)
        spoiled = {STAGE_OF[ask] for ask in altered}
        spoiled |= {Stage.PREFLIGHT for part in ("expected", "limits", "told") if value[part].get("altered")}
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        FastHookError,
    ):
        raise UnreadableTranscriptError(
            f"what was read of {connection_id} is not of the published shape"
        ) from None
    return Transcript(
        evidence=evidence, expect=expect, altered=min(spoiled, key=list(Stage).index, default=None)
    )
