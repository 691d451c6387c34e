"""What was answered with success survives ``kill -9``, and what was owed is delivered after the restart."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Answer, Emulator, EmulatorError, Settings

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


def test_kill_9_under_load_loses_nothing_that_was_answered(tmp_path: Path, wire: httpx.Client) -> None:
    db = str(tmp_path / "hook.db")
    with Emulator() as elsewhere:
        with command("--db", db) as (process, said):
            url = _route_elsewhere(wire, said, f"{elsewhere.page_url}__emulator__/receiver/there")
            with ThreadPoolExecutor(4) as pool:
                answered = [pool.submit(_send_until_it_fails, url, name) for name in range(4)]
                elsewhere.receiver.wait(20, timeout=20)
                process.kill()
                accepted = {request_id for future in answered for request_id in future.result(20)}
        with command("--db", db) as (_, said):
            headers = {"authorization": f"Bearer {said['key']}", "x-team-id": said["team"]}
            for request_id in accepted:
                assert wire.get(f"{said['API']}/requests/{request_id}", headers=headers).status_code == 200
            elsewhere.receiver.wait(len(accepted), timeout=20)
            delivered = {item.request_id for item in _wait_for_all(elsewhere, accepted)}
    assert accepted
    assert accepted <= delivered


def _wait_for_all(elsewhere: Emulator, accepted: set[str]) -> tuple[Any, ...]:
    found: set[str | None] = set()
    count = len(accepted)
    while not accepted <= found:
        deliveries = elsewhere.receiver.wait(count, timeout=20)
        found = {item.request_id for item in deliveries}
        count = len(deliveries) + 1
    return elsewhere.receiver.deliveries


def _route_elsewhere(wire: httpx.Client, said: dict[str, str], target: str) -> str:
    headers = {"authorization": f"Bearer {said['key']}", "x-team-id": said["team"]}

    def put(kind: str, body: dict[str, Any]) -> Any:
        return wire.put(f"{said['API']}/{kind}", json=body, headers=headers).json()

    source = put("sources", {"name": "s"})
    destination = put("destinations", {"name": "d", "config": {"url": target}})
    put("connections", {"name": "c", "source_id": source["id"], "destination_id": destination["id"]})
    return str(source["url"])


def _send_until_it_fails(url: str, name: int) -> list[str]:
    accepted: list[str] = []
    with httpx.Client(verify=False) as client:  # noqa: S501 - loopback over plain HTTP
        for number in range(5000):
            try:
                answer = client.post(url, json={"sender": name, "number": number})
            except httpx.TransportError:
                return accepted
            accepted.append(answer.json()["request_id"])
    return accepted


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


def test_what_is_too_much_is_forgotten(wire: httpx.Client) -> None:
    with Emulator(settings=Settings(max_requests=3)) as emulator:
        api = Api(emulator, wire)
        route = emulator.add_route(name="r")
        sent = [api.sent(route, {"n": n}) for n in range(5)]
        emulator.clock.advance(61)
        emulator.settle()
        assert {item["id"] for item in api.get("/requests")["models"]} == set(sent[2:])
        assert rows(emulator)["payloads"] == 3
