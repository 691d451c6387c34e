"""The probe: what is sent, that the route would accept it, and which routes share one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from core_world import STAMP, START, filtering, plan_of, resolved, route_of
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.causes import Cause
from pytest_fasthook.probe.probe import (
    MARKER,
    TRIAL,
    Plan,
    Probe,
    Refusal,
    Stamp,
    doubts,
    probe_for,
    saved_probe,
    unsendable,
)
from pytest_fasthook.probe.route import Route
from pytest_fasthook.probe.sharing import grouped
from pytest_fasthook.redact import Secret
from pytest_fasthook.rules.matching import evaluate
from pytest_fasthook.rules.message import Message
from pytest_fasthook.settings.saved_run import SavedProbe

SECRET = "s3cr3t/of+the source"
HMAC = {"auth_type": "HMAC", "auth": {"signature_header": "x-signature"}}
DEDUPE = {"type": "deduplicate", "window": 300000}


def made(route: Route, plan: Plan | None = None, *, stamp: Stamp = STAMP) -> Probe:
    probe = probe_for((route,), plan or plan_of(), stamp)
    assert isinstance(probe, Probe), probe
    return probe


def refused(route: Route, plan: Plan | None = None) -> Refusal:
    probe = probe_for((route,), plan or plan_of(), STAMP)
    assert isinstance(probe, Refusal), probe
    return probe


def body_of(probe: Probe) -> Any:
    return json.loads(probe.body)


def headers_of(probe: Probe) -> dict[str, str]:
    assert len(dict(probe.headers)) == len(probe.headers), "no header is sent twice"
    return dict(probe.headers)


# -- a plain route ---------------------------------------------------------------------------------------------


def test_without_rules_a_small_body_names_the_probe() -> None:
    probe = made(route_of())
    assert (probe.method, probe.url, probe.source_id) == ("POST", "https://hook-abc123.test/", "src_orders")
    assert probe.body == b'{"fasthook_probe":"probe_0123456789ab"}'
    assert headers_of(probe) == {"content-type": "application/json", MARKER: "probe_0123456789ab"}
    assert probe.notes == ()


def test_a_probes_repr_shows_neither_headers_nor_body() -> None:
    plan = plan_of(
        b'{"card": "s3cr3t-card"}', headers=[("authorization", "s3cr3t-login")], secrets={"": "s3cr3t-key"}
    )
    assert "s3cr3t" not in repr(plan)
    assert "s3cr3t" not in repr(made(route_of(), plan))


def test_a_plan_holds_all_that_the_settings_say_of_sending(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,2")
    command = {
        "payload": "rows.csv",
        "header": ["X-Env: staging"],
        "source-url": "https://hook-abc123.test/orders",
    }
    env = {"FASTHOOK_SOURCE_SECRET": "general", "FASTHOOK_SOURCE_SECRET_SRC_1": "own"}

    assert Plan.of(resolved(tmp_path, command=command, env=env)) == Plan(
        payload=b"1,2",
        content_type="text/csv",
        headers=(("X-Env", "staging"),),
        source_url="https://hook-abc123.test/orders",
        secrets={"": Secret("general"), "SRC_1": Secret("own")},
    )


def test_of_an_earlier_runs_probe_its_marker_and_source_are_known() -> None:
    saved = SavedProbe(
        source_id="src_orders",
        probe_id="probe_1",
        request_id="req_1",
        sent_at=START,
        window_start=START,
        body_sha256="0" * 64,
    )
    assert saved_probe(saved) == Probe(
        probe_id="probe_1", source_id="src_orders", method="", url="", headers=(), body=b""
    )
    assert saved_probe(replace(saved, probe_id=None)) is None


# -- payload files ---------------------------------------------------------------------------------------------


def test_a_json_payload_is_sent_byte_for_byte() -> None:
    payload = b'{ "b": 1.0,\n  "a": "\\u00e9 \xc3\xa9", "b": 2 }\n'
    probe = made(route_of(), plan_of(payload))
    assert probe.body == payload
    assert headers_of(probe)["content-type"] == "application/json"


@pytest.mark.parametrize("payload", [b"[]", b"0", b"null", b'"text"', b"{}", b"false"])
def test_any_json_value_is_a_payload(payload: bytes) -> None:
    probe = made(route_of(), plan_of(payload))
    assert (probe.body, headers_of(probe)["content-type"]) == (payload, "application/json")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"<order/>", "application/xml"),
        (b"  \n<?xml version='1.0'?><a/>", "application/xml"),
        (b"a=1&b=2", "text/plain; charset=utf-8"),
        ("prix: 3 €".encode(), "text/plain; charset=utf-8"),
        (b"", "text/plain; charset=utf-8"),
        (b"\x00\xff\xfe raw", "application/octet-stream"),
        (b"[" * 100_000, "text/plain; charset=utf-8"),
    ],
)
def test_a_payload_that_is_not_json_is_sent_raw(payload: bytes, kind: str) -> None:
    probe = made(route_of(), plan_of(payload))
    assert (probe.body, headers_of(probe)["content-type"]) == (payload, kind)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("event.json", "{}", "application/json"),
        ("event.json", '["{{probe_id}}", {{unix}}]', "application/json"),
        ("event.xml", "<a/>", "application/xml"),
        ("event.XML", "<a/>", "application/xml"),
        ("rows.csv", "1,2", "text/csv; charset=utf-8"),
        ("number.txt", "42", "text/plain; charset=utf-8"),
        ("event", "<a/>", "application/xml"),
        ("event.json.gz", "{}", "application/json"),
        ("event.unheard-of", "text", "text/plain; charset=utf-8"),
    ],
)
def test_the_name_of_the_payload_file_says_what_it_is(
    name: str, content: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    settings = resolved(tmp_path, command={"payload": name})
    assert headers_of(made(route_of(), Plan.of(settings)))["content-type"] == kind


def test_placeholders_are_filled_in_everywhere() -> None:
    payload = (
        b'{"a": "{{probe_id}}", "b": "{{uuid}} {{uuid}}", "c": "{{now}}", "d": {{unix}}, '
        b'"{{probe_id}}": "{{other}}"}'
    )
    body = body_of(made(route_of(), plan_of(payload)))
    assert body["a"] == "probe_0123456789ab"
    first, second = body["b"].split()
    assert first == second
    assert len(first) == 36
    assert body["c"] == "2026-05-29T12:00:00.000Z"
    assert body["d"] == int(START.timestamp())
    assert body["probe_0123456789ab"] == "{{other}}"


def test_placeholders_are_filled_in_raw_bytes_too() -> None:
    assert made(route_of(), plan_of(b"\xff{{probe_id}}\xff")).body == b"\xffprobe_0123456789ab\xff"


def test_two_probes_have_two_ids() -> None:
    other = Stamp(probe_id="probe_other", at=START)
    assert STAMP.values["uuid"] != other.values["uuid"]
    assert STAMP.values["uuid"] == Stamp(probe_id=STAMP.probe_id, at=START).values["uuid"]


# -- headers ---------------------------------------------------------------------------------------------------


def test_a_given_header_wins_over_the_gates_own() -> None:
    plan = plan_of(b"a,b\n", headers=[("Content-Type", "text/csv"), ("X-Env", "staging")])
    headers = headers_of(made(route_of(), plan))
    assert headers["content-type"] == "text/csv"
    assert headers["x-env"] == "staging"


def test_of_a_header_given_twice_the_last_one_wins() -> None:
    headers = headers_of(made(route_of(), plan_of(headers=[("x-env", "a"), ("X-Env", "b")])))
    assert headers["x-env"] == "b"


def test_the_signature_wins_over_a_given_header() -> None:
    plan = plan_of(headers=[("x-signature", "mine")], secrets={"": SECRET})
    assert headers_of(made(route_of(config=HMAC), plan))["x-signature"] != "mine"


def test_a_given_header_wins_over_what_a_filter_wants_and_is_refused_if_that_fails() -> None:
    route = filtering(headers={"x-env": "production"})
    assert headers_of(made(route))["x-env"] == "production"
    refusal = refused(route, plan_of(headers=[("x-env", "staging")]))
    assert refusal.cause is Cause.PAYLOAD_FILTERED
    assert "headers.x-env" in refusal.message


# -- filters ---------------------------------------------------------------------------------------------------

FILTERS: dict[str, dict[str, Any]] = {
    "plain": {"body": {"type": "invoice.paid"}},
    "nested": {"body": {"data": {"total": {"gte": 100}, "items": {"$contains": "x"}}}},
    "header": {"headers": {"x-github-event": {"$in": ["push", "ping"]}}},
    "query": {"query": {"mode": "live", "tags": {"$exists": True}}},
    "path": {"path": "/orders"},
    "all": {"body": {"a": 1}, "headers": {"x-a": "1"}, "query": {"a": "1"}, "path": "/a/b"},
    "or": {"body": {"$or": [{"type": "a"}, {"type": "b"}]}},
    "not": {"body": {"$not": {"type": "draft"}}},
}


def as_seen(probe: Probe) -> Message:
    """The probe as FastHook's rules would see it on arrival."""
    parts = urlsplit(probe.url)
    pairs = parse_qs(parts.query, keep_blank_values=True)
    return Message(
        method=probe.method,
        path=parts.path,
        query={name: values[0] if len(values) == 1 else values for name, values in pairs.items()},
        headers=dict(probe.headers),
        body=json.loads(probe.body) if probe.body else None,
    )


