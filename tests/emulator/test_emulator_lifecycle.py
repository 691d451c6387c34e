from __future__ import annotations

import socket
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from pytest_fasthook.emulator import Emulator, EmulatorError, EmulatorNeedsExtra, NotRunning, PortTaken
from pytest_fasthook.emulator.emulator import MISSING


def test_the_port_answers_once_start_has_returned(wire: httpx.Client) -> None:
    with Emulator() as emulator:
        assert wire.get(emulator.page_url + "__emulator__/health").json() == {"ok": True}


def test_start_is_quick() -> None:
    began = time.perf_counter()
    with Emulator(seed_demo=True):
        assert time.perf_counter() - began < 2


def test_starting_and_stopping_twice_does_no_harm() -> None:
    emulator = Emulator().start()
    assert emulator.start() is emulator
    emulator.stop()
    emulator.stop()


def test_a_stopped_emulator_can_be_started_again_with_the_same_key(wire: httpx.Client) -> None:
    emulator = Emulator()
    with emulator:
        before = (emulator.api_key, emulator.team_id)
    with emulator:
        assert (emulator.api_key, emulator.team_id) == before
        headers = {"authorization": f"Bearer {emulator.api_key}", "x-team-id": emulator.team_id}
        assert wire.get(f"{emulator.api_url}/sources", headers=headers).status_code == 200


def test_nothing_listens_after_stop() -> None:
    with Emulator() as emulator:
        port = httpx.URL(emulator.api_url).port
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_taken_port_is_an_error_in_the_callers_thread() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"cannot listen on 127.0.0.1:{port}") as caught:
            Emulator(port=port).start()
    assert isinstance(caught.value, OSError)


def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    db = tmp_path / "hook.db"
    with Emulator(db=db, api_key="fhp_a", team_id="tm_a"):
        pass
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with closing(sqlite3.connect(db)) as stored:
        stored.execute("DROP TABLE project_secrets")
        stored.execute("CREATE TABLE project_secrets (team_id TEXT)")
        stored.commit()
    with pytest.raises(EmulatorError, match=r"cannot use .*api_key"):
        Emulator(db=db, port=port).start()
    with socket.create_server(("127.0.0.1", port)), closing(sqlite3.connect(db)) as stored:
        assert stored.execute("PRAGMA locking_mode=EXCLUSIVE").fetchone() == ("exclusive",)
        stored.execute("DROP TABLE project_secrets")


def test_without_the_extra_only_making_an_emulator_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "starlette", None)
    with pytest.raises(EmulatorNeedsExtra) as caught:
        Emulator()
    assert str(caught.value) == MISSING


def test_what_needs_a_running_emulator_says_so() -> None:
    emulator = Emulator()
    for use in (
        lambda: emulator.api_url,
        lambda: emulator.api_key,
        lambda: emulator.demo,
        lambda: emulator.add_route(name="x"),
        emulator.reset,
        emulator.settle,
    ):
        with pytest.raises(NotRunning):
            use()


def test_key_and_team_have_fasthooks_forms(emulator: Emulator) -> None:
    assert len(emulator.api_key) == 4 + 64
    assert emulator.api_key.startswith("fhp_")
    assert emulator.team_id.startswith("tm_")
    assert len(emulator.team_id) == 3 + 18


def test_a_given_key_and_team_are_taken() -> None:
    with Emulator(api_key="fhp_mine", team_id="tm_mine") as emulator:
        assert (emulator.api_key, emulator.team_id) == ("fhp_mine", "tm_mine")


def test_a_seed_repeats_ids() -> None:
    with Emulator(seed=7, seed_demo=True) as first:
        ids = (first.api_key, first.demo.source_id, first.demo.secret)
    with Emulator(seed=7, seed_demo=True) as second:
        assert (second.api_key, second.demo.source_id, second.demo.secret) == ids
    with Emulator(seed=8, seed_demo=True) as third:
        assert third.demo.source_id != ids[1]


def test_a_secret_is_not_in_a_routes_repr(emulator: Emulator) -> None:
    assert emulator.demo.secret is not None
    assert emulator.demo.secret not in repr(emulator.demo)


def test_reset_forgets_everything_but_key_team_and_demo(emulator: Emulator) -> None:
    key, secret = emulator.api_key, emulator.demo.secret
    emulator.add_route(name="other")
    emulator.receiver.answer(500)
    emulator.faults.add("partial")
    emulator.clock.advance(1000)
    emulator.reset()
    assert emulator.api_key == key
    assert emulator.demo.connection_id == "conn_demo"
    assert emulator.demo.secret != secret
    assert emulator.faults.active() == ()
    assert emulator.receiver.deliveries == ()
    assert abs(emulator.clock.now_ms() / 1000 - time.time()) < 60
    emulator.add_route(name="other")
