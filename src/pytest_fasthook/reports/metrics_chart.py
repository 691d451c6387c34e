"""The window's metrics as a small column chart: events counted, and how many of them failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from pytest_fasthook.reports.elements import el
from pytest_fasthook.reports.model import ConnectionRun
from pytest_fasthook.stages import Stage

HEIGHT = 72
MAX_COLUMNS = 60
MIN_PLACES = 12
"""So that a few columns do not become slabs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One step of the series."""

    timestamp: str
    count: int
    failed: int


def series(connection: ConnectionRun) -> list[Point]:
    """The points of the last answer of the metrics stage that holds any."""
    metrics = (stage for stage in connection.stages if stage.stage is Stage.METRICS)
    for answer in reversed([answer for stage in metrics for answer in stage.answers]):
        points = list(_points(answer.value))
        if points:
            return points
    return []


def _points(value: Any) -> Iterator[Point]:
    listed = value.get("series") if isinstance(value, Mapping) else None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Mapping):
            yield Point(
                timestamp=str(entry.get("timestamp", "")),
                count=_whole(entry.get("count")),
                failed=_whole(entry.get("failed_count")),
            )


def _whole(value: Any) -> int:
    return max(value, 0) if isinstance(value, int) else 0


def chart(points: list[Point], *, name: str) -> ET.Element:
    """Draw the points as columns; neighbours are added up where there are too many to be seen."""
    columns = _grouped(points)
    highest = max((column.count for column in columns), default=0)
    drawing = el(
        "svg",
        el("title", f"Events of {name} in the window", id=f"{name}-metrics-title"),
        el("desc", in_words(points), id=f"{name}-metrics-desc"),
        class_="chart",
        role="img",
        aria_labelledby=f"{name}-metrics-title",
        aria_describedby=f"{name}-metrics-desc",
        width="100%",
        height=str(HEIGHT + 1),
    )
    for number, column in enumerate(columns):
        drawing.extend(_column(column, number, max(len(columns), MIN_PLACES), highest))
    drawing.append(el("line", x1="0", x2="100%", y1=str(HEIGHT), y2=str(HEIGHT), class_="base"))
    return drawing


def in_words(points: list[Point]) -> str:
    """The chart's content as a sentence."""
    failed = sum(point.failed for point in points)
    span = f", from {points[0].timestamp} to {points[-1].timestamp}" if points else ""
    return f"{sum(point.count for point in points)} events, {failed} of them failed{span}"


def _grouped(points: list[Point]) -> list[Point]:
    size = -(-len(points) // MAX_COLUMNS) or 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [
        Point(
            timestamp=group[0].timestamp,
            count=sum(point.count for point in group),
            failed=sum(point.failed for point in group),
        )
        for group in groups
    ]


def _column(point: Point, place: int, places: int, highest: int) -> Iterator[ET.Element]:
    said = f"{point.timestamp}: {point.count} events, {point.failed} failed"
    for css, number in (("counted", point.count), ("failed", min(point.failed, point.count))):
        height = HEIGHT * number / highest if highest else 0.0
        if height:
            yield el(
                "rect",
                el("title", said),
                x=f"{100 * (place + 0.1) / places:.3f}%",
                width=f"{80 / places:.3f}%",
                y=f"{HEIGHT - height:.2f}",
                height=f"{height:.2f}",
                class_=css,
            )