@pytest.mark.parametrize("name", FILTERS)
def test_a_made_probe_passes_the_filter_on_arrival(name: str) -> None:
    route = filtering(**FILTERS[name])
    assert route.rules.filter is not None
    probe = made(route)
    assert evaluate(route.rules.filter, as_seen(probe)).matched is True
    plain = as_seen(made(route_of()))
    assert evaluate(route.rules.filter, plain).matched is not True or name == "not"


def test_a_made_body_keeps_its_marker_beside_what_the_filter_wants() -> None:
    assert body_of(made(filtering(body={"type": "a"}))) == {"fasthook_probe": STAMP.probe_id, "type": "a"}


def test_a_filter_that_contradicts_itself_is_refused() -> None:
    refusal = refused(filtering(body={"$and": [{"type": {"$exists": True}}, {"type": {"$exists": False}}]}))
    assert refusal.cause is Cause.PAYLOAD_FILTERED
    assert "conn_orders" in refusal.message
    assert "body.type" in refusal.message


def test_a_filter_that_nothing_at_all_can_pass_is_refused() -> None:
    assert refused(filtering(body={"$not": {}})).cause is Cause.PAYLOAD_FILTERED


def test_a_given_payload_that_misses_the_filter_is_refused_with_the_condition() -> None:
    refusal = refused(filtering(body={"data": {"total": {"gte": 100}}}), plan_of(b'{"data": {"total": 7}}'))
    assert refusal.cause is Cause.PAYLOAD_FILTERED
    for word in ("conn_orders", "body.data.total", "100", "7"):
        assert word in refusal.message


