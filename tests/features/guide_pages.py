"""Reads a guide: its files, its commands, and what they are said to show.

A fenced block's first word is its language, the second one (where there is one) the file it is the content of, or
``exit=N`` for commands that end so. A ``text`` block is output of the commands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
_FENCE = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPORT = re.compile(r"^export (\w+)=\S*….*\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page.

    Attributes:
        word: what follows the language; empty where nothing does.
    """

    language: str
    word: str
    text: str

    @property
    def is_file(self) -> bool:
        return bool(self.word) and "=" not in self.word

    @property
    def is_script(self) -> bool:
        return self.language == "sh" and not self.is_file

    @property
    def exit_code(self) -> int:
        """What the commands end with."""
        return int(self.word.removeprefix("exit=") or 0)

    @property
    def exports(self) -> list[str]:
        """The variables that a reader fills in."""
        return _EXPORT.findall(self.text)

    @property
    def commands(self) -> str:
        """The commands without what a reader fills in."""
        return _EXPORT.sub("", self.text)


def pages() -> list[Path]:
    return sorted(GUIDES.glob("*.md"))


def blocks(page: Path) -> Iterator[Block]:
    for language, word, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        yield Block(language, word, text)


def missing_lines(text: str, output: str) -> list[str]:
    """The lines that an output does not show in this order; ``…`` stands for anything."""
    shown = [" ".join(line.split()) for line in output.splitlines()]
    missing = []
    for line in filter(None, (" ".join(line.split()) for line in text.splitlines())):
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        at = next((n for n, one in enumerate(shown) if pattern.search(one)), None)
        if at is None:
            missing.append(line)
        else:
            shown = shown[at + 1 :]
    return missing
