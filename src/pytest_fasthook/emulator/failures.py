"""Errors of the emulator itself: logged where they happen, raised where the emulator is stopped."""

from __future__ import annotations

import logging
import threading

_LOG = logging.getLogger("pytest_fasthook.emulator")


class Failures:
    """Keeps the first internal error; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: BaseException | None = None

    def add(self, error: BaseException, *, during: str) -> None:
        """Log an error and keep it if it is the first.

        Args:
            error: what was raised.
            during: what was being done, for the log.
        """
        _LOG.error("the emulator failed during %s", during, exc_info=error)
        with self._lock:
            self._first = self._first or error

    def raise_first(self) -> None:
        """Raise the first error, once."""
        with self._lock:
            first, self._first = self._first, None
        if first is not None:
            raise first
