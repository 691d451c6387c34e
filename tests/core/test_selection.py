"""Which connections ``--fasthook-source`` gates: all enabled ones, or none."""

from __future__ import annotations

from typing import Any

import pytest
from fake_api import FakeApi, page

from pytest_fasthook.causes import Cause
from pytest_fasthook.gate.selection import Selection, connections_of

MOST = 255


def connection(number: int, **facts: Any) -> dict[str, Any]:
    return {"id": f"conn_{number}", "source_id": "src_1", **facts}


def selected(listed: Any) -> Selection:
    return connections_of("src_1", FakeApi({"/connections": listed}).transport(), deadline=100.0)


def test_every_enabled_connection_is_gated_once() -> None:
    off = connection(3, disabled_at="2026-05-01T08:00:00Z")
    listed = [connection(1), connection(2), connection(1), off, off, connection(4, source_id="src_2")]
    found = selected(page(listed))
    assert (found.connections, found.failure) == (["conn_1", "conn_2"], None)
    assert found.notes == ("source src_1: not gated, as disabled: conn_3",)


WHOLE = [connection(number) for number in range(MOST - 1)]
ELSEWHERE = [connection(number, source_id="src_2") for number in range(MOST - 1)]


@pytest.mark.parametrize(
    "listed",
    [
        page([*WHOLE, connection(MOST)]),
        page([*ELSEWHERE, connection(MOST)]),
        page([*WHOLE[1:], connection(1), connection(1)]),
        {**page(WHOLE), "next_cursor": "more"},
        {**page(WHOLE), "partial": True},
        page([connection(1), {"name": "no id"}]),
    ],
    ids=[
        "full",
        "full of others",
        "full with one twice",
        "a next page",
        "partial",
        "one that cannot be read",
    ],
)
def test_a_part_of_a_source_is_never_gated(listed: Any) -> None:
    found = selected(listed)
    assert found.failure is not None
    assert (found.connections, found.failure.cause) == (("src_1",), Cause.API_BAD_RESPONSE)
    assert "--fasthook-connection" in found.failure.message


@pytest.mark.parametrize("listed", [page(WHOLE), page([*ELSEWHERE[1:], connection(MOST)])])
def test_a_list_that_is_whole_is_gated(listed: Any) -> None:
    found = selected(listed)
    assert found.failure is None
    assert found.connections
