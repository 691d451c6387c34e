"""Lists and single records, as FastHook wraps them (contract: list envelopes; they differ per resource)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pytest_fasthook.client.fields import read_count, read_text
from pytest_fasthook.client.records import Answered, FieldError, M, read_records
from pytest_fasthook.errors import UnreadableError

T = TypeVar("T")


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


def read_record(model: type[M], value: Any, *, call: str) -> M:
    """Read one record.

    Raises:
        UnreadableError: it is not an object, or lacks a required field, which is named.
    """
    answer = _read_object(value, call=call)
    try:
        return model(answer)
    except FieldError as error:
        raise _misses(error, model, call=call) from None


def read_page(model: type[M], value: Any, *, call: str) -> Page[M]:
    """Read one page of any list.

    Raises:
        UnreadableError: it is not an object with a ``models`` array.
    """
    envelope = _read_object(value, call=call)
    values = envelope.get("models")
    if not isinstance(values, list):
        raise UnreadableError(f"{call}: the answer has no models array", call=call, field="models")
    models, unreadable = read_records(model, values)
    return Page(
        models=models,
        next_cursor=_next_cursor(envelope),
        total=read_count(envelope.get("total")),
        total_exact=envelope.get("total_exact") is True,
        partial=_is_partial(envelope),
        unreadable=unreadable,
    )


def read_total(value: Any, *, call: str) -> Count:
    """Read the answer of a count call.

    Raises:
        UnreadableError: it holds neither ``total`` nor ``count``.
    """
    envelope = _read_object(value, call=call)
    totals = [read_count(envelope.get(name)) for name in ("total", "count")]
    total = next((total for total in totals if total is not None), None)
    if total is None:
        raise UnreadableError(f"{call}: the answer has no total", call=call, field="total")
    exact = envelope.get("total_exact") is True
    return Count(total=total, total_exact=exact, partial=_is_partial(envelope))


def without_cursor(page: Page[T], *, limit: int) -> Page[T]:
    """Mark a full page of a list that FastHook gives no cursor for: what lies beyond it cannot be read."""
    full = len(page.models) + page.unreadable >= limit
    return replace(page, partial=True) if full and page.next_cursor is None else page


def _read_object(value: Any, *, call: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnreadableError(f"{call}: the answer is not a JSON object", call=call)
    return value


def _misses(error: FieldError, model: type[Answered], *, call: str) -> UnreadableError:
    message = f"{call}: {error.path} of {model.__name__} {error.what}"
    return UnreadableError(message, call=call, field=error.path)


def _next_cursor(envelope: Mapping[str, Any]) -> str | None:
    pagination = envelope.get("pagination")
    inner = pagination.get("next") if isinstance(pagination, Mapping) else None
    places = (envelope.get("next_cursor"), envelope.get("next"), inner)
    return next((text for text in map(read_text, places) if text), None)


def _is_partial(envelope: Mapping[str, Any]) -> bool:
    return envelope.get("partial") is True or bool(read_count(envelope.get("unavailable_shard_count")))
