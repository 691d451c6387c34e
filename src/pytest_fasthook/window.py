"""Reads the deploy window of a connection: what the metrics count there, and what the events list shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pytest_fasthook.client import api
from pytest_fasthook.client.models import Metrics
from pytest_fasthook.evidence import Question
from pytest_fasthook.look import PAGE, Look
from pytest_fasthook.seen import Listed, WindowSeen

EVENT_MEASURES = ("count", "delivered_count", "failed_count")
_GRANULARITIES = (
    (300, "1s"),
    (1500, "5s"),
    (3000, "10s"),
    (9000, "30s"),
    (18000, "1m"),
    (90000, "5m"),
    (270000, "15m"),
)


def read_window(look: Look, question: Question) -> WindowSeen:
    """The metrics first, the events listed in the window after: a later list can only make the count look smaller.

    While the count is below what the window is known to hold, listing again could not change the answer, so it is
    left out.
    """
    metrics = count_window(look, question)
    count = metrics.total("count")
    known = look.listed.get(question)
    if known is None or known.partial or (count is not None and count >= known.number):
        known = look.listed[question] = _listed(look, question)
    return window_seen(question, metrics, known)


def count_window(look: Look, question: Question) -> Metrics:
    """What the metrics count of one connection in its window."""
    assert question.since is not None
    assert question.until is not None
    return look.call(
        api.get_event_metrics,
        connection_id=question.connection_id,
        since=question.since,
        until=question.until,
        measures=EVENT_MEASURES,
        granularity=granularity(question.until - question.since),
    )


def window_seen(question: Question, metrics: Metrics, listed: Listed) -> WindowSeen:
    """Both sights of a window together."""
    assert question.since is not None
    assert question.until is not None
    return WindowSeen(
        since=question.since,
        until=question.until,
        listed=listed.number,
        ours_listed=listed.ours,
        count=metrics.total("count"),
        failed=metrics.total("failed_count"),
        delivered=metrics.total("delivered_count"),
        partial=metrics.incomplete or listed.partial,
    )


def list_windows(look: Look, questions: Sequence[Question], *, most: int) -> Mapping[str, set[str]] | None:
    """The ids of the events of each of these connections, from the first window's start to the last one's end.

    Returns:
        ``None`` where the list could not be seen to its end, or an event does not say whose it is.
    """
    found: dict[str, set[str]] = {question.connection_id or "": set() for question in questions}
    pages = look.pages(
        api.list_events,
        first=PAGE,
        most=most,
        connection_id=sorted(found),
        since=min(q.since for q in questions if q.since is not None),
        until=max(q.until for q in questions if q.until is not None),
    )
    for page in pages:
        if page.partial or page.unreadable or any(event.connection not in found for event in page.models):
            return None
        for event in page.models:
            found[event.connection or ""].add(event.id)
    return None if look.cut_short else found


def _listed(look: Look, question: Question) -> Listed:
    """How many events the window lists, and whether ours is one of them.

    Too small a number could make a lagging count look complete, so records that cannot be read count too, and a
    list that is not whole is counted by the API.
    """
    counted, ours, partial = 0, False, False
    window: dict[str, Any] = {
        "connection_id": question.connection_id,
        "since": question.since,
        "until": question.until,
    }
    for page in look.pages(api.list_events, **window):
        mine = [event for event in page.models if event.connection in {None, question.connection_id}]
        counted += len(mine) + page.unreadable
        partial = partial or page.partial
        ours = ours or any(event.id == question.event_id for event in mine)
        if ours and page.total_exact and page.total is not None and len(mine) == len(page.models):
            counted = max(counted, page.total)
            break
    look.keep_only({question.event_id or ""})
    if not look.cut_short and not partial:
        return Listed(counted, ours)
    total = look.call(api.count_events, **window)
    return Listed(max(counted, total.total), ours, total.partial)


def granularity(window: timedelta) -> str:
    """The finest granularity that keeps the series short: a coarse last bucket would hide our event longer."""
    seconds = window.total_seconds()
    return next((name for longest, name in _GRANULARITIES if seconds <= longest), "1h")
