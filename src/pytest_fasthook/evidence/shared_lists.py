"""How each kind of question is answered for many connections: which list is read, and what of it is whose.

The events list takes connection ids separated by commas, the attempts list event ids; requests are listed for all
sources of the team at once (FastHook contract, list operations). Latest inputs have no list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pytest_fasthook.client import api
from pytest_fasthook.client.models import Attempt, Event, Request
from pytest_fasthook.evidence.log import Ask, Call, Question
from pytest_fasthook.evidence.look import PAGE, Look, narrowed
from pytest_fasthook.evidence.ours import (
    age,
    events_seen,
    is_branch,
    is_certain,
    replays_among,
    request_among,
    texts_in,
)
from pytest_fasthook.evidence.seen import Listed, RequestSeen, WindowSeen
from pytest_fasthook.evidence.window import count_window, list_windows, window_seen


@dataclass(frozen=True, slots=True)
class Found:
    """What a shared look says to one question.

    Attributes:
        value: the answer, of the same kind as one alone would give.
        ids: the records it was read from; all others are not shown.
        calls: the calls that it was read from, where not all questions share them.
    """

    value: Any
    ids: frozenset[str] = frozenset()
    calls: tuple[Call, ...] | None = None


Answers = Mapping[Question, Found]


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a kind of question is shared.

    Attributes:
        read: reads the answers; a question that is not among them is left open.
        most: questions in one look.
        fewest: with fewer, asking each alone is as good.
        checks: how many questions are asked alone as well; more where an answer is inferred and not read.
        ready: where every question costs a call all the same: whether the answer to one that was asked alone is a
            reason to ask the others now.
    """

    read: Callable[[Look, Sequence[Question], datetime | None], Answers]
    most: int
    fewest: int = 4
    checks: int = 0
    ready: Callable[[Any], bool] | None = None


def _by_id(list_all: Callable[..., Any], name: str) -> Callable[..., Answers]:
    """Read configured objects out of their list; one that is not on it, or not any more, is asked for alone."""

    def read(look: Look, questions: Sequence[Question], since: datetime | None) -> Answers:  # noqa: ARG001 - one signature
        records = {record.id: record for record in look.call(list_all).models}
        ids = {question: getattr(question, name) for question in questions}
        return {q: Found(records[one], frozenset({one})) for q, one in ids.items() if one in records}

    return read


def _requests(look: Look, questions: Sequence[Question], since: datetime | None) -> Answers:
    """Our requests among all that the team received."""
    likely: dict[Question, list[Request]] = {question: [] for question in questions}
    found: dict[Question, Request] = {}
    looked, complete = 0, True
    sources = {question.source_id for question in questions}
    pages = look.pages(
        api.list_requests,
        first=PAGE,
        most=_pages_for(questions),
        source_id=next(iter(sources)) if len(sources) == 1 else None,
        since=since,
        include_data=True,
    )
    for page in pages:
        looked += len(page.models)
        complete = complete and not (page.partial or page.unreadable)
        _sort_out(page.models, likely)
        found = {q: mine for q, those in likely.items() if (mine := request_among(those, q)) is not None}
        if all(_is_settled(found.get(question), question) for question in questions):
            break
    complete = complete and not look.cut_short
    return {
        q: Found(
            RequestSeen(
                request=found.get(q),
                looked_through=looked,
                complete=complete,
                replays=replays_among(likely[q], q),
            ),
            frozenset({found[q].id} if q in found else ()),
        )
        for q in questions
        if _is_settled(found.get(q), q) or (complete and q not in found)
    }


def _sort_out(records: Sequence[Request], likely: Mapping[Question, list[Request]]) -> None:
    """Add to each question the records that mention its marker or its id; no other can be its."""
    texts = [(one, [one.id, one.retry_parent or "", *texts_in(one.data)]) for one in records]
    for question, those in likely.items():
        names = [name for name in (question.probe_id, question.request_id) if name]
        those += [record for record, words in texts if any(name in word for name in names for word in words)]


def _is_settled(found: Request | None, question: Question) -> bool:
    """Whether a record is surely ours; one that only carries our marker is not where another id is known."""
    return found is not None and (question.request_id is None or is_certain(found, question))


def _events(look: Look, questions: Sequence[Question], since: datetime | None) -> Answers:
    """Our events among those of all connections that are asked about."""
    found, looked, complete = _branches(look, questions, since=since, status=None)
    return {
        q: Found(
            events_seen(found[q], q, looked_through=looked),
            frozenset(event.id for event in found[q]),
        )
        for q in questions
        if events_seen(found[q], q, looked_through=looked).events or complete
    }


