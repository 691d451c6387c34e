"""Whether and when a failed delivery is tried again, as far as that is certain.

A moment here is the earliest one possible, so that a retry beyond the deadline is never claimed of one that is in
time (FastHook contract, event model; FastHook pages on retries).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pytest_fasthook.client.models import Attempt, Event
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Evidence
from pytest_fasthook.judge import chain
from pytest_fasthook.rules.retrying import Retry

OPEN = frozenset({"SCHEDULED", "QUEUED", "FAILED"})
"""Statuses in which an event can be tried again."""
ROUNDING_S = 1.0
"""How far behind its clock the server's date can be, since it has whole seconds."""


def is_over(event: Event, failed: Sequence[Attempt], evidence: Evidence, expect: Expectations) -> bool:
    """Whether the event has ended without success, for good.

    An older record does not say whether there is a next attempt; then the retry rule's promise counts.
    """
    if event.status == "CANCELLED":
        return True
    if event.status != "FAILED" or event.next_attempt_at is not None:
        return False
    return "next_attempt_at" in event.model_fields_set or not _may_follow(failed, evidence, expect)


def next_moment(
    event: Event, failed: Sequence[Attempt], evidence: Evidence, expect: Expectations
) -> float | None:
    """The earliest monotonic moment of the next retry; ``None`` where none is known of."""
    if not failed or event.status not in OPEN:
        return None
    planned = event.next_attempt_at or _promised(failed, evidence, expect)
    return _moment(planned, evidence, expect) if planned else None


def _may_follow(failed: Sequence[Attempt], evidence: Evidence, expect: Expectations) -> bool:
    """Whether the retry rule promises another attempt; after one that cannot be seen yet, too."""
    retry = _rule(evidence, expect)
    if retry is None or not failed:
        return retry is not None and retry.count > 0
    return retry.covers(failed[-1].response_status) and retry.pause_before(len(failed)) is not None


def _promised(failed: Sequence[Attempt], evidence: Evidence, expect: Expectations) -> datetime | None:
    """When the retry rule has the next attempt at the earliest; how exponential pauses grow is not published."""
    retry = _rule(evidence, expect)
    ended_at = failed[-1].responded_at or failed[-1].created_at
    if retry is None or ended_at is None or not _may_follow(failed, evidence, expect):
        return None
    return ended_at + timedelta(seconds=retry.interval_s)


def _rule(evidence: Evidence, expect: Expectations) -> Retry | None:
    route = chain.route(evidence, expect)
    return route.rules.retry if route else None


def _moment(planned: datetime, evidence: Evidence, expect: Expectations) -> float | None:
    """A date of the server as the earliest moment here that it can be.

    Where our probe was sent now, the server's own date of its arrival tells; else the server's clock does. A local
    clock that stands in for that may be wrong and tells nothing.
    """
    sent = expect.sent
    ingested = chain.ingested_at(evidence, expect)
    if sent.probe is not None and sent.saved is None and ingested is not None:
        return sent.sent_at + (planned - ingested).total_seconds()
    return sent.clock.moment(planned) - ROUNDING_S if sent.clock.measured else None
