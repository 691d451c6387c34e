"""One look: the calls of the API that answer a question, as they will be shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from pytest_fasthook.client.api import Answer
from pytest_fasthook.client.models import Record
from pytest_fasthook.client.pages import Page, distinct
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import ApiError, RefusedError, UnreadableError
from pytest_fasthook.evidence.log import Call, Question
from pytest_fasthook.evidence.seen import Listed
from pytest_fasthook.redact import one_line

T = TypeVar("T")
R = TypeVar("R", bound=Record)

MAX_PAGES = 20
"""How many pages of newer traffic one look goes through."""
FIRST_PAGE = 20
"""Our record is most likely among the newest, and payloads can be large."""
PAGE = 100


@dataclass(slots=True)
class Look:
    """The calls made so far.

    Attributes:
        deadline: monotonic seconds that no call or retry goes past.
        server_date: the server's own date in the last answer, where it gave one.
        listed: what is known of deploy windows by the events list.
        cut_short: whether a list went on after the last page that was looked at.
    """

    transport: Transport
    deadline: float
    listed: dict[Question, Listed] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    server_date: datetime | None = None
    cut_short: bool = False

    def call(self, function: Callable[..., Answer[T]], *arguments: Any, **parameters: Any) -> T:
        """Make one call of ``client.api``."""
        answer = function(self.transport, *arguments, deadline=self.deadline, **parameters)
        self.server_date = answer.server_date or self.server_date
        self.calls.append(Call(call=answer.call, answer=answer.raw))
        return answer.value

    def one(self, function: Callable[..., Answer[Any]], wanted: str | None) -> Any:
        """Read one configured object by its id.

        Raises:
            UnreadableError: what was answered is another one.
        """
        found = self.call(function, wanted)
        if found.id != wanted:
            call = self.calls[-1].call
            raise UnreadableError(one_line(f"{call}: answered {found.id!r}, expected {wanted!r}"), call=call)
        return found

    def absent_or(
        self, function: Callable[..., Answer[T]], *arguments: Any, needed: bool = True, **parameters: Any
    ) -> T | None:
        """Like ``call``, but a record that is not there (yet) is ``None`` instead of an error.

        Where the answer is not ``needed``, any refusal is ``None``.
        """
        try:
            return self.call(function, *arguments, **parameters)
        except RefusedError as error:
            if needed and error.status != 404:
                raise
            self.calls.append(failed(error))
            return None

    def pages(
        self,
        function: Callable[..., Answer[Page[R]]],
        *,
        first: int = FIRST_PAGE,
        most: int = MAX_PAGES,
        absent: bool = False,
        **parameters: Any,
    ) -> Iterator[Page[R]]:
        """A list's pages, newest first, until the caller has seen enough.

        A list that grows meanwhile shows records again on the next page: each is on the first page alone that had it.

        Args:
            function: lists one page.
            first: records of the first page.
            most: how many pages are looked at.
            absent: whether a list that is not there (yet) is one without pages instead of an error.
            parameters: what is listed.
        """
        cursor: str | None = None
        known: set[str] = set()
        for number in range(most):
            ask = self.absent_or if absent and number == 0 else self.call
            page = ask(function, cursor=cursor, limit=PAGE if number else first, **parameters)
            if page is None:
                return
            fresh = distinct(one for one in page.models if one.id not in known)
            known.update(one.id for one in fresh)
            yield replace(page, models=fresh)
            if page.next_cursor is None or page.next_cursor == cursor:
                return
            cursor = page.next_cursor
        self.cut_short = True

    def readable(self, page: Page[R] | None) -> tuple[R, ...]:
        """The records of a list that holds nothing but ours, where one that cannot be read is worth an error.

        Raises:
            UnreadableError: a record could not be read.
        """
        if page is None:
            return ()
        if page.unreadable:
            call = self.calls[-1].call
            raise UnreadableError(f"{call}: {page.unreadable} record(s) of ours cannot be read", call=call)
        return distinct(page.models)

    def keep_only(self, ids: Collection[str]) -> None:
        """Drop other people's records from the answers that will be shown."""
        self.calls[:] = self.narrowed_to(ids)

    def narrowed_to(self, ids: Collection[str]) -> list[Call]:
        """The calls, with no other records in their answers than these."""
        return [narrowed(call, ids) for call in self.calls]


def failed(error: ApiError) -> Call:
    """A call that was not answered."""
    return Call(call=error.call, error=str(error))


def narrowed(call: Call, ids: Collection[str]) -> Call:
    """A call whose answer shows no other records than these; a single record is shown as it is."""
    models = call.answer.get("models") if isinstance(call.answer, Mapping) else None
    if not isinstance(models, list):
        return call
    kept = [model for model in models if isinstance(model, Mapping) and _is_one_of(model.get("id"), ids)]
    answer = {**call.answer, "models": kept, "models_left_out": len(models) - len(kept)}
    return Call(call=call.call, answer=answer, error=call.error)


def _is_one_of(record_id: Any, ids: Collection[str]) -> bool:
    """Whether an id is one of these; an answer may hold anything in its place, also what has no hash."""
    return isinstance(record_id, str) and record_id in ids
