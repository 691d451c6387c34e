"""The observations that a verdict rests on, as JSON: only the fields that verdicts depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any

from pytest_fasthook.client.models import (
    Attempt,
    Connection,
    Destination,
    Event,
    IgnoredEvent,
    LatestInput,
    LatestInputAnswer,
    Request,
    Source,
)
from pytest_fasthook.client.records import Model
from pytest_fasthook.errors import (
    ApiError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreadableError,
)
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen, WindowSeen
from pytest_fasthook.judge.difference import parsed
from pytest_fasthook.redact import Redactor
from pytest_fasthook.reports.transcript.fit import Json, fit_to_keep
from pytest_fasthook.settings.values import Match

KEPT: Mapping[type[Model], tuple[str, ...]] = {
    Connection: (
        "id", "team_id", "name", "source_id", "destination_id", "paused_at", "disabled_at", "rules", "source",
        "destination",
    ),
    Source: ("id", "team_id", "name", "type", "status", "url", "config", "disabled_at"),
    Destination: ("id", "team_id", "name", "status", "disabled_at"),
    Request: ("id", "team_id", "status", "verified", "rejection_cause", "ingested_at", "created_at"),
    IgnoredEvent: ("id", "team_id", "connection_id", "webhook_id", "cause"),
    Event: (
        "id", "team_id", "connection_id", "webhook_id", "request_id", "status", "rejection_cause", "failure_message",
        "ignored_reason", "error_code", "ingested_at", "created_at", "response_status", "next_attempt_at",
    ),
    Attempt: (
        "id", "team_id", "status", "response_status", "attempt_number", "trigger", "bulk_retry_id", "error_code",
        "body", "requested_url", "created_at", "successful_at", "delivered_at", "responded_at",
    ),
    LatestInput: ("request_id", "created_at"),
}  # fmt: skip
"""What verdicts, messages and facts are made from, of each record."""


class Noted(Evidence):
    """Evidence that notes what it is asked, so that this and nothing else is kept."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__()
        self._evidence = evidence
        self.asked: dict[Question, None] = {}

    def about(self, question: Question) -> Sequence[Observation]:
        """All observations of a question, oldest first."""
        self.asked[question] = None
        return self._evidence.about(question)

    def latest(self, question: Question) -> Observation | None:
        """The newest observation of a question, answered or not."""
        self.asked[question] = None
        return self._evidence.latest(question)


def written(
    evidence: Evidence, questions: Iterable[Question], show: Redactor, *, answer: Mapping[str, Any] | None
) -> list[Json]:
    """The observations of some questions, by question; equal answers that follow each other are written once.

    Args:
        evidence: the log.
        questions: those to keep.
        show: masks secrets.
        answer: the fields that a receiver's answer is expected to have, of which alone it is kept.
    """
    looks = ((question, evidence.about(question)) for question in questions)
    return [
        fit_to_keep(
            {"question": _plain_question(question), "answers": _plain_answers(seen, answer=answer)}, show
        )
        for question, seen in looks
        if seen
    ]


def _plain_answers(seen: Iterable[Observation], *, answer: Mapping[str, Any] | None) -> list[Json]:
    plain = ((one, _with_body(plain_answer(one), answer)) for one in seen)
    return [
        {"at": [[one.asked_at, one.seen_at] for one, _ in same], **found}
        for found, same in groupby(plain, key=lambda pair: pair[1])
    ]


def _with_body(answer: Json, expected: Mapping[str, Any] | None) -> Json:
    """An answer whose attempts hold of the receiver's answers no more than what is expected of them."""
    value = answer.get("value")
    for record in value if isinstance(value, list) else ():
        if "body" in record and expected is None:
            del record["body"]
        elif "body" in record:
            record["body"] = _only(expected, parsed(record["body"]))
    return answer


def _only(expected: Any, actual: Any) -> Any:
    """Of an answer the fields that are expected, whatever they hold."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return {name: _only(value, actual[name]) for name, value in expected.items() if name in actual}
    return actual


def _plain_question(question: Question) -> Json:
    given = {field.name: getattr(question, field.name) for field in fields(question)}
    known = {name: value for name, value in given.items() if value not in (None, ())}
    return {name: _PLAIN_FIELDS.get(name, _plain)(value) for name, value in known.items()}


def plain_matches(matches: Iterable[Match]) -> list[Json]:
    """Conditions on a real request."""
    return [{"target": one.target, "keys": list(one.keys), "value": one.value} for one in matches]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Ask) else value


def plain_answer(observation: Observation) -> Json:
    """What was answered, or why nothing was."""
    if observation.error is not None:
        return {"error": _plain_error(observation.error)}
    return {"value": _WRITERS[observation.question.ask](observation.value)}


def _plain_error(error: ApiError) -> Json:
    kind = next(name for name, one in _ERRORS.items() if isinstance(error, one))
    facts = {name: getattr(error, name, None) for name in ("reason", "status", "retry_after", "field")}
    known = {name: value for name, value in facts.items() if value is not None}
    return {"kind": kind, "message": str(error), "call": error.call, **known}


def plain_record(record: Model) -> Json:
    """The kept fields of a record; one that was not there stays away."""
    told = record.model_fields_set
    return {name: _plain_field(getattr(record, name)) for name in KEPT[type(record)] if name in told}


def _plain_field(value: Any) -> Any:
    if isinstance(value, Model):
        return plain_record(value)
    return list(value) if isinstance(value, tuple) else _plain(value)


def _plain_records(values: Iterable[Model]) -> list[Json]:
    return [plain_record(value) for value in values]


def _plain_seen_request(seen: RequestSeen) -> Json:
    request = plain_record(seen.request) if seen.request else None
    return {"request": request, "unclear": seen.unclear, "replays": list(seen.replays)}


def _plain_events(seen: EventsSeen) -> Json:
    return {"events": _plain_records(seen.events), "replays": _plain_records(seen.replays)}


def _plain_latest_input(answer: LatestInputAnswer) -> Json:
    newest = answer.latest_input
    return {"latest_input": plain_record(newest) if newest else None}


def _plain_window(seen: WindowSeen) -> Json:
    return {field.name: _plain(getattr(seen, field.name)) for field in fields(seen)}


_PLAIN_FIELDS: Mapping[str, Callable[[Any], Any]] = {"match": plain_matches}
_WRITERS: Mapping[Ask, Callable[[Any], Any]] = {
    Ask.CONNECTION: plain_record,
    Ask.SOURCE: plain_record,
    Ask.DESTINATION: plain_record,
    Ask.INGRESS: lambda reply: {
        "status": reply.status,
        "request_id": reply.request_id,
        **({"location": reply.headers["location"]} if "location" in reply.headers else {}),
    },
    Ask.REQUEST: _plain_seen_request,
    Ask.AWAITED: _plain_seen_request,
    Ask.IGNORED: _plain_records,
    Ask.EVENTS: _plain_events,
    Ask.ATTEMPTS: _plain_records,
    Ask.LATEST_INPUT: _plain_latest_input,
    Ask.METRICS: _plain_window,
}
_ERRORS: Mapping[str, type[ApiError]] = {
    "rate_limited": RateLimitedError,
    "unreachable": UnreachableError,
    "refused": RefusedError,
    "unreadable": UnreadableError,
}
"""The narrower before the wider."""
