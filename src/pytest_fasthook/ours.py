"""Which records of a list are ours: told by ids and by the probe's marker, never by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_fasthook.client.models import Attempt, Event, Request
from pytest_fasthook.evidence import Question


def request_among(records: Iterable[Request], question: Question) -> Request | None:
    """The record that carries our marker, else the one with the id that ingress answered.

    An answer may name somebody else's request (a custom response can say anything), so a record whose stored
    headers lack the marker is not ours whatever its id.
    """
    candidates = [record for record in records if not _is_foreign(record, question)]
    marked = (record for record in candidates if question.probe_id and _holds(record.data, question.probe_id))
    named = (record for record in candidates if record.id == question.request_id)
    return next(marked, None) or next(named, None)


def is_ours(event: Event, question: Question) -> bool:
    """Whether an event is our request's on our connection."""
    return event.request_id == question.request_id and event.connection in {None, question.connection_id}


def age(record: Event | Attempt) -> datetime:
    """Sorts the oldest first."""
    return record.created_at or datetime.min.replace(tzinfo=UTC)


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


def _holds(value: Any, marker: str) -> bool:
    return any(marker in text for text in texts_in(value))
