"""Metrics: zero-filled series of requests and events, in both parameter dialects (FastHook contract)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.events import event_conditions
from pytest_fasthook.emulator.api.requests import read_request_statuses
from pytest_fasthook.emulator.api.windows import Window, read_window
from pytest_fasthook.emulator.errors import Invalid
from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.times import GRANULARITIES, iso, read_time

MAX_POINTS = 20_000
REQUEST_MEASURES: Mapping[str, tuple[str, ...] | None] = {
    "count": None,
    "accepted_count": ("accepted",),
    "rejected_count": ("rejected",),
}
EVENT_MEASURES: Mapping[str, tuple[str, ...] | None] = {
    "count": None,
    "delivered_count": ("SUCCESSFUL",),
    "failed_count": ("FAILED",),
    "queued_count": ("QUEUED", "SCHEDULED"),
    "processing_count": (),
    "hold_count": ("HOLD",),
    "ignored_count": ("CANCELLED",),
}
"""Which statuses a measure counts; ``None`` means all. No status stands for ``processing``."""


def events(call: Call) -> Answer:
    """Count events per bucket by their present status."""
    measures, window, granularity = _asked(call, EVENT_MEASURES)
    conditions = event_conditions(call, window)
    return Answer(_series(call, "events", conditions, measures, window, granularity, EVENT_MEASURES))


def requests(call: Call) -> Answer:
    """Count requests per bucket."""
    measures, window, granularity = _asked(call, REQUEST_MEASURES)
    conditions = Conditions()
    conditions.add("team_id = ?", call.team_id)
    conditions.within(window)
    conditions.among("source_id", call.all("source_id"))
    conditions.among("retry_operation_id", call.all("batch_operation_id"))
    conditions.among("status", read_request_statuses(call))
    conditions.search(call.one("q"), "id")
    partial = call.world.faults.take(FaultKind.PARTIAL, "/metrics/requests") is not None
    if partial:
        conditions.add("0")
    body = _series(call, "requests", conditions, measures, window, granularity, REQUEST_MEASURES)
    return Answer({**body, "partial": partial, "unavailable_shard_count": int(partial)})


def _asked(call: Call, known: Mapping[str, Any]) -> tuple[list[str], Window, str]:
    measures = call.all("measures")
    if not measures or not set(measures) <= set(known):
        raise Invalid(f"measures takes at least one of {', '.join(known)}")
    window = _window(call)
    granularity = call.one("granularity") or _default_granularity(window)
    if granularity not in GRANULARITIES:
        raise Invalid(f"granularity must be one of {', '.join(GRANULARITIES)}")
    return measures, *_bounded(window, granularity)


def _bounded(window: Window, granularity: str) -> tuple[Window, str]:
    """A window and granularity that give a series of a sane length; the answer says which were used."""
    coarser = list(GRANULARITIES)[list(GRANULARITIES).index(granularity) :]
    used = next((name for name in coarser if _span(window) // GRANULARITIES[name] <= MAX_POINTS), coarser[-1])
    earliest = (window.end_ms or 0) - MAX_POINTS * GRANULARITIES[used]
    return Window(max(window.start_ms or 0, earliest), window.end_ms), used


def _window(call: Call) -> Window:
    """The window, from ``date_range[…]`` (the guide's dialect, both ends required) or ``from`` and ``to``."""
    now = call.world.clock.now_ms()
    start, end = call.one("date_range[start]"), call.one("date_range[end]")
    if start is None and end is None:
        return read_window(call)
    if start is None or end is None:
        raise Invalid("date_range needs both start and end")
    return Window(
        read_time(start, now_ms=now, name="date_range[start]"),
        read_time(end, now_ms=now, name="date_range[end]"),
    )


def _span(window: Window) -> int:
    return (window.end_ms or 0) - (window.start_ms or 0)


def _default_granularity(window: Window) -> str:
    """The finest that gives at most a hundred points."""
    fitting = (name for name, width in GRANULARITIES.items() if _span(window) // width <= 100)
    return next(fitting, "1h")


def _series(  # noqa: PLR0913, PLR0917 - one query's parts
    call: Call,
    table: str,
    conditions: Conditions,
    measures: Sequence[str],
    window: Window,
    granularity: str,
    known: Mapping[str, tuple[str, ...] | None],
) -> dict[str, Any]:
    lag = call.world.faults.seconds(FaultKind.METRICS_LAG, f"/metrics/{table}")
    conditions.add("created_ms <= ?", call.world.clock.now_ms() - round(lag * 1000))
    width = GRANULARITIES[granularity]
    rows = call.world.database.rows(
        f"SELECT created_ms / {width} AS bucket, status, count(*) AS n FROM {table} "  # noqa: S608 - built from code
        f"WHERE {conditions.where} GROUP BY bucket, status",
        conditions.values,
    )
    counts: dict[int, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row["bucket"], {})[row["status"]] = row["n"]
    return {
        "date_range": {"start": iso(window.start_ms), "end": iso(window.end_ms)},
        "granularity": granularity,
        "series": [_point(bucket, width, counts, measures, known) for bucket in _buckets(window, width)],
    }


def _buckets(window: Window, width: int) -> range:
    """Every bucket the window touches; the last one may be incomplete."""
    return range((window.start_ms or 0) // width, -(-(window.end_ms or 0) // width))


def _point(
    bucket: int,
    width: int,
    counts: Mapping[int, Mapping[str, int]],
    measures: Sequence[str],
    known: Mapping[str, tuple[str, ...] | None],
) -> dict[str, Any]:
    found = counts.get(bucket, {})
    point: dict[str, Any] = {"timestamp": iso(bucket * width)}
    for measure in measures:
        statuses = known[measure]
        point[measure] = sum(n for status, n in found.items() if statuses is None or status in statuses)
    return point
