"""What an attempt must be to prove delivery: successful, in time, and answered by the expected release."""

from __future__ import annotations

from pytest_fasthook.client.models import Attempt, Event
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Evidence
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.difference import first_lack, parsed


def succeeded(attempt: Attempt) -> bool:
    """Whether an attempt proves delivery.

    Success is said by the status; an HTTP answer outside 2xx beside it contradicts it, and so does an error code
    in place of an answer.
    """
    answered = attempt.response_status
    good = attempt.error_code is None if answered is None else 200 <= answered < 300
    return attempt.status == "SUCCESSFUL" and good


def came_before(failed: Attempt, success: Attempt | None) -> bool | None:
    """Whether an attempt failed before the successful one; ``None`` where that cannot be told."""
    if success is None:
        return True
    if failed.created_at and success.created_at and failed.created_at != success.created_at:
        return failed.created_at < success.created_at
    one, other = failed.attempt_number, success.attempt_number
    return None if one is None or other is None or one == other else one < other


def wrong_release(success: Attempt, expect: Expectations) -> str | None:
    """Where the receiver's recorded answer lacks a field that the expected release would give."""
    expected = expect.limits.response_body
    if expected is None:
        return None
    found = first_lack(expected, parsed(success.body))
    return f"attempt {success.id} was answered by another release: {found}" if found else None


def latency(success: Attempt, event: Event, evidence: Evidence, expect: Expectations) -> float | None:
    """Seconds from ingestion to the successful answer, both on the server's clock."""
    ingested = chain.ingested_at(evidence, expect) or event.ingested_at
    done = success.successful_at or success.delivered_at or success.responded_at or success.created_at
    return (done - ingested).total_seconds() if done and ingested else None


def latency_limit(evidence: Evidence, expect: Expectations) -> float | None:
    """The longest latency allowed, in seconds: the user's limit and the route's delay rule."""
    limit = expect.limits.max_latency_s
    route = chain.route(evidence, expect)
    return None if limit is None else limit + (route.rules.delay_s if route else 0.0)
