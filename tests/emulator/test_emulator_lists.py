from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.emulator import Emulator

from .conftest import Api


def test_a_list_can_be_walked_page_by_page(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    sent = [api.sent(route, {"n": n}) for n in range(5)]
    for path, key in (("/requests", "id"), ("/events", "request_id")):
        seen, query = [], {"limit": 2, "from": "now-1h"}
        while True:
            page = api.get(path, **query)
            assert page["next"] == page["next_cursor"]
            seen += [item[key] for item in page["models"]]
            if page["next_cursor"] is None:
                break
            query = {**query, "cursor": page["next_cursor"]}
        assert seen == sent[::-1]


def test_a_request_total_is_a_lower_bound_while_there_is_more(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    for n in range(3):
        api.sent(route, {"n": n})
    page = api.get("/requests", limit=2)
    assert page["total"] <= 3
    assert page["total_exact"] is False
    events = api.get("/events", limit=2)
    assert events["total"] == api.get("/events", limit=2, cursor=events["next_cursor"])["total"] == 3
    assert api.get("/events", limit=3)["total"] == 3
    assert api.get("/requests/count")["total"] == 3


def test_attempt_cursors_go_both_ways(emulator: Emulator, api: Api) -> None:
    route = emulator.add_route(name="r")
    for n in range(3):
        api.sent(route, {"n": n})
    whole = [item["id"] for item in api.get("/attempts")["models"]]
    first = api.get("/attempts", limit=2)
    assert first["pagination"]["prev"] is None
    second = api.get("/attempts", limit=2, cursor=first["pagination"]["next"])
    assert [item["id"] for item in first["models"] + second["models"]] == whole
    assert second["pagination"]["next"] is None
    back = api.get("/attempts", limit=2, prev=second["pagination"]["prev"])
    assert [item["id"] for item in back["models"]] == whole[:2]
    oldest = api.get("/attempts", dir="asc", order_by="created_at")
    assert [item["id"] for item in oldest["models"]] == whole[::-1]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"a", "b", "bad"}),
        ({"status": "accepted"}, {"a", "b"}),
        ({"status": "rejected"}, {"bad"}),
        ({"verified": "true"}, {"b"}),
        ({"source_id": "A"}, {"a"}),
        ({"source_id": "A,B"}, {"a", "b", "bad"}),
        ({"connection_id": "CB"}, {"b"}),
        ({"q": "needle-in-a"}, {"a"}),
        ({"q": "nowhere"}, set()),
        ({"is_retry": "true"}, set()),
        ({"is_retry": "false"}, {"a", "b", "bad"}),
        ({"from": "now-1s", "to": "now-1s"}, set()),
    ],
)
def test_request_filters(emulator: Emulator, api: Api, query: dict[str, str], expected: set[str]) -> None:
    a, b = emulator.add_route(name="a"), emulator.add_route(name="b", auth={"auth_type": "HMAC"})
    api.send(a, {"x": "needle-in-a"}, path="a")
    api.send(b, {"x": 1}, path="b")
    api.send(b, {"x": 1}, path="bad", headers={"x-signature": "no"})
    names = {"A": a.source_id, "B": b.source_id, "CB": b.connection_id}
    filled = {key: ",".join(names.get(part, part) for part in text.split(",")) for key, text in query.items()}
    page = api.get("/requests", include="data", **filled)
    assert {item["data"]["path"].strip("/") for item in page["models"]} == expected
    assert api.get("/requests/count", **filled)["total"] == len(expected)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"ok", "bad", "ignored"}),
        ({"status": "SUCCESSFUL"}, {"ok"}),
        ({"status": "FAILED,CANCELLED"}, {"bad", "ignored"}),
        ({"connection_id": "ok"}, {"ok"}),
        ({"webhook_id": "ok"}, {"ok"}),
        ({"destination_id": "bad"}, {"bad"}),
        ({"source_id": "ignored"}, {"ignored"}),
        ({"q": "answered 500"}, {"bad"}),
    ],
)
def test_event_filters(emulator: Emulator, api: Api, query: dict[str, str], expected: set[str]) -> None:
    routes = {name: emulator.add_route(name=name) for name in ("ok", "bad")}
    routes["ignored"] = emulator.add_route(name="ignored", rules=[{"type": "filter", "path": "/never"}])
    emulator.receiver.answer(500, name="bad")
    for route in routes.values():
        api.sent(route)
    kinds = {"connection_id": "connection_id", "webhook_id": "connection_id"}
    filled: dict[str, Any] = {
        key: getattr(routes[text], kinds.get(key, key)) if text in routes else text
        for key, text in query.items()
    }
    page = api.get("/events", **filled)
    by_id = {route.connection_id: name for name, route in routes.items()}
    assert {by_id[item["connection_id"]] for item in page["models"]} == expected
    assert page["total"] == api.get("/events/count", **filled)["total"] == len(expected)


def test_resource_lists_take_names_and_limits(emulator: Emulator, api: Api) -> None:
    emulator.add_route(name="b")
    emulator.add_route(name="a")
    named = api.get("/sources", order_by="name", dir="asc")["models"]
    assert [item["name"] for item in named] == ["a", "b", "demo"]
    assert [item["name"] for item in api.get("/connections", name="b")["models"]] == ["b"]
    assert api.get("/destinations", limit=1)["count"] == 1


@pytest.mark.parametrize(
    "path",
    [
        "/requests?limit=101",
        "/requests?limit=0",
        "/requests?limit=x",
        "/requests?from=yesterday",
        "/requests?cursor=nonsense!",
        "/requests?status=ACCEPTED,other",
        "/requests?include=everything",
        "/requests?verified=1",
        "/requests?from=",
        "/requests?q=",
        "/requests?status=",
        "/metrics/requests?measures=count&status=FAILED",
        "/destinations?include_metrics=much",
        "/events?status=DONE",
        "/events?limit=101",
        "/attempts?limit=256",
        "/attempts?dir=up",
        "/attempts?order_by=name",
        "/attempts?status=QUEUED",
        "/sources?limit=256",
        "/sources?order_by=type",
        "/metrics/events?from=now-1h",
        "/metrics/events?measures=speed",
        "/metrics/events?measures=count&granularity=2m",
        "/metrics/events?measures=count&date_range[start]=now-1h",
    ],
)
def test_what_cannot_be_read_is_400_with_a_reason(api: Api, path: str) -> None:
    response = api.call("GET", path)
    assert response.status_code == 400
    assert set(response.json()) == {"error"}


@pytest.mark.parametrize(
    "path",
    [
        "/sources/src_none",
        "/destinations/des_none",
        "/connections/web_none",
        "/connections/web_none/latest-input",
        "/requests/req_none",
        "/requests/req_none/trace",
        "/requests/req_none/events",
        "/requests/req_none/ignored_events",
        "/events/evt_none",
        "/attempts/att_none",
        "/no/such/path",
    ],
)
def test_what_is_unknown_is_404(api: Api, path: str) -> None:
    response = api.call("GET", path)
    assert response.status_code == 404
    assert set(response.json()) == {"error"}


def test_a_wrong_method_names_the_right_ones(api: Api) -> None:
    response = api.call("DELETE", "/events")
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


def test_a_window_that_ends_before_it_begins_is_empty(emulator: Emulator, api: Api) -> None:
    api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    for path in ("/requests", "/events"):
        assert api.get(path, **{"from": "now", "to": "now-1h"})["count"] == 0
    assert api.get("/metrics/events", measures="count", **{"from": "now", "to": "now-1h"})["series"] == []
