"""Print the command that stands under a heading of the README.

``python .ci/readme_command.py README.md "Try it"`` prints the first code block of the section ``## Try it``; a
later block may show what the command prints. CI runs what this prints, so a section that is missing, or whose
first block is not a command, is an error.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHELL = {"", "sh", "bash", "shell", "console"}


class NoCommandError(Exception):
    """The README has no command under the heading."""


def section(text: str, heading: str) -> str:
    """Return what stands between the ``##`` heading and the next one of its rank.

    Raises:
        NoCommandError: the heading is not there, or there twice.
    """
    parts = re.split(r"^## +(.+?) *$", text, flags=re.MULTILINE)
    bodies = [body for name, body in zip(parts[1::2], parts[2::2], strict=True) if name == heading]
    if len(bodies) != 1:
        raise NoCommandError(f'section "## {heading}" found {len(bodies)} times, expected once')
    return bodies[0]


def command(text: str, heading: str) -> str:
    """Return the section's first code block, without prompts and outer blanks.

    Raises:
        NoCommandError: there is no block, or the first one is in another language or empty.
    """
    block = BLOCK.search(section(text, heading))
    if block is None or block[1] not in SHELL:
        raise NoCommandError(f'section "## {heading}" does not begin with a shell block')
    lines = re.sub(r"^\$ ", "", block[2], flags=re.MULTILINE).strip()
    if not lines:
        raise NoCommandError(f'the shell block of section "## {heading}" is empty')
    return lines


def main(arguments: list[str]) -> int:
    """Print the command of ``FILE`` under ``HEADING``; 1 and a line on stderr where there is none."""
    readme, heading = arguments
    try:
        print(command(Path(readme).read_text(encoding="utf-8"), heading))
    except (NoCommandError, OSError) as error:
        print(f"{readme}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
