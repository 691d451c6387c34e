"""One question, one observation: which calls are made for it, and that only our own records are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from core_world import START, FakeClock
from fake_api import SERVER_DATE, FakeApi, page, pages, refusing

from pytest_fasthook.errors import RefusedError, UnreachableError, UnreadableError
from pytest_fasthook.evidence.log import Ask, Observation, Question
from pytest_fasthook.evidence.look import MAX_PAGES
from pytest_fasthook.evidence.reader import Reader
from pytest_fasthook.probe.probe import Probe
from pytest_fasthook.settings.values import Match

MARK = "probe_0123456789ab"
BY_ID = Question(ask=Ask.REQUEST, source_id="src_1", request_id="req_ours", probe_id=MARK, since=START)
BY_MARKER = replace(BY_ID, request_id=None)
EVENTS = Question(ask=Ask.EVENTS, connection_id="conn_1", request_id="req_ours", since=START)
IGNORED = Question(ask=Ask.IGNORED, connection_id="conn_1", request_id="req_ours")
ATTEMPTS = Question(ask=Ask.ATTEMPTS, event_id="evt_ours")
WINDOW = Question(
    ask=Ask.METRICS,
    connection_id="conn_1",
    event_id="evt_ours",
    since=START,
    until=START + timedelta(seconds=60),
)
OF_OUR_REQUEST = "/requests/req_ours"


def ask(api: FakeApi, question: Question) -> Observation:
    return Reader(api.transport(), api.clock).ask(question, deadline=100.0)


def request(request_id: str, mark: str | None = None, **facts: Any) -> dict[str, Any]:
    headers = {"x-fasthook-probe": mark} if mark else {"x-other": "1"}
    data = {"headers": headers, "body": {"secret-of": request_id}}
    return {"id": request_id, "status": "accepted", "source_id": "src_1", "data": data, **facts}


def foreign(*numbers: int) -> list[dict[str, Any]]:
    return [request(f"req_foreign{number}") for number in numbers]


def event(event_id: str, *, request_id: str = "req_ours", **facts: Any) -> dict[str, Any]:
    return {"id": event_id, "request_id": request_id, "connection_id": "conn_1", "status": "QUEUED", **facts}


def kept(observation: Observation) -> str:
    """Everything of the answers that goes into the log."""
    return json.dumps([call.answer for call in observation.calls])


def series(*counts: int, failed: int = 0) -> dict[str, Any]:
    points = [
        {"timestamp": "2026-05-29T12:00:00Z", "count": c, "failed_count": 0, "delivered_count": c}
        for c in counts
    ]
    points[0]["failed_count"] = failed
    return {"series": points, "granularity": "1s"}


# -- single records --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "path", "answer"),
    [
        (Question(ask=Ask.CONNECTION, connection_id="conn_1"), "/connections/conn_1", {"id": "conn_1"}),
        (Question(ask=Ask.SOURCE, source_id="src_1"), "/sources/src_1", {"id": "src_1"}),
        (Question(ask=Ask.DESTINATION, destination_id="des_1"), "/destinations/des_1", {"id": "des_1"}),
        (
            Question(ask=Ask.LATEST_INPUT, connection_id="conn_1"),
            "/connections/conn_1/latest-input",
            {"latest_input": None},
        ),
    ],
    ids=lambda value: value.ask if isinstance(value, Question) else "",
)
def test_a_single_record_is_one_call(question: Question, path: str, answer: dict[str, Any]) -> None:
    api = FakeApi({path: answer})
    observation = ask(api, question)
    assert api.paths == [path]
    assert (observation.error, observation.question) == (None, question)
    assert [(call.call, call.answer) for call in observation.calls] == [(f"GET {path}", answer)]


@pytest.mark.parametrize(
    ("question", "path"),
    [
        (Question(ask=Ask.CONNECTION, connection_id="conn_1"), "/connections/conn_1"),
        (Question(ask=Ask.SOURCE, source_id="src_1"), "/sources/src_1"),
        (Question(ask=Ask.DESTINATION, destination_id="des_1"), "/destinations/des_1"),
    ],
    ids=lambda value: value.ask if isinstance(value, Question) else "",
)
def test_an_answer_about_another_record_is_no_answer(question: Question, path: str) -> None:
    observation = ask(FakeApi({path: {"id": "other_1"}}), question)
    assert isinstance(observation.error, UnreadableError)
    assert "answered 'other_1', expected" in str(observation.error)


def test_an_observation_knows_when_it_was_made() -> None:
    api = FakeApi({"/connections/conn_1": {"id": "conn_1"}}, clock=FakeClock(7.0))
    observation = ask(api, Question(ask=Ask.CONNECTION, connection_id="conn_1"))
    assert (observation.asked_at, observation.seen_at) == (7.0, 7.0)
    assert observation.asked_on == START + timedelta(seconds=7)
    assert observation.server_date == datetime(2026, 5, 29, 12, 0, 10, tzinfo=UTC)
    assert SERVER_DATE.endswith("12:00:10 GMT")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusing(401), RefusedError),
        (refusing(404), RefusedError),
        (refusing(503), UnreachableError),
        ([], UnreadableError),
        ({"name": "no id"}, UnreadableError),
    ],
)
def test_no_answer_is_an_observation_too(answer: Any, kind: type[Exception]) -> None:
    observation = ask(
        FakeApi({"/connections/conn_1": answer}), Question(ask=Ask.CONNECTION, connection_id="conn_1")
    )
    assert isinstance(observation.error, kind)
    assert observation.value is None
    (call,) = observation.calls
    assert call.call == "GET /connections/conn_1"
    assert call.error == str(observation.error)


# -- our request -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "calls", "more"), [(BY_ID, 1, True), (BY_MARKER, 1, False), (BY_MARKER, 2, True)]
)
def test_our_request_in_the_newest_page_takes_few_calls(
    question: Question, calls: int, *, more: bool
) -> None:
    """Of several that carry the marker the oldest is ours, so a list that goes on is searched for it as well."""
    newest = [*foreign(1, 2), request("req_ours", MARK)]
    api = FakeApi({"/requests": pages(newest, foreign(3)) if more else page(newest)})
    observation = ask(api, question)
    assert api.paths == ["/requests"] * calls
    assert observation.value.request.id == "req_ours"
    assert observation.value.looked_through == 3


def test_the_list_is_narrowed_to_our_source_and_to_the_time_since_sending() -> None:
    api = FakeApi({"/requests": page([])})
    ask(api, BY_ID)
    ((_, params),) = api.asked
    assert (params["source_id"], params["from"]) == ("src_1", "2026-05-29T12:00:00.000Z")
    assert params["include"] == "data"


def test_a_request_hidden_by_newer_traffic_is_asked_for_by_its_id() -> None:
    api = FakeApi({"/requests": pages(foreign(1), foreign(2)), OF_OUR_REQUEST: request("req_ours", MARK)})
    observation = ask(api, BY_ID)
    assert api.paths == ["/requests", OF_OUR_REQUEST]
    assert observation.value.request.id == "req_ours"


def test_a_request_hidden_by_newer_traffic_is_searched_for_by_its_marker() -> None:
    def answer(params: dict[str, str]) -> Any:
        found = [request("req_ours", MARK)] if params.get("q") == MARK else foreign(1)
        return page(found, next_cursor=None if "q" in params else "1")

    api = FakeApi({"/requests": answer})
    observation = ask(api, BY_MARKER)
    assert len(api.asked) == 2
    assert observation.value.request.id == "req_ours"


def test_a_request_that_no_search_finds_is_paged_through_for() -> None:
    newer = [foreign(number) for number in range(4)]

    def answer(params: dict[str, str]) -> Any:
        listed = pages(*newer, [request("req_ours", MARK)], foreign(9))
        return page([]) if "q" in params else listed(params)

    api = FakeApi({"/requests": answer})
    observation = ask(api, BY_MARKER)
    assert observation.value.request.id == "req_ours"
    assert observation.value.looked_through == 5
    assert [params.get("cursor") for _, params in api.asked if "q" not in params] == [
        None,
        "1",
        "2",
        "3",
        "4",
    ]


@pytest.mark.parametrize("question", [BY_ID, BY_MARKER], ids=["by id", "by marker"])
def test_a_request_that_is_nowhere_is_not_there_yet(question: Question) -> None:
    api = FakeApi({"/requests": page(foreign(1, 2))})
    observation = ask(api, question)
    assert (observation.value.request, observation.error) == (None, None)
    assert (observation.value.looked_through, observation.value.complete) == (2, True)


def test_an_unknown_id_is_not_there_yet_rather_than_an_error() -> None:
    api = FakeApi({"/requests": pages(foreign(1), []), OF_OUR_REQUEST: refusing(404)})
    observation = ask(api, BY_ID)
    assert (observation.value.request, observation.error) == (None, None)
    assert "404" in str([call.error for call in observation.calls])


@pytest.mark.parametrize("status", [401, 403])
def test_any_other_refusal_is_an_error(status: int) -> None:
    observation = ask(FakeApi({"/requests": pages(foreign(1), []), OF_OUR_REQUEST: refusing(status)}), BY_ID)
    assert isinstance(observation.error, RefusedError)
    assert observation.error.status == status


@pytest.mark.parametrize("facts", [{"partial": True}, {"unavailable_shard_count": 1}])
def test_a_partial_page_is_no_proof_of_absence(facts: dict[str, Any]) -> None:
    api = FakeApi({"/requests": page([], **facts), OF_OUR_REQUEST: request("req_ours", MARK)})
    assert ask(api, BY_ID).value.request.id == "req_ours"
    lost = ask(FakeApi({"/requests": page([], **facts)}), BY_ID)
    assert (lost.value.request, lost.value.complete) == (None, False)


def test_a_record_that_cannot_be_read_is_no_proof_of_absence() -> None:
    api = FakeApi({"/requests": page([{"status": "accepted"}]), OF_OUR_REQUEST: request("req_ours", MARK)})
    assert ask(api, BY_ID).value.request.id == "req_ours"


def test_a_partial_page_among_whole_ones_leaves_the_look_incomplete() -> None:
    def answer(params: dict[str, str]) -> Any:
        return (
            page([])
            if "q" in params
            else {**pages(foreign(1), foreign(2))(params), "partial": "cursor" not in params}
        )

    assert not ask(FakeApi({"/requests": answer}), BY_MARKER).value.complete


def test_a_list_without_end_leaves_the_look_incomplete() -> None:
    def answer(params: dict[str, str]) -> Any:
        return (
            page([])
            if "q" in params
            else page(foreign(1), next_cursor=str(int(params.get("cursor", "0")) + 1))
        )

    api = FakeApi({"/requests": answer})
    observation = ask(api, BY_MARKER)
    assert len(api.asked) == MAX_PAGES + 1
    assert (observation.value.request, observation.value.complete) == (None, False)


def test_a_cursor_that_leads_back_to_itself_ends_the_look() -> None:
    def answer(params: dict[str, str]) -> Any:
        return page([]) if "q" in params else page(foreign(1), next_cursor="same")

    api = FakeApi({"/requests": answer})
    ask(api, BY_MARKER)
    assert len(api.asked) <= 4


def test_a_marker_is_found_anywhere_in_the_stored_payload() -> None:
    for data in (
        {"headers": {"X-FastHook-Probe": MARK}},
        {"body": [{"deep": [f"text with {MARK} inside"]}]},
        f'{{"raw": "{MARK}"}}',
    ):
        api = FakeApi({"/requests": page([{"id": "req_any", "data": data}])})
        assert ask(api, BY_MARKER).value.request.id == "req_any"


@pytest.mark.parametrize(
    "data", [None, {}, {"headers": {"x-fasthook-probe": "probe_of_another_run"}}, "text", 7]
)
def test_a_request_without_our_marker_is_not_ours(data: Any) -> None:
    api = FakeApi({"/requests": page([{"id": "req_any", "data": data}])})
    assert ask(api, BY_MARKER).value.request is None


def test_a_deep_payload_is_searched_without_end_of_stack() -> None:
    deep: Any = MARK
    for _ in range(300):
        deep = [{"a": deep}]
    api = FakeApi({"/requests": page([{"id": "req_any", "data": deep}])})
    assert ask(api, BY_MARKER).value.request.id == "req_any"


def test_an_id_that_names_a_strangers_request_is_not_believed() -> None:
    """A source's custom answer can hold any id; the stored marker tells whose request it is."""
    stranger = request("req_ours", "probe_of_another_run")
    api = FakeApi({"/requests": page([stranger]), OF_OUR_REQUEST: stranger})
    assert ask(api, BY_ID).value.request is None


