"""What the interface promises of a run, written down once more and on purpose apart from the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from standin import ApiScript, RouteScript

STAGES = ("preflight", "ingress", "branch", "delivery", "latest_input", "metrics")

EXIT_OF_CODE = {
    "API_UNAUTHORIZED": 77,
    "API_FORBIDDEN": 77,
    "CONNECTION_NOT_FOUND": 77,
    "WRONG_TEAM": 77,
    "SOURCE_SECRET_MISSING": 77,
    "API_UNREACHABLE": 69,
    "API_RATE_LIMITED": 69,
    "API_BAD_RESPONSE": 69,
    "INGRESS_UNREACHABLE": 69,
    "CONNECTION_PAUSED": 1,
    "CONNECTION_DISABLED": 1,
    "SOURCE_DISABLED": 1,
    "DESTINATION_DISABLED": 1,
    "RULES_DRIFT": 1,
    "PAYLOAD_FILTERED": 1,
    "INGRESS_REJECTED": 1,
    "REQUEST_NOT_SEEN": 75,
    "BRANCH_IGNORED": 1,
    "EVENT_HELD": 1,
    "BRANCH_NOT_SEEN": 75,
    "DELIVERY_FAILED": 1,
    "DELIVERY_SLOW": 1,
    "DELIVERY_PENDING": 75,
    "WRONG_VERSION": 1,
    "LATEST_INPUT_MISMATCH": 1,
    "LATEST_INPUT_STALE": 75,
    "METRICS_FAILURES": 1,
    "METRICS_LAG": 75,
    "STAGE_NOT_RUN": 75,
    "NEGATIVE_ACCEPTED": 1,
    "METRICS_REGRESSION": 1,
    "SAMPLE_TOO_SMALL": 75,
    "INTERNAL_ERROR": 70,
}
VERDICT_OF_EXIT = {0: "pass", 1: "fail", 69: "error", 70: "error", 75: "inconclusive", 77: "error"}
OUTCOME_OF_VERDICT = {"fail": "failed", "error": "error", "inconclusive": "inconclusive"}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The verdict of one connection.

    Attributes:
        stage: the deciding stage; ``None`` for a pass.
        codes: the cause codes that the interface leaves open here; almost always exactly one.
        probes: how many probes the source may have received.
    """

    stage: str | None = None
    codes: tuple[str, ...] = ()
    probes: range = range(1, 2)

    @property
    def passes(self) -> bool:
        return self.stage is None


PASS = Expected()


def broken(stage: str, *codes: str, probes: int | range = 1) -> Expected:
    """A route whose verdict is decided by this stage with this code."""
    allowed = probes if isinstance(probes, range) else range(probes, probes + 1)
    return Expected(stage=stage, codes=codes, probes=allowed)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of route and what the gate must make of it.

    Attributes:
        twin: for a row that passes, the row that differs in one fact and must not pass.
        says: words that must be in the deciding sentence.
        warns: a word that must be in one of the connection's warnings.
    """

    name: str
    expected: Expected
    route: RouteScript = field(default_factory=RouteScript)
    api: ApiScript = field(default_factory=ApiScript)
    args: tuple[str, ...] = ()
    env: Mapping[str, str | None] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 20.0
    twin: str = ""
    says: tuple[str, ...] = ()
    warns: str = ""


def twins_are_missing(rows: list[Row]) -> list[str]:
    """The passing rows that name no row of the table that must not pass."""
    failing = {row.name for row in rows if not row.expected.passes}
    return [row.name for row in rows if row.expected.passes and row.twin not in failing]
