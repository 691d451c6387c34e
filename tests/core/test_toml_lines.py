"""On which line of a TOML file a key stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pytest_fasthook.settings.toml_lines import line_of

TEXT = """\
# timeout = "a comment"
defaults.timeout = "90s"

[connections.conn_a]
timeout = "5s"
headers = { x-env = "staging", "x.y" = "1" }
advisory = [
    "metrics",
]
expect.response.body.release = "1"

[connections."conn.b"]
timeout = "6s"

[ connections . 'conn_c' . expect . response . body ]
release = "2"

[connections]
conn_d = { timeout = "7s", attempts = "first" }
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("defaults/timeout", 2),
        ("connections/conn_a", 4),
        ("connections/conn_a/timeout", 5),
        ("connections/conn_a/headers", 6),
        ("connections/conn_a/headers/x-env", 6),
        ("connections/conn_a/advisory", 7),
        ("connections/conn_a/expect", 10),
        ("connections/conn_a/expect/response/body/release", 10),
        ("connections/conn.b/timeout", 13),
        ("connections/conn_c/expect/response/body/release", 16),
        ("connections/conn_d/attempts", 19),
    ],
)
def test_the_line_of_a_key(key: str, line: int) -> None:
    assert line_of(TEXT, tuple(key.split("/"))) == line


def test_the_nearest_table_stands_for_a_key_that_is_not_found() -> None:
    assert line_of(TEXT, ("connections", "conn_a", "nowhere")) == 4
    assert line_of(TEXT, ("elsewhere",)) is None


def keys(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in table.items():
        yield (*above, name)
        if isinstance(value, Mapping):
            yield from keys(value, (*above, name))


def test_every_key_that_the_reader_finds_has_a_line_that_names_it() -> None:
    lines = TEXT.splitlines()
    for key in keys(tomllib.loads(TEXT)):
        line = line_of(TEXT, key)
        assert line is not None, key
        assert key[-1] in lines[line - 1], key
