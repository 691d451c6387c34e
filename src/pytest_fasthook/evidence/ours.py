"""Which records of a list are ours: told by ids and by the probe's marker, never by time.

A replay of our request carries our marker too, and a replay of our event names our request: neither is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_fasthook.client.models import Attempt, Event, Request
from pytest_fasthook.evidence.log import Question
from pytest_fasthook.evidence.seen import EventsSeen


def request_among(records: Iterable[Request], question: Question) -> Request | None:
    """The record with the id that is known, else the oldest one that carries our marker.

    An answer may name somebody else's request (a custom response can say anything), so a record whose stored
    headers lack the marker is not ours whatever its id.
    """
    candidates = [one for one in records if not (one.is_replay or _is_foreign(one, question))]
    named = next((one for one in candidates if one.id == question.request_id), None)
    return named or min(
        reversed([one for one in candidates if _is_marked(one, question)]), key=age, default=None
    )


def is_certain(found: Request | None, question: Question) -> bool:
    """Whether a record is the one whose id is known; of several that carry our marker only the oldest is ours."""
    return found is not None and found.id == question.request_id


def replays_among(records: Iterable[Request], question: Question) -> tuple[str, ...]:
    """The ids of the replays of our request."""
    replays = (one for one in records if one.is_replay)
    return tuple(one.id for one in replays if _repeats(one, question) or _is_marked(one, question))


def is_ours(event: Event, question: Question) -> bool:
    """Whether an event is our request's on our connection, and no replay of that event."""
    return is_branch(event, question) and not event.is_replay


def is_branch(event: Event, question: Question) -> bool:
    """Whether an event belongs to our request on our connection, be it our event or a replay of it."""
    return event.request_id == question.request_id and event.connection in {None, question.connection_id}


def events_seen(found: Iterable[Event], question: Question, *, looked_through: int) -> EventsSeen:
    """Our events apart from their replays, oldest first."""
    branch = sorted(found, key=age)
    return EventsSeen(
        events=tuple(event for event in branch if is_ours(event, question)),
        looked_through=looked_through,
        replays=tuple(event for event in branch if not is_ours(event, question)),
    )


def age(record: Event | Attempt | Request) -> datetime:
    """Sorts the oldest first."""
    arrived = record.ingested_at if isinstance(record, Request) else None
    return arrived or record.created_at or datetime.min.replace(tzinfo=UTC)


def texts_in(value: Any) -> Iterator[str]:
    """All texts in a JSON value but its keys; walked without recursion, however deep it is."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)


def _is_foreign(record: Request, question: Question) -> bool:
    headers = record.data.get("headers") if isinstance(record.data, Mapping) else None
    return (
        isinstance(headers, Mapping)
        and question.probe_id is not None
        and not _holds(headers, question.probe_id)
    )


def _is_marked(record: Request, question: Question) -> bool:
    return question.probe_id is not None and _holds(record.data, question.probe_id)


def _repeats(record: Request, question: Question) -> bool:
    return question.request_id is not None and record.retry_parent == question.request_id


def _holds(value: Any, marker: str) -> bool:
    return any(marker in text for text in texts_in(value))
