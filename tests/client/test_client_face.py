"""``FastHookClient`` as test authors use it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from client_world import KEY, START, TEAM, FakeClock, Script, answering, transport_over

from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.redact import Secret


def client_over(handler: Callable[[httpx.Request], httpx.Response]) -> FastHookClient:
    return FastHookClient(
        api_url="https://api.test/v1",
        team_id=TEAM,
        api_key=KEY,
        clock=FakeClock(),
        http=httpx.MockTransport(handler),
    )


def pages(*cursors: str | None) -> Script:
    """A list of one record per page, whose pages point to these cursors."""
    return Script(
        *(
            httpx.Response(200, json={"models": [{"id": f"x_{number}"}], "next_cursor": cursor})
            for number, cursor in enumerate(cursors)
        )
    )


WALKS: list[Callable[[FastHookClient], Any]] = [
    lambda client: client.iter_events("web_1", since=START),
    lambda client: client.iter_requests(source_id="src_1"),
    lambda client: client.iter_attempts("evt_1"),
]


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_reads_all_pages(walk: Callable[[FastHookClient], Any]) -> None:
    script = pages("a", "b", None)

    assert [record.id for record in walk(client_over(script))] == ["x_0", "x_1", "x_2"]
    assert [request.url.params.get("cursor") for request in script.asked] == [None, "a", "b"]


@pytest.mark.parametrize("walk", WALKS)
def test_a_cursor_that_comes_back_ends_the_walk(walk: Callable[[FastHookClient], Any]) -> None:
    script = pages("a", "b", "a", "never")

    assert len(list(walk(client_over(script)))) == 3


def test_a_walk_asks_only_for_what_is_used() -> None:
    script = pages("a", "b", None)
    next(iter(client_over(script).iter_events("web_1")))

    assert len(script.asked) == 1


RECORDS: list[Callable[[FastHookClient], Any]] = [
    lambda client: client.get_connection("x"),
    lambda client: client.get_source("x"),
    lambda client: client.get_destination("x"),
    lambda client: client.get_request("x"),
    lambda client: client.get_event("x"),
    lambda client: client.get_attempt("x"),
]


@pytest.mark.parametrize("read", RECORDS)
def test_a_record_is_a_plain_model(read: Callable[[FastHookClient], Any]) -> None:
    assert read(client_over(answering({"id": "x"}))).id == "x"


LISTS: list[Callable[[FastHookClient], Any]] = [
    lambda client: client.list_connections(source_id=None),
    lambda client: client.list_sources(),
    lambda client: client.list_destinations(),
    lambda client: client.list_requests(),
    lambda client: client.list_request_events("req_1"),
    lambda client: client.list_ignored_events("req_1"),
    lambda client: client.list_events("web_1"),
    lambda client: client.list_attempts("evt_1"),
]


@pytest.mark.parametrize("read", LISTS)
def test_a_list_is_a_page(read: Callable[[FastHookClient], Any]) -> None:
    assert [model.id for model in read(client_over(answering({"models": [{"id": "x"}]}))).models] == ["x"]


def test_the_other_reads_are_plain_too() -> None:
    assert client_over(answering({"total": 3})).count_events("web_1").total == 3
    assert client_over(answering({"total": 3})).count_requests().total == 3
    assert client_over(answering({"latest_input": None})).get_latest_input("web_1").latest_input is None
    assert client_over(answering({"request": {"id": "r"}})).get_trace("r").request.id == "r"


def test_metrics_are_plain_too() -> None:
    client = client_over(answering({"series": [{"count": 3}]}))
    until = START + timedelta(hours=1)

    events = client.get_event_metrics(connection_id="w", since=START, until=until, measures=["count"])
    requests = client.get_request_metrics(source_id="s", since=START, until=until, measures=["count"])
    assert (events.total("count"), requests.total("count")) == (3, 3)


@pytest.mark.parametrize("key", [KEY, Secret(KEY)])
def test_no_repr_shows_the_key(key: str | Secret) -> None:
    with FastHookClient(api_url="https://api.test", team_id=TEAM, api_key=key) as client:
        shown = repr(client) + repr(vars(client)) + repr(vars(client.transport))

    assert KEY not in shown
    assert TEAM in repr(client)


def test_a_client_can_share_a_transport() -> None:
    transport = transport_over(answering({"id": "x"}))

    assert FastHookClient.over(transport).transport is transport
    assert FastHookClient.over(transport).get_event("x").id == "x"


def test_a_missing_team_is_refused() -> None:
    with pytest.raises(SettingsError, match="team"):
        FastHookClient(api_url="https://api.test", team_id="", api_key=KEY)


def test_the_rate_limit_is_kept() -> None:
    clock = FakeClock()
    client = FastHookClient(
        api_url="https://api.test",
        team_id=TEAM,
        api_key=KEY,
        rate_limit=10,
        clock=clock,
        http=httpx.MockTransport(answering({"id": "x"})),
    )
    for _ in range(12):
        client.get_event("x")

    assert clock.time - 1000 > 60