def _ignored(look: Look, questions: Sequence[Question], since: datetime | None) -> Answers:
    """Whose branch is surely not ignored: ignored ones are stored as cancelled events.

    A branch that is cancelled is left open: why it was ignored, only its request's own list says.
    """
    found, _, complete = _branches(look, questions, since=since, status="CANCELLED")
    return {q: Found(()) for q in questions if complete and not found[q]}


def _branches(
    look: Look, questions: Sequence[Question], *, since: datetime | None, status: str | None
) -> tuple[Mapping[Question, list[Event]], int, bool]:
    """Each question's events, how many were looked through, and whether that was all there are."""
    found: dict[Question, list[Event]] = {question: [] for question in questions}
    looked, complete = 0, True
    pages = look.pages(
        api.list_events,
        first=PAGE,
        most=_pages_for(questions),
        connection_id=_names(question.connection_id for question in questions),
        since=since,
        status=status,
    )
    for page in pages:
        looked += len(page.models)
        complete = complete and not (page.partial or page.unreadable)
        for question in questions:
            found[question] += [event for event in page.models if is_branch(event, question)]
    return found, looked, complete and not look.cut_short


def _attempts(look: Look, questions: Sequence[Question], since: datetime | None) -> Answers:  # noqa: ARG001 - one signature
    """Our events' attempts; without the end of the list an older attempt could be missing, so nothing is said."""
    found: dict[str, list[Attempt]] = defaultdict(list)
    complete = True
    ids = _names(question.event_id for question in questions)
    for page in look.pages(api.list_attempts, first=PAGE, most=_pages_for(questions), event_id=ids):
        complete = complete and not page.unreadable and all(attempt.event_id for attempt in page.models)
        for attempt in page.models:
            found[attempt.event_id or ""].append(attempt)
    if look.cut_short or not complete:
        return {}
    mine = {question: found[question.event_id or ""] for question in questions}
    return {
        q: Found(
            tuple(sorted(those, key=lambda attempt: (age(attempt), attempt.attempt_number or 0))),
            frozenset(attempt.id for attempt in those),
        )
        for q, those in mine.items()
    }


def _windows(look: Look, questions: Sequence[Question], since: datetime | None) -> Answers:  # noqa: ARG001 - one signature
    """Our windows: each counted by itself, then the events of all listed together.

    The list spans all windows, so a connection may show more events in it than in its own window. Counts that reach
    even those have surely reached its own; a count of zero finished events has surely not.
    """
    counted = [(question, count_window(look, question)) for question in questions]
    listed = list_windows(look, questions, most=_pages_for(questions))
    if listed is None:
        return {}
    own_calls, lists = look.calls[: len(questions)], look.calls[len(questions) :]
    found = {}
    for (question, metrics), own in zip(counted, own_calls, strict=True):
        tally, mine = listed[question.connection_id or ""], question.event_id or ""
        seen = window_seen(
            question, metrics, Listed(len(tally.all), len(tally.finished), ours=mine in tally.finished)
        )
        if seen.has_caught_up or (seen.ours_listed and seen.ended == 0):
            value = seen if seen.ended else replace(seen, listed=1, finished=1)
            found[question] = Found(value, calls=(own, *(narrowed(call, {mine}) for call in lists)))
    return found


def _is_counted(value: Any) -> bool:
    """Whether metrics have caught up with one of our events; they lag for all alike, as a rule."""
    return isinstance(value, WindowSeen) and value.has_caught_up


def _pages_for(questions: Sequence[Question]) -> int:
    """How far to page through other people's traffic, so that a shared look stays cheaper than looks alone."""
    return max(2, len(questions) // 10)


def _names(ids: Iterable[str | None]) -> list[str]:
    return sorted({one for one in ids if one is not None})


SHARED: Mapping[Ask, Sharing] = {
    Ask.CONNECTION: Sharing(_by_id(api.list_connections, "connection_id"), most=1000, fewest=8),
    Ask.SOURCE: Sharing(_by_id(api.list_sources, "source_id"), most=1000, fewest=8),
    Ask.DESTINATION: Sharing(_by_id(api.list_destinations, "destination_id"), most=1000, fewest=8),
    Ask.REQUEST: Sharing(_requests, most=1000, checks=1),
    Ask.IGNORED: Sharing(_ignored, most=50, checks=2),
    Ask.EVENTS: Sharing(_events, most=50, checks=1),
    Ask.ATTEMPTS: Sharing(_attempts, most=50, checks=1),
    Ask.METRICS: Sharing(_windows, most=20, checks=1, ready=_is_counted),
}
