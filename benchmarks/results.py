"""The page of results: one section for each benchmark, kept beside its plots, and all of them on one page."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from environments import PROJECT
from measuring import load
from plots import Plot

FOLDER = PROJECT / "docs" / "benchmarks"
"""Where the plots go, beside the page."""
MEASURED = PROJECT / "benchmarks" / "measured"
"""Where the sections are kept that the page is made of."""
ORDER = ("startup", "first_byte", "overhead", "many", "peers", "detection")
INTRODUCTION = """\
# Benchmarks

What the gate costs beyond the pipeline that it watches. Everything here is made by one command:

```sh
python benchmarks/run.py                # all of them: most of an hour
python benchmarks/run.py startup many   # just these
```

It takes a Python 3.11 or newer, and a package registry for the first time: each tool lives in an environment of its
own, kept in the user's cache folder (`BENCHMARKS_CACHE`). What is compared takes turns on the same machine in the same
minutes, and each section says how busy the machine was: **read ratios and processor times, and differences of wall
times only with the load beside them.** What the emulator costs is on [a page of its own](benchmarks-emulator.md).
"""


@dataclass(frozen=True, slots=True)
class Section:
    """What one benchmark found.

    Attributes:
        name: of the benchmark; ``python benchmarks/run.py NAME`` makes it again.
        title: the heading.
        text: Markdown.
        plots: by file name, without ending.
    """

    name: str
    title: str
    text: str
    plots: dict[str, Plot] = field(default_factory=dict)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [
        "| " + " | ".join(heads) + " |",
        "| --- |" + " ---: |" * (len(heads) - 1),
        *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def keep(section: Section) -> None:
    """Write a section and its plots, and the page anew."""
    for folder in (FOLDER, MEASURED):
        folder.mkdir(parents=True, exist_ok=True)
    for name, plot in section.plots.items():
        (FOLDER / f"{name}.svg").write_text(plot.drawn(), encoding="utf-8")
    pictures = "".join(f"\n![{plot.title}](benchmarks/{name}.svg)\n" for name, plot in section.plots.items())
    made = (
        f"Made on {datetime.now(UTC):%Y-%m-%d} by `python benchmarks/run.py {section.name}`: "
        f"Python {platform.python_version()}, {platform.machine()}, {load()}."
    )
    text = f"## {section.title}\n\n{section.text}{pictures}\n{made}\n"
    (MEASURED / f"{section.name}.md").write_text(text, encoding="utf-8")
    _write_page()


def _write_page() -> None:
    kept = [MEASURED / f"{name}.md" for name in ORDER]
    sections = [file.read_text(encoding="utf-8") for file in kept if file.exists()]
    page = "\n".join([INTRODUCTION, *sections])
    FOLDER.with_suffix(".md").write_text(page, encoding="utf-8")
