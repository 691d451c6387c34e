"""Reading and changing one place of a message."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.rules.message import ABSENT, Message
from pytest_fasthook.rules.places import Place, spelled, value_at, with_value

MESSAGE = Message(
    path="/a",
    query={"q": "1"},
    headers={"x": "y"},
    body={"data": {"id": 1}, "items": [{"id": "a"}, {"id": "b"}], "none": None},
)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("path",), "/a"),
        (("query", "q"), "1"),
        (("headers", "x"), "y"),
        (("body", "data", "id"), 1),
        (("body", "items", "1", "id"), "b"),
        (("body", "none"), None),
        (("body", "items", "2", "id"), ABSENT),
        (("body", "items", "x"), ABSENT),
        (("body", "data", "id", "deeper"), ABSENT),
        (("body", "nothing"), ABSENT),
        (("headers", "nothing"), ABSENT),
    ],
)
def test_a_place_is_read(place: Place, value: Any) -> None:
    assert value_at(MESSAGE, place) is value or value_at(MESSAGE, place) == value


def test_a_missing_body_is_absent() -> None:
    assert value_at(Message(), ("body",)) is ABSENT
    assert value_at(Message(body=0), ("body",)) == 0


@pytest.mark.parametrize(
    "place",
    [
        ("path",),
        ("query", "new"),
        ("headers", "x"),
        ("body",),
        ("body", "data", "id"),
        ("body", "items", "0", "id"),
        ("body", "new", "inner"),
        ("body", "none", "inner"),
    ],
)
def test_what_is_put_is_read_again(place: Place) -> None:
    assert value_at(with_value(MESSAGE, place, "new"), place) == "new"


def test_putting_changes_a_copy_and_only_that_place() -> None:
    changed = with_value(MESSAGE, ("body", "items", "0", "id"), "z")
    assert changed.body["items"] == [{"id": "z"}, {"id": "b"}]
    assert MESSAGE.body["items"] == [{"id": "a"}, {"id": "b"}]
    assert changed.headers == MESSAGE.headers

    beside = with_value(Message(body=[{"id": 1, "n": 2}, 3]), ("body", "0", "id"), 9)
    assert beside.body == [{"id": 9, "n": 2}, 3]


def test_putting_nothing_removes() -> None:
    assert with_value(MESSAGE, ("headers", "x"), ABSENT).headers == {}
    assert with_value(MESSAGE, ("body", "data", "id"), ABSENT).body["data"] == {}
    assert with_value(MESSAGE, ("body",), ABSENT).body is None


def test_what_cannot_hold_a_key_is_replaced() -> None:
    assert with_value(Message(body="text"), ("body", "a"), 1).body == {"a": 1}
    assert with_value(Message(body={"a": [1]}), ("body", "a", "b"), 1).body == {"a": {"b": 1}}


def test_a_place_is_spelled_with_dots() -> None:
    assert spelled(("body", "data", "id")) == "body.data.id"
