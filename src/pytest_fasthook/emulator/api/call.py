"""A call of the control API and its answer, free of any server's types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.payload import read_body
from pytest_fasthook.emulator.world import AppState


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authenticated call.

    Attributes:
        team_id: the team it concerns, after the fallback to the demo team.
        parameters: the variable parts of the path.
        query: decoded pairs in the order given.
        raw_body: the exact body.
        token: the caller's credential; empty on public operations.
        found: the ids of the payloads or attempts in which ``q`` is found.
    """

    world: AppState
    team_id: str
    parameters: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    raw_body: bytes = b""
    token: str = field(default="", repr=False)
    found: Sequence[str] = ()

    @property
    def id(self) -> str:
        """The ``{id}`` of the path."""
        return self.parameters["id"]

    def body(self, *, is_optional: bool = False) -> Any:
        """Return the JSON body; where it is optional, none at all is an empty object.

        Raises:
            BadRequest: it is not JSON.
        """
        if is_optional and not self.raw_body.strip():
            return {}
        return read_body(self.raw_body)

    def all(self, *names: str) -> list[str]:
        """Return every value of the named parameters, repeated or comma-joined, in order."""
        wanted = {spelling for name in names for spelling in (name, f"{name}[]")}
        return [part for name, text in self.query if name in wanted for part in text.split(",")]

    def one(self, *names: str) -> str | None:
        """Return the last value of the first named parameter that was given."""
        given = dict(self.query)
        found = next((given[name] for name in names if name in given), None)
        if found == "":
            raise BadRequest(f"{names[0]} must not be empty")
        return found

    def limit(self, *, most: int) -> int:
        """Return the page size, by default the largest."""
        text = self.one("limit")
        if text is None:
            return most if most < 255 else 100
        if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
            raise BadRequest(f"limit must be a whole number from 1 to {most}")
        return int(text)

    def choice(self, name: str, options: Sequence[str], *, default: str) -> str:
        """Return one of a few values."""
        value = self.one(name) or default
        if value not in options:
            raise BadRequest(f"{name} must be one of {', '.join(options)}")
        return value

    def flag(self, name: str) -> bool | None:
        """Return ``true`` or ``false`` of a parameter, ``None`` where it is not given."""
        value = self.one(name)
        if value not in (None, "true", "false"):
            raise BadRequest(f"{name} must be true or false")
        return None if value is None else value == "true"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Operation = Callable[[Call], Answer | Awaitable[Answer]]
"""What carries out a call; one that takes its time is a coroutine function, so that others get their turns."""
