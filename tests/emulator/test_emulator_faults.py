from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from pytest_fasthook.emulator import Emulator, FaultKind

from .conftest import Api

PAID = {"id": 1, "type": "invoice.paid"}


@pytest.mark.parametrize("kind", ["requests", "events", "attempts", "latest_input"])
def test_a_lagging_record_appears_only_after_its_lag(emulator: Emulator, api: Api, kind: str) -> None:
    emulator.faults.add("lag", kind, seconds=60)
    api.sent(emulator.demo, PAID)

    def seen() -> bool:
        if kind == "latest_input":
            return api.get("/connections/conn_demo/latest-input")["latest_input"] is not None
        return bool(api.get(f"/{kind}")["count"] == 1)

    assert not seen()
    emulator.clock.advance(61)
    assert seen()


def test_a_lagging_request_is_404_by_id(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("lag", "requests", seconds=60)
    request_id = api.sent(emulator.demo, PAID)
    assert api.call("GET", f"/requests/{request_id}").status_code == 404
    emulator.faults.clear()
    assert api.call("GET", f"/requests/{request_id}").status_code == 200


def test_an_ignored_branch_can_lag(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("lag", "ignored_events", seconds=60)
    request_id = api.sent(emulator.demo, {"type": "other"})
    assert api.get(f"/requests/{request_id}/ignored_events")["count"] == 0
    emulator.clock.advance(61)
    assert api.get(f"/requests/{request_id}/ignored_events")["count"] == 1


def test_metrics_can_lag_behind_the_events(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("metrics_lag", seconds=60)
    api.sent(emulator.demo, PAID)

    def count() -> int:
        answer = api.get("/metrics/events", measures="count")
        return sum(point["count"] for point in answer["series"])

    assert api.get("/events")["count"] == 1
    assert count() == 0
    emulator.clock.advance(61)
    assert count() == 1


def test_the_ingress_answer_can_lack_its_request_id(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("no_request_id", times=1)
    assert "request_id" not in api.send(emulator.demo, PAID).json()
    assert "request_id" in api.send(emulator.demo, PAID | {"id": 2}).json()
    assert api.get("/requests")["count"] == 2


def test_a_partial_page_says_so_and_hides_records(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.demo, PAID)
    emulator.faults.add("partial", "/requests", times=1)
    page = api.get("/requests")
    assert (page["partial"], page["count"], page["unavailable_shard_count"]) == (True, 0, 1)
    assert api.get("/requests")["count"] == 1


def test_429_carries_retry_after(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("status", "/events*", status=429, seconds=2, times=1)
    response = api.call("GET", "/events")
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")
    assert api.call("GET", "/events").status_code == 200


def test_a_fault_concerns_its_path_only(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("status", "/events*", status=502)
    assert api.call("GET", "/events/count").status_code == 502
    assert api.call("GET", "/requests").status_code == 200


def test_a_refused_event_is_not_stored_and_a_lost_answer_is(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("status", "/hook-*", times=1)
    assert api.send(emulator.demo, PAID).status_code == 503
    assert api.get("/requests")["count"] == 0
    emulator.faults.add("lost_answer", "/hook-*", times=1)
    with pytest.raises(httpx.NetworkError):
        api.send(emulator.demo, PAID)
    assert api.get("/requests")["count"] == 1


@pytest.mark.parametrize(
    ("kind", "error"), [("reset", httpx.ReadError), ("truncated", httpx.RemoteProtocolError)]
)
def test_a_broken_connection(emulator: Emulator, api: Api, kind: FaultKind, error: type[Exception]) -> None:
    emulator.faults.add(kind, "/requests", times=1)
    with pytest.raises(error):
        api.call("GET", "/requests")
    assert api.call("GET", "/requests").status_code == 200


def test_an_answer_that_is_no_json(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("not_json", "/requests", times=1)
    response = api.call("GET", "/requests")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html")


def test_a_slow_answer_outlasts_a_clients_patience(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("slow", "/requests", seconds=0.3, times=1)
    with pytest.raises(httpx.ReadTimeout):
        api.call("GET", "/requests", timeout=0.05)


def test_the_date_header_and_timestamps_follow_the_skewed_clock(emulator: Emulator, api: Api) -> None:
    emulator.clock.skew(3600)
    request_id = api.sent(emulator.demo, PAID)
    response = api.call("GET", f"/requests/{request_id}")
    date = parsedate_to_datetime(response.headers["date"]).timestamp()
    assert abs(date - emulator.clock.now_ms() / 1000) < 5
    assert emulator.clock.now_ms() - emulator.clock.elapsed_ms() > 3_500_000
    assert api.event(request_id)["status"] == "SUCCESSFUL"


def test_records_can_carry_the_demo_teams_id(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("other_team", "/connections/*", times=1)
    connection = api.get("/connections/conn_demo")
    assert connection["team_id"] != emulator.team_id
    assert connection["source"]["team_id"] == connection["team_id"]
    assert api.get("/connections/conn_demo")["team_id"] == emulator.team_id


def test_a_lost_branch_leaves_an_accepted_request_alone(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("lost_branch", "conn_demo", times=1)
    request_id = api.sent(emulator.demo, PAID)
    request = api.get(f"/requests/{request_id}")
    assert (request["status"], request["events_count"], request["ignored_count"]) == ("accepted", 0, 0)


def test_a_duplicated_branch_is_delivered_twice(emulator: Emulator, api: Api) -> None:
    emulator.faults.add("duplicated_branch", times=1)
    request_id = api.sent(emulator.demo, PAID)
    assert api.get(f"/requests/{request_id}/events")["count"] == 2
    assert len(emulator.receiver.deliveries) == 2


def control(
    emulator: Emulator, client: httpx.Client, method: str, path: str, body: Any = None
) -> httpx.Response:
    return client.request(method, f"{emulator.page_url}__emulator__{path}", json=body)


def test_faults_over_http(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    fault = {"kind": "status", "path": "/events", "times": None, "status": 500, "seconds": 0.0}
    assert control(emulator, wire, "POST", "/faults", fault).json() == fault
    assert control(emulator, wire, "GET", "/faults").json() == {"models": [fault]}
    assert api.call("GET", "/events").status_code == 500
    control(emulator, wire, "DELETE", "/faults")
    assert api.call("GET", "/events").status_code == 200


@pytest.mark.parametrize(
    "body", [{"kind": "bad luck"}, {"kind": "slow", "secs": 1}, {"kind": "slow", "seconds": "1"}, {}]
)
def test_a_fault_that_does_not_exist_is_refused(emulator: Emulator, wire: httpx.Client, body: Any) -> None:
    assert control(emulator, wire, "POST", "/faults", body).status_code == 400
    assert emulator.faults.active() == ()


def test_the_clock_over_http(emulator: Emulator, wire: httpx.Client) -> None:
    before = emulator.clock.now_ms()
    control(emulator, wire, "POST", "/clock", {"advance": 3600})
    assert emulator.clock.now_ms() - before >= 3_600_000
    assert control(emulator, wire, "POST", "/clock", {"advance": "soon"}).status_code == 400


def test_the_receiver_over_http(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    control(emulator, wire, "POST", "/receiver", {"answers": [{"status": 500}]})
    assert api.event(api.sent(emulator.add_route(name="r")))["response_status"] == 500
    [delivery] = control(emulator, wire, "GET", "/deliveries").json()["models"]
    assert delivery["name"] == "r"


def test_an_unknown_control_route_is_404(emulator: Emulator, wire: httpx.Client) -> None:
    assert control(emulator, wire, "GET", "/nothing").status_code == 404
