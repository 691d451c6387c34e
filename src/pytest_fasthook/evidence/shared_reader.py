"""One look for many connections: the same kind of question answered for all of them with few calls.

A shared look is no weaker evidence than one alone. What it finds is ours by the same ids and the same marker. That
it finds nothing counts only where it saw the list to its end; what it cannot say for certain it leaves open, to be
asked alone. And it is not trusted blindly: now and then one of its questions is asked alone just before, and where
that finds what the shared look does not, or where sharing saves nothing, sharing ends for this kind of question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from pytest_fasthook.client.transport import Transport
from pytest_fasthook.clock import Clock
from pytest_fasthook.errors import ApiError, RateLimitedError, UnreachableError
from pytest_fasthook.evidence.log import Ask, Observation, Question
from pytest_fasthook.evidence.look import Look, failed
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen
from pytest_fasthook.evidence.shared_lists import SHARED, Found

CHECK_EVERY = 3
"""Every so many shared looks of a kind, one of their questions is asked alone as well."""
FAILURES = 2
"""So many failed looks in a row end sharing: perhaps only the longer question is too much for the API."""


class Alone(Protocol):
    """What answers one question."""

    def ask(self, question: Question, *, deadline: float) -> Observation:
        """Ask one question."""


class SharedReader:
    """Reads for many connections at once; safe from several threads.

    Args:
        transport: the wire.
        clock: time.
        alone: answers single questions.
    """

    def __init__(self, transport: Transport, clock: Clock, *, alone: Alone) -> None:
        self._transport = transport
        self._clock = clock
        self._alone = alone
        self._since: datetime | None = None
        self._looks: Counter[Ask] = Counter()
        self._failures: Counter[Ask] = Counter()
        self._proven: set[Ask] = set()
        self._ended: set[Ask] = set()

    def size(self, kinds: Sequence[Ask], count: int) -> int:
        """How many of ``count`` different tracks that need answers of these kinds one look is for."""
        if not all(kind in SHARED and kind not in self._ended for kind in kinds):
            return 1
        enough = all(count >= SHARED[kind].fewest for kind in kinds)
        return min(SHARED[kind].most for kind in kinds) if enough else 1

    def ask(
        self, questions: Sequence[Question], *, deadline: float, last: bool
    ) -> Mapping[Question, Observation | None]:
        """Ask some different questions of one kind.

        Args:
            questions: what to ask.
            deadline: monotonic seconds that no call or retry goes past.
            last: whether this is somebody's last look, for which everything must be asked.

        Returns:
            An observation for each question that was answered, and ``None`` for each that is not worth asking yet;
            any other one is to be asked alone.
        """
        kind = questions[0].ask
        self._remember_window(questions)
        checks = [
            self._alone.ask(question, deadline=deadline) for question in self._to_check(kind, questions)
        ]
        seen: dict[Question, Observation | None] = {check.question: check for check in checks}
        rest = [question for question in questions if question not in seen]
        ready = SHARED[kind].ready
        if ready is not None and not last and not any(ready(check.value) for check in checks):
            return {**seen, **dict.fromkeys(rest)}
        return {**self._read(kind, questions if ready is None else rest, deadline, checks), **seen}

    def _read(
        self, kind: Ask, questions: Sequence[Question], deadline: float, checks: Sequence[Observation]
    ) -> Mapping[Question, Observation]:
        """Read the answers out of lists, and draw conclusions about sharing itself."""
        look = Look(self._transport, deadline)
        asked = self._clock.monotonic(), self._clock.now()
        try:
            found = SHARED[kind].read(look, questions, self._since)
        except ApiError as error:
            return self._unanswered(kind, questions, look, error, asked)
        self._failures[kind] = 0
        if not self._learn(kind, questions, found, look, checks):
            found = {question: one for question, one in found.items() if is_there(one.value)}
        return {question: self._seen(question, one, look, asked) for question, one in found.items()}

    def _remember_window(self, questions: Sequence[Question]) -> None:
        """Some questions need no window alone; shared, they take the one of those before them."""
        dates = [question.since for question in questions if question.since is not None]
        self._since = min([*dates, *([self._since] if self._since else [])], default=None)

    def _to_check(self, kind: Ask, questions: Sequence[Question]) -> list[Question]:
        """Which questions to ask alone as well, each in its turn."""
        number, checks = self._looks[kind], SHARED[kind].checks
        self._looks[kind] += 1
        if kind in self._proven and number % CHECK_EVERY:
            return []
        return [questions[(number * checks + n) % len(questions)] for n in range(checks)]

    def _learn(
        self,
        kind: Ask,
        questions: Sequence[Question],
        found: Mapping[Question, Found],
        look: Look,
        checks: Sequence[Observation],
    ) -> bool:
        """Draw conclusions about sharing itself; false where this look must not be trusted to miss nothing."""
        there = {question for question, one in found.items() if is_there(one.value)}
        missed = [c for c in checks if is_there(c.value) and c.question in found.keys() - there]
        wasted = len(found) < len(questions) / 2 and len(look.calls) > 1
        if missed or wasted:
            self._ended.add(kind)
        if len(there) > 1 and SHARED[kind].ready is None:
            self._proven.add(kind)
        return not missed

    def _unanswered(
        self,
        kind: Ask,
        questions: Sequence[Question],
        look: Look,
        error: ApiError,
        asked: tuple[float, datetime],
    ) -> Mapping[Question, Observation]:
        """A failed look: a failure for everybody where it can be one of the API, else only of asking for many."""
        self._failures[kind] += not isinstance(error, RateLimitedError)
        if not isinstance(error, UnreachableError) or self._failures[kind] >= FAILURES:
            self._ended.add(kind)
            return {}
        calls = (*look.narrowed_to(()), failed(error))
        return {
            question: Observation(
                question=question,
                asked_at=asked[0],
                seen_at=self._clock.monotonic(),
                asked_on=asked[1],
                error=error,
                calls=calls,
                server_date=look.server_date,
            )
            for question in questions
        }

    def _seen(
        self, question: Question, found: Found, look: Look, asked: tuple[float, datetime]
    ) -> Observation:
        calls = look.narrowed_to(found.ids) if found.calls is None else found.calls
        telling = [call for call in calls if not found.ids or _holds(call.answer)]
        return Observation(
            question=question,
            asked_at=asked[0],
            seen_at=self._clock.monotonic(),
            asked_on=asked[1],
            value=found.value,
            calls=tuple(telling),
            server_date=look.server_date,
        )


def is_there(value: Any) -> bool:
    """Whether an answer shows what was asked for, and not that it is absent."""
    match value:
        case RequestSeen():
            return value.request is not None
        case EventsSeen():
            return bool(value.events)
        case tuple():
            return bool(value)
    return value is not None


def _holds(answer: Any) -> bool:
    return not isinstance(answer, Mapping) or answer.get("models") != []
