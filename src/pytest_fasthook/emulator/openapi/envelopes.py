"""List envelopes, which differ by resource (FastHook contract, list envelopes)."""

from __future__ import annotations

from pytest_fasthook.emulator.openapi.shapes import (
    BOOLEAN,
    COUNT,
    MAYBE_MOMENT,
    MAYBE_TEXT,
    NULL,
    Schema,
    array,
    closed,
    model,
    one_of,
)

_DIRECTION = one_of("asc", "desc")
_RANGE = closed(**{"from": MAYBE_MOMENT, "to": MAYBE_MOMENT})
_BY_TIME = closed(order_by=one_of("created_at", "id"), dir=_DIRECTION, limit=COUNT)
_PARTIAL: dict[str, Schema] = {"partial": BOOLEAN, "unavailable_shard_count": COUNT}


def resource_list(name: str) -> Schema:
    """Return the list of sources, destinations, connections, filters or transformations."""
    pagination = closed(order_by=one_of("created_at", "updated_at", "name"), dir=_DIRECTION, limit=COUNT)
    return closed(pagination=pagination, count=COUNT, models=array(model(name)))


def traffic_list(name: str, *, is_sharded: bool) -> Schema:
    """Return the list of requests (sharded) or events."""
    return closed(
        total=COUNT,
        total_exact=BOOLEAN,
        limit=COUNT,
        applied_range=_RANGE,
        next_cursor=MAYBE_TEXT,
        next=MAYBE_TEXT,
        prev=NULL,
        pagination=_BY_TIME,
        count=COUNT,
        models=array(model(name)),
        **(_PARTIAL if is_sharded else {}),
    )


def traffic_count(*, is_sharded: bool) -> Schema:
    """Return the count of requests (sharded) or events."""
    partial = _PARTIAL if is_sharded else {}
    return closed(total=COUNT, count=COUNT, total_exact=BOOLEAN, applied_range=_RANGE, **partial)


def attempt_list() -> Schema:
    """Return the list of attempts, whose cursors are inside ``pagination``."""
    pagination = closed(
        order_by=one_of("created_at"), dir=_DIRECTION, limit=COUNT, next=MAYBE_TEXT, prev=MAYBE_TEXT
    )
    return closed(pagination=pagination, count=COUNT, models=array(model("Attempt")))


def branch_list(name: str) -> Schema:
    """Return the list of a request's events or ignored events."""
    return closed(pagination=_BY_TIME, next=NULL, prev=NULL, count=COUNT, models=array(model(name)))


def plain_list(name: str, optional: dict[str, Schema] | None = None) -> Schema:
    """Return the list of bulk operations or resource metrics."""
    return closed(optional or {}, count=COUNT, models=array(model(name)))
