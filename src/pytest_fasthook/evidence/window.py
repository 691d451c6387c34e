"""Reads the deploy window of a connection: what the metrics count there, and what the events list shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pytest_fasthook.client import api
from pytest_fasthook.client.models import Event, Metrics
from pytest_fasthook.evidence.log import Question
from pytest_fasthook.evidence.look import PAGE, Look
from pytest_fasthook.evidence.seen import Listed, WindowSeen

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


FINISHED = frozenset({"SUCCESSFUL", "FAILED"})
UNFINISHED = ("SCHEDULED", "QUEUED", "HOLD")
IGNORED = "CANCELLED"
SPARED = 4
"""So many answers in a row spare the list."""


@dataclass(slots=True)
class Tally:
    """The ids of a connection's listed events: an event that a list holds twice counts once."""

    all: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Note one event."""
        if event.status != IGNORED:
            self.all.add(event.id)
        if event.status in FINISHED:
            self.finished.add(event.id)


def read_window(look: Look, question: Question) -> WindowSeen:
    """The metrics first, the events listed in the window after: a later list can only make the counts look smaller.

    While the counts are below what the window is known to hold, listing again could hardly change the answer, so it is
    left out for a few looks.
    """
    metrics = count_window(look, question)
    known = look.listed.get(question)
    if known is None or known.partial or known.spared >= SPARED or _reaches(metrics, known):
        known = _listed(look, question)
    else:
        known = replace(known, spared=known.spared + 1)
    look.listed[question] = known
    return window_seen(question, metrics, known)


def _reaches(metrics: Metrics, known: Listed) -> bool:
    """Whether the counts are no longer below what is listed; an unknown one is not."""
    return (metrics.total("count") or 0) >= known.number and (ended(metrics) or 0) >= known.finished


def ended(metrics: Metrics) -> int | None:
    """How many events are counted as finished; ``None`` where the series does not say."""
    delivered, failed = metrics.total("delivered_count"), metrics.total("failed_count")
    return None if delivered is None or failed is None else delivered + failed


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
        finished=listed.finished,
        ours_listed=listed.ours,
        count=metrics.total("count"),
        failed=metrics.total("failed_count"),
        delivered=metrics.total("delivered_count"),
        partial=metrics.incomplete or listed.partial,
    )


def list_windows(look: Look, questions: Sequence[Question], *, most: int) -> Mapping[str, Tally] | None:
    """The events of each of these connections, from the first window's start to the last one's end.

    Returns:
        ``None`` where the list could not be seen to its end, or an event does not say whose it is.
    """
    found: dict[str, Tally] = {question.connection_id or "": Tally() for question in questions}
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
            found[event.connection or ""].add(event)
    return None if look.cut_short else found


def _listed(look: Look, question: Question) -> Listed:
    """What the window lists, and whether our event is one of those that are finished.

    Too small a number could make a lagging count look complete, so records that cannot be read count too, and a
    list that is not whole is counted by the API.
    """
    tally, unreadable, partial = Tally(), 0, False
    window: dict[str, Any] = {
        "connection_id": question.connection_id,
        "since": question.since,
        "until": question.until,
    }
    for page in look.pages(api.list_events, **window):
        for event in page.models:
            if event.connection in {None, question.connection_id}:
                tally.add(event)
        unreadable += page.unreadable
        partial = partial or page.partial
    look.keep_only({question.event_id or ""})
    found, ours = (
        (len(tally.all) + unreadable, len(tally.finished) + unreadable),
        question.event_id in tally.finished,
    )
    if not (partial or look.cut_short):
        return Listed(*found, ours)
    return _counted(look, window, found, ours=ours)


def _counted(look: Look, window: Mapping[str, Any], found: tuple[int, int], *, ours: bool) -> Listed:
    """The window by the API's own counts of each status, which no list has to be read for."""
    finished = [look.call(api.count_events, status=status, **window) for status in sorted(FINISHED)]
    others = [look.call(api.count_events, status=status, **window) for status in UNFINISHED]
    ended_number = sum(count.total for count in finished)
    number = ended_number + sum(count.total for count in others)
    partial = any(count.partial for count in (*finished, *others))
    return Listed(max(number, found[0]), max(ended_number, found[1]), ours, partial)


def granularity(window: timedelta) -> str:
    """The finest granularity that keeps the series short: a coarse last bucket would hide our event longer."""
    seconds = window.total_seconds()
    return next((name for longest, name in _GRANULARITIES if seconds <= longest), "1h")
