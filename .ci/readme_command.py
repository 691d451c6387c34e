"""Print the one command that stands under a heading of the README.

``python .ci/readme_command.py README.md "Try it"`` prints the shell block of the section ``## Try it``.
CI runs what it prints, so a section that is missing, or that has no block or several, is an error.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SHELL_BLOCK = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class NoCommandError(Exception):
    """The README does not have exactly one command under the heading."""


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
    """Return the section's single shell block, without prompts and outer blanks.

    Raises:
        NoCommandError: there is no shell block, more than one, or an empty one.
    """
    blocks = SHELL_BLOCK.findall(section(text, heading))
    if len(blocks) != 1:
        raise NoCommandError(f'section "## {heading}" has {len(blocks)} shell blocks, expected one')
    lines = re.sub(r"^\$ ", "", blocks[0], flags=re.MULTILINE).strip()
    if not lines:
        raise NoCommandError(f'the shell block of section "## {heading}" is empty')
    return str(lines)


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
