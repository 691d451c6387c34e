"""On which line of a TOML text a key stands, for error messages; the standard library's reader does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator

Key = tuple[str, ...]

_PART = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_KEY})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEY})\s*=")
_INLINE = re.compile(rf"[{{,]\s*({_KEY})\s*=")


def line_of(text: str, key: Key) -> int | None:
    """The line of a key, or of the nearest table around it that can be found; ``None`` where there is none.

    Args:
        text: the whole file.
        key: the way from the top of the file, such as ``("connections", "conn_a", "timeout")``.
    """
    best: tuple[int, int] | None = None
    for number, found in _keys(text):
        shared = len(found) if key[: len(found)] == found else len(key) if found[: len(key)] == key else 0
        if shared and (best is None or shared > best[0]):
            best = (shared, number)
    return best[1] if best else None


def _keys(text: str) -> Iterator[tuple[int, Key]]:
    """Every key that is set, with its line, in the order of the file."""
    table: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            table = _parts(header[1])
            yield number, table
            continue
        assignment = _ASSIGNMENT.match(line)
        if assignment:
            own = (*table, *_parts(assignment[1]))
            yield number, own
            yield from ((number, (*own, *_parts(inner))) for inner in _INLINE.findall(line))


def _parts(key: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_PART, key))
