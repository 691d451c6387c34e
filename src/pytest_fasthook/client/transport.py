"""Calls of FastHook's API and of its source URLs.

Every call ends in time, in one of three ways: an answer, an error of ``errors.py``, or the caller's own
interrupt. Reads are repeated when that can help; nothing else is, unless it is certain that nothing was sent.
"""

from __future__ import annotations

import itertools
import json as json_text
import random as chance
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from pytest_fasthook.client.addresses import base_url, header_lines, shown_url
from pytest_fasthook.client.faults import fault_of, may_have_been_sent, unreachable
from pytest_fasthook.client.hiding import Hiding
from pytest_fasthook.client.limiter import RateLimiter
from pytest_fasthook.client.replies import IngressReply, RawReply, Reply, read_ingress, read_reply
from pytest_fasthook.client.retry import CallLimits
from pytest_fasthook.client.wire import NETWORK_ERRORS, HttpTransport, Params, Sockets, Tls, Wire
from pytest_fasthook.clock import Clock
from pytest_fasthook.errors import RateLimitedError, SettingsError, UnreachableError
from pytest_fasthook.redact import Redactor, Secret, one_line

DEFAULT_LIMITS = CallLimits()


class Transport:
    """Calls FastHook's API for one team with one key; safe to share between threads."""

    def __init__(  # noqa: PLR0913 - each is one seam or one setting, by keyword
        self,
        *,
        api_url: str,
        team_id: str,
        api_key: Secret,
        redactor: Redactor,
        clock: Clock,
        limiter: RateLimiter,
        http: HttpTransport | None = None,
        limits: CallLimits = DEFAULT_LIMITS,
        random: Callable[[], float] = chance.random,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            api_url: with or without ``/v1``; used as given.
            team_id: sent with every call, since FastHook falls back to a demo team without it.
            api_key: sent as bearer token.
            redactor: makes messages fit to be shown; it should know the key.
            clock: for deadlines, pauses and ``Retry-After`` dates.
            limiter: the budget that all calls share.
            http: answers calls in place of sockets, for tests.
            limits: how long and how often calls are tried.
            random: gives numbers in 0..1 for the jitter of pauses.

        Raises:
            SettingsError: the URL, the team or the key cannot be used.
        """
        self._base = base_url(api_url)
        self.team_id = team_id
        self._redactor = redactor
        self.clock = clock
        self._limiter = limiter
        self._limits = limits
        self._random = random
        tls = Tls()
        self._api = Wire(clock, limits, http=http or Sockets(tls, limits, keep_alive=10))
        self._api.sign(team_id=team_id, api_key=api_key)
        self._ingress = Wire(clock, limits, http=http or Sockets(tls, limits, keep_alive=0))
        self._asked_to_wait: UnreachableError | None = None
        self.learned: dict[str, str] = {}
        """What answers taught about this API, such as the parameter dialect that its metrics understand."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Transport({self._base}, team_id={self.team_id!r})"

    def close(self) -> None:
        """Close all connections; closing twice does no harm."""
        self._api.close()
        self._ingress.close()

    def get(
        self, path: str, params: Params = (), *, deadline: float | None = None, withhold: bool = False
    ) -> Reply:
        """Read from the API, repeating what may be repeated.

        Args:
            path: from ``addresses.path_of``.
            params: query parameters, in order; names may repeat.
            deadline: on ``clock.monotonic``; the first try is made in any case, no other one starts after it.
            withhold: the answer holds secrets, so no message may repeat any of it.

        Raises:
            UnreachableError: no answer, or a 5xx or 429 to the end.
            RefusedError: another 4xx.
            UnreadableError: an answer, but not JSON.
        """
        question = _Question(
            method="GET", path=path, params=params, redactor=self._redactor, withhold=withhold
        )
        for number in itertools.count(1):
            self._await_budget(question, deadline=deadline)
            try:
                return self._call(question, deadline=deadline)
            except UnreachableError as error:
                last = number == self._limits.tries
                if last or not self._pause_after(error, number=number, deadline=deadline):
                    raise
        raise AssertionError("itertools.count ends never")

    def write(  # noqa: PLR0913 - each is part of the request, by keyword
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        deadline: float | None = None,
        hide: Sequence[Secret] = (),
        withhold: bool = False,
    ) -> Reply:
        """Change something through the API, once: repeated only where certainly nothing was sent.

        Args:
            method: ``POST``, ``PUT``, ``PATCH`` or ``DELETE``.
            path: from ``addresses.path_of``.
            json: the body; ``None`` sends none.
            deadline: on ``clock.monotonic``.
            hide: secrets in the body, which no message may repeat.
            withhold: the answer holds secrets, so no message may repeat any of it.

        Raises:
            UnreachableError, RefusedError, UnreadableError: as for ``get``.
            SettingsError: the body is not JSON.
        """
        question = _Question(
            method=method,
            path=path,
            content=None if json is None else _encoded(json),
            redactor=Hiding(self._redactor, hide) if hide else self._redactor,
            withhold=withhold,
        )
        self._await_budget(question, deadline=deadline)
        try:
            return self._call(question, deadline=deadline)
        except UnreachableError as error:
            if may_have_been_sent(error) or not self._pause_after(error, number=1, deadline=deadline):
                raise
        self._await_budget(question, deadline=deadline)
        return self._call(question, deadline=deadline)

    def send(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        *,
        deadline: float | None = None,
    ) -> IngressReply:
        """Send one webhook to a source's URL, without key or team; tried again only where nothing was sent.

        Args:
            method: one that the source allows.
            url: the source's URL with path and query.
            headers: sent as given, next to what HTTP itself needs.
            body: sent byte for byte.
            deadline: on ``clock.monotonic``.

        Returns:
            Whatever the source answered, also an error status.

        Raises:
            UnreachableError: no answer; ``faults.may_have_been_sent`` tells whether something has left.
            SettingsError: a header cannot be sent over HTTP.
        """
        __tracebackhide__ = True  # headers may hold a source's credentials, and tracebacks can show locals
        lines = header_lines(headers)
        try:
            return self._send(method, url, lines, body, deadline=deadline)
        except UnreachableError as error:
            hopeless = may_have_been_sent(error) or error.reason == "tls"
            if hopeless or not self._pause_after(error, number=1, deadline=deadline):
                raise
        return self._send(method, url, lines, body, deadline=deadline)

    def _send(
        self, method: str, url: str, lines: list[tuple[bytes, bytes]], body: bytes, *, deadline: float | None
    ) -> IngressReply:
        __tracebackhide__ = True
        call = _named(method, shown_url(url), self._redactor)
        try:
            request = self._ingress.request(method, url, headers=lines, content=body)
            return read_ingress(self._ingress.exchange(request, deadline=deadline, cut=True))
        except NETWORK_ERRORS as error:
            raise unreachable(error, call=call, host="the source", redactor=self._redactor) from None

    def _call(self, question: _Question, *, deadline: float | None) -> Reply:
        """Make one try of an API call."""
        headers = [] if question.content is None else [(b"content-type", b"application/json")]
        call, redactor = question.call, question.redactor
        try:
            request = self._api.request(
                question.method,
                self._base + question.path,
                headers=headers,
                content=question.content,
                params=question.params,
            )
            raw = self._api.exchange(request, deadline=deadline)
        except NETWORK_ERRORS as error:
            raise fault_of(error, call=call, host=self._base, redactor=redactor) from None
        return self._read(raw, question)

    def _read(self, raw: RawReply, question: _Question) -> Reply:
        call, redactor = question.call, question.redactor
        try:
            return read_reply(raw, call=call, redactor=redactor, withhold=question.withhold)
        except UnreachableError as error:
            if error.retry_after is not None:
                self._limiter.pause_until(raw.seen_at + error.retry_after)
                self._asked_to_wait = error
            raise

    def _await_budget(self, question: _Question, *, deadline: float | None) -> None:
        latest = self._limits.last_moment(now=self.clock.monotonic(), deadline=deadline)
        if not self._limiter.acquire(latest):
            call = question.call
            text = f"{call}: not asked, neither the request budget nor the API's last wish leaves time for it"
            wish = self._asked_to_wait
            if wish is not None and wish.reason == "status":
                raise UnreachableError(f"{text}: {wish}", call=call, reason="status", status=wish.status)
            raise RateLimitedError(text, call=call)

    def _pause_after(self, error: UnreachableError, *, number: int, deadline: float | None) -> bool:
        """Wait for the next try; false, at once, where the deadline leaves no time for it."""
        now = self.clock.monotonic()
        pause = self._limits.pause(error, number=number, chance=self._random())
        if now + pause > self._limits.last_moment(now=now, deadline=deadline):
            return False
        self.clock.sleep(pause)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One API call, however often it is tried."""

    method: str
    path: str
    redactor: Redactor = field(repr=False)
    params: Params = ()
    content: bytes | None = field(default=None, repr=False)
    withhold: bool = False

    @property
    def call(self) -> str:
        return _named(self.method, self.path, self.redactor)


def _encoded(json: Any) -> bytes:
    try:
        return json_text.dumps(json, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise SettingsError("the body is not JSON") from None


def _named(method: str, path: str, redactor: Redactor) -> str:
    """Name a call for messages; ids are decoded, so that a redactor finds secrets in them."""
    return one_line(redactor.show(f"{method} {unquote(path)}"))
