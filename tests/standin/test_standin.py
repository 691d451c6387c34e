"""The judge is judged first: each thing a script says is really what comes over the wire."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import pytest
from asking import CREDENTIALS, ask, call, send, sent_id
from until import until

from standin import (
    SOURCE_SECRET,
    ApiScript,
    AuthScript,
    ForeignTraffic,
    IngressScript,
    LatestInputScript,
    MetricsScript,
    RequestScript,
    RouteScript,
    SourceScript,
    StandIn,
)


def test_a_healthy_route_can_be_followed_from_request_to_metrics() -> None:
    with StandIn(RouteScript()) as standin:
        request_id = sent_id(send(standin))
        request = ask(standin, f"/requests/{request_id}").json
        (event,) = ask(standin, "/events", {"connection_id": "conn_orders"}).json["models"]
        (attempt,) = ask(standin, "/attempts", {"event_id": event["id"]}).json["models"]
        latest = ask(standin, "/connections/conn_orders/latest-input").json["latest_input"]
    assert (request["status"], request["rejection_cause"], request["verified"]) == ("accepted", None, False)
    assert request["data"]["body"] == {"id": "evt_1"}
    assert (event["request_id"], event["status"], event["response_status"]) == (request_id, "SUCCESSFUL", 200)
    assert (attempt["event_id"], attempt["status"]) == (event["id"], "SUCCESSFUL")
    assert (latest["request_id"], latest["input"]["body"]) == (request_id, {"id": "evt_1"})


def test_v1_is_optional_and_unknown_paths_are_404() -> None:
    with StandIn(RouteScript()) as standin:
        bare = standin.api_url.removesuffix("/v1")
        assert call(f"{bare}/connections/conn_orders", method="GET", headers=CREDENTIALS).status == 200
        assert ask(standin, "/nothing").status == 404
        assert ask(standin, "/connections/conn_other").status == 404


def test_the_connection_embeds_source_and_destination_without_secrets() -> None:
    source = SourceScript(auth=AuthScript())
    with StandIn(RouteScript(source=source)) as standin:
        told = ask(standin, "/connections/conn_orders")
    config = told.json["source"]["config"]
    assert (config["auth_type"], config["auth"]["signature_header"]) == ("HMAC", "x-signature")
    assert told.json["destination"]["disabled_at"] is None
    assert SOURCE_SECRET.encode() not in told.body


def test_a_connection_may_name_its_source_only_by_id() -> None:
    with StandIn(RouteScript(embeds="ids")) as standin:
        embedded = ask(standin, "/connections/conn_orders").json["source"]
        full = ask(standin, "/sources/src_orders").json
    assert set(embedded) == {"id", "name"}
    assert full["config"]["allowed_http_methods"] == ["POST"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (CREDENTIALS | {"authorization": "Bearer fhp_wrong"}, 401),
        ({"authorization": CREDENTIALS["authorization"]}, 404),
        (CREDENTIALS | {"x-team-id": "tm_other"}, 404),
        (CREDENTIALS, 200),
    ],
)
def test_key_and_team_are_required(headers: dict[str, str], status: int) -> None:
    with StandIn(RouteScript()) as standin:
        assert ask(standin, "/connections/conn_orders", headers=headers).status == status


def test_without_a_team_the_lists_are_the_demo_teams() -> None:
    with StandIn(RouteScript()) as standin:
        send(standin)
        headers = {"authorization": CREDENTIALS["authorization"]}
        assert ask(standin, "/events", headers=headers).json["models"] == []


def test_every_call_and_every_probe_is_logged() -> None:
    with StandIn(RouteScript()) as standin:
        ask(standin, "/requests", {"source_id": "src_orders"})
        send(standin, headers={"x-fasthook-probe": "p1"})
        assert [(c.endpoint, c.query["source_id"]) for c in standin.calls] == [("requests", ["src_orders"])]
        assert [probe.probe_id for probe in standin.probes] == ["p1"]


def signed(body: bytes, secret: str = SOURCE_SECRET) -> dict[str, str]:
    return {"x-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(
    ("method", "headers", "status", "cause"),
    [
        ("POST", signed(b"{}"), 200, None),
        ("POST", signed(b"{} "), 401, "SOURCE_AUTH_FAILED"),
        ("POST", signed(b"{}", "guess"), 401, "SOURCE_AUTH_FAILED"),
        ("POST", {}, 401, "SOURCE_AUTH_FAILED"),
        ("PUT", {}, 405, "SOURCE_METHOD_NOT_ALLOWED"),
    ],
)
def test_a_signed_source_checks_method_then_signature(
    method: str, headers: dict[str, str], status: int, cause: str | None
) -> None:
    with StandIn(RouteScript(source=SourceScript(auth=AuthScript()))) as standin:
        told = send(standin, b"{}", method=method, headers=headers)
        (record,) = ask(standin, "/requests").json["models"]
        events = ask(standin, "/events").json["models"]
    assert (told.status, record["rejection_cause"]) == (status, cause)
    assert (record["status"], record["verified"]) == (
        ("accepted", True) if cause is None else ("rejected", False)
    )
    assert len(events) == (cause is None)


@pytest.mark.parametrize(
    ("auth", "right", "wrong"),
    [
        (AuthScript(kind="BASIC_AUTH", secret="a:b"), {"authorization": "Basic YTpi"}, "Basic YTpj"),
        (AuthScript(kind="API_KEY", secret="k", header="x-key"), {"x-key": "k"}, "q"),
    ],
)
def test_other_kinds_of_auth(auth: AuthScript, right: dict[str, str], wrong: str) -> None:
    with StandIn(RouteScript(source=SourceScript(auth=auth))) as standin:
        assert send(standin, headers=right).status == 200
        assert send(standin, headers=dict.fromkeys(right, wrong)).status == 401


def test_a_disabled_source_rejects() -> None:
    with StandIn(RouteScript(source=SourceScript(status="disabled"))) as standin:
        assert send(standin).status == 404
        assert ask(standin, "/requests").json["models"][0]["rejection_cause"] == "SOURCE_DISABLED"


def test_a_custom_response_hides_the_request_id_and_the_marker_finds_it() -> None:
    ingress = IngressScript(status=418, body='{"teapot": true}')
    with StandIn(RouteScript(source=SourceScript(ingress=ingress))) as standin:
        told = send(standin, headers={"x-fasthook-probe": "marker-7"})
        found = ask(standin, "/requests", {"q": "marker-7", "include": "data"}).json["models"]
        missed = ask(standin, "/requests", {"q": "marker-8"}).json["models"]
    assert (told.status, told.json) == (418, {"teapot": True})
    assert [record["data"]["headers"]["x-fasthook-probe"] for record in found] == ["marker-7"]
    assert missed == []


def test_only_the_first_probes_are_spoilt_when_the_script_says_so() -> None:
    source = SourceScript(ingress=IngressScript(status=503, first=1), request=RequestScript(recorded=False))
    with StandIn(RouteScript(source=source)) as standin:
        assert [send(standin).status, send(standin).status] == [503, 200]
        assert len(ask(standin, "/requests").json["models"]) == 1


def test_a_scripted_rejection_is_recorded_with_its_cause() -> None:
    ingress = IngressScript(status=422, rejection="PAYLOAD_TOO_LARGE")
    with StandIn(RouteScript(source=SourceScript(ingress=ingress))) as standin:
        assert send(standin).status == 422
        record = ask(standin, "/requests").json["models"][0]
    assert (record["status"], record["rejection_cause"]) == ("rejected", "PAYLOAD_TOO_LARGE")


def counted(standin: StandIn, measure: str = "count", start: str = "now-15m") -> int:
    query = {"from": start, "measures": measure, "connection_id": "conn_orders"}
    told = ask(standin, "/metrics/events", query)
    return sum(point[measure] for point in told.json["series"])


def test_a_route_can_wait_for_the_probes_of_other_routes() -> None:
    source = SourceScript(request=RequestScript(after_probes=2))
    with StandIn(RouteScript(source=source)) as standin:
        request_id = sent_id(send(standin))
        assert ask(standin, f"/requests/{request_id}").status == 404
        send(standin)
        assert ask(standin, f"/requests/{request_id}").status == 200


@pytest.mark.parametrize("shows", ["newer", "stale", "empty", "altered"])
def test_latest_input_shows_what_the_script_says(shows: Any) -> None:
    with StandIn(RouteScript(latest_input=LatestInputScript(shows=shows))) as standin:
        request_id = sent_id(send(standin))
        latest = ask(standin, "/connections/conn_orders/latest-input").json["latest_input"]
    if shows == "empty":
        assert latest is None
    else:
        assert (latest["request_id"] == request_id) is (shows == "altered")


@pytest.mark.parametrize(
    ("dialect", "guide", "contract"), [("both", 200, 200), ("guide", 200, 400), ("contract", 400, 200)]
)
def test_metrics_understand_the_dialects_of_the_script(dialect: Any, guide: int, contract: int) -> None:
    with StandIn(RouteScript(metrics=MetricsScript(dialect=dialect))) as standin:
        window: dict[str, str | list[str]] = {"date_range[start]": "now-1h", "date_range[end]": "now"}
        window["connection_id"] = "conn_orders"
        told = ask(standin, "/metrics/events", window | {"measures[]": ["count", "failed_count"]})
        assert told.status == guide
        measures = {"measures": "count,failed_count", "connection_id": "conn_orders"}
        assert ask(standin, "/metrics/events", measures).status == contract


def test_metrics_may_never_count_our_event() -> None:
    with StandIn(RouteScript(metrics=MetricsScript(counted=False))) as standin:
        send(standin)
        assert len(ask(standin, "/events").json["models"]) == 1
        assert counted(standin) == 0


def test_metrics_series_are_filled_with_zeros_and_sum_by_status() -> None:
    foreign = (ForeignTraffic(at_s=0, count=2, outcome="FAILED"), ForeignTraffic(at_s=0, outcome="CANCELLED"))
    with StandIn(RouteScript(source=SourceScript(foreign=foreign))) as standin:
        send(standin)
        series = ask(
            standin, "/metrics/events", {"measures": "count", "granularity": "1m", "from": "now-15m"}
        ).json["series"]
        totals = {name: counted(standin, name) for name in ("count", "delivered_count", "failed_count")}
    assert 15 <= len(series) <= 17
    assert totals == {"count": 3, "delivered_count": 1, "failed_count": 2}


def test_the_window_of_metrics_is_exact_unless_whole_buckets_are_counted() -> None:
    foreign = (ForeignTraffic(at_s=-5, outcome="FAILED"),)
    for whole, failures in ((False, 0), (True, 1)):
        route = RouteScript(source=SourceScript(foreign=foreign), metrics=MetricsScript(whole_buckets=whole))
        with StandIn(route) as standin:
            at = standin.world.started - 5
            in_same_hour = (at + 4.9) // 3600 == at // 3600
            start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at + 2))
            found = counted(standin, "failed_count", start)
        assert found == (failures if in_same_hour else 0)


def test_foreign_traffic_pushes_our_request_off_the_first_page() -> None:
    foreign = (ForeignTraffic(at_s=0.001, count=250),)
    with StandIn(RouteScript(source=SourceScript(foreign=foreign))) as standin:
        request_id = sent_id(send(standin))
        until(lambda: bool(ask(standin, "/requests").json["total"] == 251))
        pages: list[list[str]] = []
        cursor = None
        while cursor is not None or not pages:
            told = ask(standin, "/requests", {"cursor": cursor} if cursor else {}).json
            pages.append([record["id"] for record in told["models"]])
            cursor = told["next_cursor"]
    assert [len(page) for page in pages] == [100, 100, 51]
    assert request_id == pages[2][-1]


def test_a_partial_list_lacks_our_record_and_says_so() -> None:
    with StandIn(RouteScript(), api=ApiScript(partial_calls=1)) as standin:
        send(standin)
        first, second = ask(standin, "/requests").json, ask(standin, "/requests").json
    assert (first["partial"], first["models"]) == (True, [])
    assert (second["partial"], len(second["models"])) == (False, 1)


def test_the_window_of_lists_is_respected() -> None:
    foreign = (ForeignTraffic(at_s=-600), ForeignTraffic(at_s=-60))
    with StandIn(RouteScript(source=SourceScript(foreign=foreign))) as standin:
        assert len(ask(standin, "/events").json["models"]) == 2
        assert len(ask(standin, "/events", {"from": "now-5m"}).json["models"]) == 1
        assert ask(standin, "/events", {"from": "yesterday"}).status == 400
        assert ask(standin, "/events", {"limit": "101"}).status == 400


def test_events_may_carry_only_one_of_the_two_ids() -> None:
    with StandIn(RouteScript(event_ids="webhook_id")) as standin:
        send(standin)
        (event,) = ask(standin, "/events", {"connection_id": "conn_orders"}).json["models"]
    assert event["webhook_id"] == "conn_orders"
    assert "connection_id" not in event


def test_foreign_traffic_may_go_on_and_on_and_be_counted_late() -> None:
    steady = ForeignTraffic(at_s=0, count=3, every_s=0.1, counted_after_s=60)
    with StandIn(RouteScript(source=SourceScript(foreign=(steady,)))) as standin:
        send(standin)
        assert len(ask(standin, "/events").json["models"]) == 2
        until(lambda: len(ask(standin, "/events").json["models"]) == 4)
        assert counted(standin) == 1


def test_small_objects_keep_what_users_put_in() -> None:
    with StandIn(RouteScript(), api=ApiScript(small=True)) as standin:
        told = send(standin, {"colour": "red"})
        listed = ask(standin, "/requests", {"include": "data"}).json
        record = ask(standin, f"/requests/{sent_id(told)}").json
    assert set(listed) == {"count", "models", "next_cursor"}
    assert record["data"]["body"] == listed["models"][0]["data"]["body"] == {"colour": "red"}
    assert "ingested_at" not in record


def test_lists_may_ignore_their_filters() -> None:
    for ignores_filters, seen in ((True, 1), (False, 0)):
        with StandIn(RouteScript(), api=ApiScript(ignores_filters=ignores_filters)) as standin:
            send(standin)
            for path, name in (
                ("/events", "connection_id"),
                ("/attempts", "event_id"),
                ("/requests", "source_id"),
            ):
                assert len(ask(standin, path, {name: "other"}).json["models"]) == seen


def test_a_record_may_name_another_team_and_a_source_no_url() -> None:
    source = SourceScript(request=RequestScript(team_id="tm_other"), shows_url=False)
    with StandIn(RouteScript(source=source)) as standin:
        send(standin)
        assert ask(standin, "/requests").json["models"][0]["team_id"] == "tm_other"
        assert ask(standin, "/sources/src_orders").json["url"] is None


def test_all_connections_are_listed_whatever_is_asked() -> None:
    routes = (RouteScript(connection_id="conn_a"), RouteScript(connection_id="conn_b", disabled=True))
    with StandIn(*routes) as standin:
        models = ask(standin, "/connections", {"source_id": "src_other"}).json["models"]
    assert [(model["id"], model["disabled_at"] is None) for model in models] == [
        ("conn_a", True),
        ("conn_b", False),
    ]


def test_traffic_may_begin_with_the_first_look() -> None:
    traffic = ForeignTraffic(at_s=0, since="look")
    with StandIn(RouteScript(source=SourceScript(foreign=(traffic,)))) as standin:
        assert ask(standin, "/events").json["models"] == []
        ask(standin, "/requests")
        assert len(ask(standin, "/events").json["models"]) == 1
