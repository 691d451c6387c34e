"""Making a message that a deduplicate rule takes for a new one.

FastHook ignores a request whose deciding fields repeat within the rule's window (FastHook guide on API
automation). ``include_fields`` are the fields that decide; without them the whole request does, less
``exclude_fields``, which is inferred. Whether all deciding fields must repeat, or one is enough, is not
stated, so each of them is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pytest_fasthook.rules.fresh_values import MARK, fresh_values
from pytest_fasthook.rules.matching import evaluate
from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.model import Deduplicate, Filter
from pytest_fasthook.rules.places import Place, spelled, value_at, with_value

_IDS = ("id", "event_id", "eventId", "uuid", "request_id", "delivery_id")
"""Fields of a body that name the message, the likeliest first."""

_FIXED_HEADERS = frozenset(
    {
        *("host", "content-type", "content-length", "content-encoding", "transfer-encoding", "connection"),
        *("authorization", "accept", "accept-encoding", "user-agent"),
    }
)
"""Headers that say how to read the request or who sends it; another value would change what it is."""

_KINDS = frozenset(
    {
        *("type", "event", "event_type", "eventType", "event_name", "topic", "action", "kind", "object"),
        *("status", "version", "api_version", "x-github-event", "x-shopify-topic"),
    }
)
"""Names of fields that say what kind of event a message is."""

_MARK_HEADER = "x-fasthook-dedupe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshened:
    """A message with fresh values.

    Attributes:
        message: the message to send.
        changed: the fields that got a fresh value, such as ``body.id``.
        left: the deciding fields that were left as they are, each with the reason.
        warning: why the message may still be taken for a duplicate; ``None`` where it will not.
    """

    message: Message
    changed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    warning: str | None = None


def freshen(rule: Deduplicate, message: Message, *, token: str, keep: Filter | None = None) -> Freshened:
    """Give the deciding fields values that no earlier request had.

    Args:
        rule: the deduplicate rule.
        message: the message as it would be sent.
        token: a text that is new in each run; fields that already hold it are fresh.
        keep: a filter that the message has to go on passing.
    """
    keeper = _Keeper(keep, message)
    if rule.include_fields:
        return _fields_fresh(rule.include_fields, message, token=token, keeper=keeper)
    return _whole_fresh(rule.exclude_fields, message, token=token, keeper=keeper)


class _Keeper:
    """Remembers how well a message passes a filter, and forbids to make that worse."""

    def __init__(self, keep: Filter | None, message: Message) -> None:
        self._keep = keep
        self._before = evaluate(keep, message).matched if keep else False

    def allows(self, message: Message) -> bool:
        if self._keep is None or self._before is False:
            return True
        after = evaluate(self._keep, message).matched
        return after is True or (after is None and self._before is None)


@dataclass(frozen=True, slots=True)
class _Step:
    """What became of one field: ``message`` where it is fresh now, ``reason`` where it was left."""

    message: Message | None
    changed: str | None = None
    reason: str = ""


def _fields_fresh(fields: tuple[str, ...], message: Message, *, token: str, keeper: _Keeper) -> Freshened:
    kinds = [field for field in fields if field.rpartition(".")[2] in _KINDS]
    others = [field for field in fields if field not in kinds]
    fresh = _each_fresh(others, message, token=token, keeper=keeper)
    if fresh.warning is None:
        return replace(
            fresh, left=(*fresh.left, *(f"{kind} (says what kind of event it is)" for kind in kinds))
        )
    last = _each_fresh(kinds, fresh.message, token=token, keeper=keeper)
    left = (*fresh.left, *last.left)
    warning = last.warning and f"no deciding field can have a fresh value: {', '.join(left)}"
    return replace(last, left=left, warning=warning)


def _each_fresh(fields: list[str], message: Message, *, token: str, keeper: _Keeper) -> Freshened:
    changed: list[str] = []
    left: list[str] = []
    for field in fields:
        step = _field_fresh(field, message, token=token, keeper=keeper)
        if step.message is None:
            left.append(f"{field} ({step.reason})")
        else:
            message = step.message
            changed += [step.changed] if step.changed else []
    warning = "nothing is fresh" if len(left) == len(fields) else None
    return Freshened(message=message, changed=tuple(changed), left=tuple(left), warning=warning)


def _field_fresh(field: str, message: Message, *, token: str, keeper: _Keeper) -> _Step:
    place = read_field(field)
    if place is None:
        return _Step(None, reason="not understood")
    if place == ("path",):
        return _Step(None, reason="another path could be another endpoint")
    if place[0] == "headers" and place[-1] in _FIXED_HEADERS:
        return _Step(None, reason="another value would change how the request is read")
    if _holds(value_at(message, place), token):
        return _Step(message)
    return _first_allowed(_proposals(message, place, token), keeper, reason="no fresh value fits")


def _first_allowed(proposals: Iterator[tuple[Place, Message]], keeper: _Keeper, *, reason: str) -> _Step:
    for place, proposal in proposals:
        if keeper.allows(proposal):
            return _Step(proposal, changed=spelled(place))
    return _Step(None, reason=reason)


def _proposals(message: Message, place: Place, token: str) -> Iterator[tuple[Place, Message]]:
    """The message with each fresh value that this place could have."""
    if len(place) == 1:
        yield from _anywhere(message, place, token)
        return
    for value in fresh_values(value_at(message, place), token=token):
        yield place, with_value(message, place, value)


def _anywhere(message: Message, place: Place, token: str) -> Iterator[tuple[Place, Message]]:
    """A whole target decides: change what names the message in it, or add a field."""
    if place == ("headers",):
        yield _added(message, ("headers", _MARK_HEADER), token)
    elif place == ("query",):
        yield _added(message, ("query", MARK), token)
    elif isinstance(message.body, dict):
        for name in (name for name in _IDS if isinstance(message.body.get(name), str)):
            yield from _proposals(message, ("body", name), token)
        yield _added(message, ("body", MARK), token)
    else:
        for value in fresh_values(value_at(message, place), token=token):
            yield place, replace(message, body=value)


def _added(message: Message, place: Place, token: str) -> tuple[Place, Message]:
    return place, with_value(message, place, token)


def _whole_fresh(excluded: tuple[str, ...], message: Message, *, token: str, keeper: _Keeper) -> Freshened:
    """The whole request decides: one fresh field that is not excluded will do, in the body where possible."""
    places = [read_field(field) for field in excluded]
    if None in places:
        unread = ", ".join(field for field, place in zip(excluded, places, strict=True) if place is None)
        return Freshened(message=message, warning=f"the excluded fields {unread} are not understood")
    closed = [place for place in places if place is not None]
    if _holds(_without(message, closed), token):
        return Freshened(message=message)
    free = (
        (place, proposal)
        for target in _targets(message)
        for place, proposal in _proposals(message, (target,), token)
        if not any(place[: len(shut)] == shut for shut in closed)
    )
    step = _first_allowed(free, keeper, reason="every field is excluded or fixed by the filter")
    if step.message is None:
        return Freshened(message=message, warning=f"nothing can be made fresh: {step.reason}")
    return Freshened(message=step.message, changed=(step.changed,) if step.changed else ())


def _targets(message: Message) -> tuple[str, ...]:
    """Where to look for a free field; a body that is no JSON object or array is left alone."""
    return ("body", "query", "headers") if isinstance(message.body, dict | list) else ("query", "headers")


def _without(message: Message, excluded: list[Place]) -> Any:
    """Body and query without the excluded fields; headers differ anyway and may not count."""
    for place in excluded:
        if value_at(message, place) is not ABSENT:
            message = with_value(message, place, ABSENT)
    return [message.body, message.query]


def _holds(value: Any, token: str) -> bool:
    """Whether a value holds the token already, which makes it fresh."""
    return value is not ABSENT and token in json.dumps(value, default=str)


def read_field(field: str) -> Place | None:
    """A field of a deduplicate rule as a place: ``body.items[0].id``, ``$.headers.X-Id``, ``path``."""
    keys = re.sub(r"\[(\d+)\]", r".\1", field.strip().removeprefix("$.")).split(".")
    target = {"header": "headers", "params": "query"}.get(keys[0], keys[0])
    if target not in {"body", "headers", "query", "path"} or not all(keys):
        return None
    below = [key.lower() for key in keys[1:]] if target == "headers" else keys[1:]
    return (target, *below)
