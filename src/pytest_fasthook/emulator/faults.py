"""Trouble on purpose: what a hosted service does on a bad day, switched on by code or over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest


class FaultKind(StrEnum):
    """The closed list of faults; the value is the spelling over HTTP."""

    LAG = "lag"
    """Records of the kind in ``path`` stay unseen for ``seconds`` after they are made."""
    METRICS_LAG = "metrics_lag"
    """Event and request metrics count only what is older than ``seconds``."""
    NO_REQUEST_ID = "no_request_id"
    """The default ingress answer carries no ``request_id``."""
    PARTIAL = "partial"
    """Request lists and request metrics say ``partial: true`` and hold nothing."""
    STATUS = "status"
    """The API or the ingress answers with ``status``, with ``Retry-After`` where ``seconds`` is given."""
    RESET = "reset"
    """The TCP connection is reset instead of an answer."""
    LOST_ANSWER = "lost_answer"
    """The call is carried out, then the TCP connection is reset instead of an answer."""
    SLOW = "slow"
    """The answer comes ``seconds`` late."""
    TRUNCATED = "truncated"
    """The answer breaks off in the middle."""
    NOT_JSON = "not_json"
    """The answer is a page of HTML with status 200."""
    OTHER_TEAM = "other_team"
    """Records carry the demo team's id, as when the service fell back to it."""
    LOST_BRANCH = "lost_branch"
    """A request is accepted, but the branch is never made."""
    DUPLICATED_BRANCH = "duplicated_branch"
    """A branch is made twice."""


LAGGING = ("requests", "events", "ignored_events", "attempts", "latest_input")
"""What ``lag`` takes as its path."""
MAX_SECONDS = 86_400
MAX_TIMES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: what goes wrong.
        path: a shell pattern of the paths it concerns, without ``/v1``; for ``lag`` the record kind.
        times: how often it happens; ``None`` until it is cleared.
        status: for ``status``.
        seconds: for ``lag``, ``metrics_lag``, ``slow``, and the ``Retry-After`` of ``status``.
    """

    kind: FaultKind
    path: str = "*"
    times: int | None = None
    status: int = 503
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise BadRequest("status of a fault must be the status of an answer, 200 to 599")
        if not 0 <= self.seconds <= MAX_SECONDS:
            raise BadRequest(f"seconds of a fault must be from 0 to {MAX_SECONDS}")
        if self.times is not None and not 1 <= self.times <= MAX_TIMES:
            raise BadRequest(f"times of a fault must be from 1 to {MAX_TIMES}, or null")
        if self.kind is FaultKind.LAG and self.path != "*" and self.path not in LAGGING:
            raise BadRequest(f"lag takes one of {', '.join(LAGGING)} as its path")

    def shown(self) -> dict[str, Any]:
        """Return the fault as JSON."""
        return {
            "kind": self.kind.value,
            "path": self.path,
            "times": self.times,
            "status": self.status,
            "seconds": self.seconds,
        }


class Faults:
    """The faults that are switched on; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[Fault, int | None] = {}

    def add(self, kind: FaultKind | str, path: str = "*", **details: Any) -> Fault:
        """Switch a fault on and return it.

        Args:
            kind: a ``FaultKind`` or its value.
            path: see ``Fault``.
            details: ``times``, ``status``, ``seconds`` of ``Fault``.
        """
        fault = Fault(kind=FaultKind(kind), path=path, **details)
        with self._lock:
            self._left[fault] = fault.times
        return fault

    def remove(self, fault: Fault) -> None:
        """Switch one fault off; no error where it is already used up."""
        with self._lock:
            self._left.pop(fault, None)

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._left.clear()

    def active(self) -> tuple[Fault, ...]:
        """Return what is switched on, in the order it was added."""
        with self._lock:
            return tuple(self._left)

    def take(self, kind: FaultKind, path: str = "") -> Fault | None:
        """Return the first fault of a kind that concerns a path, and use it up by one."""
        if not self._left:
            return None
        with self._lock:
            found = next(
                (fault for fault in self._left if fault.kind is kind and fnmatchcase(path, fault.path)), None
            )
            left = self._left[found] if found else None
            if found and left is not None:
                self._left[found] = left - 1
                if left <= 1:
                    del self._left[found]
            return found

    def seconds(self, kind: FaultKind, path: str = "") -> float:
        """Return how long a lasting fault delays something; 0 where none is on."""
        if not self._left:
            return 0.0
        with self._lock:
            return max(
                (
                    fault.seconds
                    for fault in self._left
                    if fault.kind is kind and fnmatchcase(path, fault.path)
                ),
                default=0.0,
            )


def read_fault(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read a fault from JSON into the arguments of ``Faults.add``.

    Raises:
        BadRequest: an unknown kind, an unknown field, or a value of the wrong type.
    """
    types: dict[str, Any] = {
        "kind": str,
        "path": str,
        "times": int | None,
        "status": int,
        "seconds": int | float,
    }
    unknown = sorted(set(body) - set(types))
    if unknown:
        raise BadRequest(f"unknown field of a fault: {unknown[0]}")
    for name, value in body.items():
        if not isinstance(value, types[name]) or isinstance(value, bool):
            raise BadRequest(f"{name} of a fault has the wrong type")
    if body.get("kind") not in set(FaultKind):
        raise BadRequest(f"kind must be one of {', '.join(FaultKind)}")
    return dict(body)
