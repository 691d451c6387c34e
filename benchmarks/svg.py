"""Line plots as SVG: few, plain, readable in light and dark, and the same bytes for the same numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
COLOURS = ("#1f77b4", "#d95f02", "#2ca02c", "#7b3294", "#a6761d", "#666666")

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A plot with logarithmic axes.

    Attributes:
        lines: points by the name of their line; all values above zero.
        dashed: lines that are limits and no measurements.
    """

    title: str
    across: str
    up: str
    lines: Mapping[str, Points]
    dashed: frozenset[str] = frozenset()

    def drawn(self) -> str:
        """The SVG document."""
        x, y = _Axis.of([p[0] for p in self._points]), _Axis.of([p[1] for p in self._points])
        parts = [*_frame(self), *_ticks(x, y)]
        for number, (name, points) in enumerate(self.lines.items()):
            placed = [
                (LEFT + x.at(a) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y.at(b) * (HEIGHT - TOP - BOTTOM))
                for a, b in points
            ]
            parts += _line(name, placed, COLOURS[number % len(COLOURS)], dashed=name in self.dashed)
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {_STYLE}>' + (
            "\n".join(["", f"<title>{escape(self.title)}</title>", *parts, "</svg>", ""])
        )

    @property
    def _points(self) -> list[tuple[float, float]]:
        return [point for points in self.lines.values() for point in points]


_STYLE = 'font-family="sans-serif" font-size="12" fill="#777" role="img"'


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> _Axis:
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = 0.05 * (high - low or 1.0)
        return cls(low - margin, high + margin)

    def at(self, value: float) -> float:
        return (math.log10(value) - self.low) / (self.high - self.low)

    def marks(self) -> list[float]:
        """1, 2 and 5 of every power of ten that fits."""
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        marks = [first * 10.0**power for power in powers for first in (1, 2, 5)]
        return [mark for mark in marks if self.low <= math.log10(mark) <= self.high]


def _frame(plot: Plot) -> list[str]:
    middle = (LEFT + WIDTH - RIGHT) / 2
    half = (TOP + HEIGHT - BOTTOM) / 2
    return [
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{escape(plot.title)}</text>',
        f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(plot.across)}</text>',
        f'<text x="16" y="{half:.0f}" transform="rotate(-90 16 {half:.0f})">{escape(plot.up)}</text>',
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#777"/>',
    ]


def _ticks(x: _Axis, y: _Axis) -> list[str]:
    parts = []
    for mark in x.marks():
        at = LEFT + x.at(mark) * (WIDTH - LEFT - RIGHT)
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{mark:g}</text>')
        parts.append(
            f'<path d="M{at:.1f} {HEIGHT - BOTTOM}V{TOP}" stroke="#777" stroke-opacity="0.15" fill="none"/>'
        )
    for mark in y.marks():
        at = HEIGHT - BOTTOM - y.at(mark) * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{mark:g}</text>')
        parts.append(
            f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#777" stroke-opacity="0.15" fill="none"/>'
        )
    return parts


def _line(name: str, placed: Points, colour: str, *, dashed: bool) -> list[str]:
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in placed)
    dashes = ' stroke-dasharray="6 4"' if dashed else ""
    last_x, last_y = placed[-1]
    dots = [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in placed]
    return [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>',
        *([] if dashed else dots),
        f'<text x="{last_x + 8:.1f}" y="{last_y + 4:.1f}" fill="{colour}">{escape(name)}</text>',
    ]
