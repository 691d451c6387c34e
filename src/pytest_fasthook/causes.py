"""The closed list of cause codes: what each means for the verdict and for the exit code.

This table is the public promise of interface section 4. Judges pick a code; everything else about it
(outcome, exit code) is read from here and nowhere else.
"""

from __future__ import annotations

from enum import Enum, StrEnum


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
EXIT_INCONCLUSIVE = 75
EXIT_NOT_PERMITTED = 77


class Cause(Enum):
    """A cause code with the outcome it stands for and the exit code of a run decided by it."""

    API_UNAUTHORIZED = (Outcome.ERROR, EXIT_NOT_PERMITTED)
    API_FORBIDDEN = (Outcome.ERROR, EXIT_NOT_PERMITTED)
    CONNECTION_NOT_FOUND = (Outcome.ERROR, EXIT_NOT_PERMITTED)
    WRONG_TEAM = (Outcome.ERROR, EXIT_NOT_PERMITTED)
    SOURCE_SECRET_MISSING = (Outcome.ERROR, EXIT_NOT_PERMITTED)
    API_UNREACHABLE = (Outcome.ERROR, EXIT_UNAVAILABLE)
    API_RATE_LIMITED = (Outcome.ERROR, EXIT_UNAVAILABLE)
    API_BAD_RESPONSE = (Outcome.ERROR, EXIT_UNAVAILABLE)
    INGRESS_UNREACHABLE = (Outcome.ERROR, EXIT_UNAVAILABLE)
    CONNECTION_PAUSED = (Outcome.FAILED, EXIT_FAIL)
    CONNECTION_DISABLED = (Outcome.FAILED, EXIT_FAIL)
    SOURCE_DISABLED = (Outcome.FAILED, EXIT_FAIL)
    DESTINATION_DISABLED = (Outcome.FAILED, EXIT_FAIL)
    RULES_DRIFT = (Outcome.FAILED, EXIT_FAIL)
    PAYLOAD_FILTERED = (Outcome.FAILED, EXIT_FAIL)
    INGRESS_REJECTED = (Outcome.FAILED, EXIT_FAIL)
    REQUEST_NOT_SEEN = (Outcome.INCONCLUSIVE, EXIT_INCONCLUSIVE)
    BRANCH_IGNORED = (Outcome.FAILED, EXIT_FAIL)
    EVENT_HELD = (Outcome.FAILED, EXIT_FAIL)
    BRANCH_NOT_SEEN = (Outcome.INCONCLUSIVE, EXIT_INCONCLUSIVE)
    DELIVERY_FAILED = (Outcome.FAILED, EXIT_FAIL)
    DELIVERY_SLOW = (Outcome.FAILED, EXIT_FAIL)
    DELIVERY_PENDING = (Outcome.INCONCLUSIVE, EXIT_INCONCLUSIVE)
    WRONG_VERSION = (Outcome.FAILED, EXIT_FAIL)
    LATEST_INPUT_MISMATCH = (Outcome.FAILED, EXIT_FAIL)
    LATEST_INPUT_STALE = (Outcome.INCONCLUSIVE, EXIT_INCONCLUSIVE)
    METRICS_FAILURES = (Outcome.FAILED, EXIT_FAIL)
    METRICS_LAG = (Outcome.INCONCLUSIVE, EXIT_INCONCLUSIVE)
    STAGE_NOT_RUN = (Outcome.INCONCLUSIVE, EXIT_INCONCLUSIVE)
    NEGATIVE_ACCEPTED = (Outcome.FAILED, EXIT_FAIL)

    # Equal tuples would make the later names aliases of the first one, so the value is made unique.
    def __new__(cls, outcome: Outcome, exit_code: int) -> Cause:
        """Give every member its own value; keep the two facts as attributes."""
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.outcome = outcome
        member.exit_code = exit_code
        return member

    outcome: Outcome
    exit_code: int

    @property
    def code(self) -> str:
        """The code as reports spell it, for example ``DELIVERY_FAILED``."""
        return self.name