def test_every_condition_that_a_payload_misses_is_told() -> None:
    refusal = refused(filtering(body={"a": 1, "b": 2}), plan_of(b'{"a": 3}'))
    _, _, why = refusal.message.partition("of conn_orders: ")
    first, second = why.split("; ")
    assert first.startswith("body.a")
    assert second.startswith("body.b")
    assert second.endswith(", expected one that it lets through")


def test_a_given_payload_that_passes_the_filter_is_sent_as_it_is() -> None:
    payload = b'{"data": {"total": 100}}'
    assert made(filtering(body={"data": {"total": {"gte": 100}}}), plan_of(payload)).body == payload


def test_headers_and_query_are_added_to_a_given_payload() -> None:
    route = filtering(headers={"x-env": "live"}, query={"mode": "live"})
    probe = made(route, plan_of(b"{}"))
    assert headers_of(probe)["x-env"] == "live"
    assert urlsplit(probe.url).query == "mode=live"
    assert probe.body == b"{}"


def test_a_filter_that_is_not_understood_is_left_to_the_service() -> None:
    route = filtering(body={"type": {"$soundslike": "a"}})
    assert isinstance(probe_for((route,), plan_of(), STAMP), Probe)
    assert unsendable(route, plan_of()) is None
    assert any("left to the service" in doubt for doubt in doubts(route, plan_of()))
    assert doubts(route_of(), plan_of()) == ()


def test_what_is_notable_about_a_sources_auth_is_a_doubt_as_well() -> None:
    auth = {"auth_type": "HMAC", "auth": {"secret": "***"}}
    (doubt,) = doubts(route_of(source_type="GITHUB", config=auth), plan_of())
    assert "the form of GITHUB is used" in doubt
    assert doubts(route_of(source_type="GITHUB"), plan_of()) == ()
    assert doubts(route_of(config=HMAC), plan_of()) == ()


