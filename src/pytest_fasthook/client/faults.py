"""Why a call got no answer, told from the exception chain that the HTTP library leaves behind."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping

from pytest_fasthook.errors import ApiError, UnreachableError, UnreachableReason, UnreadableError
from pytest_fasthook.redact import Redactor, one_line

NOTHING_SENT: frozenset[UnreachableReason] = frozenset({"connect", "dns", "tls"})
"""With these reasons no byte of the request has left this machine."""

_WORDS: Mapping[UnreachableReason, str] = {
    "connect": "no connection to",
    "dns": "no address known for",
    "tls": "no secure connection to",
    "timeout": "no complete answer in time from",
    "reset": "the connection broke before the answer was complete, with",
}
_CONNECTING = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL"}
)
_HUNG_UP = ("disconnected", "closed")


def may_have_been_sent(error: UnreachableError) -> bool:
    """Whether the other side may have received the request, wholly or in part."""
    return error.reason not in NOTHING_SENT


def fault_of(error: Exception, *, call: str, host: str, redactor: Redactor) -> ApiError:
    """Turn a failure of the HTTP library into the error it means."""
    if reason_of(error) is not None:
        return unreachable(error, call=call, host=host, redactor=redactor)
    return UnreadableError(_shown(f"{call}: the answer is not HTTP", error, redactor), call=call)


def unreachable(error: Exception, *, call: str, host: str, redactor: Redactor) -> UnreachableError:
    """Turn a failure of the HTTP library into "no answer", whatever it was."""
    reason = reason_of(error) or "reset"
    return UnreachableError(
        _shown(f"{call}: {_WORDS[reason]} {host}", error, redactor), call=call, reason=reason
    )


def _shown(text: str, error: Exception, redactor: Redactor) -> str:
    notes = dict.fromkeys(note for link in _chain(error) for note in getattr(link, "__notes__", ()))
    words = ", ".join((str(error) or type(error).__name__, *notes))
    if "CERTIFICATE_VERIFY_FAILED" in words:
        words += "; SSL_CERT_FILE names the file of further authorities to trust"
    return one_line(redactor.show(f"{text} ({words})"))


def reason_of(error: BaseException) -> UnreachableReason | None:
    """Tell what went wrong; ``None`` means that an answer came, but not one in HTTP.

    httpx and httpcore name their exceptions alike, so names are compared: that works for both and loads
    neither.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & _CONNECTING:
        return _reason_without_connection(error)
    if "TimeoutException" in names:
        return "timeout"
    if "UnicodeError" in names:
        return "dns"  # a host name that no DNS query can hold
    if "DecodingError" in names or ("RemoteProtocolError" in names and not _hung_up(error)):
        return None
    return "reset"


def _reason_without_connection(error: BaseException) -> UnreachableReason:
    causes = list(_chain(error))
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
        return "dns"
    return "tls" if any(isinstance(cause, ssl.SSLError) for cause in causes) else "connect"


def _hung_up(error: BaseException) -> bool:
    return any(word in str(error) for word in _HUNG_UP)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
