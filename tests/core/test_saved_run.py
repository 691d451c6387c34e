from __future__ import annotations

import pytest

from pytest_fasthook.settings.saved_run import body_digest


@pytest.mark.parametrize(
    ("one", "other"),
    [(b'{"a": 1, "b": [2.0]}', b'{"b":[2],"a":1.0}'), (b"text", b"text"), (b'"x"', b'"x"'), (b"", b"")],
)
def test_equal_bodies_share_a_digest(one: bytes, other: bytes) -> None:
    assert body_digest(one) == body_digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1}', b'{"a": 2}'),
        (b'{"a": 1}', b'{"a": true}'),
        (b"[1,2]", b"[2,1]"),
        (b"text", b"text "),
        (b"\xff", b"\xfe"),
    ],
)
def test_other_bodies_have_another_digest(one: bytes, other: bytes) -> None:
    assert body_digest(one) != body_digest(other)


def test_a_body_nested_without_end_has_a_digest_of_its_bytes() -> None:
    assert len(body_digest(b"[" * 100_000 + b"]" * 100_000)) == 64
