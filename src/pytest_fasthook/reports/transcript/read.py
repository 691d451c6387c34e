"""A transcript's observations, read back from JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from pytest_fasthook.client.models import (
    Attempt,
    Connection,
    Destination,
    Event,
    IgnoredEvent,
    LatestInputAnswer,
    Request,
    Source,
)
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.errors import (
    ApiError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreachableReason,
    UnreadableError,
)
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen, WindowSeen
from pytest_fasthook.iso import read_iso
from pytest_fasthook.settings.saved_run import text, text_or_none
from pytest_fasthook.settings.values import Match


def read_evidence(values: Sequence[Mapping[str, Any]]) -> tuple[Evidence, frozenset[Ask]]:
    """Read the observations of a transcript.

    Returns:
        The evidence, and what was asked where the answer was altered.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is not of that shape.
    """
    evidence = Evidence()
    altered = frozenset(Ask(value["question"]["ask"]) for value in values if value.get("altered"))
    for value in values:
        if not value.get("altered"):
            question = _read_question(value["question"])
            for observation in _read_answers(question, value["answers"]):
                evidence.append(observation)
    return evidence, altered


def _read_question(value: Mapping[str, Any]) -> Question:
    readers: Mapping[str, Callable[[Any], Any]] = {**dict.fromkeys(value, text), **_FIELD_READERS}
    return Question(**{name: readers[name](item) for name, item in value.items()})


def read_matches(values: Iterable[Mapping[str, Any]]) -> tuple[Match, ...]:
    """Read conditions on a real request."""
    return tuple(Match(one["target"], tuple(one["keys"]), one["value"]) for one in values)


def read_seconds(value: object) -> float:
    """Read a moment on the monotonic clock; far more than any machine has been up is none.

    Raises:
        ValueError: it is none.
        TypeError: it is no number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number of seconds")
    if not abs(value) < 1e10:
        raise ValueError(f"{value!r} is no moment")
    return float(value)


def _read_answers(question: Question, answers: Sequence[Mapping[str, Any]]) -> Iterator[Observation]:
    for answer in answers:
        error = _read_error(answer["error"]) if "error" in answer else None
        value = None if error else _READERS[question.ask](answer["value"])
        for asked_at, seen_at in answer["at"]:
            yield Observation(
                question=question,
                asked_at=read_seconds(asked_at),
                seen_at=read_seconds(seen_at),
                asked_on=datetime.fromtimestamp(0, UTC),  # for showing only, and nothing of this is shown
                value=value,
                error=error,
            )


def _read_error(value: Mapping[str, Any]) -> ApiError:
    message, call = text(value["message"]), text(value["call"])
    match value["kind"]:
        case "rate_limited":
            return RateLimitedError(message, call=call, retry_after=value.get("retry_after"))
        case "unreachable" if value["reason"] in get_args(UnreachableReason):
            return UnreachableError(message, call=call, reason=value["reason"], status=value.get("status"))
        case "refused":
            return RefusedError(message, call=call, status=int(value["status"]))
        case "unreadable":
            return UnreadableError(message, call=call, field=value.get("field"))
    raise ValueError("an error of no known kind")


def _read_ingress(value: Mapping[str, Any]) -> IngressReply:
    """What the source answered, as far as verdicts depend on it."""
    return IngressReply(
        status=int(value["status"]),
        headers={"location": str(value["location"])} if "location" in value else {},
        body=b"",
        complete=True,
        request_id=text_or_none(value["request_id"]),
        asked_at=0.0,
        seen_at=0.0,
        server_date=None,
    )


def _read_seen_request(value: Mapping[str, Any]) -> RequestSeen:
    found = value["request"]
    request = None if found is None else Request.model_validate(found)
    return RequestSeen(
        request=request,
        looked_through=0,
        complete=True,
        unclear=int(value["unclear"]),
        replays=tuple(map(text, value["replays"])),
    )


def _read_events(value: Mapping[str, Any]) -> EventsSeen:
    events, replays = (tuple(map(Event.model_validate, value[name])) for name in ("events", "replays"))
    return EventsSeen(events=events, replays=replays, looked_through=0)


def _read_window(value: Mapping[str, Any]) -> WindowSeen:
    counts = {name: value[name] for name in ("count", "failed", "delivered")}
    whole = (*counts.values(), value["listed"], value["finished"])
    if any(type(count) not in {int, type(None)} for count in whole):
        raise TypeError("counts are whole numbers")
    return WindowSeen(
        since=read_iso(value["since"]),
        until=read_iso(value["until"]),
        listed=int(value["listed"]),
        finished=int(value["finished"]),
        ours_listed=value["ours_listed"] is True,
        partial=value["partial"] is not False,
        **counts,
    )


_FIELD_READERS: Mapping[str, Callable[[Any], Any]] = {
    "ask": Ask,
    "since": read_iso,
    "until": read_iso,
    "match": read_matches,
}
_READERS: Mapping[Ask, Callable[[Any], Any]] = {
    Ask.CONNECTION: Connection.model_validate,
    Ask.SOURCE: Source.model_validate,
    Ask.DESTINATION: Destination.model_validate,
    Ask.INGRESS: _read_ingress,
    Ask.REQUEST: _read_seen_request,
    Ask.AWAITED: _read_seen_request,
    Ask.IGNORED: lambda values: tuple(map(IgnoredEvent.model_validate, values)),
    Ask.EVENTS: _read_events,
    Ask.ATTEMPTS: lambda values: tuple(map(Attempt.model_validate, values)),
    Ask.LATEST_INPUT: LatestInputAnswer.model_validate,
    Ask.METRICS: _read_window,
}
