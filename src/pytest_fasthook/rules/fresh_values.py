"""A value of the same kind that no earlier request had, derived from a token.

Proposals come in order of preference; whoever asks for them takes the first that fits. The same token
always gives the same values, and another token gives others.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_fasthook.rules.message import ABSENT
from pytest_fasthook.rules.values import is_number

MARK = "fasthook_probe"
"""The name of a field that is added where none can be changed."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"[0-9]{6,}")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_MAIL = re.compile(r"([^@\s]+)(@[^@\s]+)")
_SPREAD = 2**30
"""Fresh numbers differ by up to this much: seldom the same twice, and still exact in JavaScript."""
_SAFE = 2**53 - 1
_SMALLEST_SPREAD = 2**16


def fresh_values(value: Any, *, token: str) -> Iterator[Any]:
    """Propose fresh values in place of ``value``; none where its kind has too few, as a boolean has."""
    if value is ABSENT or value is None or value == "":
        yield token
    elif is_number(value):
        yield from _numbers(value, token)
    elif isinstance(value, str):
        yield from _texts(value, token)
    elif isinstance(value, Mapping):
        yield {**value, MARK: token}
    elif isinstance(value, list):
        yield [*value, token]


def _numbers(value: float, token: str) -> Iterator[float]:
    """Numbers further up, then further down, then closer by; never so close that two runs could meet."""
    spread = _SPREAD
    while spread >= _SMALLEST_SPREAD:
        step = _number_of(token) % spread + 1
        yield from (moved for moved in (value + step, value - step) if abs(moved) <= _SAFE)
        spread //= 16


def _number_of(token: str) -> int:
    return int.from_bytes(hashlib.sha256(token.encode()).digest()[:8])


def _texts(value: str, token: str) -> Iterator[str]:
    yield from _alike(value, token)
    middle = len(value) // 2
    yield from (f"{value}-{token}", f"{token}-{value}", f"{value[:middle]}-{token}-{value[middle:]}", token)


def _alike(value: str, token: str) -> Iterator[str]:
    """A text of the same form, where the form is one that a receiver may check."""
    number = _number_of(token)
    if _UUID.fullmatch(value):
        yield str(uuid.uuid5(uuid.NAMESPACE_URL, f"{value}/{token}"))
    elif _DIGITS.fullmatch(value):
        yield str(number)[: len(value)].rjust(len(value), "1")
    elif moment := _MOMENT.fullmatch(value):
        yield f"{moment[1]}.{number % 10**6:06}{moment[2] or ''}"
    elif mail := _MAIL.fullmatch(value):
        yield f"{mail[1]}+{token}{mail[2]}"
