"""Whether and when a failed delivery is tried again, as far as that is certain.

A moment here is the earliest one possible, so that a retry beyond the deadline is never claimed of one that is in
time (FastHook contract, event model; FastHook pages on retries).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pytest_fasthook.client.models import Attempt, Event
from pytest_fasthook.evidence import Evidence
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge import chain

OPEN = frozenset({"SCHEDULED", "QUEUED", "FAILED"})
"""Statuses in which an event can be tried again."""


def is_over(event: Event, failed: Sequence[Attempt], evidence: Evidence, expect: Expectations) -> bool:
    """Whether the event has ended without success, for good.

    An older record does not say whether there is a next attempt; then the retry rule's promise counts.
    """
    if event.status == "CANCELLED":
        return True
    if event.status != "FAILED" or event.next_attempt_at is not None:
        return False
    return "next_attempt_at" in event.model_fields_set or _promised(failed, evidence, expect) is None


def next_moment(
    event: Event, failed: Sequence[Attempt], evidence: Evidence, expect: Expectations
) -> float | None:
    """The earliest monotonic moment of the next retry; ``None`` where none is known of."""
    if not failed or event.status not in OPEN:
        return None
    planned = event.next_attempt_at or _promised(failed, evidence, expect)
    return min(_moments(planned, evidence, expect), default=None) if planned else None


def _promised(failed: Sequence[Attempt], evidence: Evidence, expect: Expectations) -> datetime | None:
    """When the retry rule has the next attempt at the earliest; how exponential pauses grow is not published."""
    route = chain.route(evidence, expect)
    retry = route.rules.retry if route else None
    last = failed[-1] if failed else None
    ended_at = (last.responded_at or last.created_at) if last else None
    if retry is None or last is None or ended_at is None or not retry.covers(last.response_status):
        return None
    remaining = retry.pause_before(len(failed)) is not None
    return ended_at + timedelta(seconds=retry.interval_s) if remaining else None


def _moments(planned: datetime, evidence: Evidence, expect: Expectations) -> Iterator[float]:
    """A date of the server as a moment here: by its clock, and by its own date of our probe's arrival."""
    sent = expect.sent
    if sent.clock.measured:
        yield sent.clock.moment(planned)
    ingested = chain.ingested_at(evidence, expect)
    sent_now = sent.probe is not None and sent.saved is None
    if sent_now and ingested is not None:
        yield sent.sent_at + (planned - ingested).total_seconds()
