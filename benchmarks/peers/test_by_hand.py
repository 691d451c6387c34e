"""The same checklist as somebody who knows pytest and httpx writes it in an afternoon: correlated by ids."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import httpx

API = httpx.Client(
    base_url=os.environ["API_URL"],
    headers={"authorization": f"Bearer {os.environ['API_KEY']}", "x-team-id": os.environ["TEAM_ID"]},
)
CONNECTION, SOURCE = os.environ["CONNECTION"], os.environ["SOURCE"]
LIMIT_S = float(os.environ["LIMIT"])
EVERY_S = 0.5


def wait_for(path: str, condition: Callable[[Any], Any], **params: str) -> Any:
    until = time.monotonic() + LIMIT_S
    while True:
        response = API.get(path, params=params)
        response.raise_for_status()
        found = condition(response.json())
        if found:
            return found
        assert time.monotonic() < until, f"gave up on {path}"
        time.sleep(EVERY_S)


def test_route() -> None:
    sent = httpx.post(os.environ["SOURCE_URL"], json={"type": "deploy.test"})
    sent.raise_for_status()
    request_id = sent.json()["request_id"]

    def ours(answer: Any) -> Any:
        return next((one for one in answer["models"] if one["id"] == request_id), None)

    def our_event(answer: Any) -> Any:
        return next((one for one in answer["models"] if one["request_id"] == request_id), None)

    request = wait_for("/requests", ours, **{"from": "now-15m"}, source_id=SOURCE, limit="20")
    assert request["status"] == "accepted"
    event = wait_for("/events", our_event, connection_id=CONNECTION, limit="20")
    attempt = wait_for("/attempts", lambda answer: (answer["models"] or [None])[0], event_id=event["id"])
    assert attempt["status"] == "SUCCESSFUL"
    assert attempt["response_status"] == 200
    latest = wait_for(f"/connections/{CONNECTION}/latest-input", lambda answer: answer["latest_input"])
    assert latest["request_id"] == request_id
    window = {"from": "now-15m", "granularity": "1m", "measures": "count,failed_count"}
    series = wait_for(
        "/metrics/events",
        lambda answer: sum(point["count"] for point in answer["series"]) and answer["series"],
        connection_id=CONNECTION,
        **window,
    )
    assert sum(point["failed_count"] for point in series) == 0
