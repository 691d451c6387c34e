"""The built-in receiver: a real HTTP endpoint with scripted answers, whose deliveries can be waited for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.payload import Headers, read_json, serialize_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What the receiver got.

    Attributes:
        name: the part of the receiver's URL that tells routes apart.
        path: what the delivery's path had after the receiver's URL.
    """

    name: str
    method: str
    path: str
    query: str
    raw_headers: Headers
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """The headers, names in lower case, repeated ones joined."""
        return serialize_headers(self.raw_headers)

    @property
    def event_id(self) -> str | None:
        """The event's id, from the delivery's own header."""
        return self.headers.get("x-fasthook-event-id")

    @property
    def request_id(self) -> str | None:
        """The request's id, from the delivery's own header."""
        return self.headers.get("x-fasthook-request-id")

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            ValueError: it is not JSON.
        """
        is_json, value = read_json(self.body)
        if not is_json:
            raise ValueError("the delivery's body is not JSON")
        return value


MAX_DELAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver answers.

    Attributes:
        delay: seconds (real time) before it answers.
        reset: reset the TCP connection instead of answering.
    """

    status: int = 200
    body: bytes = b'{"ok": true}'
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    delay: float = 0.0
    reset: bool = False

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise BadRequest("status of an answer must be from 200 to 599")
        if not 0 <= self.delay <= MAX_DELAY_S:
            raise BadRequest(f"delay of an answer must be from 0 to {MAX_DELAY_S} seconds")


class Receiver:
    """Records deliveries and answers them; safe from any thread.

    Args:
        keep: how many deliveries are remembered; older ones are dropped.
        keep_bytes: how large their bodies may be together; the newest one is kept whatever its size.
    """

    def __init__(self, *, keep: int = 10_000, keep_bytes: int = 100_000_000) -> None:
        self._changed = threading.Condition()
        self._deliveries: deque[Delivery] = deque()
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._bytes = 0
        self._default = Answer()
        self._named: dict[str, Answer] = {}
        self._script: deque[Answer] = deque()
        self._disowned: frozenset[str] = frozenset()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Everything received so far, oldest first."""
        with self._changed:
            return tuple(self._deliveries)

    def answer(
        self, status: int = 200, body: bytes | None = None, *, name: str | None = None, **more: Any
    ) -> None:
        """Answer like this from now on, to everything or to one receiver name.

        Args:
            status: the HTTP status.
            body: the exact body; ``None`` keeps the default one.
            name: the receiver's name in its URL; ``None`` for all.
            more: ``headers``, ``delay``, ``reset`` of ``Answer``.

        Raises:
            TypeError: status or body is none; raised here, as a delivery could only break on it later.
        """
        if isinstance(status, bool) or not isinstance(status, int):
            raise TypeError(f"status must be a number such as 200, not {type(status).__name__}")
        if body is not None and not isinstance(body, bytes):
            raise TypeError(f"body must be bytes, such as b'text', not {type(body).__name__}")
        answer = Answer(status, **more) if body is None else Answer(status, body, **more)
        with self._changed:
            if name is None:
                self._default = answer
            else:
                self._named[name] = answer

    def script(self, *answers: Answer | int) -> None:
        """Answer the next deliveries with these, one each, then go back to the lasting answer."""
        with self._changed:
            self._script.extend(Answer(item) if isinstance(item, int) else item for item in answers)

    def wait(
        self, count: int = 1, *, timeout: float = 5.0, where: Callable[[Delivery], bool] | None = None
    ) -> tuple[Delivery, ...]:
        """Wait until at least ``count`` deliveries have come, and return all that have.

        Args:
            count: how many.
            timeout: seconds of real time.
            where: count only these.

        Raises:
            TimeoutError: fewer came in time; the message says how many.
        """
        end = time.monotonic() + timeout
        with self._changed:
            while len(found := [item for item in self._deliveries if where is None or where(item)]) < count:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{len(found)} of {count} deliveries came within {timeout} s")
                self._changed.wait(left)
            return tuple(found)

    def receive(self, delivery: Delivery) -> Answer:
        """Record one delivery and return what to answer; the server calls this."""
        with self._changed:
            if delivery.event_id in self._disowned:
                return Answer()
            self._remember(delivery)
            self._changed.notify_all()
            if self._script:
                return self._script.popleft()
            return self._named.get(delivery.name, self._default)

    def _remember(self, delivery: Delivery) -> None:
        self._deliveries.append(delivery)
        self._bytes += len(delivery.body)
        while len(self._deliveries) > self._keep or (
            self._bytes > self._keep_bytes and len(self._deliveries) > 1
        ):
            self._bytes -= len(self._deliveries.popleft().body)

    def clear(self, *, disowned: Iterable[str] = ()) -> None:
        """Forget deliveries, scripts and answers.

        Args:
            disowned: events whose deliveries were broken off but may still be on the wire; they are not recorded.
        """
        with self._changed:
            self._disowned = frozenset(disowned)
            self._deliveries.clear()
            self._bytes = 0
            self._script.clear()
            self._named.clear()
            self._default = Answer()
