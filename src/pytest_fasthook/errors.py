"""Every error this package raises on purpose.

::

    FastHookError
    ├── SettingsError          a setting is missing or wrong; nothing was sent
    ├── ApiError               a call to the FastHook API gave no usable answer
    │   ├── UnreachableError   no answer at all, or a 5xx that outlasted the retries
    │   │   └── RateLimitedError   429 that outlasted the retries
    │   ├── RefusedError       the API answered with a 4xx
    │   └── UnreadableError    the API answered, but the answer lacks what was asked for
    └── StageNotPassed         a stage of the gate has a verdict other than pass (test authors' fixtures)
        ├── StageFailed        evidence contradicts an expectation
        └── StageUndecided     the gate could not observe, or evidence is missing

Texts of these errors may hold words from outside; whoever shows them cleans and redacts them first
(``redact.py``), and the client does so when it raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pytest_fasthook.stages import StageResult

UnreachableReason = Literal["connect", "dns", "tls", "timeout", "reset", "status", "rate_limited"]


class FastHookError(Exception):
    """Base of all errors of this package."""


class SettingsError(FastHookError):
    """A setting is missing, wrong or contradicts another; raised before anything is sent."""


class ApiError(FastHookError):
    """A call to the FastHook API gave no usable answer.

    Attributes:
        call: the call in words, for example ``GET /connections/conn_1``; never holds a secret.
    """

    def __init__(self, message: str, *, call: str) -> None:
        super().__init__(message)
        self.call = call


class UnreachableError(ApiError):
    """No answer, or a server error that outlasted the retries.

    Attributes:
        reason: ``connect``, ``dns`` and ``tls`` mean that no connection was made at all.
        status: the HTTP status where ``reason`` is ``status`` or ``rate_limited``.
        retry_after: seconds the API asked to wait, where it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        call: str,
        reason: UnreachableReason,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, call=call)
        self.reason: UnreachableReason = reason
        self.status = status
        self.retry_after = retry_after


class RateLimitedError(UnreachableError):
    """429 that outlasted the retries or the time the caller had left."""

    def __init__(self, message: str, *, call: str, retry_after: float | None = None) -> None:
        super().__init__(message, call=call, reason="rate_limited", status=429, retry_after=retry_after)


class RefusedError(ApiError):
    """The API answered with a 4xx other than 429.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, message: str, *, call: str, status: int) -> None:
        super().__init__(message, call=call)
        self.status = status


class UnreadableError(ApiError):
    """The API answered with success, but not in JSON or without what was asked for.

    Attributes:
        field: the missing or wrong field, where one can be named.
    """

    def __init__(self, message: str, *, call: str, field: str | None = None) -> None:
        super().__init__(message, call=call)
        self.field = field


class StageNotPassed(FastHookError):  # noqa: N818 - named after what happened, as pytest's own outcomes are
    """A stage of the gate has a verdict other than pass.

    Attributes:
        result: the stage's result, with its cause code, message and evidence.
    """

    def __init__(self, message: str, *, result: StageResult) -> None:
        super().__init__(message)
        self.result = result


class StageFailed(StageNotPassed):
    """Evidence contradicts an expectation."""


class StageUndecided(StageNotPassed):
    """The gate could not observe or act, or evidence was still missing at the deadline."""
