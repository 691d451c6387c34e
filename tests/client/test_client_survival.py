"""Answers bent in every way: the outcome is a value or an error of ours, never anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from client_world import START, transport_over
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fasthook.client import api
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import ApiError, UnreadableError

ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["2026-05-29T12:00:00Z", "SUCCESSFUL", "0000-00-00", "", "9" * 30, "\ud800"])
)
JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)

EVENT = {
    "id": "evt_1",
    "team_id": "tm_1",
    "webhook_id": "web_1",
    "connection_id": "web_1",
    "request_id": "req_1",
    "status": "SUCCESSFUL",
    "attempts": 1,
    "response_status": 200,
    "next_attempt_at": None,
    "successful_at": "2026-05-29T12:00:01.000Z",
    "created_at": "2026-05-29T12:00:00Z",
    "data": {"body": {"a": 1}},
}
CONNECTION = {
    "id": "web_1",
    "source_id": "src_1",
    "rules": [{"type": "filter", "body": {"a": 1}}],
    "paused_at": None,
    "source": {"id": "src_1", "url": "https://hook.test/", "config": {"auth_type": None}},
    "destination": {"id": "des_1", "config": {"url": "https://x.test"}, "attempts_24h_bins": [0] * 6},
}
ENVELOPE = {"total": 1, "total_exact": True, "next_cursor": "c", "pagination": {"next": "c"}, "count": 1}
ATTEMPT = {"id": "att_1", "event_id": "evt_1", "status": "FAILED", "delivery_latency": 12.5, "body": None}
REQUEST = {"id": "req_1", "status": "accepted", "verified": True, "events_count": 1, "data": {"body": "x"}}

CALLS: dict[str, tuple[Callable[[Transport], Any], Any]] = {
    "connection": (lambda t: api.get_connection(t, "web_1"), CONNECTION),
    "connections": (
        lambda t: api.list_connections(t, source_id="src_1"),
        {**ENVELOPE, "models": [CONNECTION]},
    ),
    "requests": (api.list_requests, {**ENVELOPE, "models": [REQUEST]}),
    "events": (api.list_events, {**ENVELOPE, "models": [EVENT, EVENT]}),
    "event": (lambda t: api.get_event(t, "evt_1"), EVENT),
    "attempts": (lambda t: api.list_attempts(t, "evt_1"), {**ENVELOPE, "models": [ATTEMPT]}),
    "ignored": (
        lambda t: api.list_ignored_events(t, "req_1"),
        {"models": [{"id": "i", "cause": "FILTERED", "meta": []}]},
    ),
    "trace": (
        lambda t: api.get_trace(t, "req_1"),
        {
            "request": REQUEST,
            "events": [EVENT],
            "attempts": [ATTEMPT],
            "timeline": [{}],
            "counts": {"events": 1},
        },
    ),
    "latest": (
        lambda t: api.get_latest_input(t, "web_1"),
        {"connection_id": "web_1", "latest_input": {"request_id": "req_1", "input": {"body": 1}}},
    ),
    "metrics": (
        lambda t: api.get_event_metrics(
            t, connection_id="web_1", since=START, until=START, measures=["count"], granularity="1m"
        ),
        {
            "date_range": {"start": "x", "end": None},
            "series": [{"timestamp": "x", "count": 1}],
            "partial": False,
        },
    ),
    "count": (api.count_events, ENVELOPE),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def bent(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    """The value with one place changed."""
    if not path:
        return change(value)
    copy = value.copy()
    copy[path[0]] = bent(value[path[0]], path[1:], change)
    return copy


def outcome(call: Callable[[Transport], Any], body: bytes, status: int = 200) -> Any:
    try:
        return call(transport_over(lambda _: httpx.Response(status, content=body)))
    except UnreadableError as error:
        return error


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_bent_answer_is_read_or_unreadable(name: str, data: st.DataObject) -> None:
    call, value = CALLS[name]
    path = data.draw(st.sampled_from(places(value)))
    odd = data.draw(JSON)
    body = json.dumps(bent(value, path, lambda _: odd)).encode()

    result = outcome(call, body)

    assert isinstance(result, UnreadableError | api.Answer)
    repr(result).encode()


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_an_answer_that_lacks_a_field_is_read_or_unreadable(name: str, data: st.DataObject) -> None:
    call, value = CALLS[name]
    path = data.draw(
        st.sampled_from([place for place in places(value) if place and isinstance(place[-1], str)])
    )

    def drop(parent: dict[str, Any]) -> dict[str, Any]:
        return {key: item for key, item in parent.items() if key != path[-1]}

    result = outcome(call, json.dumps(bent(value, path[:-1], drop)).encode())

    assert isinstance(result, UnreadableError | api.Answer)


@pytest.mark.parametrize("name", CALLS)
def test_the_answer_that_was_not_bent_is_read(name: str) -> None:
    call, value = CALLS[name]

    assert isinstance(outcome(call, json.dumps(value).encode()), api.Answer)


def said(call: Callable[[], object]) -> str:
    try:
        return repr(call())
    except ApiError as error:
        return str(error)


@settings(max_examples=150, deadline=None)
@given(status=st.integers(200, 999), body=st.binary(max_size=60) | JSON.map(lambda v: json.dumps(v).encode()))
def test_any_status_with_any_body_is_a_value_or_an_error_of_ours(status: int, body: bytes) -> None:
    transport = transport_over(lambda _: httpx.Response(status, content=body))

    text = said(lambda: api.get_event(transport, "evt_1"))
    assert text.startswith(("Answer", "GET /events/evt_1: "))
    assert not any(character < " " or "\ud800" <= character <= "\udfff" for character in text)


@settings(max_examples=80, deadline=None)
@given(status=st.integers(200, 599), body=st.binary(max_size=60) | JSON.map(lambda v: json.dumps(v).encode()))
def test_whatever_a_source_says_is_an_answer(status: int, body: bytes) -> None:
    transport = transport_over(lambda _: httpx.Response(status, content=body))

    assert transport.send("POST", "https://hook.test/", [], b"{}").status == status
