"""Line plots with logarithmic axes, as SVG; the same bytes for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, StrMethodFormatter

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A plot.

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
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot(title=self.title, xlabel=self.across, ylabel=self.up)
        for name, points in self.lines.items():
            across, up = zip(*points, strict=True)
            style = "--" if name in self.dashed else "o-"
            axes.plot(across, up, style, label=name)
        _make_logarithmic(axes)
        axes.legend()
        drawn = io.StringIO()
        with mpl.rc_context({"svg.hashsalt": "benchmarks", "svg.fonttype": "none"}):
            figure.savefig(drawn, format="svg", metadata={"Date": None})
        return drawn.getvalue()


def _make_logarithmic(axes: Axes) -> None:
    """Marks at 1, 2 and 5 of every power of ten, written out."""
    axes.set(xscale="log", yscale="log")
    axes.grid(alpha=0.3)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_locator(LogLocator(subs=()))
