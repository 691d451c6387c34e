"""The size rules of the source, counted: docstrings left out, signatures counted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from checkout import ROOT, SOURCE

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
MODULES = sorted(SOURCE.rglob("*.py"))


@dataclass(frozen=True, slots=True)
class Piece:
    """A function or module and its length in lines, without docstrings."""

    place: str
    lines: int


def functions(place: str, text: str) -> Iterator[Piece]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = extent(node) - docstring_lines(node)
            yield Piece(f"{place}:{node.lineno} {node.name}", lines)


def module(place: str, text: str) -> Piece:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    return Piece(place, len(text.splitlines()) - sum(docstring_lines(node) for node in nodes))


def extent(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def docstring_lines(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return extent(node.body[0])


def sources() -> list[tuple[str, str]]:
    return [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in MODULES]


def all_functions() -> list[Piece]:
    return [piece for place, text in sources() for piece in functions(place, text)]


def all_modules() -> list[Piece]:
    return [module(place, text) for place, text in sources()]


def shown(pieces: list[Piece]) -> str:
    longest = sorted(pieces, key=lambda piece: -piece.lines)
    return "\n".join(f"{piece.place}: {piece.lines} lines" for piece in longest)


def test_half_of_the_functions_have_at_most_8_lines() -> None:
    assert median(piece.lines for piece in all_functions()) <= 8


def test_nine_in_ten_functions_have_fewer_than_30_lines() -> None:
    found = all_functions()
    long = [piece for piece in found if piece.lines >= 30]

    assert len(long) <= len(found) / 10, shown(long)


def test_no_function_has_more_than_50_lines() -> None:
    too_long = [piece for piece in all_functions() if piece.lines > 50]

    assert not too_long, shown(too_long)


def test_no_module_has_more_than_400_lines() -> None:
    too_long = [piece for piece in all_modules() if piece.lines > 400]

    assert not too_long, shown(too_long)


def test_most_modules_have_fewer_than_200_lines() -> None:
    assert median(piece.lines for piece in all_modules()) < 200


def test_no_module_has_a_name_that_says_nothing() -> None:
    parts = {part for path in MODULES for part in path.relative_to(SOURCE).with_suffix("").parts}

    assert parts & VAGUE_NAMES == set()


SAMPLE = (
    '"""Module."""\n\n\ndef f(\n    a: int,\n) -> int:\n    """One.\n\n    More.\n    """\n    return a\n'
)


def test_a_docstring_does_not_count_and_the_signature_does() -> None:
    assert list(functions("x.py", SAMPLE)) == [Piece("x.py:4 f", 4)]
    assert module("x.py", SAMPLE) == Piece("x.py", 6)
