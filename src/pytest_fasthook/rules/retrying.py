"""When FastHook tries a failed delivery again.

Relies on the retry rule's ``strategy``, ``interval``, ``count`` and ``response_status_codes`` (FastHook
pages on retries and on webhook retry logic). Comparisons such as ``>400`` and the doubling of the
exponential strategy are inferred, since the pages name them without numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Strategy = Literal["linear", "exponential"]

_CODE = re.compile(
    r"(?P<exclude>!?)\s*(?:(?P<low>\d{3})\s*-\s*(?P<high>\d{3})|(?P<compare>[<>]=?)?\s*(?P<code>\d{3}))"
)
_MAX_EXPONENT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Automatic retries of a failed delivery.

    Attributes:
        strategy: ``linear`` pauses equally long each time, ``exponential`` twice as long as the time before.
        interval_s: the pause before the first retry, in seconds.
        count: how many retries there are after the first attempt.
        status_codes: which answers are retried: ``429``, ``500-599``, ``>400``, ``!501``; none means every
        answer
            outside 2xx.
    """

    strategy: Strategy
    interval_s: float
    count: int
    status_codes: tuple[str, ...] = ()

    def covers(self, response_status: int | None) -> bool:
        """Whether a delivery that was answered with ``response_status`` is tried again.

        ``None`` is a delivery without an answer (refused, timed out), which is always tried again. A
        success never is. A code that cannot be read counts as one that covers, so that nobody gives up too
        early because of it.
        """
        if response_status is None:
            return True
        if 200 <= response_status < 300:
            return False
        excluded = [code for code in self.status_codes if code.lstrip().startswith("!")]
        included = [code for code in self.status_codes if not code.lstrip().startswith("!")]
        if any(readable(code) and _names(code, response_status) for code in excluded):
            return False
        return not included or any(_names(code, response_status) for code in included)

    def pause_before(self, retry_number: int) -> float | None:
        """Seconds before the ``retry_number``-th retry, counted from 1; ``None`` past the last one."""
        if not 1 <= retry_number <= self.count:
            return None
        if self.strategy == "linear":
            return self.interval_s
        return self.interval_s * float(2 ** min(retry_number - 1, _MAX_EXPONENT))


def readable(code: str) -> bool:
    """Whether a status code of a retry rule can be read."""
    return _CODE.fullmatch(code.strip()) is not None


def _names(code: str, status: int) -> bool:
    found = _CODE.fullmatch(code.strip())
    if found is None:
        return True
    if found["low"]:
        return int(found["low"]) <= status <= int(found["high"])
    return _compares(status, found["compare"], int(found["code"]))


def _compares(status: int, comparison: str | None, code: int) -> bool:
    match comparison:
        case ">":
            return status > code
        case ">=":
            return status >= code
        case "<":
            return status < code
        case "<=":
            return status <= code
        case _:
            return status == code
