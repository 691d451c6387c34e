"""The client against the emulator, which shares no code with it: a field misread by one shows here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.client.models import Connection
from pytest_fasthook.emulator import Emulator
from pytest_fasthook.errors import RefusedError

JSON = [("content-type", "application/json")]
RULES = [{"type": "filter", "body": {"type": "invoice.paid"}}]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    pytest.importorskip("uvicorn")
    with Emulator() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[FastHookClient]:
    made = FastHookClient(
        api_url=emulator.api_url, team_id=emulator.team_id, api_key=emulator.api_key, rate_limit=6000
    )
    with made as opened:
        yield opened


@pytest.fixture
def connection(client: FastHookClient, emulator: Emulator) -> Connection:
    return client.get_connection(emulator.add_route(name="orders", rules=RULES).connection_id)


def url_of(connection: Connection) -> str:
    assert connection.source is not None
    assert connection.source.url is not None
    return connection.source.url


def window() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - timedelta(minutes=5), now + timedelta(minutes=1)


def test_a_webhook_is_followed_through_all_records(
    client: FastHookClient, emulator: Emulator, connection: Connection
) -> None:
    reply = client.transport.send("POST", url_of(connection), JSON, b'{"type": "invoice.paid"}')
    emulator.settle()
    assert reply.request_id is not None
    request = client.get_request(reply.request_id)
    events = client.list_request_events(request.id).models
    attempts = list(client.iter_attempts(events[0].id))

    assert (request.status, request.team_id) == ("accepted", emulator.team_id)
    assert [(event.connection, event.status) for event in events] == [(connection.id, "SUCCESSFUL")]
    assert [(attempt.status, attempt.response_status) for attempt in attempts] == [("SUCCESSFUL", 200)]
    assert client.get_trace(request.id).attempts == tuple(attempts)
    assert client.get_event(events[0].id).request_id == request.id
    assert client.get_attempt(attempts[0].id).event_id == events[0].id


def test_lists_counts_and_metrics_agree(
    client: FastHookClient, emulator: Emulator, connection: Connection
) -> None:
    for _ in range(3):
        client.transport.send("POST", url_of(connection), JSON, b'{"type": "invoice.paid"}')
    emulator.settle()
    since, until = window()

    events = list(client.iter_events(connection.id, since=since))
    requests = list(client.iter_requests(source_id=connection.source_id, since=since))
    metrics = client.get_event_metrics(
        connection_id=connection.id, since=since, until=until, measures=["count", "failed_count"]
    )
    assert (len(events), len(requests)) == (3, 3)
    assert client.count_events(connection.id, since=since).total == 3
    assert client.count_requests(source_id=connection.source_id, since=since).total == 3
    assert (metrics.total("count"), metrics.total("failed_count")) == (3, 0)


def test_pages_are_walked_by_cursor(client: FastHookClient, connection: Connection) -> None:
    for _ in range(3):
        client.transport.send("POST", url_of(connection), JSON, b'{"type": "invoice.paid"}')
    since, _ = window()

    first = client.list_requests(source_id=connection.source_id, since=since, limit=2)
    rest = client.list_requests(
        source_id=connection.source_id, since=since, limit=2, cursor=first.next_cursor
    )
    assert (len(first.models), len(rest.models), rest.next_cursor) == (2, 1, None)
    assert not {request.id for request in first.models} & {request.id for request in rest.models}


def test_a_filtered_branch_is_listed_as_ignored(
    client: FastHookClient, emulator: Emulator, connection: Connection
) -> None:
    reply = client.transport.send("POST", url_of(connection), JSON, b'{"type": "other"}')
    emulator.settle()
    assert reply.request_id is not None
    ignored = client.list_ignored_events(reply.request_id).models

    assert [(branch.connection, branch.cause) for branch in ignored] == [(connection.id, "FILTERED")]
    assert client.list_request_events(reply.request_id).models == ()


def test_the_latest_input_is_what_was_sent(client: FastHookClient, connection: Connection) -> None:
    assert client.get_latest_input(connection.id).latest_input is None
    reply = client.transport.send("POST", url_of(connection), JSON, b'{"type": "invoice.paid"}')
    latest = client.get_latest_input(connection.id).latest_input

    assert latest is not None
    assert latest.request_id == reply.request_id
    assert latest.input["body"] == {"type": "invoice.paid"}


def test_routes_are_made_changed_and_removed(client: FastHookClient) -> None:
    source = client.upsert_source({"name": "mine", "type": "WEBHOOK", "config": {}})
    target = {"name": "target", "type": "HTTP", "config": {"url": "http://127.0.0.1:9/"}}
    destination = client.create_destination(target)
    route = {"name": "r", "source_id": source.id, "destination_id": destination.id, "rules": RULES}
    made = client.upsert_connection(route)

    assert client.upsert_source({"name": "mine", "type": "WEBHOOK", "config": {}}).id == source.id
    assert [found.id for found in client.list_connections(source_id=source.id).models] == [made.id]
    assert client.patch_connection(made.id, {"description": "x"}).rules == tuple(RULES)
    assert client.replace_connection(made.id, {**route, "rules": []}).rules == ()
    client.delete_connection(made.id)
    with pytest.raises(RefusedError) as caught:
        client.get_connection(made.id)
    assert caught.value.status == 404
    client.delete_source(source.id)
    client.delete_destination(destination.id)
    client.delete_destination(destination.id)


def test_states_are_switched_and_read_back(client: FastHookClient, connection: Connection) -> None:
    assert client.pause_connection(connection.id).paused_at is not None
    assert client.unpause_connection(connection.id).paused_at is None
    assert client.disable_connection(connection.id).disabled_at is not None
    assert client.enable_connection(connection.id).disabled_at is None
    assert connection.source_id is not None
    assert client.disable_source(connection.source_id).status == "disabled"
    assert client.enable_source(connection.source_id).status == "enabled"
    assert connection.destination_id is not None
    assert client.disable_destination(connection.destination_id).disabled_at is not None
    assert client.enable_destination(connection.destination_id).disabled_at is None


def test_a_wrong_key_is_refused_and_not_shown(emulator: Emulator) -> None:
    key = "fhp_this_is_not_the_key"
    with (
        FastHookClient(api_url=emulator.api_url, team_id=emulator.team_id, api_key=key) as client,
        pytest.raises(RefusedError) as caught,
    ):
        client.get_event("evt_1")

    assert caught.value.status == 401
    assert key not in str(caught.value)
