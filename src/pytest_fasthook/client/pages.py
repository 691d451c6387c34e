"""Lists and single records, as FastHook wraps them (contract: list envelopes; they differ per resource)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Generic, TypeVar

from pydantic import ValidationError

from pytest_fasthook.client.fields import Lenient, Text, TrueOnly, WholeNumber
from pytest_fasthook.client.models import Record
from pytest_fasthook.client.records import M, Model, describe_error, read_records
from pytest_fasthook.errors import UnreadableError

T = TypeVar("T")
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        models: the records that could be read, in FastHook's order.
        next_cursor: what to pass as ``cursor`` for the next page; ``None`` on the last one.
        total: how many there are over all pages, where FastHook says so.
        total_exact: whether ``total`` is exact; otherwise it is a lower bound.
        partial: more may exist than this list can show: shards did not answer, or a list without cursors is
            full. A record that is missing here is then no proof of absence.
        unreadable: records that were skipped because they could not be read.
    """

    models: tuple[T, ...]
    next_cursor: str | None = None
    total: int | None = None
    total_exact: bool = False
    partial: bool = False
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many records match a filter.

    Attributes:
        total_exact: false where ``total`` is a lower bound.
        partial: shards did not answer.
    """

    total: int
    total_exact: bool = False
    partial: bool = False


class _Pagination(Model):
    next: Text = None


class _Envelope(Model):
    """What is around a list's records, in every resource's spelling."""

    models: Annotated[list[Any] | None, Lenient] = None
    next_cursor: Text = None
    next: Text = None
    pagination: Annotated[_Pagination | None, Lenient] = None
    total: WholeNumber = None
    count: WholeNumber = None
    total_exact: TrueOnly = False
    partial: TrueOnly = False
    unavailable_shard_count: WholeNumber = None

    @property
    def cursor(self) -> str | None:
        """What to pass for the next page."""
        return self.next_cursor or self.next or (self.pagination.next if self.pagination else None) or None

    @property
    def is_partial(self) -> bool:
        """Whether shards did not answer, said either way."""
        return self.partial or bool(self.unavailable_shard_count)


def read_record(model: type[M], value: Any, *, call: str) -> M:
    """Read one record.

    Raises:
        UnreadableError: it is not an object, or lacks a required field, which is named.
    """
    if not isinstance(value, Mapping):
        raise UnreadableError(f"{call}: the answer is not a JSON object", call=call)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        path, what = describe_error(error)
        message = f"{call}: {path} of {model.__name__} {what}"
        raise UnreadableError(message, call=call, field=path) from None


def read_page(model: type[M], value: Any, *, call: str) -> Page[M]:
    """Read one page of any list.

    Raises:
        UnreadableError: it is not an object with a ``models`` array.
    """
    envelope = read_record(_Envelope, value, call=call)
    if envelope.models is None:
        raise UnreadableError(f"{call}: the answer has no models array", call=call, field="models")
    models, unreadable = read_records(model, envelope.models)
    return Page(
        models=models,
        next_cursor=envelope.cursor,
        total=envelope.total,
        total_exact=envelope.total_exact,
        partial=envelope.is_partial,
        unreadable=unreadable,
    )


def read_total(value: Any, *, call: str) -> Count:
    """Read the answer of a count call.

    Raises:
        UnreadableError: it holds neither ``total`` nor ``count``.
    """
    envelope = read_record(_Envelope, value, call=call)
    total = envelope.count if envelope.total is None else envelope.total
    if total is None:
        raise UnreadableError(f"{call}: the answer has no total", call=call, field="total")
    return Count(total=total, total_exact=envelope.total_exact, partial=envelope.is_partial)


def distinct(records: Iterable[R]) -> tuple[R, ...]:
    """Each record once, by its id: a list may hold one twice."""
    return tuple({one.id: one for one in records}.values())


def without_cursor(page: Page[T], *, limit: int) -> Page[T]:
    """Mark a full page of a list that FastHook gives no cursor for: what lies beyond it cannot be read."""
    full = len(page.models) + page.unreadable >= limit
    return replace(page, partial=True) if full and page.next_cursor is None else page