# -- the first real request ------------------------------------------------------------------------------------

AWAITED = Question(ask=Ask.AWAITED, source_id="src_1", since=START)


def test_the_oldest_matching_real_request_is_awaited() -> None:
    paid = {"headers": {}, "body": {"type": "paid"}}
    open_ = {"headers": {}, "body": {"type": "open"}}
    newer = [request("req_4", data=paid), request("req_3", MARK)]
    older = [request("req_2", data=paid), request("req_1", data=open_)]
    api = FakeApi({"/requests": pages(newer, older)})
    observation = ask(api, replace(AWAITED, match=(Match("body", ("type",), "paid"),)))
    assert observation.value.request.id == "req_2"
    assert ask(api, AWAITED).value.request.id == "req_1"


def test_probes_and_replays_are_no_real_requests() -> None:
    api = FakeApi({"/requests": page([request("req_1", MARK), request("req_2", is_retry=True)])})
    assert ask(api, AWAITED).value.request is None


def test_requests_may_be_awaited_by_connection_where_the_source_is_not_known() -> None:
    api = FakeApi({"/requests": page([])})
    ask(api, replace(AWAITED, source_id=None, connection_id="conn_1"))
    ((_, params),) = api.asked
    assert params["connection_id"] == "conn_1"
    assert "source_id" not in params


