"""Event metrics: a zero-filled series, asked for in either of the two known ways."""

from __future__ import annotations

from typing import Any

from standin.answers import Ask, Refusal
from standin.history import EventSeen
from standin.moments import iso
from standin.script import MetricsScript

DAY_S = 86400.0
_GRANULARITY_S = {"1s": 1, "5s": 5, "10s": 10, "30s": 30, "1m": 60, "5m": 300, "15m": 900, "1h": 3600}
_STATUS_OF = {
    "delivered_count": ("SUCCESSFUL",),
    "failed_count": ("FAILED",),
    "queued_count": ("QUEUED", "SCHEDULED"),
    "processing_count": (),
    "hold_count": ("HOLD",),
    "ignored_count": ("CANCELLED",),
}


def event_metrics(ask: Ask, events: list[EventSeen], *, script: MetricsScript) -> dict[str, Any]:
    """The answer of ``/v1/metrics/events`` over the events that metrics count by now."""
    start, end = _range(ask, script)
    measures = _measures(ask, script)
    granularity = ask.text("granularity") or "1h"
    if granularity not in _GRANULARITY_S:
        raise Refusal(400, f"invalid granularity {granularity}")
    step = _GRANULARITY_S[granularity]
    first = start // step * step
    opens = first if script.whole_buckets else start
    counted = [event for event in events if opens <= event.created_at <= end and event.counted_at <= ask.now]
    return {
        "date_range": {"start": iso(start), "end": iso(end)},
        "granularity": granularity,
        "series": _series(counted, measures, first=first, end=end, step=step, ignored=script.ignored),
    }


def _range(ask: Ask, script: MetricsScript) -> tuple[float, float]:
    if ask.text("date_range[start]") and ask.text("date_range[end]") and script.dialect != "contract":
        return ask.moment("date_range[start]", ask.now), ask.moment("date_range[end]", ask.now)
    if script.dialect == "guide":
        raise Refusal(400, "date_range[start] and date_range[end] are required")
    return ask.moment("from", ask.now - DAY_S), ask.moment("to", ask.now)


def _measures(ask: Ask, script: MetricsScript) -> list[str]:
    named = {"both": ("measures", "measures[]"), "guide": ("measures[]",), "contract": ("measures",)}
    measures = ask.words(*named[script.dialect])
    if not measures or any(name != "count" and name not in _STATUS_OF for name in measures):
        raise Refusal(400, f"measures is missing or names an unknown one: {measures}")
    return measures


def _series(
    events: list[EventSeen], measures: list[str], *, first: float, end: float, step: int, ignored: bool
) -> list[dict[str, Any]]:
    buckets = max(1, int((end - first) // step) + 1)
    points: list[dict[str, Any]] = [
        {"timestamp": iso(first + n * step)} | dict.fromkeys(measures, 0) for n in range(buckets)
    ]
    for event in events:
        point = points[int((event.created_at - first) // step)]
        for measure in measures:
            point[measure] += _counts(measure, event.status, ignored=ignored)
    return points


def _counts(measure: str, status: str, *, ignored: bool) -> bool:
    if measure == "count":
        return ignored or status != "CANCELLED"
    return status in _STATUS_OF[measure]
