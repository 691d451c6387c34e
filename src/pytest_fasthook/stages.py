"""The six stages of the gate, in order, and the result of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pytest_fasthook.causes import Cause, Outcome


class Stage(StrEnum):
    """A hop of the route that the gate proves; the order here is the order of the run."""

    PREFLIGHT = "preflight"
    INGRESS = "ingress"
    BRANCH = "branch"
    DELIVERY = "delivery"
    LATEST_INPUT = "latest_input"
    METRICS = "metrics"


ALWAYS_DECIDING = frozenset({Stage.PREFLIGHT, Stage.INGRESS, Stage.BRANCH})
"""Stages that cannot be advisory: later stages need what they find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage found out.

    Attributes:
        cause: the cause code; ``None`` exactly when the stage passed or is blocked.
        message: one sentence with what was observed, what was expected and the ids. Never empty.
        warnings: facts worth a look that do not change the outcome.
        evidence: the API's answers that the stage was judged by, as JSON values.
        facts: short facts for reports (``request_id``, ``response_status`` …), as JSON scalars.
        advisory: the stage is shown but never decides.
        blocked_by: the stage that kept this one from running.
        started_at, duration_s: when it began (UTC) and how long it took, in seconds.
        polls: how many answers of the API it took.
    """

    stage: Stage
    outcome: Outcome
    message: str
    cause: Cause | None = None
    warnings: tuple[str, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    advisory: bool = False
    blocked_by: Stage | None = None
    started_at: datetime | None = None
    duration_s: float = 0.0
    polls: int = 0