# -- events, ignored branches, attempts ------------------------------------------------------------------------


def test_our_events_are_those_of_our_request_on_our_connection_oldest_first() -> None:
    models = [
        event("evt_b", created_at="2026-05-29T12:00:02Z"),
        event("evt_a", created_at="2026-05-29T12:00:01Z"),
        event("evt_c", request_id="req_foreign"),
        event("evt_d", connection_id="conn_2"),
        event("evt_e", connection_id=None, webhook_id="conn_1", created_at="2026-05-29T12:00:03Z"),
        {"id": "evt_f", "connection_id": "conn_1"},
    ]
    observation = ask(FakeApi({"/events": page(models)}), EVENTS)
    assert [found.id for found in observation.value.events] == ["evt_a", "evt_b", "evt_e"]
    assert observation.value.looked_through == 6


def test_the_events_are_asked_for_by_connection() -> None:
    api = FakeApi({"/events": page([])})
    ask(api, EVENTS)
    ((_, params),) = api.asked
    assert (params["connection_id"], params["from"]) == ("conn_1", "2026-05-29T12:00:00.000Z")


def test_an_event_hidden_by_newer_traffic_is_asked_for_under_its_request() -> None:
    busy = pages([event("evt_x", request_id="req_1")], [event("evt_y", request_id="req_2")])
    under = page([event("evt_z", connection_id="conn_2"), event("evt_ours")])
    api = FakeApi({"/events": busy, f"{OF_OUR_REQUEST}/events": under})
    observation = ask(api, EVENTS)
    assert api.paths == ["/events", f"{OF_OUR_REQUEST}/events", "/events/evt_ours"]
    assert [found.id for found in observation.value.events] == ["evt_ours"]


