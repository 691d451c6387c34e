"""Which of the stored requests is the one that wait mode judges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pytest_fasthook.client.models import Request
from pytest_fasthook.evidence.log import Ask, Question
from pytest_fasthook.evidence.matching import awaited
from pytest_fasthook.settings.values import request_match

START = datetime(2026, 5, 29, 12, tzinfo=UTC)
PAID = {"type": "paid", "id": 7, "total": 9.5, "ok": True, "note": None, "lines": [{"sku": "a-1"}]}


def record(request_id: str = "req_1", *, at_s: float = 5.0, **fields: Any) -> Request:
    data = {"headers": {"Content-Type": "application/json"}, "path": "/orders", "body": PAID}
    arrived = (START + timedelta(seconds=at_s)).isoformat()
    return Request.model_validate({"id": request_id, "ingested_at": arrived, "data": data} | fields)


def question(*conditions: str) -> Question:
    match = tuple(request_match(text, "match") for text in conditions)
    return Question(ask=Ask.AWAITED, source_id="src_1", since=START, match=match)


def found(records: list[Request], *conditions: str) -> str | None:
    oldest, _ = awaited(records, question(*conditions))
    return oldest.id if oldest else None


def matches(data: dict[str, Any], condition: str) -> bool:
    return found([record(data={"headers": {}} | data)], condition) == "req_1"


def test_the_oldest_of_several_is_awaited() -> None:
    newest_first = [record("req_new", at_s=9), record("req_old", at_s=2)]
    assert found(newest_first) == "req_old"


def test_a_request_from_before_the_window_is_not_awaited() -> None:
    """A service may list more than it was asked for."""
    assert found([record(at_s=-1)]) is None
    assert found([record(at_s=0)]) == "req_1"


@pytest.mark.parametrize(
    "fields",
    [
        {"is_retry": True},
        {"is_retry": None, "retry_parent_request_id": "req_0"},
        {"data": {"headers": {"X-FastHook-Probe": "probe_1"}}},
        {"data": {"headers": [["x-fasthook-probe", "probe_1"]]}},
        {"data": {"raw": "POST / HTTP/1.1\r\nx-fasthook-probe: probe_1"}},
    ],
    ids=["replay", "replay_of_another", "probe", "probe_in_a_list", "probe_in_raw_text"],
)
def test_replays_and_probes_are_no_real_requests(fields: dict[str, Any]) -> None:
    assert awaited([record(**fields)], question()) == (None, 0)


def test_a_request_without_its_payload_is_counted_but_not_awaited() -> None:
    assert awaited([record(data=None), record("req_2", data=None, is_retry=True)], question()) == (None, 1)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("body.type=paid", True),
        ("body.type=void", False),
        ("body.type=", False),
        ("body.id=7", True),
        ("body.id=7.0", True),
        ("body.id=07", False),
        ("body.total=9.5", True),
        ("body.ok=true", True),
        ("body.ok=1", False),
        ("body.note=null", True),
        ("body.note=", False),
        ("body.missing=null", False),
        ("body.lines.0.sku=a-1", True),
        ("body.lines.1.sku=a-1", False),
        ("body.lines.sku=a-1", False),
        ("body.TYPE=paid", False),
        ("headers.content-type=application/json", True),
        ("headers.CONTENT-TYPE=application/json", True),
        ("headers.accept=*/*", False),
        ("path=/orders", True),
        ("path=/", False),
    ],
)
def test_a_condition_is_equality_at_its_place(condition: str, holds: bool) -> None:  # noqa: FBT001 - a row's value
    assert (found([record()], condition) == "req_1") is holds


def test_all_conditions_must_hold() -> None:
    assert found([record()], "body.type=paid", "path=/orders") == "req_1"
    assert found([record()], "body.type=paid", "path=/") is None


@pytest.mark.parametrize(
    "data",
    [
        {"query": {"env": "staging", "tag": ["a", "b"]}},
        {"query": "env=staging&tag=a&tag=b"},
        {"query": "?env=staging&tag=a&tag=b"},
        {"query": "env=staging&tag=a&tag=b", "parsed_query": {"env": "staging", "tag": ["a", "b"]}},
        {"query": None, "parsed_query": {"env": "staging", "tag": ["a", "b"]}},
    ],
    ids=["parsed", "raw", "raw_with_its_mark", "both", "parsed_only"],
)
def test_a_query_is_found_however_it_is_stored(data: dict[str, Any]) -> None:
    assert matches(data, "query.env=staging")
    assert matches(data, "query.tag=b")
    assert not matches(data, "query.env=live")
    assert not matches(data, "query.tag=c")
    assert not matches(data, "query.other=staging")


def test_a_body_that_is_stored_as_its_text_is_read_as_json() -> None:
    assert matches({"body": '{"type": "paid"}'}, "body.type=paid")
    assert not matches({"body": "type=paid"}, "body.type=paid")


def test_a_header_that_came_twice_matches_by_either_value() -> None:
    assert matches({"headers": {"x-tag": ["a", "b"]}}, "headers.x-tag=b")
    assert not matches({"headers": {"x-tag": ["a", "b"]}}, "headers.x-tag=c")
