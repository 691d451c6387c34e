"""When a call is worth repeating, and after how long: pure rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pytest_fasthook.errors import UnreachableError

_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
JITTER = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How long and how often one call is tried.

    Attributes:
        connect_s, whole_s: seconds for connecting, and for a whole try.
        at_least_s: what a try gets even when less is left until the deadline.
        tries: how often a read is tried.
        first_pause_s: the pause before the second try; it doubles from try to try.
        longest_pause_s: the longest wait where the caller gave no deadline.
        answer_bytes: an API answer above this size is unreadable.
        ingress_bytes: how much of a source's answer is kept.
    """

    connect_s: float = 5.0
    whole_s: float = 10.0
    at_least_s: float = 1.0
    tries: int = 4
    first_pause_s: float = 0.2
    longest_pause_s: float = 60.0
    answer_bytes: int = 20 * 1024 * 1024
    ingress_bytes: int = 64 * 1024

    def seconds(self, *, now: float, deadline: float | None) -> float:
        """How long one try may take."""
        left = self.whole_s if deadline is None else deadline - now
        return min(self.whole_s, max(self.at_least_s, left))

    def last_moment(self, *, now: float, deadline: float | None) -> float:
        """Until when waiting for another try makes sense."""
        return now + self.longest_pause_s if deadline is None else deadline

    def pause(self, error: UnreachableError, *, number: int, chance: float) -> float:
        """Seconds to wait after try ``number`` (from 1) failed with ``error``.

        Args:
            error: what happened; a wish of the API for a pause wins over the growing one.
            number: the try that failed.
            chance: a random number in 0..1, so that many clients do not come back at once.
        """
        if error.retry_after is not None:
            return error.retry_after
        return self.first_pause_s * 2.0 ** (number - 1) * (1 + JITTER * chance)


def read_http_date(text: str | None) -> datetime | None:
    """Read the date form of HTTP headers as UTC; ``None`` where it is absent or unreadable."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_retry_after(text: str | None, *, now: datetime) -> float | None:
    """Read a ``Retry-After`` header, in seconds or as a date, into seconds from ``now``.

    Args:
        text: the header, where there is one.
        now: the server's own clock where it told it, so that a wrong local clock does no harm.
    """
    stripped = (text or "").strip()
    if _SECONDS.fullmatch(stripped):
        return float(stripped)
    moment = read_http_date(stripped)
    return None if moment is None else max(0.0, (moment - now).total_seconds())
