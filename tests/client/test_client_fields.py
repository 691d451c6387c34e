"""What each type of field makes of what an answer may hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from pytest_fasthook.client import fields
from pytest_fasthook.client.fields import NESTED_TOO_DEEPLY, read_moment

NOON = datetime(2026, 5, 29, 12, 0, tzinfo=UTC)


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-29T12:00:00Z",
        "2026-05-29T12:00:00",
        "2026-05-29T12:00:00.000Z",
        "2026-05-29T14:00:00+02:00",
        "2026-05-29t12:00:00z",
        "2026-05-29T12:00:00.000000000Z",
    ],
)
def test_timestamps_are_read_as_utc(text: str) -> None:
    assert read(fields.Moment, text) == NOON
    assert getattr(read_moment(text), "tzinfo", None) is UTC


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        5,
        True,
        [],
        {},
        "\u0663",
        "\ud800",
        "0001-01-01T00:00:00+14:00",
        "9" * 400,
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
    ],
)
def test_an_unreadable_timestamp_is_unknown(value: object) -> None:
    assert read(fields.Moment, value) is None


def test_lone_surrogates_become_visible() -> None:
    assert read(fields.Text, "a\ud800b") == "a\\ud800b"


@pytest.mark.parametrize("value", [None, 1, True, [], {}])
def test_what_is_not_text_is_unknown(value: object) -> None:
    assert read(fields.Text, value) is None


@pytest.mark.parametrize("value", [None, "", 1, {}])
def test_an_id_is_a_text_that_is_not_empty(value: object) -> None:
    assert read(fields.Id, "evt_1") == "evt_1"
    with pytest.raises(ValidationError):
        read(fields.Id, value)


@pytest.mark.parametrize(("value", "count"), [(0, 0), (3, 3), (3.0, 3), (10**30, 10**30)])
def test_counts_are_whole_numbers(value: float, count: int) -> None:
    assert read(fields.WholeNumber, value) == count
    assert read(fields.Measure, value) == count


@pytest.mark.parametrize("value", [None, True, False, "3", 3.5, -1, float("nan"), float("inf"), [], {}])
def test_what_is_not_a_count_is_unknown(value: object) -> None:
    assert read(fields.WholeNumber, value) is None


@pytest.mark.parametrize("value", ["3", 3.5, -1, True, float("nan"), []])
def test_a_measure_that_is_not_a_count_is_an_error(value: object) -> None:
    """A failure count that is skipped over would look like no failures."""
    with pytest.raises(ValidationError):
        read(fields.Measure, value)


def test_an_absent_measure_is_unknown() -> None:
    assert read(fields.Measure, None) is None


@pytest.mark.parametrize(("value", "status"), [(None, None), (200, 200), ("503", 503), (503.0, 503)])
def test_a_status_may_be_given_as_a_text(value: object, status: int | None) -> None:
    assert read(fields.Status, value) == status


@pytest.mark.parametrize("value", ["", "ok", "\u0665\u0660\u0660", "5000", True, [500], {}])
def test_a_status_that_cannot_be_read_is_an_error(value: object) -> None:
    """Read as null it would look like a delivery without HTTP, beside SUCCESSFUL like a success."""
    with pytest.raises(ValidationError):
        read(fields.Status, value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ("TIMEOUT", "TIMEOUT"),
        (7, "7"),
        ({"code": "X"}, '{"code": "X"}'),
        (False, "false"),
    ],
)
def test_a_text_that_says_something_by_its_presence_is_kept_whatever_its_type(
    value: object, text: str | None
) -> None:
    assert read(fields.TextOfAnything, value) == text


def test_a_value_that_is_too_deep_to_be_written_down_is_kept_all_the_same() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert read(fields.TextOfAnything, deep) == NESTED_TOO_DEEPLY


def test_numbers_may_be_broken() -> None:
    assert read(fields.Number, 12.5) == 12.5
    assert read(fields.Number, 12) == 12
    assert read(fields.Number, 10**400) is None


@pytest.mark.parametrize("value", ["true", 1, None, []])
def test_only_true_and_false_are_flags(value: object) -> None:
    assert read(fields.Flag, value) is None
    assert read(fields.Flag, True) is True


def test_null_lists_are_empty_and_objects_stay() -> None:
    assert read(fields.JsonArray, None) == ()
    assert read(fields.JsonArray, "ab") == ()
    assert read(fields.JsonArray, [1]) == (1,)
    assert read(fields.JsonObject, {"a": 1}) == {"a": 1}
    assert read(fields.JsonObject, [1]) is None
