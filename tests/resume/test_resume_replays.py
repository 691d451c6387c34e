"""An event that failed after an inconclusive run stays failed, whoever played it or its request again since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from test_resume import LIMIT_S, gate, report

from pytest_fasthook.emulator import Answer, Emulator, Route

WITHIN = "--fasthook-max-failure-rate=0.9"


def play_again(emulator: Emulator, route: Route, how: str, ids: dict[str, str]) -> None:
    """Have the request, or the event, of a report played again, as a person would at the dashboard."""
    narrow: dict[str, Any] = {"source_id": route.source_id, "from": "now-15m"}
    path, body = {
        "request": (f"/requests/{ids['request_id']}/retry", {}),
        "event": (f"/events/{ids['event_id']}/retry", None),
        "requests in bulk": ("/requests/bulk_operations", narrow),
        "events in bulk": ("/events/bulk_operations", {**narrow, "status": "FAILED"}),
    }[how]
    headers = {"authorization": f"Bearer {emulator.api_key}", "x-team-id": emulator.team_id}
    answer = httpx.post(f"{emulator.api_url}{path}", json=body, headers=headers)
    assert answer.is_success, answer.text


HOWS = ["request", "event", "requests in bulk", "events in bulk"]


def interrupted(emulator: Emulator, route: Route, folder: Path) -> dict[str, str]:
    """A run whose time was over before its event ended; its ids."""
    code, output = gate(
        emulator,
        folder,
        f"--fasthook-connection={route.connection_id}",
        "--fasthook-timeout=1s",
        "--fasthook-json=a.json",
    )
    assert code == 75, output
    ids: dict[str, str] = report(folder / "a.json")["connections"][0]["ids"]
    return ids


@pytest.mark.parametrize("how", HOWS)
def test_a_delivered_replay_does_not_save_an_event_that_failed(how: str, tmp_path: Path) -> None:
    with Emulator() as emulator:
        route = emulator.add_route(name="invoices")
        emulator.receiver.script(Answer(status=500, delay=2.0), 200)
        ids = interrupted(emulator, route, tmp_path)
        emulator.settle()
        play_again(emulator, route, how, ids)
        emulator.receiver.wait(2, timeout=LIMIT_S)
        emulator.settle()

        code, output = gate(emulator, tmp_path, "--fasthook-resume=a.json", "--fasthook-json=b.json", WITHIN)

    connection = report(tmp_path / "b.json")["connections"][0]
    assert (code, connection["cause"]["code"]) == (1, "DELIVERY_FAILED"), output
    assert "a replay of it was delivered" in connection["cause"]["message"]
    assert connection["ids"]["request_id"] == ids["request_id"]


@pytest.mark.parametrize("how", ["request", "event", "requests in bulk"])
def test_a_failed_replay_does_not_sink_an_event_that_was_delivered(how: str, tmp_path: Path) -> None:
    """The twin: it is an event of its own, which counts in the metrics alone."""
    with Emulator() as emulator:
        route = emulator.add_route(name="invoices")
        emulator.receiver.script(Answer(status=200, delay=2.0), 500)
        ids = interrupted(emulator, route, tmp_path)
        emulator.settle()
        play_again(emulator, route, how, ids)
        emulator.receiver.wait(2, timeout=LIMIT_S)
        emulator.settle()

        code, output = gate(emulator, tmp_path, "--fasthook-resume=a.json", "--fasthook-json=b.json", WITHIN)

    assert (code, report(tmp_path / "b.json")["verdict"]) == (0, "pass"), output
