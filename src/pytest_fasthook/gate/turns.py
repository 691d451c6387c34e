"""Probes to one source go out one after the other, so that its own records say which of them is the newer.

FastHook dates records by the millisecond. Two probes within the same one leave it open whose the newest input of
their source is, and one of them would lack evidence for good.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

APART_S = 0.002
"""Between a source's answer and the next probe to it, in real seconds: more than its records can tell apart."""
PATIENCE_S = 0.05
"""How long a source may take to answer before the next probe goes out all the same, in real seconds."""


class Turns:
    """Who sends to which source next; safe from several threads."""

    def __init__(self) -> None:
        self._doors: dict[str, threading.Lock] = {}
        self._last: dict[str, threading.Event] = {}

    @contextmanager
    def to(self, source: str) -> Iterator[None]:
        """Wait for the turn at a source, then send to it inside."""
        answered = threading.Event()
        with self._doors.setdefault(source, threading.Lock()):
            if before := self._last.get(source):
                before.wait(PATIENCE_S)
                time.sleep(APART_S)
            self._last[source] = answered
        try:
            yield
        finally:
            answered.set()
