"""Replays carry our marker and name our request: none of them is ever taken for ours."""

from __future__ import annotations

from typing import Any

import pytest
from fake_api import FakeApi, page, pages, refusing
from test_reader import (
    ATTEMPTS,
    BY_ID,
    BY_MARKER,
    EVENTS,
    IGNORED,
    MARK,
    OF_OUR_REQUEST,
    ask,
    event,
    foreign,
    request,
)

from pytest_fasthook.evidence.log import Ask, Question
from pytest_fasthook.evidence.shared_lists import SHARED

REPLAYED_REQUEST: list[dict[str, Any]] = [
    {"is_retry": True},
    {"is_retry": "true"},
    {"is_retry": 1},
    {"retry_kind": "single"},
    {"is_retry": False, "retry_kind": "bulk"},
    {"retry_parent_request_id": "req_ours"},
    {"retry_operation_id": "bch_1"},
]
REPLAYED_EVENT = [
    {name.replace("_request_", "_event_"): value for name, value in facts.items()}
    for facts in REPLAYED_REQUEST
]
NO_REPLAY: list[dict[str, Any]] = [
    {},
    {"is_retry": False, "retry_kind": None, "retry_operation_id": None},
    {"is_retry": None, "retry_kind": ""},
    {"is_retry": "false"},
    {"is_retry": 0, "retried_at": "2026-05-29T12:00:05Z"},
]


def replay(**facts: Any) -> dict[str, Any]:
    return request("req_replay", MARK, **facts)


@pytest.mark.parametrize("question", [BY_ID, BY_MARKER], ids=["by id", "by marker"])
@pytest.mark.parametrize("facts", REPLAYED_REQUEST, ids=str)
def test_a_replay_of_our_request_is_not_ours(question: Question, facts: dict[str, Any]) -> None:
    both = page([replay(**facts), request("req_ours", MARK)])
    seen = ask(FakeApi({"/requests": both}), question).value
    assert (seen.request.id, seen.replays) == ("req_ours", ("req_replay",))

    alone = ask(FakeApi({"/requests": page([replay(**facts)])}), question).value
    assert (alone.request, alone.replays) == (None, ("req_replay",))


@pytest.mark.parametrize("facts", NO_REPLAY, ids=str)
def test_what_no_field_calls_a_replay_is_none(facts: dict[str, Any]) -> None:
    seen = ask(FakeApi({"/requests": page([request("req_ours", MARK, **facts)])}), BY_MARKER).value
    assert (seen.request.id, seen.replays) == ("req_ours", ())


def test_a_replay_on_the_newest_page_does_not_end_the_search() -> None:
    listed = pages([replay(is_retry=True)], foreign(1), [request("req_ours", MARK)])

    def answer(params: dict[str, str]) -> Any:
        return page([replay(is_retry=True)]) if "q" in params else listed(params)

    assert ask(FakeApi({"/requests": answer}), BY_MARKER).value.request.id == "req_ours"


def test_the_known_id_comes_before_the_marker() -> None:
    """A service that marks no replays shows two records alike; ours is the one whose id we know."""
    both = [request("req_again", MARK), request("req_ours", MARK)]
    for records in (both, both[::-1]):
        assert ask(FakeApi({"/requests": page(records)}), BY_ID).value.request.id == "req_ours"
    api = FakeApi(
        {"/requests": pages([request("req_again", MARK)], []), OF_OUR_REQUEST: request("req_ours", MARK)}
    )
    assert ask(api, BY_ID).value.request.id == "req_ours"


def test_without_an_id_the_oldest_with_our_marker_is_ours() -> None:
    dated = [
        request("req_again", MARK, created_at="2026-05-29T12:00:09Z"),
        request("req_ours", MARK, created_at="2026-05-29T12:00:01Z"),
    ]
    for records in (dated, dated[::-1]):
        assert ask(FakeApi({"/requests": page(records)}), BY_MARKER).value.request.id == "req_ours"


def test_a_search_that_is_refused_takes_nothing_from_what_was_found() -> None:
    listed = pages([request("req_ours", MARK)], foreign(1))

    def answer(params: dict[str, str]) -> Any:
        return refusing(403)(params) if "q" in params else listed(params)

    observation = ask(FakeApi({"/requests": answer}), BY_MARKER)
    assert (observation.error, observation.value.request.id) == (None, "req_ours")


@pytest.mark.parametrize("facts", REPLAYED_EVENT, ids=str)
def test_a_replay_of_our_event_is_not_ours(facts: dict[str, Any]) -> None:
    both = page([event("evt_replay", **facts), event("evt_ours")])
    seen = ask(FakeApi({"/events": both}), EVENTS).value
    assert ([one.id for one in seen.events], [one.id for one in seen.replays]) == (
        ["evt_ours"],
        ["evt_replay"],
    )

    alone = ask(FakeApi({"/events": page([event("evt_replay", **facts)])}), EVENTS).value
    assert alone.events == ()


@pytest.mark.parametrize("facts", NO_REPLAY, ids=str)
def test_an_event_that_no_field_calls_a_replay_is_ours(facts: dict[str, Any]) -> None:
    seen = ask(FakeApi({"/events": page([event("evt_ours", **facts)])}), EVENTS).value
    assert ([one.id for one in seen.events], seen.replays) == (["evt_ours"], ())


