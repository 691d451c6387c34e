"""The closed list of cause codes: what each means for the verdict and for the exit code.

The list is a public promise. Judges pick a code; everything else about it (outcome, exit code) is read from
here and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What became of one stage."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    BLOCKED = "blocked"


EXIT_PASS = 0
EXIT_FAIL = 1
EXIT_UNAVAILABLE = 69
EXIT_INTERNAL_ERROR = 70
EXIT_INCONCLUSIVE = 75
EXIT_NOT_PERMITTED = 77


class Cause(StrEnum):
    """A cause code; its value is its spelling in every report."""

    API_UNAUTHORIZED = "API_UNAUTHORIZED"
    API_FORBIDDEN = "API_FORBIDDEN"
    CONNECTION_NOT_FOUND = "CONNECTION_NOT_FOUND"
    WRONG_TEAM = "WRONG_TEAM"
    SOURCE_SECRET_MISSING = "SOURCE_SECRET_MISSING"  # noqa: S105 - a code, not a secret
    API_UNREACHABLE = "API_UNREACHABLE"
    API_RATE_LIMITED = "API_RATE_LIMITED"
    API_BAD_RESPONSE = "API_BAD_RESPONSE"
    INGRESS_UNREACHABLE = "INGRESS_UNREACHABLE"
    CONNECTION_PAUSED = "CONNECTION_PAUSED"
    CONNECTION_DISABLED = "CONNECTION_DISABLED"
    SOURCE_DISABLED = "SOURCE_DISABLED"
    DESTINATION_DISABLED = "DESTINATION_DISABLED"
    RULES_DRIFT = "RULES_DRIFT"
    PAYLOAD_FILTERED = "PAYLOAD_FILTERED"
    INGRESS_REJECTED = "INGRESS_REJECTED"
    REQUEST_NOT_SEEN = "REQUEST_NOT_SEEN"
    BRANCH_IGNORED = "BRANCH_IGNORED"
    EVENT_HELD = "EVENT_HELD"
    BRANCH_NOT_SEEN = "BRANCH_NOT_SEEN"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    DELIVERY_SLOW = "DELIVERY_SLOW"
    DELIVERY_PENDING = "DELIVERY_PENDING"
    WRONG_VERSION = "WRONG_VERSION"
    LATEST_INPUT_MISMATCH = "LATEST_INPUT_MISMATCH"
    LATEST_INPUT_STALE = "LATEST_INPUT_STALE"
    METRICS_FAILURES = "METRICS_FAILURES"
    METRICS_LAG = "METRICS_LAG"
    STAGE_NOT_RUN = "STAGE_NOT_RUN"
    NEGATIVE_ACCEPTED = "NEGATIVE_ACCEPTED"
    INTERNAL_ERROR = "INTERNAL_ERROR"

    @property
    def outcome(self) -> Outcome:
        """The outcome of a stage that ends with this code."""
        if self in _NOT_PERMITTED or self in _UNAVAILABLE or self is Cause.INTERNAL_ERROR:
            return Outcome.ERROR
        return Outcome.INCONCLUSIVE if self in _MISSING_EVIDENCE else Outcome.FAILED

    @property
    def exit_code(self) -> int:
        """The exit code of a run that this code decides."""
        if self in _NOT_PERMITTED:
            return EXIT_NOT_PERMITTED
        if self in _UNAVAILABLE:
            return EXIT_UNAVAILABLE
        if self is Cause.INTERNAL_ERROR:
            return EXIT_INTERNAL_ERROR
        return EXIT_INCONCLUSIVE if self in _MISSING_EVIDENCE else EXIT_FAIL


_NOT_PERMITTED = frozenset(
    {
        Cause.API_UNAUTHORIZED,
        Cause.API_FORBIDDEN,
        Cause.CONNECTION_NOT_FOUND,
        Cause.WRONG_TEAM,
        Cause.SOURCE_SECRET_MISSING,
    }
)
_UNAVAILABLE = frozenset(
    {Cause.API_UNREACHABLE, Cause.API_RATE_LIMITED, Cause.API_BAD_RESPONSE, Cause.INGRESS_UNREACHABLE}
)
_MISSING_EVIDENCE = frozenset(
    {
        Cause.REQUEST_NOT_SEEN,
        Cause.BRANCH_NOT_SEEN,
        Cause.DELIVERY_PENDING,
        Cause.LATEST_INPUT_STALE,
        Cause.METRICS_LAG,
        Cause.STAGE_NOT_RUN,
    }
)