def test_an_event_under_our_request_that_names_no_connection_may_be_another_branch() -> None:
    """The twin names ours."""
    for name, ids in ((None, []), ("conn_1", ["evt_ours"])):
        under = page([event("evt_ours", connection_id=name)])
        api = FakeApi({"/events": pages([], []), f"{OF_OUR_REQUEST}/events": under})
        assert [found.id for found in ask(api, EVENTS).value.events] == ids


def test_an_event_that_is_nowhere_is_not_there_yet() -> None:
    api = FakeApi({"/events": pages([], []), f"{OF_OUR_REQUEST}/events": refusing(404)})
    observation = ask(api, EVENTS)
    assert (observation.value.events, observation.error) == ((), None)


def test_ignored_branches_are_those_of_our_request_and_connection() -> None:
    models = [
        {"id": "ign_1", "cause": "FILTERED", "webhook_id": "conn_1", "request_id": "req_ours"},
        {"id": "ign_2", "cause": "FILTERED", "webhook_id": "conn_2", "request_id": "req_ours"},
        {"id": "ign_3", "cause": "FILTERED", "webhook_id": "conn_1", "request_id": "req_foreign"},
    ]
    observation = ask(FakeApi({f"{OF_OUR_REQUEST}/ignored_events": page(models)}), IGNORED)
    assert [record.id for record in observation.value] == ["ign_1"]


