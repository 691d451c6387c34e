"""What the emulator raises.

::

    EmulatorError
    ├── EmulatorNeedsExtra (ImportError)   starlette or uvicorn is not installed
    ├── PortTaken (OSError)                the address cannot be bound
    └── NotRunning                         the emulator was asked for something before start or after stop
    Refusal                                a call that FastHook itself would refuse; becomes an answer
    ├── Invalid 400 · Unauthenticated 401 · NotAllowed 403 · NotFound 404 · Conflict 409 · TooLarge 413
    └── RateLimited 429 · Unavailable 503 · StorageFull 507
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class EmulatorError(Exception):
    """Base of the errors a user of ``Emulator`` can see."""


class EmulatorNeedsExtra(EmulatorError, ImportError):  # noqa: N818 - says what is the matter
    """The packages of the ``emulator`` extra are missing."""


class PortTaken(EmulatorError, OSError):  # noqa: N818 - says what is the matter
    """The host and port cannot be bound."""


class NotRunning(EmulatorError):  # noqa: N818 - says what is the matter
    """The emulator has not been started, or has been stopped."""


class Refusal(Exception):  # noqa: N818 - an answer of the service, not a fault of the program
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


class Invalid(Refusal):
    """The input breaks a rule of the contract."""


class Unauthenticated(Refusal):
    """No credential, or one that nobody issued."""

    status = 401


class NotAllowed(Refusal):
    """The credential may not do this."""

    status = 403


class NotFound(Refusal):
    """No such record under this team."""

    status = 404


class Conflict(Refusal):
    """Another record, or the state of this one, forbids it."""

    status = 409


class TooLarge(Refusal):
    """The body is over the limit."""

    status = 413


class RateLimited(Refusal):
    """Called too often.

    Attributes:
        headers: ``Retry-After`` in whole seconds.
    """

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"retry-after": str(retry_after)}


class StorageFull(Refusal):
    """There is no room for what should be stored."""

    status = 507


class Unavailable(Refusal):
    """An optional part that this needs is not installed."""

    status = 503