def test_a_request_own_list_does_not_say_what_is_a_replay_so_each_event_is_asked_for() -> None:
    api = FakeApi(
        {
            "/events": pages([], []),
            f"{OF_OUR_REQUEST}/events": page([event("evt_replay"), event("evt_ours")]),
            "/events/evt_replay": event("evt_replay", is_retry=True, retry_parent_event_id="evt_ours"),
            "/events/evt_ours": event("evt_ours", is_retry=False),
        }
    )
    seen = ask(api, EVENTS).value
    assert ([one.id for one in seen.events], [one.id for one in seen.replays]) == (
        ["evt_ours"],
        ["evt_replay"],
    )


# -- the same record twice -------------------------------------------------------------------------------------


def test_an_event_that_is_listed_twice_is_one() -> None:
    twice = page([event("evt_ours"), event("evt_ours")])
    moved = pages([event("evt_ours")], [event("evt_ours")])
    for listed in (twice, moved):
        assert [one.id for one in ask(FakeApi({"/events": listed}), EVENTS).value.events] == ["evt_ours"]


def test_two_events_of_our_request_on_two_pages_are_two() -> None:
    """The request's own list has both; where the key may not read it, what was found is enough."""
    api = FakeApi(
        {
            "/events": pages([event("evt_2")], [event("evt_ours")]),
            f"{OF_OUR_REQUEST}/events": page([event("evt_2"), event("evt_ours")]),
        }
    )
    assert [one.id for one in ask(api, EVENTS).value.events] == ["evt_2", "evt_ours"]
    api.answers[f"{OF_OUR_REQUEST}/events"] = refusing(403)
    assert [one.id for one in ask(api, EVENTS).value.events] == ["evt_2"]


@pytest.mark.parametrize(
    ("question", "path"), [(ATTEMPTS, "/attempts"), (IGNORED, f"{OF_OUR_REQUEST}/ignored_events")]
)
def test_a_record_that_a_list_holds_twice_is_one(question: Question, path: str) -> None:
    record = {"id": "one", "event_id": "evt_ours", "request_id": "req_ours", "connection_id": "conn_1"}
    assert len(ask(FakeApi({path: page([record, record])}), question).value) == 1


def test_attempts_are_read_to_the_end_of_their_list() -> None:
    def attempt(number: int) -> dict[str, Any]:
        return {"id": f"att_{number}", "event_id": "evt_ours", "attempt_number": number}

    listed = pages([attempt(3), attempt(2)], [attempt(2), attempt(1)])
    value = ask(FakeApi({"/attempts": listed}), ATTEMPTS).value
    assert [one.id for one in value] == ["att_1", "att_2", "att_3"]


def test_requests_that_are_on_two_pages_are_looked_through_once() -> None:
    api = FakeApi({"/requests": pages(foreign(1, 2), foreign(2, 3))})
    assert ask(api, BY_ID).value.looked_through == 3


# -- shared looks ----------------------------------------------------------------------------------------------


def shared(api: FakeApi, *questions: Question) -> dict[Question, Any]:
    from pytest_fasthook.evidence.look import Look  # noqa: PLC0415

    look = Look(api.transport(), 100.0)
    found = SHARED[questions[0].ask].read(look, questions, None)
    return {question: one.value for question, one in found.items()}


def test_a_shared_look_knows_replays_too() -> None:
    api = FakeApi({"/requests": page([replay(is_retry=True), request("req_ours", MARK)])})
    assert shared(api, BY_MARKER)[BY_MARKER].request.id == "req_ours"

    api = FakeApi({"/requests": page([replay(is_retry=True)])})
    seen = shared(api, BY_MARKER)[BY_MARKER]
    assert (seen.request, seen.replays) == (None, ("req_replay",))


def test_a_shared_look_leaves_open_what_only_carries_our_marker_where_the_id_is_known() -> None:
    api = FakeApi({"/requests": page([request("req_again", MARK)])})
    assert shared(api, BY_ID) == {}
    api = FakeApi({"/requests": page([request("req_again", MARK), request("req_ours", MARK)])})
    assert shared(api, BY_ID)[BY_ID].request.id == "req_ours"


def test_a_shared_look_reads_events_to_the_end_of_the_list() -> None:
    listed = pages([event("evt_2"), event("evt_replay", is_retry=True)], [event("evt_2"), event("evt_ours")])
    seen = shared(FakeApi({"/events": listed}), EVENTS)[EVENTS]
    assert [one.id for one in seen.events] == ["evt_2", "evt_ours"]
    assert [one.id for one in seen.replays] == ["evt_replay"]


def test_a_shared_look_counts_an_attempt_once() -> None:
    record = {"id": "att_1", "event_id": "evt_ours"}
    other = Question(ask=Ask.ATTEMPTS, event_id="evt_other")
    seen = shared(FakeApi({"/attempts": pages([record], [record])}), ATTEMPTS, other)
    assert [len(seen[question]) for question in (ATTEMPTS, other)] == [1, 0]