HOSTILE: dict[str, dict[str, Any]] = {
    "fields of the path": {"path": {"a": {"$exists": False}}},
    "fields of a header": {"headers": {"x-a": {"b": 1}}},
    "fields of a parameter": {"query": {"a": {"b": 1}}},
    "body": {"body": {"name": "\ud800"}},
    "query": {"query": {"name": "\ud800"}},
    "header": {"headers": {"x-name": "a\r\nb: c"}},
    "path": {"path": "/a b?c#d"},
    "query name": {"query": {"a&b=c": "d e"}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_filter_never_breaks_the_making_of_a_probe(name: str) -> None:
    """Texts that cannot go over the wire are in the rules of no honest connection, but the API may answer them."""
    probe = probe_for((filtering(**HOSTILE[name]),), plan_of(), STAMP)
    if isinstance(probe, Probe):
        probe.body.decode("utf-8")
        probe.url.encode("ascii")
        assert not any(set("\r\n") & set(value) for _, value in probe.headers)


# -- deduplication ---------------------------------------------------------------------------------------------


def deduplicating(*fields: str, **rest: Any) -> Route:
    return route_of(rules=[{**DEDUPE, "include_fields": list(fields)}], **rest)


def twice(route: Route, plan: Plan | None = None) -> tuple[Probe, Probe]:
    """Two probes of two runs."""
    return made(route, plan), made(route, plan, stamp=Stamp(probe_id="probe_ba9876543210", at=START))


def test_the_deciding_fields_of_a_made_body_are_fresh() -> None:
    first, second = twice(deduplicating("body.id"))
    assert body_of(first)["id"] != body_of(second)["id"]
    assert first.notes == ()


def test_the_deciding_fields_of_a_given_payload_are_fresh_and_that_is_said() -> None:
    payload = b'{"id": "inv_1", "amount": 7}'
    first, second = twice(deduplicating("body.id"), plan_of(payload))
    assert body_of(first)["id"] != body_of(second)["id"]
    assert body_of(first)["amount"] == 7
    (note,) = first.notes
    assert "body.id" in note
    assert "conn_orders" in note


def test_a_payload_that_is_fresh_by_its_placeholder_stays_byte_for_byte() -> None:
    probe = made(deduplicating("body.id"), plan_of(b'{ "id": "{{probe_id}}" }'))
    assert probe.body == b'{ "id": "probe_0123456789ab" }'
    assert probe.notes == ()


def test_fresh_values_still_pass_the_filter() -> None:
    rules = [{**DEDUPE, "include_fields": ["body.id"]}]
    route = filtering(rules=rules, body={"id": {"$startsWith": "inv_"}, "type": "paid"})
    first, second = twice(route)
    assert body_of(first)["id"] != body_of(second)["id"]
    assert all(body_of(probe)["id"].startswith("inv_") for probe in (first, second))


def test_a_deciding_header_is_fresh_too() -> None:
    first, second = twice(deduplicating("headers.x-delivery"), plan_of(b"{}"))
    assert headers_of(first)["x-delivery"] != headers_of(second)["x-delivery"]
    assert first.body == b"{}"


def test_a_whole_request_that_decides_is_fresh_by_its_body() -> None:
    first, second = twice(route_of(rules=[DEDUPE]), plan_of(b'{"a": 1}'))
    assert body_of(first) != body_of(second)


@pytest.mark.parametrize("payload", [b"<order id='1'/>", b"plain text", b"id=1&b=2"])
def test_a_text_that_is_not_json_stays_text_when_it_is_made_fresh(payload: bytes) -> None:
    first, second = twice(deduplicating("body"), plan_of(payload))
    assert first.body != second.body
    assert not first.body.startswith(b'"')
    assert headers_of(first)["content-type"] == headers_of(made(route_of(), plan_of(payload)))["content-type"]


def test_a_json_text_stays_json_when_it_is_made_fresh() -> None:
    first, second = twice(deduplicating("body"), plan_of(b'"text"'))
    assert isinstance(body_of(first), str)
    assert body_of(first) != body_of(second)


def test_bytes_that_are_no_text_are_never_changed() -> None:
    payload = b"\x00\xff\xfe"
    probe = made(deduplicating("body"), plan_of(payload))
    assert probe.body == payload
    assert any("deduplicate" in note for note in probe.notes)


def test_a_payload_with_a_lone_surrogate_can_be_made_fresh() -> None:
    probe = made(deduplicating("body.id"), plan_of(b'{"id": 1, "name": "\\ud800"}'))
    assert body_of(probe)["name"] == "\ud800"
    assert probe.body.endswith(b',"name":"\\ud800"}')


def test_text_that_is_not_ascii_survives_being_made_fresh() -> None:
    probe = made(deduplicating("body.id"), plan_of('{"id": 1, "name": "é漢"}'.encode()))
    assert probe.body.endswith(',"name":"é漢"}'.encode())


# -- methods ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "method"),
    [
        (["POST", "PUT"], "POST"),
        (["put"], "PUT"),
        (["GET", "PATCH"], "PATCH"),
        (["DELETE"], "DELETE"),
        (["GET"], "GET"),
        (["GET", "HEAD"], "GET"),
        ([], "POST"),
        (None, "POST"),
    ],
)
def test_the_method_is_one_that_the_source_takes(allowed: list[str] | None, method: str) -> None:
    assert made(route_of(config={"allowed_http_methods": allowed})).method == method


def test_a_get_carries_no_body_but_its_marker() -> None:
    probe = made(route_of(config={"allowed_http_methods": ["GET"]}))
    assert probe.body == b""
    assert headers_of(probe)[MARKER] == STAMP.probe_id


def test_a_get_that_must_be_fresh_is_fresh_by_its_query() -> None:
    route = route_of(config={"allowed_http_methods": ["GET"]}, rules=[DEDUPE])
    first, second = twice(route)
    assert first.url != second.url
    assert first.body == b""


# -- addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "wants", "expected"),
    [
        ("https://hook-abc123.test/", {}, "https://hook-abc123.test/"),
        ("https://hook-abc123.test", {}, "https://hook-abc123.test/"),
        ("https://hook-abc123.test/in?key=1", {}, "https://hook-abc123.test/in?key=1"),
        ("https://hook-abc123.test/", {"path": "/orders"}, "https://hook-abc123.test/orders"),
        ("https://hook-abc123.test/", {"query": {"a": "b c"}}, "https://hook-abc123.test/?a=b+c"),
        ("https://hook-abc123.test/in?key=1", {"query": {"a": "b"}}, "https://hook-abc123.test/in?key=1&a=b"),
        ("http://127.0.0.1:8080/hook-abc/", {}, "http://127.0.0.1:8080/hook-abc/"),
        ("http://127.0.0.1:8080/hook-abc/", {"path": "/orders"}, "http://127.0.0.1:8080/hook-abc/orders"),
        ("http://127.0.0.1:8080/hook-abc", {"path": "/orders"}, "http://127.0.0.1:8080/hook-abc/orders"),
        ("http://127.0.0.1:8080/hook-abc", {"path": "/"}, "http://127.0.0.1:8080/hook-abc"),
    ],
)
def test_the_probe_goes_to_the_sources_url_with_what_the_filter_wants(
    url: str, wants: dict[str, Any], expected: str
) -> None:
    route = filtering(route={"url": url}, **wants) if wants else route_of(url=url)
    assert made(route).url == expected


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        ("https://hook-abc123.test/orders?a=1", "/orders", "https://hook-abc123.test/orders?a=1"),
        ("https://hook-abc123.test/in", "/orders", "https://hook-abc123.test/orders"),
        ("https://hook-abc123.test/orders", {"startsWith": "/ord"}, "https://hook-abc123.test/orders"),
    ],
)
def test_the_path_of_a_given_url_is_the_callers_own(given: str, wanted: Any, expected: str) -> None:
    """The source's address is its host; what a user writes behind it is what the rules see."""
    route = filtering(route={"url": given}, path=wanted)
    assert made(route, replace(plan_of(), source_url=given)).url == expected


