"""The embedded emulator for a run that needs no account."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

import pytest

from pytest_fasthook.emulator import EmulatorError
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.plugin import demo
from pytest_fasthook.plugin.demo import demo_route


def test_the_demo_route_is_there_while_it_is_needed() -> None:
    with demo_route() as told:
        assert set(told) == {"api_url", "team_id", "api_key", "secret"}
        assert all(told.values())
        asked = Request(  # noqa: S310 - our own loopback address
            f"{told['api_url']}/connections/conn_demo",
            headers={"authorization": f"Bearer {told['api_key']}", "x-team-id": told["team_id"]},
        )
        with urlopen(asked, timeout=10) as answer:  # noqa: S310 - as above
            connection = json.load(answer)
    assert connection["id"] == "conn_demo"
    assert connection["team_id"] == told["team_id"]
    with pytest.raises(OSError, match="refused"):
        urlopen(asked, timeout=10)  # noqa: S310 - as above


def test_an_emulator_that_cannot_run_is_a_setting_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def __init__(self, *, seed_demo: bool) -> None:
            assert seed_demo

        def start(self) -> None:
            raise EmulatorError("needs the extra 'emulator'")

    monkeypatch.setattr(demo, "Emulator", Broken)
    with pytest.raises(SettingsError, match="needs the extra 'emulator'"), demo_route():
        pass
