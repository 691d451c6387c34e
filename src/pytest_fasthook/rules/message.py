"""What rules look at: one incoming request, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class Absent(Enum):
    """The type of :data:`ABSENT`."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent.ABSENT
"""No value at a place; not the same as ``null``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One request as FastHook's rules see it (FastHook documentation, filters).

    Attributes:
        method: the HTTP method, in upper case.
        path: the path, beginning with a slash.
        query: text by parameter name; a list of texts where a name is repeated.
        headers: text by header name; the names are in lower case.
        body: the parsed JSON, or the text where it is not JSON, or ``None`` without a body.
    """

    method: str = "POST"
    path: str = "/"
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
