"""What comes in over HTTP, what a handler is asked, and what leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from standin.moments import read_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One HTTP call as it came; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer and the manner in which it leaves.

    Attributes:
        manner: ``hang`` never answers, ``reset`` breaks the connection off, ``cut`` sends half the body.
        delay_s: how long the answer is held back.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Literal["plain", "hang", "reset", "cut"] = "plain"
    delay_s: float = 0.0


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of the stand-in
    """The API refuses a call with a status and FastHook's error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def answer(self) -> Answer:
        """The refusal as an HTTP answer."""
        return json_answer({"error": str(self)}, status=self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One API call, taken apart. ``ids`` are the ids in its path."""

    endpoint: str
    ids: tuple[str, ...]
    query: Mapping[str, list[str]]
    now: float

    def text(self, *names: str) -> str | None:
        """The first value of the first of these parameters that was given."""
        return next((self.query[name][0] for name in names if self.query.get(name)), None)

    def words(self, *names: str) -> list[str]:
        """All values of these parameters, comma lists taken apart."""
        return [word for name in names for value in self.query.get(name, []) for word in value.split(",")]

    def moment(self, name: str, default: float) -> float:
        """A time parameter; refuses with 400 what is no time."""
        text = self.text(name)
        try:
            return default if text is None else read_moment(text, now=self.now)
        except ValueError as error:
            raise Refusal(400, f"invalid {name}: {error}") from error

    def limit(self, most: int) -> int:
        """The page size; refuses with 400 what is out of range."""
        text = self.text("limit") or str(min(most, 100))
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise Refusal(400, f"limit must be 1..{most}, not {text}")
        return int(text)


def json_answer(value: Any, *, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status=status, body=json.dumps(value).encode())
