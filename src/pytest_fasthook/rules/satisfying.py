"""The smallest message that passes a filter, made from a message that may not.

The work is a search whose every find is checked by ``matching.evaluate``: a message that comes out passes for
certain. The search is deterministic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from pytest_fasthook.errors import FastHookError
from pytest_fasthook.rules.candidates import arrays, candidates
from pytest_fasthook.rules.conditions import understand
from pytest_fasthook.rules.contradictions import contradiction
from pytest_fasthook.rules.matching import evaluate, spoken
from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.model import Filter
from pytest_fasthook.rules.needs import Need, Way, ways
from pytest_fasthook.rules.parse import TARGETS
from pytest_fasthook.rules.places import Place, spelled, value_at, with_value
from pytest_fasthook.rules.ternary import Ternary, every
from pytest_fasthook.rules.values import shown

TRIES = 300
"""Ways through a filter's alternatives that are tried before giving up."""

_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_TEXT = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_PATH = re.compile(r"/(?:[A-Za-z0-9_.~!$&'()*+,;=:@/ \u00a1-\ud7ff-]|%[0-9A-Fa-f]{2})*")
"""A space and letters beyond ASCII go over the wire escaped; whether a filter sees them so, the service decides."""
_OF_THE_CONNECTION = frozenset({"host", "content-length", "transfer-encoding", "connection"})


class Unsatisfiable(FastHookError):  # noqa: N818 - says what the filter is
    """No message can pass: the filter contradicts itself."""


class NotUnderstood(FastHookError):  # noqa: N818 - says what happened
    """No message was found that passes for certain.

    Attributes:
        best: a message that may pass, as far as the filter is understood; ``None`` where there is none.
    """

    def __init__(self, message: str, *, best: Message | None = None) -> None:
        super().__init__(message)
        self.best = best


class _NoValue(Exception):  # noqa: N818 - never leaves this module
    """A place's needs cannot be met."""

    def __init__(self, reason: str, *, certain: bool) -> None:
        super().__init__(reason)
        self.certain = certain


def satisfy(filter: Filter, message: Message, *, plain_arrays: bool = True) -> Message:  # noqa: A002 - FastHook's own word
    """Change ``message`` as little as needed so that it passes ``filter`` (FastHook documentation, filters).

    Args:
        filter: the filter.
        message: the message as it would be sent.
        plain_arrays: whether, where nothing else helps, an array may stand for several plain scalars that it holds.

    Raises:
        Unsatisfiable: the filter contradicts itself, so that nothing can pass.
        NotUnderstood: the filter uses something that is not understood, or no message was found.
    """
    if evaluate(filter, message).matched:
        return message
    tries: list[_Try] = []
    passes = (False, True) if plain_arrays else (False,)
    for allowed in passes:
        for way in islice(_ways(filter), TRIES):
            tried = _along(way, filter, message, plain_arrays=allowed)
            if tried.message is not None and tried.matched:
                return tried.message
            tries.append(tried)
    raise _failure(tries, cut_off=len(tries) == len(passes) * TRIES)


@dataclass(frozen=True, slots=True)
class _Try:
    """What became of one way through the filter.

    Attributes:
        matched: what ``evaluate`` says about ``message``.
        certain: whether ``reason`` shows that this way can never pass.
    """

    message: Message | None
    matched: Ternary
    reason: str
    certain: bool = False


def _failure(tries: list[_Try], *, cut_off: bool) -> FastHookError:
    best = next((tried for tried in tries if tried.message is not None and tried.matched is None), None)
    if best is not None:
        return NotUnderstood(best.reason, best=best.message)
    doubtful = next((tried for tried in tries if not tried.certain), None)
    if doubtful is not None:
        return NotUnderstood(doubtful.reason)
    if cut_off:
        return NotUnderstood(f"none of the first {TRIES} ways through the filter's alternatives can be met")
    return Unsatisfiable(tries[0].reason if tries else "it asks that something be other than anything")


def _ways(filter: Filter) -> Iterator[Way]:  # noqa: A002 - FastHook's own word
    """Every way through the filter; the targets are joined like the parts of an ``and``."""
    found: Iterator[Way] = iter([()])
    for target in TARGETS:
        if target in filter.conditions:
            found = _times(found, filter.conditions[target], target)
    return found


