"""Typed access to the fields of a JSON object, with errors that name the field."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pytest_fasthook.errors import FastHookError

Choice = TypeVar("Choice", bound=StrEnum)


class ReportShapeError(FastHookError, ValueError):
    """A report's document is not of the published shape; the text names the field."""


class Fields:
    """One JSON object of the document, and where in the document it stands."""

    __slots__ = ("_values", "_where")

    def __init__(self, values: object, *, where: str = "report") -> None:
        if not isinstance(values, Mapping):
            raise ReportShapeError(f"{where} is {_kind(values)}, not an object")
        self._values: Mapping[str, Any] = values
        self._where = where

    def text(self, key: str) -> str:
        """A text that is not blank."""
        value: str = self._of_type(key, str)
        if not value.strip():
            raise self.wrong(key, "is blank")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or ``None`` where it is null, blank or missing."""
        if self._values.get(key) is None:
            return None
        value: str = self._of_type(key, str)
        return value if value.strip() else None

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        """One of a closed list."""
        text = self.text(key)
        try:
            return choices(text)
        except ValueError:
            raise self.wrong(key, f"is {text!r}, not one of {', '.join(choices)}") from None

    def optional_choice(self, key: str, choices: type[Choice]) -> Choice | None:
        """One of a closed list, or ``None`` where it is null."""
        return self.choice(key, choices) if self._required(key) is not None else None

    def flag(self, key: str) -> bool:
        """True or false."""
        value: bool = self._of_type(key, bool)
        return value

    def integer(self, key: str) -> int:
        """A whole number that is not negative."""
        value: int = self._of_type(key, int)
        if value < 0:
            raise self.wrong(key, f"is {value}, not a number from 0 up")
        return value

    def number(self, key: str) -> float:
        """A number that is neither negative nor infinite."""
        value = self._required(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, f"is {_kind(value)}, not a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or number < 0:
            raise self.wrong(key, f"is {number}, not a number from 0 up")
        return number

    def time(self, key: str) -> datetime:
        """A moment with its zone."""
        text = self.text(key)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self.wrong(key, f"is {text!r}, not a time") from None
        if moment.tzinfo is None:
            raise self.wrong(key, "lacks its zone")
        return moment

    def optional_time(self, key: str) -> datetime | None:
        """A moment with its zone, or ``None`` where it is null or missing."""
        return self.time(key) if self._values.get(key) is not None else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._of_type(key, list)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "holds something other than texts")
        return tuple(values)

    def optional_texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty where it is missing."""
        return self.texts(key) if self.has(key) else ()

    def child(self, key: str) -> Fields:
        """The object under ``key``."""
        return Fields(self._required(key), where=f"{self._where}.{key}")

    def optional_child(self, key: str) -> Fields | None:
        """The object under ``key``, or ``None`` where it is null or missing."""
        return self.child(key) if self._values.get(key) is not None else None

    def children(self, key: str) -> Iterator[Fields]:
        """The objects of the list under ``key``."""
        for number, value in enumerate(self._of_type(key, list)):
            yield Fields(value, where=f"{self._where}.{key}[{number}]")

    def has(self, key: str) -> bool:
        """Whether the key is there at all."""
        return key in self._values

    def raw(self) -> Mapping[str, Any]:
        """The object as it is."""
        return self._values

    def _of_type(self, key: str, kind: type[Any]) -> Any:
        value = self._required(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(key, f"is {_kind(value)}, not {_NAMES[kind]}")
        return value

    def _required(self, key: str) -> Any:
        if key not in self._values:
            raise self.wrong(key, "is missing")
        return self._values[key]

    def wrong(self, key: str, what: str) -> ReportShapeError:
        """The error that says what is wrong with the field ``key``."""
        return ReportShapeError(f"{self._where}.{key} {what}")


_NAMES: Mapping[type[Any], str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
}


def _kind(value: object) -> str:
    kinds = {bool: "true or false", type(None): "null", str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "a number")
