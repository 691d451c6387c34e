"""The retry rule: whether another attempt follows, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_DELAY_MS = 30 * 24 * 3_600_000
"""The longest that an interval, a delay or a window may be, and that an exponential retry waits."""
_RANGE = re.compile(r"(\d{3})-(\d{3})")
_COMPARISON = re.compile(r"(>=|<=|>|<)(\d{3})")
_CODE = re.compile(r"!?(?:\d{3}(?:-\d{3})?|(?:>=|<=|>|<)\d{3})")


def next_delay_ms(
    rule: Mapping[str, Any] | None, *, attempts: int, response_status: int | None
) -> int | None:
    """Return how long to wait before the next attempt, or ``None`` when there is none.

    Args:
        rule: the connection's retry rule, if it has one; without it nothing is retried.
        attempts: how many attempts of the event have failed so far.
        response_status: the receiver's status; ``None`` means a network failure or a time-out, which are
            always worth a retry (FastHook docs, webhook sender).
    """
    if rule is None or attempts > rule["count"]:
        return None
    if response_status is not None and not is_retried(rule.get("response_status_codes"), response_status):
        return None
    interval = int(rule["interval"])
    return (
        min(MAX_DELAY_MS, interval * 2 ** (attempts - 1)) if rule["strategy"] == "exponential" else interval
    )


def is_retried(codes: Sequence[str] | None, status: int) -> bool:
    """Whether a failed status is on the list; exclusions win, without inclusions all the rest is on it."""
    excluded = [code[1:] for code in codes or () if code.startswith("!")]
    included = [code for code in codes or () if not code.startswith("!")]
    if any(_covers(code, status) for code in excluded):
        return False
    return not included or any(_covers(code, status) for code in included)


def is_code(text: str) -> bool:
    """Whether a text is a status, a range, a comparison, or the exclusion of one."""
    return _CODE.fullmatch(text) is not None


def _covers(code: str, status: int) -> bool:
    span = _RANGE.fullmatch(code)
    if span:
        return int(span[1]) <= status <= int(span[2])
    comparison = _COMPARISON.fullmatch(code)
    if not comparison:
        return int(code) == status
    limit = int(comparison[2])
    return {
        ">": status > limit,
        "<": status < limit,
        ">=": status >= limit,
        "<=": status <= limit,
    }[comparison[1]]
