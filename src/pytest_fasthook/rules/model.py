"""The rules of a connection, read.

The server keeps a connection's rules in the order deduplicate, transform, filter, delay, retry and allows one
of each (FastHook guide on API automation). Durations here are seconds; on the wire they are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_fasthook.rules.retrying import Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplicate:
    """Requests whose deciding fields repeat within the window are ignored.

    Attributes:
        window_s: how long a request is remembered, in seconds; ``None`` where the rule does not say.
        include_fields: the fields that decide, such as ``body.id``; empty means the whole request.
        exclude_fields: fields that do not count when the whole request decides.
    """

    window_s: float | None = None
    include_fields: tuple[str, ...] = ()
    exclude_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A saved script changes what this connection delivers.

    Attributes:
        transformation_id: the script; ``None`` where the rule carries it inline.
    """

    transformation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which incoming requests the connection takes; all given targets must match.

    Attributes:
        conditions: the condition of each target (``headers``, ``body``, ``query``, ``path``), as JSON.
        unknown: keys of the rule that this version does not know; their presence leaves every match open.
    """

    conditions: Mapping[str, Any] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A connection's rules.

    Attributes:
        delay_s: how long delivery is put off, in seconds.
        not_understood: one short sentence per rule, or part of one, that could not be read.
    """

    deduplicate: Deduplicate | None = None
    transform: Transform | None = None
    filter: Filter | None = None
    delay_s: float = 0.0
    retry: Retry | None = None
    not_understood: tuple[str, ...] = ()
