from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.client.models import Connection, Event
from pytest_fasthook.client.pages import Count, read_page, read_record, read_total, without_cursor
from pytest_fasthook.errors import UnreadableError

CALL = "GET /events"


@pytest.mark.parametrize(
    "envelope",
    [
        {"next_cursor": "abc", "next": "abc", "pagination": {"limit": 100}},
        {"next": "abc"},
        {"pagination": {"next": "abc"}},
        {"next_cursor": None, "next": None, "pagination": {"next": "abc"}},
    ],
)
def test_the_next_cursor_is_found_in_every_envelope(envelope: dict[str, Any]) -> None:
    assert read_page(Event, {"models": [], **envelope}, call=CALL).next_cursor == "abc"


@pytest.mark.parametrize("envelope", [{}, {"next": None}, {"next": ""}, {"pagination": None}, {"next": 3}])
def test_the_last_page_has_no_cursor(envelope: dict[str, Any]) -> None:
    assert read_page(Event, {"models": [], **envelope}, call=CALL).next_cursor is None


def test_records_of_others_that_cannot_be_read_do_not_sink_a_page() -> None:
    page = read_page(Event, {"models": [{"id": "a"}, {}, 7, {"id": "b"}], "total": 9}, call=CALL)

    assert [event.id for event in page.models] == ["a", "b"]
    assert (page.unreadable, page.total, page.total_exact) == (2, 9, False)


@pytest.mark.parametrize("value", [{}, {"models": None}, {"models": {}}, {"data": []}])
def test_a_list_without_models_is_unreadable(value: object) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_page(Event, value, call=CALL)

    assert (caught.value.field, caught.value.call) == ("models", CALL)


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_an_answer_that_is_no_object_is_unreadable(value: object) -> None:
    with pytest.raises(UnreadableError, match="not a JSON object"):
        read_page(Event, value, call=CALL)
    with pytest.raises(UnreadableError, match="not a JSON object"):
        read_record(Event, value, call=CALL)


@pytest.mark.parametrize(
    ("envelope", "partial"),
    [({}, False), ({"partial": True}, True), ({"unavailable_shard_count": 1}, True), ({"partial": 1}, False)],
)
def test_an_incomplete_read_is_told(envelope: dict[str, Any], partial: bool) -> None:  # noqa: FBT001 - a case
    assert read_page(Event, {"models": [], **envelope}, call=CALL).partial is partial


def test_a_full_list_without_cursor_may_hide_more() -> None:
    full = read_page(Connection, {"models": [{"id": "a"}, {"x": 1}]}, call=CALL)

    assert without_cursor(full, limit=2).partial
    assert not without_cursor(full, limit=3).partial


def test_a_record_without_id_is_unreadable_by_name() -> None:
    with pytest.raises(UnreadableError) as caught:
        read_record(Event, {"status": "SUCCESSFUL", "hush": "hush"}, call=CALL)

    assert caught.value.field == "id"
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ({"total": 3, "count": 3, "total_exact": True}, Count(total=3, total_exact=True)),
        ({"count": 2}, Count(total=2)),
        ({"total": 0, "partial": True}, Count(total=0, partial=True)),
    ],
)
def test_totals_are_read(value: object, count: Count) -> None:
    assert read_total(value, call=CALL) == count


def test_an_answer_without_total_is_unreadable() -> None:
    with pytest.raises(UnreadableError) as caught:
        read_total({"total": None}, call=CALL)

    assert caught.value.field == "total"
