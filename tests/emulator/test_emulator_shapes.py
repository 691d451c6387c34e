"""Every required field of the contract's models is there, and no other."""

from __future__ import annotations

import re

from pytest_fasthook.emulator import Emulator

from .conftest import Api

SOURCE = "id name description type input_type status url config team_id disabled_at created_at updated_at"
DESTINATION = (
    "id team_id name description type config disabled_at attempts_24h_count attempts_24h_bins "
    "created_at updated_at"
)
CONNECTION = (
    "id team_id source_id source_proxy source_proxy_url destination_id description disabled_at updated_at created_at "
    "paused_at name rules destination source"
)
REQUEST = (
    "id team_id status verified rejection_cause original_event_data_id ingested_at source_id events_count "
    "ignored_count cli_events_count is_retry retry_kind retry_parent_request_id retry_operation_id retried_at "
    "updated_at created_at"
)
EVENT = (
    "id team_id webhook_id connection_id request_id destination_id event_data_id source_id status rejection_cause "
    "failure_message ignored_reason ingested_at attempts response_status last_attempt_at next_attempt_at "
    "successful_at is_retry retry_kind retry_parent_event_id retry_operation_id retried_at cli_id error_code "
    "created_at updated_at"
)
REQUEST_EVENT = (
    "id team_id webhook_id source_id destination_id attempts response_status last_attempt_at next_attempt_at "
    "successful_at updated_at created_at status event_data_id cli_id request_id error_code"
)
IGNORED = "id team_id webhook_id cause request_id meta created_at updated_at"
ATTEMPT = (
    "id team_id event_id request_id connection_id source_id destination_id response_status attempt_number trigger "
    "error_code body requested_url http_method bulk_retry_id status successful_at delivered_at responded_at "
    "delivery_latency response_latency updated_at created_at"
)
LATEST = "source_id request_id original_event_data_id created_at payload_r2_key payload_r2_bucket_name input"
TRACE = (
    "request proxy_exchange events ignored_events attempts attempts_by_event_id transformations "
    "transformations_by_event_id timeline counts"
)
TRAFFIC_PAGE = "total total_exact limit applied_range next_cursor next prev pagination count models"
REQUEST_PAGE = TRAFFIC_PAGE + " partial unavailable_shard_count"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def has(value: dict[str, object], names: str) -> bool:
    return sorted(value) == sorted(names.split())


def test_resources(api: Api, emulator: Emulator) -> None:
    connection = api.get("/connections/conn_demo")
    assert has(connection, CONNECTION)
    assert has(connection["source"], SOURCE)
    assert has(connection["destination"], DESTINATION)
    assert has(api.get(f"/sources/{emulator.demo.source_id}"), SOURCE)
    assert has(api.get(f"/destinations/{emulator.demo.destination_id}"), DESTINATION)
    assert connection["source"]["url"] == emulator.demo.source_url
    assert connection["team_id"] == emulator.team_id


def test_resource_lists_have_no_cursor(api: Api, emulator: Emulator) -> None:
    for kind in ("sources", "destinations", "connections"):
        page = api.get(f"/{kind}")
        assert has(page, "pagination count models")
        assert page["pagination"] == {"order_by": "created_at", "dir": "desc", "limit": 100}
        assert page["count"] == len(page["models"]) == 1


def test_traffic(api: Api, emulator: Emulator) -> None:
    ignored = emulator.add_route(name="no", source=emulator.demo, rules=[{"type": "filter", "path": "/no"}])
    request_id = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    request = api.get(f"/requests/{request_id}")
    assert has(request, f"{REQUEST} data proxy_exchange")
    assert TIMESTAMP.fullmatch(request["created_at"])
    [branch] = api.get(f"/requests/{request_id}/events")["models"]
    assert has(branch, REQUEST_EVENT)
    assert has(api.get(f"/events/{branch['id']}"), f"{EVENT} data")
    [skipped] = api.get(f"/requests/{request_id}/ignored_events")["models"]
    assert has(skipped, IGNORED)
    assert skipped["webhook_id"] == ignored.connection_id
    [attempt] = api.get("/attempts")["models"]
    assert has(attempt, ATTEMPT)
    assert has(api.get(f"/attempts/{attempt['id']}"), ATTEMPT)


def test_traffic_lists(api: Api, emulator: Emulator) -> None:
    request_id = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    requests, events = api.get("/requests"), api.get("/events")
    assert has(requests, REQUEST_PAGE)
    assert has(requests["models"][0], REQUEST)
    assert has(events, TRAFFIC_PAGE)
    assert has(events["models"][0], EVENT)
    assert has(
        api.get("/requests/count"), "total count total_exact partial unavailable_shard_count applied_range"
    )
    assert has(api.get("/events/count"), "total count total_exact applied_range")
    assert has(api.get("/attempts"), "pagination count models")
    assert has(api.get("/attempts")["pagination"], "order_by dir limit next prev")
    for kind in ("events", "ignored_events"):
        assert has(api.get(f"/requests/{request_id}/{kind}"), "pagination next prev count models")


def test_latest_input(api: Api, emulator: Emulator) -> None:
    assert api.get("/connections/conn_demo/latest-input") == {
        "connection_id": "conn_demo",
        "latest_input": None,
    }
    request_id = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    latest = api.get("/connections/conn_demo/latest-input")["latest_input"]
    assert has(latest, LATEST)
    assert latest["request_id"] == request_id
    assert latest["input"]["body"] == {"id": 1, "type": "invoice.paid"}


def test_trace(api: Api, emulator: Emulator) -> None:
    emulator.add_route(name="no", source=emulator.demo, rules=[{"type": "filter", "path": "/no"}])
    request_id = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    trace = api.get(f"/requests/{request_id}/trace")
    assert has(trace, TRACE)
    [event] = trace["events"]
    assert [item["event_id"] for item in trace["attempts_by_event_id"][event["id"]]] == [event["id"]]
    assert trace["counts"] == {
        "events": 1,
        "ignored_events": 1,
        "attempts": 1,
        "transformations": 0,
        "proxy_exchanges": 0,
    }
    assert [item["kind"] for item in trace["timeline"]] == ["request", "event", "ignored_event", "attempt"]
    assert {"id", "kind", "label", "at", "request_id"} <= set(trace["timeline"][0])


def test_ids_have_the_contracts_forms(api: Api, emulator: Emulator) -> None:
    route = emulator.add_route(name="r")
    event = api.event(api.sent(route))
    [attempt] = api.get("/attempts")["models"]
    for given, pattern in (
        (route.source_id, r"src_[A-Za-z0-9]+"),
        (route.destination_id, r"des_[A-Za-z0-9_-]+"),
        (route.connection_id, r"web_[A-Za-z0-9_-]+"),
        (event["request_id"], r"req_[A-Za-z0-9_-]+"),
        (event["id"], r"evt_[A-Za-z0-9_-]+"),
        (attempt["id"], r"att_[A-Za-z0-9_-]+"),
    ):
        assert re.fullmatch(pattern, given)
