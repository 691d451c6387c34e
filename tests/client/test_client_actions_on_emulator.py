"""What the client changes, retries and rotates, against the emulator, which shares no code with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pytest_fasthook.client.bulk import EventBulkFilter
from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.emulator import Answer, Emulator, Route
from pytest_fasthook.errors import RefusedError
from pytest_fasthook.redact import Secret

LIMIT_S = 10.0


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[FastHookClient]:
    with FastHookClient(
        api_url=emulator.api_url, team_id=emulator.team_id, api_key=emulator.api_key, rate_limit=6000
    ) as opened:
        yield opened


@pytest.fixture
def route(emulator: Emulator) -> Route:
    return emulator.add_route(name="orders")


def send(emulator: Emulator, route: Route, *, deliveries: int) -> str:
    """Send one webhook, wait until the receiver has had so many deliveries, and return the request's id."""
    answer = httpx.post(route.source_url, json={"type": "invoice.paid"})
    emulator.receiver.wait(deliveries, timeout=LIMIT_S)
    emulator.settle()
    request_id: str = answer.json()["request_id"]
    return request_id


def window() -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - timedelta(minutes=5), now + timedelta(minutes=1)


def test_a_failed_event_is_delivered_again_as_a_new_one(
    emulator: Emulator, client: FastHookClient, route: Route
) -> None:
    emulator.receiver.script(Answer(status=500), Answer(status=200))
    request_id = send(emulator, route, deliveries=1)
    (failed,) = client.list_request_events(request_id).models

    retry = client.retry_event(failed.id)
    emulator.receiver.wait(2, timeout=LIMIT_S)
    emulator.settle()

    assert retry.event_id == failed.id
    assert retry.replay_event_id is not None
    again = client.get_event(retry.replay_event_id)
    assert (again.is_retry, again.retry_parent_event_id) == (True, failed.id)
    assert [delivery.event_id for delivery in emulator.receiver.deliveries] == [failed.id, again.id]


def test_a_request_is_replayed_exactly_and_modified(
    emulator: Emulator, client: FastHookClient, route: Route
) -> None:
    request_id = send(emulator, route, deliveries=1)

    client.replay_request(request_id)
    emulator.receiver.wait(2, timeout=LIMIT_S)
    client.replay_request(request_id, modifications={"body": {"type": "other"}})
    emulator.receiver.wait(3, timeout=LIMIT_S)

    bodies = [delivery.json() for delivery in emulator.receiver.deliveries]
    assert bodies == [{"type": "invoice.paid"}, {"type": "invoice.paid"}, {"type": "other"}]
    replays = [one for one in client.list_requests(since=window()[0]).models if one.is_retry]
    assert {one.retry_parent_request_id for one in replays} == {request_id}


def test_failed_events_are_retried_in_bulk_and_watched_to_the_end(
    emulator: Emulator, client: FastHookClient, route: Route
) -> None:
    emulator.receiver.script(Answer(status=500), Answer(status=500))
    send(emulator, route, deliveries=1)
    send(emulator, route, deliveries=2)
    since, until = window()
    chosen = EventBulkFilter(since=since, until=until, status="FAILED", connection_id=route.connection_id)

    assert client.count_event_bulk(chosen).total == 2
    started = client.start_event_bulk(chosen)
    last = list(client.watch_bulk(started.id, every_s=0.05, timeout_s=LIMIT_S))[-1]

    assert (last.status, last.total_count, last.failed_count) == ("COMPLETED", 2, 0)
    emulator.receiver.wait(4, timeout=LIMIT_S)


def test_a_filter_is_tried_on_a_sample(client: FastHookClient) -> None:
    conditions = {"body": {"type": "invoice.paid"}}

    assert client.filter_matches(conditions, {"body": {"type": "invoice.paid"}})
    assert not client.filter_matches(conditions, {"body": {"type": "invoice.void"}})


def revealed(secret: Secret | None) -> str:
    assert secret is not None
    return secret.reveal()


def test_one_secret_is_rotated_and_neither_is_shown(client: FastHookClient) -> None:
    before = client.get_project_secrets()
    after = client.rotate_project_secrets("signing_secret")

    assert revealed(after.signing_secret) != revealed(before.signing_secret)
    assert revealed(client.get_project_secrets().api_key) == revealed(before.api_key)
    for secret in (before.api_key, before.signing_secret, after.signing_secret):
        assert revealed(secret) not in repr((before, after))


def test_a_new_key_replaces_the_old_one_at_once(emulator: Emulator, client: FastHookClient) -> None:
    new = "fhp_" + "ab" * 32
    client.set_project_secrets(api_key=Secret(new))

    with pytest.raises(RefusedError):
        client.list_sources()
    with FastHookClient(api_url=emulator.api_url, team_id=emulator.team_id, api_key=new) as renewed:
        assert renewed.list_sources().models == ()
