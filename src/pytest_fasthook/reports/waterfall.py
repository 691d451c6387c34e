"""The waterfall: a connection's stages, polls and attempts on one time axis, as SVG.

Places across are percentages and places down are pixels, so the drawing takes the width it is given and its
text keeps its size, on a wide screen, on a phone and on paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from pytest_fasthook.causes import Outcome
from pytest_fasthook.reports.elements import el
from pytest_fasthook.reports.timeline import Attempt, Bar, Timeline
from pytest_fasthook.reports.wording import seconds, times
from pytest_fasthook.stages import Stage

ROW = 42
MARK_ROW = 22
BAR_TOP, BAR_HEIGHT = 20, 12
AXIS = 26
MAX_STEPS = 5


def waterfall(line: Timeline, *, name: str, sent: bool) -> ET.Element:
    """Draw ``line``.

    Args:
        line: the stages on their axis.
        name: tells the drawing apart from others of the same page.
        sent: whether the run sent its event itself, at the start of the ingress stage.
    """
    rows, height = _rows(line, sent=sent)
    drawing = el(
        "svg",
        el("title", f"Timeline of {name}", id=f"{name}-title"),
        el("desc", _in_words(line), id=f"{name}-desc"),
        class_="waterfall",
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
        width="100%",
        height=str(height + AXIS),
    )
    drawing.extend(_axis(line.total_s, height))
    drawing.extend(rows)
    return drawing


def _in_words(line: Timeline) -> str:
    return "; ".join(
        f"{bar.stage.stage} {bar.stage.outcome}"
        + (
            f" from {seconds(bar.start_s)} for {seconds(bar.stage.duration_s)}"
            if bar.start_s is not None
            else ""
        )
        for bar in line.bars
    )


def _rows(line: Timeline, *, sent: bool) -> tuple[list[ET.Element], int]:
    """All rows, and how far down they reach: a stage each, with the moments that belong to it."""
    rows, top = [], 0
    for bar in line.bars:
        if sent and bar.stage.stage is Stage.INGRESS and bar.start_s is not None:
            rows.append(_sent_row(bar.start_s, line.total_s, top))
            top += MARK_ROW
        rows.append(_bar_row(bar, line.total_s, top))
        top += ROW
        for attempt in line.attempts if bar.stage.stage is Stage.DELIVERY else ():
            rows.append(_attempt_row(attempt, line.total_s, top))
            top += MARK_ROW
    return rows, top


def _bar_row(bar: Bar, total_s: float, top: int) -> ET.Element:
    stage = bar.stage
    row = el("g", class_=f"row {stage.outcome}")
    said = f"{stage.stage} {stage.outcome}" + (", advisory" if stage.advisory else "")
    row.append(el("text", said, x="0", y=str(top + 14), class_="name"))
    track = {"y": str(top + BAR_TOP), "height": str(BAR_HEIGHT), "rx": "3"}
    row.append(el("rect", x="0", width="100%", class_="track", **track))
    if bar.start_s is None:
        return row
    effort = seconds(stage.duration_s) + (f", {times(stage.polls, 'poll')}" if stage.polls else "")
    row.append(el("text", effort, x="100%", y=str(top + 14), class_="effort", text_anchor="end"))
    start, width = _span(bar.start_s, stage.duration_s, total_s)
    row.append(el("rect", el("title", f"{said}: {effort}"), x=start, width=width, class_="bar", **track))
    row.extend(_polls(bar, total_s, top))
    return row


def _polls(bar: Bar, total_s: float, top: int) -> Iterator[ET.Element]:
    for at_s in bar.polls_s:
        place = _percent(at_s, total_s)
        yield el(
            "line",
            el("title", f"poll after {seconds(at_s)}"),
            x1=place,
            x2=place,
            y1=str(top + BAR_TOP - 3),
            y2=str(top + BAR_TOP + BAR_HEIGHT + 3),
            class_="poll",
        )


def _sent_row(at_s: float, total_s: float, top: int) -> ET.Element:
    return el("g", *_mark(at_s, total_s, top, label="send", path="M-4,-5 L4,0 L-4,5 Z"), class_="sent")


def _attempt_row(attempt: Attempt, total_s: float, top: int) -> ET.Element:
    """A mark where the attempt was made, and a line for how long it was waited for."""
    path = "M-5,0 L-1,4 L5,-4" if attempt.succeeded else "M-4,-4 L4,4 M-4,4 L4,-4"
    lag = el(
        "line",
        x1=_percent(attempt.after_s, total_s),
        x2=_percent(attempt.at_s, total_s),
        y1=str(top + MARK_ROW // 2),
        y2=str(top + MARK_ROW // 2),
        class_="lag",
    )
    marks = _mark(attempt.at_s, total_s, top, label=attempt.label, path=path)
    return el("g", lag, *marks, class_=f"attempt {Outcome.PASSED if attempt.succeeded else Outcome.FAILED}")


def _mark(at_s: float, total_s: float, top: int, *, label: str, path: str) -> Iterator[ET.Element]:
    """A sign at a moment; its label stands on the side that has more room."""
    late = total_s > 0 and at_s > total_s / 2
    place = {"x": _percent(at_s, total_s), "y": str(top + MARK_ROW // 2), "overflow": "visible"}
    text = el("text", label, x="-10" if late else "10", y="4", text_anchor="end" if late else "start")
    yield el("svg", el("path", d=path), text, class_="mark", **place)


def _axis(total_s: float, height: int) -> Iterator[ET.Element]:
    for at_s in ticks(total_s):
        place = _percent(at_s, total_s)
        anchor = "start" if at_s == 0 else "end" if at_s > total_s * 0.9 else "middle"
        yield el("line", x1=place, x2=place, y1="0", y2=str(height), class_="grid")
        yield el("text", f"{at_s:g} s", x=place, y=str(height + 16), text_anchor=anchor, class_="tick")


def ticks(total_s: float) -> list[float]:
    """Round places on an axis of ``total_s`` seconds, from 0 on, at most six."""
    if total_s <= 0:
        return []
    magnitude = 10.0 ** math.floor(math.log10(total_s / MAX_STEPS))
    step = next(step for factor in (1, 2, 5, 10) if total_s / (step := factor * magnitude) <= MAX_STEPS)
    return [round(step * number, 9) for number in range(int(total_s / step) + 1)]


def _span(start_s: float, length_s: float, total_s: float) -> tuple[str, str]:
    """Where a bar begins and how long it is; never too short to be seen."""
    if total_s <= 0:
        return "0", "100%"
    start = 100 * start_s / total_s
    length = max(min(100 * length_s / total_s, 100 - start), 0.6)
    return f"{min(start, 99.4):.3f}%", f"{length:.3f}%"


def _percent(at_s: float, total_s: float) -> str:
    return f"{100 * at_s / total_s:.3f}%" if total_s > 0 else "0%"
