"""What was answered with success survives ``kill -9``, and what was owed is delivered after the restart."""

from __future__ import annotations

import json
import resource
import sqlite3
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Answer, Delivery, Emulator, EmulatorError, Settings
from pytest_fasthook.emulator.receiver import Receiver

from .conftest import Api
from .test_emulator_command import command


def test_everything_is_there_again_after_a_restart(tmp_path: Path, wire: httpx.Client) -> None:
    db = tmp_path / "hook.db"
    with Emulator(db=db, seed_demo=True) as emulator:
        api = Api(emulator, wire)
        request_id = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
        before = (emulator.api_key, emulator.team_id, emulator.signing_secret, emulator.demo.secret)
        trace = api.get(f"/requests/{request_id}/trace")
    with Emulator(db=db, seed_demo=True) as emulator:
        assert (emulator.api_key, emulator.team_id, emulator.signing_secret, emulator.demo.secret) == before
        assert Api(emulator, wire).get(f"/requests/{request_id}/trace") == trace


def test_a_delivery_that_was_broken_off_is_made_again_under_the_same_ids(
    tmp_path: Path, wire: httpx.Client
) -> None:
    db = tmp_path / "hook.db"
    with Emulator() as elsewhere:
        elsewhere.receiver.script(Answer(delay=3600))
        url = f"{elsewhere.page_url}__emulator__/receiver/there"
        with Emulator(db=db) as first:
            Api(first, wire).send(first.add_route(name="r", destination_url=url))
            [broken_off] = elsewhere.receiver.wait(1)
        with Emulator(db=db) as second:
            again = elsewhere.receiver.wait(2)[1]
            second.settle()
            event = Api(second, wire).get(f"/events/{broken_off.event_id}")
    assert (again.event_id, again.request_id) == (broken_off.event_id, broken_off.request_id)
    assert again.body == broken_off.body
    assert (event["status"], event["attempts"]) == ("SUCCESSFUL", 1)


def test_a_planned_bulk_operation_goes_on(tmp_path: Path, wire: httpx.Client) -> None:
    db = tmp_path / "hook.db"
    with Emulator(db=db, settings=Settings(bulk_delay=3600)) as first:
        api = Api(first, wire)
        api.sent(first.add_route(name="r"))
        planned = api.ok("POST", "/events/bulk_operations", {}, status=201)
    with Emulator(db=db) as second:
        second.clock.advance(3601)
        second.settle()
        assert Api(second, wire).get(f"/events/bulk_operations/{planned['id']}")["status"] == "COMPLETED"


SENDERS = 8
KILLED_AFTER = (10, 60, 150)
"""Answers in each life of the process before it is killed."""


def test_kill_9_under_load_loses_nothing_that_was_answered(tmp_path: Path, wire: httpx.Client) -> None:
    db = str(tmp_path / "hook.db")
    accepted: dict[str, bytes] = {}
    with Emulator() as elsewhere:
        target = f"{elsewhere.page_url}__emulator__/receiver/there"
        elsewhere.receiver.answer(200, delay=0.5)  # so that something is owed whenever the process is killed
        for life, answers in enumerate(KILLED_AFTER):
            with command("--db", db) as (process, said):
                url = _route_elsewhere(wire, said, target)
                load = Load(url, life)
                with ThreadPoolExecutor(SENDERS) as pool:
                    ended = [pool.submit(load.send_until_it_fails, sender) for sender in range(SENDERS)]
                    assert load.has_answers(answers)
                    process.kill()
                    assert all(future.result(20) for future in ended), "the load ended before the process"
                accepted |= load.accepted
        assert len(accepted) >= sum(KILLED_AFTER)
        assert set(accepted) - {item.request_id for item in elsewhere.receiver.deliveries}, "nothing was owed"
        elsewhere.receiver.answer(200)
        with command("--db", db) as (_, said):
            delivered = _wait_for_all(elsewhere, accepted)
            events = {request_id: _events(wire, said, request_id) for request_id in accepted}
    for request_id, body in accepted.items():
        seen = [item for item in delivered if item.request_id == request_id]
        assert {item.body for item in seen} == {body}
        assert {item.event_id for item in seen} == set(events[request_id])
        assert len(events[request_id]) == 1


