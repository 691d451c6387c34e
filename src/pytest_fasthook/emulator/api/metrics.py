"""Metrics: zero-filled series of requests and events, in both parameter dialects (FastHook contract)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.events import event_filters
from pytest_fasthook.emulator.api.requests import read_request_statuses
from pytest_fasthook.emulator.api.windows import Window, read_window
from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.faults import FaultKind
from pytest_fasthook.emulator.store.minutes import Counting, tallies
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
    asked = _asked(call, EVENT_MEASURES)
    return Answer(_series(call, asked, _counting("events", event_filters(call))))


def requests(call: Call) -> Answer:
    """Count requests per bucket."""
    asked = _asked(call, REQUEST_MEASURES)
    conditions = Conditions()
    conditions.where_in("team_id", [call.team_id])
    conditions.where_in("source_id", call.all("source_id"))
    conditions.where_in("retry_operation_id", call.all("batch_operation_id"))
    conditions.where_in("status", read_request_statuses(call))
    conditions.search(call.one("q"), "id", found=call.found)
    partial = call.world.faults.take(FaultKind.PARTIAL, "/metrics/requests") is not None
    if partial:
        conditions.add("0")
    body = _series(call, asked, _counting("requests", conditions))
    return Answer({**body, "partial": partial, "unavailable_shard_count": int(partial)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a call asks for: measures with the statuses they count, a window, and a granularity."""

    measures: Mapping[str, tuple[str, ...] | None]
    start_ms: int
    end_ms: int
    granularity: str


def _counting(table: str, conditions: Conditions) -> Counting:
    return Counting(
        table=table, where=conditions.where, values=conditions.values, has_totals=conditions.has_totals
    )


def _asked(call: Call, known: Mapping[str, tuple[str, ...] | None]) -> _Asked:
    measures = call.all("measures")
    if not measures or not set(measures) <= set(known):
        raise BadRequest(f"measures takes at least one of {', '.join(known)}")
    window = _window(call)
    granularity = call.one("granularity") or _default_granularity(window)
    if granularity not in GRANULARITIES:
        raise BadRequest(f"granularity must be one of {', '.join(GRANULARITIES)}")
    bounded, used = _bounded(window, granularity)
    return _Asked(
        measures={measure: known[measure] for measure in measures},
        start_ms=bounded.start_ms or 0,
        end_ms=bounded.end_ms or 0,
        granularity=used,
    )


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
        raise BadRequest("date_range needs both start and end")
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


def _series(call: Call, asked: _Asked, counting: Counting) -> dict[str, Any]:
    lag = call.world.faults.seconds(FaultKind.METRICS_LAG, f"/metrics/{counting.table}")
    counted_until = min(asked.end_ms, call.world.clock.now_ms() - round(lag * 1000) + 1)
    width = GRANULARITIES[asked.granularity]
    counts: dict[int, dict[str, int]] = {}
    for tally in tallies(
        call.world.database, counting, start_ms=asked.start_ms, end_ms=counted_until, width_ms=width
    ):
        bucket = counts.setdefault(tally.bucket, {})
        bucket[tally.status] = bucket.get(tally.status, 0) + tally.number
    return {
        "date_range": {"start": iso(asked.start_ms), "end": iso(asked.end_ms)},
        "granularity": asked.granularity,
        "series": [
            _point(asked, bucket * width, counts.get(bucket, {})) for bucket in _buckets(asked, width)
        ],
    }


def _buckets(asked: _Asked, width: int) -> range:
    """Every bucket the window touches; the last one may be incomplete."""
    return range(asked.start_ms // width, -(-asked.end_ms // width))


def _point(asked: _Asked, begins_ms: int, found: Mapping[str, int]) -> dict[str, Any]:
    point: dict[str, Any] = {"timestamp": iso(begins_ms)}
    for measure, statuses in asked.measures.items():
        point[measure] = sum(n for status, n in found.items() if statuses is None or status in statuses)
    return point
