"""What the emulator raises.

::

    EmulatorError
    ├── EmulatorNeedsExtra (ImportError)   starlette or uvicorn is not installed
    ├── PortTaken (OSError)                the address cannot be bound
    └── NotRunning                         the emulator was asked for something before start or after stop
    APIError                                a call that FastHook itself would refuse; becomes an answer
    ├── BadRequest 400 · Unauthorized 401 · Forbidden 403 · NotFound 404 · Conflict 409 · TooLarge 413
    └── RateLimited 429 · Unavailable 503 · StorageFull 507
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, ClassVar


class EmulatorError(Exception):
    """Base of the errors a user of ``Emulator`` can see."""


class EmulatorNeedsExtra(EmulatorError, ImportError):
    """The packages of the ``emulator`` extra are missing."""


class PortTaken(EmulatorError, OSError):
    """The host and port cannot be bound."""


class NotRunning(EmulatorError):
    """The emulator has not been started, or has been stopped."""


class APIError(Exception):
    """A call that the service refuses.

    Attributes:
        status: the HTTP status of the answer.
        body: the answer's body, by default ``{"error": message}`` (FastHook contract, ErrorResponse).
        headers: more headers of the answer.
    """

    status: ClassVar[int] = 400

    def __init__(self, message: str, *, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.body: Mapping[str, Any] = {"error": message} if body is None else body
        self.headers: Mapping[str, str] = {}


class BadRequest(APIError):
    """The input breaks a rule of the contract."""


class Unauthorized(APIError):
    """No credential, or one that nobody issued."""

    status = 401


class Forbidden(APIError):
    """The credential may not do this."""

    status = 403


class NotFound(APIError):
    """No such record under this team."""

    status = 404


class Conflict(APIError):
    """Another record, or the state of this one, forbids it."""

    status = 409


class TooLarge(APIError):
    """The body is over the limit."""

    status = 413


class RateLimited(APIError):
    """Called too often.

    Attributes:
        headers: ``Retry-After`` in whole seconds.
    """

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"retry-after": str(retry_after)}


class StorageFull(APIError):
    """There is no room for what should be stored."""

    status = 507


class Unavailable(APIError):
    """An optional part that this needs is not installed."""

    status = 503


_LOG = logging.getLogger("pytest_fasthook.emulator")


class ErrorLog:
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