def _times(found: Iterator[Way], raw: Any, target: str) -> Iterator[Way]:
    condition = understand(raw)
    return ((*way, *more) for way in found for more in ways(condition, (target,)))


def _along(way: Way, filter: Filter, message: Message, *, plain_arrays: bool) -> _Try:  # noqa: A002 - as above
    try:
        made = _met(way, message, plain_arrays=plain_arrays)
    except _NoValue as missing:
        return _Try(None, matched=False, reason=str(missing), certain=missing.certain)
    found = evaluate(filter, made)
    return _Try(made, matched=found.matched, reason="; ".join(spoken(found)))


def _met(way: Way, message: Message, *, plain_arrays: bool) -> Message:
    """Meet every need of one way, outer places first."""
    for place in sorted(dict.fromkeys(need.place for need in way), key=len):
        needs = [need for need in way if need.place == place]
        below = [need for need in way if len(need.place) > len(place) and need.place[: len(place)] == place]
        current = value_at(message, place)
        if below and not _has_fields(place):
            raise _NoValue(f"{spelled(place)} is a text and has no fields", certain=False)
        value = _holder(needs, below, current) if below else _value(needs, current, plain_arrays=plain_arrays)
        if value is not current:
            message = with_value(message, place, value)
    return message


def _has_fields(place: Place) -> bool:
    """Whether there can be an object at this place of an HTTP request."""
    return place[0] == "body" or place in {("headers",), ("query",)}


def _holder(needs: list[Need], below: list[Need], current: Any) -> Any:
    """An object for the needs below; what else is said of it must not forbid one."""
    made = current if isinstance(current, dict) else {}
    sample = made or {below[0].place[-1]: None}
    for need in needs:
        plain = need.leaf is not None and isinstance(need.leaf.expected, dict | list)
        if need.met_by(sample) is False and not plain:
            certain = need.presence is not None and any(inner.presence for inner in below)
            reason = f"{spelled(need.place)} cannot be both an object and what another condition wants"
            raise _NoValue(reason, certain=certain)
    return made


def _value(needs: list[Need], current: Any, *, plain_arrays: bool) -> Any:
    """The value to put at a place: the present one where it will do, else the first that meets all needs."""
    place = needs[0].place
    likely: list[Any] = []
    reason = contradiction(needs)
    if reason is not None:
        raise _NoValue(reason, certain=True)
    for value in chain([current], candidates(needs), arrays(needs, plain=plain_arrays)):
        met = every(need.met_by(value) for need in needs)
        if met is True and (value is current or _sendable(place, value)):
            return value
        if met is None and _sendable(place, value):
            likely.append(value)
    if likely:
        return likely[0]
    raise _NoValue(_nothing_found(needs), certain=False)


def _nothing_found(needs: list[Need]) -> str:
    wanted = (("not " if need.opposite else "") + _spoken(need) for need in needs)
    return f"no value that can be sent was found for {spelled(needs[0].place)}: {', '.join(wanted)}"


def _spoken(need: Need) -> str:
    return f"{need.leaf.operator} {shown(need.leaf.expected)}" if need.leaf else "an object"


def _sendable(place: Place, value: Any) -> bool:
    """Whether a value arrives as it is when it is sent at this place of an HTTP request."""
    target, *keys = place
    if target == "body":
        return True
    if target == "path":
        return not keys and isinstance(value, str) and _sendable_path(value)
    if not keys:
        return isinstance(value, dict) and all(
            _sendable((target, key), inner) for key, inner in value.items()
        )
    if len(keys) > 1:
        return False
    return _sendable_header(keys[0], value) if target == "headers" else _sendable_parameter(value)


def _sendable_path(value: str) -> bool:
    return _PATH.fullmatch(value) is not None and not {".", ".."} & set(value.split("/"))


def _sendable_header(name: str, value: Any) -> bool:
    if name in _OF_THE_CONNECTION or not _HEADER_NAME.fullmatch(name):
        return False
    return value is ABSENT or (isinstance(value, str) and _HEADER_TEXT.fullmatch(value) is not None)


def _sendable_parameter(value: Any) -> bool:
    """A parameter is a text, or several of them under one name."""
    if isinstance(value, list):
        return len(value) > 1 and all(isinstance(item, str) for item in value)
    return value is ABSENT or isinstance(value, str)