def test_a_source_without_a_url_is_refused_unless_one_was_given() -> None:
    """Sources that poll or listen elsewhere have none."""
    refusal = unsendable(route_of(url=None), plan_of())
    assert refusal is not None
    assert refusal.cause is Cause.INGRESS_UNREACHABLE
    for word in ("src_orders", "no URL", "--fasthook-source-url"):
        assert word in refusal.message
    given = "https://hook-abc123.test/"
    assert unsendable(route_of(url=given), replace(plan_of(), source_url=given)) is None


def test_a_query_parameter_that_the_url_has_already_is_not_added_again() -> None:
    """FastHook reads a repeated name as a list, which would no longer be the wanted text."""
    route = filtering(route={"url": "https://hook-abc123.test/?mode=live&a=%20b"}, query={"mode": "live"})
    assert made(route).url == "https://hook-abc123.test/?mode=live&a=%20b"


def test_a_query_parameter_of_the_url_that_the_filter_refuses_is_replaced() -> None:
    route = filtering(route={"url": "https://hook-abc123.test/?mode=test&a=1"}, query={"mode": "live"})
    assert dict(parse_qsl(urlsplit(made(route).url).query)) == {"mode": "live", "a": "1"}


def test_a_wanted_list_is_a_repeated_parameter() -> None:
    route = filtering(query={"tag": {"$contains": "a"}})
    assert route.rules.filter is not None
    assert evaluate(route.rules.filter, as_seen(made(route))).matched is not False


# -- signatures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [None, b'{ "a": 1 }', b"<raw/>", b"\xff\x00"])
def test_the_signature_is_made_over_the_exact_bytes_sent(payload: bytes | None) -> None:
    route = route_of(config=HMAC, rules=[{**DEDUPE, "include_fields": ["body.id"]}])
    probe = made(route, plan_of(payload, secrets={"": SECRET}))
    expected = hmac.new(SECRET.encode(), probe.body, hashlib.sha256).hexdigest()
    assert headers_of(probe)["x-signature"] == expected