class Load:
    """Senders that go on until nobody answers any more, and what was answered with success.

    Args:
        url: of the source.
        life: which life of the process it is.
    """

    def __init__(self, url: str, life: int) -> None:
        self.accepted: dict[str, bytes] = {}
        self._url = url
        self._life = life
        self._changed = threading.Condition()

    def has_answers(self, number: int) -> bool:
        """Wait for that many answers."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.accepted) >= number, timeout=30)

    def send_until_it_fails(self, sender: int) -> bool:
        """Send one event after the other; whether it was the connection that ended it."""
        with httpx.Client(verify=False) as client:  # noqa: S501 - loopback over plain HTTP
            for number in range(5000):
                body = json.dumps({"life": self._life, "sender": sender, "number": number}).encode()
                try:
                    answer = client.post(self._url, content=body)
                except httpx.TransportError:
                    return True
                with self._changed:
                    self.accepted[answer.json()["request_id"]] = body
                    self._changed.notify()
        return False


def _events(wire: httpx.Client, said: dict[str, str], request_id: str) -> list[str]:
    """Return the ids of the events of a request, which must be there."""
    headers = {"authorization": f"Bearer {said['key']}", "x-team-id": said["team"]}
    answer = wire.get(f"{said['API']}/requests/{request_id}/events", headers=headers)
    assert answer.status_code == 200
    return [event["id"] for event in answer.json()["models"]]


def _wait_for_all(elsewhere: Emulator, accepted: Iterable[str]) -> tuple[Delivery, ...]:
    found: tuple[Delivery, ...] = elsewhere.receiver.deliveries
    while set(accepted) - {item.request_id for item in found}:
        found = elsewhere.receiver.wait(len(found) + 1, timeout=20)
    return found


def _route_elsewhere(wire: httpx.Client, said: dict[str, str], target: str) -> str:
    headers = {"authorization": f"Bearer {said['key']}", "x-team-id": said["team"]}

    def put(kind: str, body: dict[str, Any]) -> Any:
        return wire.put(f"{said['API']}/{kind}", json=body, headers=headers).json()

    source = put("sources", {"name": "s"})
    destination = put("destinations", {"name": "d", "config": {"url": target}})
    put("connections", {"name": "c", "source_id": source["id"], "destination_id": destination["id"]})
    return str(source["url"])


def test_two_emulators_cannot_share_a_file(tmp_path: Path) -> None:
    db = tmp_path / "hook.db"
    with Emulator(db=db), pytest.raises(EmulatorError, match="cannot use"):
        Emulator(db=db).start()
    with Emulator(db=db):
        pass


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    db = tmp_path / "hook.db"
    connection = sqlite3.connect(db)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(EmulatorError, match="schema 99"):
        Emulator(db=db).start()


def rows(emulator: Emulator) -> dict[str, int]:
    tables = ("requests", "events", "attempts", "payloads")
    return {name: emulator.world.database.number(f"SELECT count(*) FROM {name}") for name in tables}  # noqa: S608 - names


def test_what_is_too_old_is_forgotten_with_all_that_came_of_it(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    emulator.clock.advance(29 * 86_400)
    request_id = api.sent(emulator.demo, {"id": 2, "type": "invoice.paid"})
    emulator.clock.advance(2 * 86_400)
    emulator.settle()
    assert rows(emulator) == {"requests": 1, "events": 1, "attempts": 1, "payloads": 1}
    assert api.get("/requests", **{"from": "now-7d"})["models"][0]["id"] == request_id


def test_what_takes_too_many_bytes_is_forgotten(wire: httpx.Client) -> None:
    with Emulator(settings=Settings(max_bytes=2_000_000)) as emulator:
        api = Api(emulator, wire)
        route = emulator.add_route(name="r")
        sent = [api.sent(route, {"n": n, "filler": "x" * 50_000}) for n in range(60)]
        assert emulator.world.database.size() > 2_000_000
        emulator.clock.advance(61)
        emulator.settle()
        assert emulator.world.database.size() <= 2_000_000
        kept = {item["id"] for item in api.get("/requests")["models"]}
        assert kept == set(sent[-len(kept) :])
        assert 20 <= len(kept) < 60


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [((10, 10, 10), "012"), ((10, 10, 81), "12"), ((10, 101), "1"), ((101, 10), "1"), ((1, 1, 1, 1), "123")],
)
def test_the_receiver_remembers_no_more_than_it_may(sizes: tuple[int, ...], kept: str) -> None:
    receiver = Receiver(keep=3, keep_bytes=100)
    for number, size in enumerate(sizes):
        body = b"x" * size
        receiver.receive(
            Delivery(name=str(number), method="POST", path="/", query="", raw_headers=(), body=body)
        )
    assert "".join(item.name for item in receiver.deliveries) == kept


def test_what_is_too_much_is_forgotten(wire: httpx.Client) -> None:
    with Emulator(settings=Settings(max_requests=3)) as emulator:
        api = Api(emulator, wire)
        route = emulator.add_route(name="r")
        sent = [api.sent(route, {"n": n}) for n in range(5)]
        emulator.clock.advance(61)
        emulator.settle()
        assert {item["id"] for item in api.get("/requests")["models"]} == set(sent[2:])
        assert rows(emulator)["payloads"] == 3


class Disk:
    """Limits how large the files of a running emulator may become, as a full disk does."""

    def __init__(self, process: int) -> None:
        self._process = process

    def fill(self, *, at: int) -> None:
        resource.prlimit(self._process, resource.RLIMIT_FSIZE, (at, resource.RLIM_INFINITY))

    def clear(self) -> None:
        resource.prlimit(self._process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)


@pytest.mark.parametrize("is_full", [True, False])
def test_a_full_disk_is_507_and_sends_nothing_again_and_again(
    tmp_path: Path, wire: httpx.Client, *, is_full: bool
) -> None:
    with Emulator() as elsewhere, command("--db", str(tmp_path / "e.db")) as (process, said):
        headers = {"authorization": f"Bearer {said['key']}", "x-team-id": said["team"]}
        api, disk = said["API"], Disk(process.pid)

        def call(method: str, path: str, body: Any = None) -> httpx.Response:
            return wire.request(method, api + path, json=body, headers=headers)

        source = call("POST", "/sources", {"name": "s"}).json()
        url = f"{elsewhere.world.origin}/__emulator__/receiver/x"
        destination = call("POST", "/destinations", {"name": "d", "config": {"url": url}}).json()
        delay = [{"type": "delay", "delay": 1000}]
        ends = {"source_id": source["id"], "destination_id": destination["id"]}
        assert call("POST", "/connections", {"name": "c", "rules": delay, **ends}).status_code == 200
        assert wire.post(source["url"], json={"n": 1}).status_code == 200
        if is_full:
            disk.fill(at=1024)
        statuses = {wire.post(source["url"], content=b"x" * 300_000).status_code for _ in range(3)}
        assert statuses == ({507} if is_full else {200})
        assert call("POST", "/sources", {"name": "more"}).status_code == (507 if is_full else 200)
        time.sleep(2.5)
        assert wire.get(f"{said['page']}__emulator__/health").status_code == 200
        assert len(elsewhere.receiver.deliveries) <= (2 if is_full else 4)
        disk.clear()
        elsewhere.receiver.wait(1, timeout=20)
        deadline = time.monotonic() + 20
        while call("GET", "/attempts").json()["count"] < (1 if is_full else 4):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert wire.post(source["url"], json={"n": 2}).status_code == 200
        began = time.monotonic()
        process.terminate()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("where", [0, 100, 5000])
def test_a_corrupt_file_is_said_in_one_line(tmp_path: Path, where: int) -> None:
    db = tmp_path / "e.db"
    with Emulator(db=db) as emulator:
        emulator.add_route(name="r")
    data = bytearray(db.read_bytes())
    data[where : where + 4000] = b"\xff" * 4000
    db.write_bytes(bytes(data))
    with pytest.raises(EmulatorError, match=r"cannot use .*e\.db"):
        Emulator(db=db).start()