@pytest.mark.parametrize("question", [IGNORED, ATTEMPTS])
def test_no_list_yet_is_an_empty_list(question: Question) -> None:
    observation = ask(FakeApi(), question)
    assert (observation.value, observation.error) == ((), None)


def test_attempts_are_those_of_our_event_oldest_first() -> None:
    models = [
        {"id": "att_2", "event_id": "evt_ours", "created_at": "2026-05-29T12:00:02Z", "attempt_number": 2},
        {"id": "att_3", "event_id": "evt_ours", "created_at": "2026-05-29T12:00:02Z", "attempt_number": 3},
        {"id": "att_1", "event_id": "evt_ours", "created_at": "2026-05-29T12:00:01Z", "attempt_number": 1},
        {"id": "att_x", "event_id": "evt_foreign"},
    ]
    observation = ask(FakeApi({"/attempts": page(models)}), ATTEMPTS)
    assert [attempt.id for attempt in observation.value] == ["att_1", "att_2", "att_3"]


@pytest.mark.parametrize(
    ("question", "path"), [(ATTEMPTS, "/attempts"), (IGNORED, f"{OF_OUR_REQUEST}/ignored_events")]
)
def test_a_record_of_ours_that_cannot_be_read_is_an_error(question: Question, path: str) -> None:
    observation = ask(FakeApi({path: page([{"status": "no id"}])}), question)
    assert isinstance(observation.error, UnreadableError)


# -- what is kept ----------------------------------------------------------------------------------------------

