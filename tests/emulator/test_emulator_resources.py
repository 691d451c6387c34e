"""Creating, upserting, changing and deleting sources, destinations, connections and filters."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fasthook.emulator import Emulator

from .conftest import Api

SOURCE = {
    "name": "stripe-production",
    "type": "WEBHOOK",
    "status": "enabled",
    "config": {
        "auth_type": "HMAC",
        "auth": {"secret": "whsec_1", "signature_header": "stripe-signature"},
        "allowed_http_methods": ["POST"],
    },
}
DESTINATION = {
    "name": "billing-api-production",
    "type": "HTTP",
    "config": {
        "url": "https://billing.example/hooks",
        "http_method": "POST",
        "rate_limit": 60,
        "rate_limit_period": "minute",
        "path_forwarding_disabled": False,
        "auth_type": "CUSTOM_HEADER",
        "auth": {"header_name": "x-token", "value": "t0k3n"},
    },
}
RULES = [
    {
        "type": "retry",
        "strategy": "exponential",
        "interval": 30000,
        "count": 5,
        "response_status_codes": ["429"],
    },
    {"type": "deduplicate", "window": 300000, "include_fields": ["body.id"]},
    {"type": "filter", "body": {"type": "invoice.paid"}},
]


def upserted(api: Api) -> tuple[Any, Any, Any]:
    source = api.ok("PUT", "/sources", SOURCE)
    destination = api.ok("PUT", "/destinations", DESTINATION)
    body = {
        "name": "stripe-to-billing",
        "source_id": source["id"],
        "destination_id": destination["id"],
        "paused_at": None,
        "disabled_at": None,
        "rules": RULES,
    }
    return source, destination, api.ok("PUT", "/connections", body)


def test_the_guides_upserts_are_idempotent(api: Api) -> None:
    first, second = upserted(api), upserted(api)
    assert [item["id"] for item in first] == [item["id"] for item in second]
    source, destination, connection = second
    assert source["url"].startswith("http://127.0.0.1:")
    assert (connection["source"]["id"], connection["destination"]["id"]) == (source["id"], destination["id"])
    assert (connection["paused_at"], connection["disabled_at"]) == (None, None)
    assert [rule["type"] for rule in connection["rules"]] == ["deduplicate", "filter", "retry"]
    assert api.get("/sources", name=SOURCE["name"])["count"] == 1


def test_a_placeholder_sent_back_keeps_the_secret(emulator: Emulator, api: Api) -> None:
    source, destination, _ = upserted(api)
    assert source["config"]["auth"]["secret"] == "********"
    assert destination["config"]["auth"] == {"header_name": "x-token", "value": "********"}
    api.ok("PUT", f"/sources/{source['id']}", {"config": source["config"]})
    api.ok("PUT", f"/destinations/{destination['id']}", {**DESTINATION, "config": destination["config"]})
    stored = [row["config"] for row in emulator.world.database.rows("SELECT config FROM sources")]
    assert any("whsec_1" in config for config in stored)
    kept = [row["config"] for row in emulator.world.database.rows("SELECT config FROM destinations")]
    assert any("t0k3n" in config for config in kept)


def test_a_new_secret_replaces_the_old_one(emulator: Emulator, api: Api) -> None:
    source, _, _ = upserted(api)
    config = {**source["config"], "auth": {**source["config"]["auth"], "secret": "new"}}
    api.ok("PATCH", f"/sources/{source['id']}", {"config": config})
    stored = [row["config"] for row in emulator.world.database.rows("SELECT config FROM sources")]
    assert not any("whsec_1" in config for config in stored)


def test_a_patch_keeps_what_it_does_not_name(api: Api) -> None:
    source, destination, connection = upserted(api)
    patched = api.ok("PATCH", f"/sources/{source['id']}", {"status": "disabled"})
    assert (patched["status"], patched["config"]) == ("disabled", source["config"])
    assert patched["disabled_at"] is not None
    patched = api.ok("PATCH", f"/destinations/{destination['id']}", {"config": {"rate_limit": 5}})
    assert patched["config"] == {**destination["config"], "rate_limit": 5}
    rules = [{"type": "retry", "strategy": "linear", "interval": 60000, "count": 3}]
    patched = api.ok("PATCH", f"/connections/{connection['id']}", {"rules": rules})
    assert (patched["rules"], patched["name"]) == (rules, connection["name"])
    patched = api.ok("PATCH", f"/connections/{connection['id']}", {"paused_at": "2026-01-01T00:00:00Z"})
    assert (patched["rules"], patched["paused_at"]) == (rules, "2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize("port", ["80", "9999", "59999", "60000", "64999", "65499", "65529", "65535"])
def test_a_destination_may_have_any_port(api: Api, port: str) -> None:
    url = f"http://e.example:{port}/x"
    made = api.ok("PUT", "/destinations", {"name": "x", "config": {"url": url}})
    assert made["config"]["url"] == url


def test_a_put_of_a_destination_replaces_its_config(api: Api) -> None:
    _, destination, _ = upserted(api)
    body = {"name": "billing-api-production", "type": "HTTP", "config": {"url": "https://billing.example/v2"}}
    replaced = api.ok("PUT", f"/destinations/{destination['id']}", body)
    assert replaced["config"] == {
        "url": "https://billing.example/v2",
        "http_method": "POST",
        "path_forwarding_disabled": False,
    }


def test_duplicates_are_409(emulator: Emulator, api: Api) -> None:
    source, destination, connection = upserted(api)
    other = {**DESTINATION, "name": "other"}
    ends = {"source_id": source["id"], "destination_id": destination["id"]}
    for path, body in (
        ("/sources", SOURCE),
        ("/sources", {"name": "another", "url": source["url"]}),
        ("/destinations", {**DESTINATION, "config": {"url": "https://other.example/"}}),
        ("/destinations", other),
        ("/connections", {"name": connection["name"], **ends}),
        ("/connections", {"name": "new", "id": "conn_demo", **ends}),
    ):
        assert api.call("POST", path, body).status_code == 409, (path, body)


def test_a_url_can_be_given(emulator: Emulator, api: Api) -> None:
    for url, hook in (
        ("https://hook-abc123.fasthook.example/", "hook-abc123"),
        ("http://localhost:1/hook-xyz", "hook-xyz"),
    ):
        made = api.ok("POST", "/sources", {"name": hook, "url": url})
        assert made["url"] == f"{emulator.page_url}{hook}/"


def test_deleting(emulator: Emulator, api: Api) -> None:
    source, destination, connection = upserted(api)
    assert api.ok("DELETE", f"/connections/{connection['id']}") == {"deleted": True, "id": connection["id"]}
    assert api.call("GET", f"/connections/{connection['id']}").status_code == 404
    for _ in range(2):
        assert api.ok("DELETE", f"/destinations/{destination['id']}") == {"id": destination["id"]}
    assert api.ok("DELETE", f"/sources/{source['id']}") == {"id": source["id"]}
    assert api.call("DELETE", f"/sources/{source['id']}").status_code == 404


def test_what_a_deleted_connection_delivered_stays(emulator: Emulator, api: Api) -> None:
    request_id = api.sent(emulator.demo, {"id": 1, "type": "invoice.paid"})
    api.ok("DELETE", "/connections/conn_demo")
    assert api.event(request_id)["status"] == "SUCCESSFUL"


def test_a_connection_upsert_finds_its_record_by_id_or_by_source_and_name(
    emulator: Emulator, api: Api
) -> None:
    demo = emulator.demo
    ends = {"source": {"id": demo.source_id}, "destination": {"id": demo.destination_id}}
    renamed = api.ok("PUT", "/connections", {"id": "conn_demo", "name": "renamed", **ends})
    assert (renamed["id"], renamed["name"], len(renamed["rules"])) == ("conn_demo", "renamed", 3)
    described = api.ok("PUT", "/connections", {"name": "renamed", "description": "d", **ends})
    assert (described["id"], described["description"]) == ("conn_demo", "d")
    fresh = api.ok("PUT", "/connections", {"name": "fresh", **ends})
    assert fresh["id"].startswith("web_")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/sources", []),
        ("PUT", "/sources", {}),
        ("PUT", "/sources", {"name": ""}),
        ("PUT", "/sources", {"name": "x", "speed": 1}),
        ("PUT", "/sources", {"name": "x", "status": "on"}),
        ("PUT", "/sources", {"name": "x", "type": "webhook"}),
        ("PUT", "/sources", {"name": "x", "config": "x"}),
        ("PUT", "/sources", {"name": "x", "config": {"auth_type": "MAGIC"}}),
        ("PUT", "/sources", {"name": "x", "config": {"auth": "x"}}),
        ("PUT", "/sources", {"name": "x", "config": {"allowed_http_methods": ["BREW"]}}),
        ("PUT", "/sources", {"name": "x", "url": "https://example.com/"}),
        ("PUT", "/sources", {"name": "demo", "url": ""}),
        ("PATCH", "/connections/conn_demo", {"rules": {}}),
        (
            "PATCH",
            "/connections/conn_demo",
            {"rules": [{"type": "deduplicate", "window": 1, "include_fields": ["id"]}]},
        ),
        ("POST", "/sources", {"name": "x", "input_type": "provider_trigger"}),
        ("PUT", "/destinations", {"name": "x"}),
        ("PUT", "/destinations", {"name": "x y", "config": {"url": "https://e.example/"}}),
        ("PUT", "/destinations", {"name": "x", "config": {"url": "/relative"}}),
        ("PUT", "/destinations", {"name": "x", "config": {"url": "http://e.example:65536/"}}),
        ("PUT", "/destinations", {"name": "x", "config": {"url": "http://e.example:80x/"}}),
        (
            "PUT",
            "/destinations",
            {"name": "x", "config": {"url": "https://e.example/", "http_method": "GET"}},
        ),
        ("PUT", "/destinations", {"name": "x", "config": {"url": "https://e.example/", "rate_limit": 0}}),
        (
            "PUT",
            "/destinations",
            {"name": "x", "config": {"url": "https://e.example/", "rate_limit_period": "day"}},
        ),
        (
            "PUT",
            "/destinations",
            {"name": "x", "config": {"url": "https://e.example/", "auth_type": "MAGIC"}},
        ),
        ("PUT", "/destinations", {"name": "x", "type": "ACTION", "config": {}}),
        ("PUT", "/connections", {"name": "x"}),
        ("PATCH", "/connections/conn_demo", {"rules": [{"type": "magic"}]}),
        ("PATCH", "/connections/conn_demo", {"paused_at": "soon"}),
        ("PATCH", "/connections/conn_demo", {"id": "web_new"}),
        ("POST", "/filters", {"name": "x"}),
        ("POST", "/filters", {"name": "x y", "body": {}}),
        ("POST", "/filters", {"name": "x", "conditions": {"cookies": {}}}),
        ("POST", "/filters/test", {"filter": {}}),
        ("POST", "/filters/test", {"filter": {"body": {"a": {"$magic": 1}}}}),
        ("POST", "/filters/test", {"filter": {"body": {}}, "input": {"cookies": 1}}),
        ("POST", "/filters/test", {"filter": {"body": {}}, "input": {"path": {}}}),
        ("POST", "/filters/test", {"filter": {"body": {}}, "input": {"headers": []}}),
        ("PUT", "/connections", {"id": ["web_1"], "name": "x"}),
        ("PUT", "/sources", {"name": "demo", "input_type": {}}),
        ("PUT", "/transformations", {"name": "x"}),
        ("PUT", "/project-secrets", {}),
        ("PUT", "/project-secrets", {"api_key": ""}),
        ("POST", "/project-secrets/rotate", {"rotate": ["password"]}),
        ("POST", "/project-secrets/rotate", {"rotate": "api_key"}),
    ],
)
def test_what_breaks_a_rule_is_400_with_a_reason(api: Api, method: str, path: str, body: Any) -> None:
    response = api.call(method, path, body)
    assert response.status_code == 400, response.text
    assert set(response.json()) == {"error"}


def test_a_body_that_is_no_json_is_400(api: Api) -> None:
    response = api.call("PUT", "/sources", content=b"{nonsense")
    assert (response.status_code, response.json()) == (400, {"error": "the request body is not JSON"})


def test_a_stored_filter_is_used_and_refreshed(emulator: Emulator, api: Api) -> None:
    stored = api.ok("POST", "/filters", {"name": "paid", "conditions": {"body": {"type": "paid"}}})
    assert (stored["conditions"], stored["body"]) == ({"body": {"type": "paid"}}, {"type": "paid"})
    route = emulator.add_route(name="r", rules=[{"type": "filter", "filter_id": stored["id"]}])
    assert api.event(api.sent(route, {"type": "paid"}))["status"] == "SUCCESSFUL"
    changed = api.ok("PUT", f"/filters/{stored['id']}", {"body": {"type": "failed"}})
    assert (changed["connections_count"], changed["sample_connection_id"]) == (1, route.connection_id)
    assert api.event(api.sent(route, {"type": "paid"}))["status"] == "CANCELLED"
    assert api.get("/filters")["models"] == [changed]
    assert api.ok("DELETE", f"/filters/{stored['id']}") == {"id": stored["id"]}
    assert api.event(api.sent(route, {"type": "failed"}))["status"] == "SUCCESSFUL"


@pytest.mark.parametrize(("path", "kind"), [("/filters", "filter"), ("/transformations", "transformation")])
def test_a_duplicate_filter_or_transformation_names_the_other(api: Api, path: str, kind: str) -> None:
    body = {"name": "x", "body": {"a": 1}} if kind == "filter" else {"name": "x", "code": "1"}
    first = api.ok("POST", path, body)
    response = api.call("POST", path, body)
    assert response.status_code == 409
    answer = response.json()
    assert answer == {
        "code": "RESOURCE_ALREADY_EXISTS",
        "status": 409,
        "message": "Resource already exists",
        "data": {"id": first["id"], "resource_type": kind},
    }


def test_the_older_body_of_the_cli_makes_a_cli_destination(api: Api) -> None:
    made = api.ok("POST", "/destinations", {"name": "laptop", "type": "cli", "path": "/hooks"})
    assert (made["type"], made["config"]["path"]) == ("CLI", "/hooks")
    again = api.ok("PUT", "/destinations", {"name": "laptop", "type": "cli", "path": "/other"})
    assert (again["id"], again["config"]["path"]) == (made["id"], "/other")
    refused = api.call("POST", "/destinations", {"name": "other", "type": "CLI", "path": "/hooks"})
    assert (refused.status_code, refused.json()) == (400, {"error": "unknown field: path"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/request-fixtures"),
        ("POST", "/request-fixtures/rqf_1/replay"),
        ("POST", "/requests/req_1/share"),
        ("GET", "/shares/request/abc"),
        ("GET", "/sources/channels"),
        ("POST", "/sources/src_1/run"),
        ("GET", "/workflows/wfl_1/runs"),
    ],
)
def test_what_only_fasthook_has_is_501_with_its_name(api: Api, method: str, path: str) -> None:
    response = api.call(method, path)
    message = f"the emulator does not have {method} /v1{path}; FastHook does"
    assert (response.status_code, response.json()) == (501, {"error": message})


@pytest.mark.parametrize("path", ["/sources/src_1", "/requests/req_1", "/workflow"])
def test_what_nobody_has_stays_404(api: Api, path: str) -> None:
    assert api.call("GET", path).status_code == 404


def test_trying_a_filter(api: Api) -> None:
    conditions = {"headers": {"X-Topic": "a"}, "body": {"n": {"gte": 5}}}
    given = {"headers": {"x-topic": "a"}, "body": {"n": 5}}
    assert api.ok("POST", "/filters/test", {"filter": conditions, "input": given}) == {"matched": True}
    given["body"] = {"n": 4}
    assert api.ok("POST", "/filters/test", {"filter": conditions, "input": given}) == {"matched": False}
    assert api.ok("POST", "/filters/test", {"filter": conditions}) == {"matched": False}


def test_project_secrets_are_shown_rotated_and_set(emulator: Emulator, api: Api) -> None:
    response = api.call("GET", "/project-secrets")
    assert response.headers["cache-control"] == "no-store"
    first = response.json()
    assert (first["api_key"]["value"], first["signing_secret"]["value"]) == (
        emulator.api_key,
        emulator.signing_secret,
    )
    assert first["api_key"]["value"] not in first["api_key"]["masked"]
    rotated = api.ok("POST", "/project-secrets/rotate", {"rotate": ["signing_secret"]})
    assert rotated["api_key"] == first["api_key"]
    assert rotated["signing_secret"]["value"] != first["signing_secret"]["value"]
    assert emulator.signing_secret == rotated["signing_secret"]["value"]
    old_key = emulator.api_key
    assert api.ok("POST", "/project-secrets/rotate")["api_key"]["value"] == emulator.api_key != old_key
    refused = api.call("GET", "/sources", headers={"authorization": f"Bearer {old_key}"})
    assert refused.status_code == 401
    api.ok("PUT", "/project-secrets", {"api_key": old_key})
    assert api.call("GET", "/sources", headers={"authorization": f"Bearer {old_key}"}).status_code == 200


def test_the_last_day_of_every_resource(emulator: Emulator, api: Api) -> None:
    demo = emulator.demo
    api.sent(demo, {"id": 1, "type": "invoice.paid"})
    api.sent(demo, {"id": 2, "type": "other"})
    api.send(demo, headers={"x-signature": "no"})
    [source] = api.get("/metrics/sources", source_id=demo.source_id)["models"]
    assert (source["requests_24h_accepted_count"], source["requests_24h_rejected_count"]) == (2, 1)
    assert (source["requests_24h_accepted_bins"], source["connections_count"]) == ([0, 0, 0, 0, 0, 2], 1)
    [connection] = api.get("/metrics/connections", id="conn_demo")["models"]
    assert connection["events_24h_count"] == 2
    assert (connection["events_24h_successful_bins"][-1], connection["events_24h_cancelled_bins"][-1]) == (
        1,
        1,
    )
    answer = api.get("/metrics/destinations")
    assert answer["models"][0]["attempts_24h_bins"] == [0, 0, 0, 0, 0, 1]
    assert (answer["partial"], answer["failed_destination_ids"]) == (False, [])
    assert api.get("/destinations/metrics") == answer
    assert api.get("/metrics/transformations") == {"count": 0, "models": []}
    assert api.get("/metrics/sources", ids="src_none")["count"] == 0
    [listed] = api.get("/destinations", include_metrics="true")["models"]
    assert listed["attempts_24h_count"] == 1
    assert api.get("/destinations")["models"][0]["attempts_24h_count"] == 0
    assert api.get(f"/destinations/{demo.destination_id}")["attempts_24h_count"] == 1
    emulator.clock.advance(25 * 3600)
    assert api.get("/metrics/sources")["models"][0]["requests_24h_count"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"source_id": "src_none"},
        {"destination": {"id": "des_none"}},
        {"rules": [{"type": "transform", "transformation_id": "trs_none"}]},
        {"rules": [{"type": "filter", "filter_id": "flt_none"}]},
    ],
)
def test_what_a_connection_names_must_exist(api: Api, body: Any) -> None:
    assert api.call("PATCH", "/connections/conn_demo", body).status_code == 404


def test_an_upsert_of_an_unknown_id_without_ends_is_404(api: Api) -> None:
    assert api.call("PUT", "/connections", {"id": "web_none", "name": "x"}).status_code == 404


def test_a_whole_number_may_be_written_with_a_point(emulator: Emulator, api: Api) -> None:
    made = api.ok("PATCH", f"/destinations/{emulator.demo.destination_id}", {"config": {"rate_limit": 60.0}})
    assert made["config"]["rate_limit"] == 60
    rules = [{"type": "delay", "delay": 5.0}]
    assert api.ok("PATCH", "/connections/conn_demo", {"rules": rules})["rules"] == [
        {"type": "delay", "delay": 5}
    ]