def test_a_timestamped_signature_carries_the_time_of_sending() -> None:
    config = {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": "stripe"}}
    stamp = Stamp(probe_id="probe_1", at=datetime(2026, 5, 29, 12, 0, 5, tzinfo=UTC))
    probe = made(route_of(config=config), plan_of(secrets={"": "whsec_abc"}), stamp=stamp)
    assert f"t={int(stamp.at.timestamp())}" in headers_of(probe)["stripe-signature"]


def test_a_signature_with_an_id_carries_the_markers() -> None:
    config = {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": "svix"}}
    probe = made(route_of(config=config), plan_of(secrets={"": "whsec_aHVzaA=="}))
    assert headers_of(probe)["svix-id"] == STAMP.probe_id


@pytest.mark.parametrize(
    ("kind", "digested"), [("application/x-www-form-urlencoded", False), ("text/plain", True)]
)
def test_a_signature_knows_what_the_body_is(kind: str, *, digested: bool) -> None:
    """Twilio signs a form by its parameters, anything else by its digest in the URL."""
    config = {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": "twilio"}}
    plan = plan_of(b"a=1&b=2", headers=[("Content-Type", kind)], secrets={"": SECRET})
    assert ("bodySHA256=" in made(route_of(config=config), plan).url) is digested


def test_basic_auth_is_a_login() -> None:
    config = {"auth_type": "BASIC_AUTH", "auth": {}}
    probe = made(route_of(config=config), plan_of(secrets={"": "robot:pa55"}))
    assert headers_of(probe)["authorization"] == "Basic " + base64.b64encode(b"robot:pa55").decode()


def test_a_missing_secret_is_named_with_the_variables_that_would_hold_it() -> None:
    refusal = unsendable(route_of(config=HMAC), plan_of())
    assert refusal is not None
    assert refusal.cause is Cause.SOURCE_SECRET_MISSING
    for word in ("src_orders", "HMAC", "FASTHOOK_SOURCE_SECRET", "FASTHOOK_SOURCE_SECRET_SRC_ORDERS"):
        assert word in refusal.message


def test_the_same_route_with_the_secret_can_be_sent_to() -> None:
    assert unsendable(route_of(config=HMAC), plan_of(secrets={"": SECRET})) is None


def test_an_auth_that_cannot_be_made_is_refused() -> None:
    refusal = unsendable(route_of(config={"auth_type": "MTLS", "auth": {}}), plan_of(secrets={"": SECRET}))
    assert refusal is not None
    assert refusal.cause is Cause.SOURCE_SECRET_MISSING
    assert "MTLS" in refusal.message


def test_a_secret_of_the_wrong_form_is_refused_and_not_shown() -> None:
    config = {"auth_type": "BASIC_AUTH", "auth": {}}
    refusal = unsendable(route_of(config=config), plan_of(secrets={"": "t0psecret"}))
    assert refusal is not None
    assert refusal.cause is Cause.SOURCE_SECRET_MISSING
    assert "t0psecret" not in refusal.message


@pytest.mark.parametrize(
    ("secrets", "found"),
    [
        ({"": "general"}, "general"),
        ({"": "general", "src_1-x": "exact"}, "exact"),
        ({"": "general", "SRC_1_X": "spelled"}, "spelled"),
        ({"SRC_1_X": "spelled", "src_1-x": "exact"}, "exact"),
        ({"src_2": "other"}, None),
        ({}, None),
    ],
)
def test_a_source_has_its_own_secret_or_the_general_one(secrets: dict[str, str], found: str | None) -> None:
    secret = plan_of(secrets=secrets).secret("src_1-x")
    assert secret == (Secret(found) if found else None)


# -- shared probes ---------------------------------------------------------------------------------------------


def names(*routes: Route, plan: Plan | None = None) -> list[list[str]]:
    groups = grouped((route, plan or plan_of()) for route in routes)
    return [[route.connection_id for route in group.routes] for group in groups]


def test_routes_of_one_source_share_a_probe() -> None:
    assert names(route_of("conn_a"), route_of("conn_b"), route_of("conn_c")) == [
        ["conn_a", "conn_b", "conn_c"]
    ]


def test_routes_of_two_sources_do_not() -> None:
    assert names(route_of("conn_a"), route_of("conn_b", source_id="src_2")) == [["conn_a"], ["conn_b"]]


def test_routes_whose_plans_differ_do_not() -> None:
    groups = grouped([(route_of("conn_a"), plan_of()), (route_of("conn_b"), plan_of(b"{}"))])
    assert len(groups) == 2


@pytest.mark.parametrize(
    ("secrets", "count"),
    [
        ({"": "s", "SRC_OTHER": "of another source"}, 1),
        ({"src_orders": "s"}, 1),
        ({"": "t"}, 2),
    ],
    ids=["the_same_beside_others", "the_same_by_another_name", "another"],
)
def test_a_probe_is_shared_where_its_signature_would_be_the_same(secrets: dict[str, str], count: int) -> None:
    plans = [plan_of(secrets={"": "s"}), plan_of(secrets=secrets)]
    assert len(grouped(zip((route_of("conn_a"), route_of("conn_b")), plans, strict=True))) == count


def test_filters_that_one_payload_passes_share_it() -> None:
    routes = (
        filtering("conn_a", body={"type": "a"}),
        filtering("conn_b", headers={"x-b": "1"}),
        route_of("conn_c"),
    )
    assert names(*routes) == [["conn_a", "conn_b", "conn_c"]]
    probe = probe_for(routes, plan_of(), STAMP)
    assert isinstance(probe, Probe)
    assert body_of(probe)["type"] == "a"
    assert headers_of(probe)["x-b"] == "1"


@pytest.mark.parametrize("order", [("conn_a", "conn_b"), ("conn_b", "conn_a")])
def test_filters_with_one_value_in_common_share_it(order: tuple[str, str]) -> None:
    """Each one's first choice is refused by the other."""
    by_name = {
        "conn_a": filtering("conn_a", body={"type": {"$in": ["only a", "both"]}}),
        "conn_b": filtering("conn_b", body={"type": {"$in": ["only b", "both"]}}),
    }
    routes = [by_name[name] for name in order]
    assert names(*routes) == [list(order)]
    probe = probe_for(routes, plan_of(), STAMP)
    assert isinstance(probe, Probe)
    assert body_of(probe)["type"] == "both"


def test_what_is_not_understood_of_a_filter_keeps_nobody_from_sharing() -> None:
    """It is left to the service; the twin without it shares as well."""
    rules = [
        {"type": "filter", "body": {"type": {"$in": ["only a", "both"]}}, "negate": None, "mood": "odd"},
        {"type": "filter", "body": {"type": {"$in": ["only b", "both"]}}},
    ]
    routes = [route_of(f"conn_{name}", rules=[rule]) for name, rule in zip("ab", rules, strict=True)]
    assert names(*routes) == [["conn_a", "conn_b"]]
    probe = probe_for(routes, plan_of(), STAMP)
    assert isinstance(probe, Probe)
    assert body_of(probe)["type"] == "both"


def test_filters_that_no_payload_passes_together_need_one_each() -> None:
    routes = [filtering(f"conn_{name}", body={"type": name}) for name in "ab"]
    assert names(*routes, route_of("conn_c")) == [["conn_a", "conn_c"], ["conn_b"]]


def test_a_given_payload_is_shared_by_those_whose_filters_it_passes() -> None:
    routes = [filtering("conn_a", body={"type": "a"}), filtering("conn_b", body={"total": 1})]
    assert names(*routes, plan=plan_of(b'{"type": "a", "total": 1}')) == [["conn_a", "conn_b"]]


def test_the_deduplicate_rules_of_all_routes_are_respected() -> None:
    routes = [
        route_of("conn_a", rules=[{**DEDUPE, "include_fields": ["body.id"]}]),
        route_of("conn_b", rules=[{**DEDUPE, "include_fields": ["body.number"]}]),
    ]
    probes = [
        probe_for(routes, plan_of(b'{"id": 1, "number": 2}'), Stamp(probe_id=name, at=START)) for name in "ab"
    ]
    first, second = (body_of(probe) for probe in probes if isinstance(probe, Probe))
    assert first["id"] != second["id"]
    assert first["number"] != second["number"]


def test_a_fresh_value_that_another_routes_filter_refuses_is_not_shared() -> None:
    routes = [
        route_of("conn_a", rules=[{**DEDUPE, "include_fields": ["body.id"]}]),
        filtering("conn_b", body={"id": "fixed"}),
    ]
    assert names(*routes) == [["conn_a"], ["conn_b"]]


def test_a_probe_is_not_shared_by_means_that_are_not_documented() -> None:
    """An array that holds both texts may or may not pass two filters that want one each."""
    routes = [filtering("conn_a", body={"tag": "a"}), filtering("conn_b", body={"tag": "b"})]
    assert names(*routes) == [["conn_a"], ["conn_b"]]


@pytest.mark.parametrize("depth", [50, 400, 900, 990])
def test_a_deep_payload_is_sent_as_it_is(depth: int) -> None:
    payload = b"[" * depth + b"]" * depth
    rules = [{**DEDUPE, "include_fields": ["headers.x-id"]}]
    assert made(filtering(rules=rules, headers={"x-a": "1"}), plan_of(payload)).body == payload


def test_every_route_is_in_exactly_one_group() -> None:
    routes = [filtering(f"conn_{number}", body={"type": number % 3}) for number in range(9)]
    assert sorted(name for group in names(*routes) for name in group) == sorted(
        r.connection_id for r in routes
    )
    assert len(names(*routes)) == 3


# -- whatever the rules and the payload ------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=5)
CONDITIONS = st.recursive(
    SCALARS
    | st.fixed_dictionaries({"$gte": st.integers(-5, 5)})
    | st.fixed_dictionaries({"$exists": st.booleans()}),
    lambda inner: (
        st.dictionaries(st.sampled_from(["a", "b", "$or", "$and", "$not", "type"]), inner, max_size=2)
        | st.lists(inner, max_size=2)
    ),
    max_leaves=5,
)
FILTER_RULES = st.fixed_dictionaries(
    {"type": st.just("filter")},
    optional={
        "body": CONDITIONS,
        "headers": st.dictionaries(st.text(max_size=4), CONDITIONS, max_size=2),
        "query": st.dictionaries(st.text(max_size=4), CONDITIONS, max_size=2),
        "path": st.text(max_size=5) | CONDITIONS,
    },
)
FIELDS = st.sampled_from(
    ["body", "body.id", "body.a.b", "headers.x-a", "query.q", "path", "query", "headers", "", "x"]
)
DEDUPE_RULES = st.fixed_dictionaries(
    {"type": st.just("deduplicate")},
    optional={"include_fields": st.lists(FIELDS, max_size=2), "exclude_fields": st.lists(FIELDS, max_size=2)},
)
PAYLOADS = (
    st.none()
    | st.binary(max_size=20)
    | st.sampled_from([b"{}", b'{"a": {"b": 1}, "id": "x"}', b"[1]", b'"t"'])
)


@given(FILTER_RULES, DEDUPE_RULES, PAYLOADS, st.sampled_from(["POST", "GET"]))
def test_whatever_the_rules_a_probe_is_made_or_refused(
    filter_rule: dict[str, Any], dedupe_rule: dict[str, Any], payload: bytes | None, method: str
) -> None:
    route = route_of(rules=[dedupe_rule, filter_rule], config={"allowed_http_methods": [method], **HMAC})
    probe = probe_for((route,), plan_of(payload, secrets={"": SECRET}), STAMP)
    assert isinstance(probe, Probe | Refusal)
    if isinstance(probe, Probe):
        probe.url.encode("ascii")
        assert headers_of(probe)[MARKER] == STAMP.probe_id
        assert (
            headers_of(probe)["x-signature"]
            == hmac.new(SECRET.encode(), probe.body, hashlib.sha256).hexdigest()
        )


def test_a_trial_is_never_mistaken_for_a_probe() -> None:
    assert TRIAL.at < START - timedelta(days=365)
    assert TRIAL.probe_id != STAMP.probe_id


@pytest.mark.parametrize("provider", ["square", "trello", "twilio"])
def test_a_signature_over_the_url_is_made_over_the_url_that_is_sent(provider: str) -> None:
    def sent(url: str) -> tuple[str, dict[str, str]]:
        config = {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": provider}}
        probe = made(route_of(config=config, url=url), plan_of(b"{}", secrets={"": SECRET}))
        return probe.url, headers_of(probe)

    typed = sent("https://Hook-abc.test:443/in?z=\u00e9")
    assert typed == sent("https://hook-abc.test/in?z=%C3%A9")
    assert typed[0].startswith("https://hook-abc.test/in?z=%C3%A9")
    assert typed[1] != sent("https://hook-abc.test/in?z=e")[1]


def test_a_form_that_is_not_utf_8_is_signed_and_sent_as_it_is() -> None:
    def sent(body: bytes) -> Probe:
        form = [("content-type", "application/x-www-form-urlencoded")]
        config = {"auth_type": "PROVIDER_SIGNATURE", "auth": {"provider": "twilio"}}
        return made(route_of(config=config), plan_of(body, headers=form, secrets={"": SECRET}))

    assert sent(b"Body=caf\xe9&From=1").body == b"Body=caf\xe9&From=1"
    assert headers_of(sent(b"Body=caf\xe9&From=1")) != headers_of(sent(b"Body=cafe&From=1"))


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a%20b", "/a%20b"),
        ("/a//b", "/a//b"),
        ("//b", "//b"),
        ("/a%2Fb/", "/a%2Fb/"),
        ("/a b", "/a%20b"),
        ("/orders/\u00e9t\u00e9", "/orders/%C3%A9t%C3%A9"),
        ({"startsWith": "/a//"}, "/a//"),
    ],
)
@pytest.mark.parametrize("url", ["https://hook-abc.test/", "https://api.test/hook-abc"])
def test_a_path_that_a_request_can_have_is_sent(path: Any, sent: str, url: str) -> None:
    probe = made(filtering(path=path, route={"url": url}))
    assert probe.url == f"{url.rstrip('/')}{sent}"


@pytest.mark.parametrize("path", ["/a%zz", "/a/../b", "/a?b", "/a#b", "/a\ud800"])
def test_a_path_that_no_request_can_have_is_not_sent(path: str) -> None:
    assert "path" in refused(filtering(path=path)).message


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("NaN", "text/plain"),
        ("Infinity", "text/plain"),
        ("-Infinity", "text/plain"),
        ("null", "application/json"),
    ],
)
def test_what_only_python_reads_is_no_json(word: str, kind: str) -> None:
    body = f'{{"a":{word}}}'.encode()
    probe = made(route_of(), plan_of(body))
    assert probe.body == body
    assert headers_of(probe)["content-type"].startswith(kind)