CASES: dict[str, tuple[Question, dict[str, Any], list[str]]] = {
    "request in the newest page": (
        BY_ID,
        {"/requests": page([*foreign(1), request("req_ours", MARK)])},
        ["req_ours"],
    ),
    "request by id": (
        BY_ID,
        {"/requests": pages(foreign(1), foreign(2)), OF_OUR_REQUEST: request("req_ours", MARK)},
        ["req_ours"],
    ),
    "request nowhere": (BY_MARKER, {"/requests": pages(foreign(1), foreign(2))}, []),
    "request, then an error": (
        BY_ID,
        {"/requests": pages(foreign(1), []), OF_OUR_REQUEST: refusing(503)},
        [],
    ),
    "real request": (AWAITED, {"/requests": page([*foreign(1), request("req_ours")])}, ["req_ours"]),
    "event": (
        EVENTS,
        {"/events": page([event("evt_ours"), event("evt_foreign", request_id="req_foreign1")])},
        ["evt_ours"],
    ),
    "event under its request": (
        EVENTS,
        {
            "/events": pages([event("evt_foreign", request_id="req_foreign1")], []),
            f"{OF_OUR_REQUEST}/events": page([event("evt_ours")]),
        },
        ["evt_ours"],
    ),
    "event, then an error": (
        EVENTS,
        {
            "/events": pages([event("evt_foreign", request_id="req_foreign1")], []),
            f"{OF_OUR_REQUEST}/events": refusing(503),
        },
        [],
    ),
    "attempts": (
        ATTEMPTS,
        {
            "/attempts": page(
                [{"id": "att_1", "event_id": "evt_ours"}, {"id": "att_foreign", "event_id": "evt_x"}]
            )
        },
        ["att_1"],
    ),
    "ignored": (
        IGNORED,
        {
            f"{OF_OUR_REQUEST}/ignored_events": page(
                [{"id": "ign_1", "webhook_id": "conn_1"}, {"id": "ign_foreign", "webhook_id": "conn_2"}]
            )
        },
        ["ign_1"],
    ),
    "window": (
        WINDOW,
        {
            "/events": page([event("evt_ours"), event("evt_foreign", request_id="req_foreign1")]),
            "/metrics/events": series(2),
        },
        ["evt_ours"],
    ),
    "window, then an error": (
        WINDOW,
        {
            "/events": page([event("evt_ours"), event("evt_foreign", request_id="req_foreign1")]),
            "/metrics/events": refusing(503),
        },
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_other_peoples_records_are_never_kept(case: str) -> None:
    question, answers, ours = CASES[case]
    log = kept(ask(FakeApi(answers), question))
    assert "foreign" not in log
    for record_id in ours:
        assert record_id in log


def test_what_was_left_out_is_counted() -> None:
    observation = ask(FakeApi({"/requests": page([*foreign(1, 2), request("req_ours", MARK)])}), BY_ID)
    assert observation.calls[0].answer["models_left_out"] == 2


# -- sending ---------------------------------------------------------------------------------------------------

PROBE = Probe(
    probe_id=MARK,
    source_id="src_1",
    method="PUT",
    url="https://hook-abc123.test/in?x=1",
    headers=(("x-fasthook-probe", MARK), ("content-type", "text/plain")),
    body=b"\x00raw\xff",
)


def test_the_probe_is_sent_byte_for_byte_and_once() -> None:
    api = FakeApi(clock=FakeClock(3.0))
    observation = Reader(api.transport(), api.clock).send(PROBE, deadline=10.0)
    (sent,) = api.sent
    assert (sent.method, str(sent.url), sent.content) == ("PUT", PROBE.url, PROBE.body)
    assert (sent.headers["x-fasthook-probe"], sent.headers["content-type"]) == (MARK, "text/plain")
    assert observation.question == Question(ask=Ask.INGRESS, probe_id=MARK)
    assert (observation.value.status, observation.value.request_id) == (202, "req_1")
    assert observation.server_date is not None
    (call,) = observation.calls
    assert call.call == "PUT https://hook-abc123.test/in?x=1"
    assert (call.answer["status"], json.loads(call.answer["body"])) == (202, {"request_id": "req_1"})


def test_neither_key_nor_team_goes_to_the_source() -> None:
    api = FakeApi()
    Reader(api.transport(), api.clock).send(PROBE, deadline=10.0)
    (sent,) = api.sent
    assert "authorization" not in sent.headers
    assert "x-team-id" not in sent.headers


def test_a_source_that_cannot_be_reached_is_an_observation_too() -> None:
    api = FakeApi()
    probe = replace(PROBE, url="http://down.test/")
    observation = Reader(api.transport(), api.clock).send(probe, deadline=10.0)
    assert isinstance(observation.error, UnreachableError)
    assert observation.value is None
    assert observation.calls[0].error == str(observation.error)
