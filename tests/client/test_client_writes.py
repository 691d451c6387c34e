"""The writing half of ``FastHookClient``: what is sent, what is refused before, and what is never shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from client_world import FakeClock, Script, transport_over

from pytest_fasthook.client.client import FastHookClient
from pytest_fasthook.errors import RefusedError, SettingsError, UnreachableError, UnreadableError

Write = Callable[[FastHookClient], Any]

SOURCE = {
    "name": "billing",
    "type": "WEBHOOK",
    "config": {"auth_type": "HMAC", "auth": {"secret": "hush-hush"}},
}
DESTINATION = {"name": "api", "type": "HTTP", "config": {"url": "https://x.test"}}
ROUTE = {"name": "r", "source_id": "src_1", "destination_id": "des_1", "rules": []}

WRITES: list[tuple[Write, str, str, Any]] = [
    (lambda c: c.create_source(SOURCE), "POST", "/sources", SOURCE),
    (lambda c: c.upsert_source(SOURCE), "PUT", "/sources", SOURCE),
    (
        lambda c: c.patch_source("src_1", {"status": "disabled"}),
        "PATCH",
        "/sources/src_1",
        {"status": "disabled"},
    ),
    (lambda c: c.replace_source("src_1", SOURCE), "PUT", "/sources/src_1", SOURCE),
    (lambda c: c.enable_source("src_1"), "PUT", "/sources/src_1/enable", None),
    (lambda c: c.disable_source("src_1"), "PUT", "/sources/src_1/disable", None),
    (lambda c: c.create_destination(DESTINATION), "POST", "/destinations", DESTINATION),
    (lambda c: c.upsert_destination(DESTINATION), "PUT", "/destinations", DESTINATION),
    (lambda c: c.patch_destination("des_1", {"config": {}}), "PATCH", "/destinations/des_1", {"config": {}}),
    (lambda c: c.replace_destination("des_1", DESTINATION), "PUT", "/destinations/des_1", DESTINATION),
    (lambda c: c.enable_destination("des_1"), "PUT", "/destinations/des_1/enable", None),
    (lambda c: c.disable_destination("des_1"), "PUT", "/destinations/des_1/disable", None),
    (lambda c: c.create_connection(ROUTE), "POST", "/connections", ROUTE),
    (lambda c: c.upsert_connection(ROUTE), "PUT", "/connections", ROUTE),
    (lambda c: c.patch_connection("web_1", {"rules": []}), "PATCH", "/connections/web_1", {"rules": []}),
    (lambda c: c.replace_connection("web_1", ROUTE), "PUT", "/connections/web_1", ROUTE),
    (lambda c: c.enable_connection("web_1"), "PUT", "/connections/web_1/enable", None),
    (lambda c: c.disable_connection("web_1"), "PUT", "/connections/web_1/disable", None),
    (lambda c: c.pause_connection("web_1"), "PUT", "/connections/web_1/pause", None),
    (lambda c: c.unpause_connection("web_1"), "PUT", "/connections/web_1/unpause", None),
]
REMOVALS: list[tuple[Write, str]] = [
    (lambda c: c.delete_source("src_1"), "/sources/src_1"),
    (lambda c: c.delete_destination("des_1"), "/destinations/des_1"),
    (lambda c: c.delete_connection("web_1"), "/connections/web_1"),
]


def client_over(handler: Callable[[httpx.Request], httpx.Response]) -> FastHookClient:
    return FastHookClient.over(transport_over(handler, clock=FakeClock()))


def sent(script: Script) -> tuple[str, str, Any]:
    request = script.asked[0]
    body = json.loads(request.content) if request.content else None
    return request.method, request.url.path.removeprefix("/v1"), body


@pytest.mark.parametrize(("write", "method", "path", "body"), WRITES)
def test_a_write_sends_this_and_reads_the_object(write: Write, method: str, path: str, body: Any) -> None:
    script = Script(httpx.Response(200, json={"id": "x_1", "name": "n"}))

    assert write(client_over(script)).id == "x_1"
    assert sent(script) == (method, path, body)


@pytest.mark.parametrize(("remove", "path"), REMOVALS)
@pytest.mark.parametrize(
    "answer", [httpx.Response(200, json={"id": "x"}), httpx.Response(204), httpx.Response(200)]
)
def test_a_removal_answers_nothing(remove: Write, path: str, answer: httpx.Response) -> None:
    script = Script(answer)

    assert remove(client_over(script)) is None
    assert sent(script) == ("DELETE", path, None)


@pytest.mark.parametrize("write", [write for write, *_ in WRITES] + [remove for remove, _ in REMOVALS])
@pytest.mark.parametrize("failure", [httpx.ReadError("reset"), httpx.Response(503), httpx.Response(429)])
def test_no_write_is_repeated(write: Write, failure: Exception | httpx.Response) -> None:
    script = Script(failure)

    with pytest.raises(UnreachableError):
        write(client_over(script))
    assert len(script.asked) == 1


@pytest.mark.parametrize("write", [write for write, *_ in WRITES])
def test_an_answer_without_the_object_is_unreadable(write: Write) -> None:
    with pytest.raises(UnreadableError):
        write(client_over(Script(httpx.Response(200, json={"ok": True}))))


REFUSED: list[tuple[Write, str]] = [
    (lambda c: c.create_source({}), "name"),
    (lambda c: c.upsert_source({"type": "WEBHOOK"}), "name"),
    (lambda c: c.replace_source("src_1", {"name": "a", "type": "WEBHOOK"}), "config"),
    (lambda c: c.create_destination({"name": "a"}), "config"),
    (lambda c: c.upsert_destination({"config": {}}), "name"),
    (lambda c: c.replace_destination("des_1", {"config": {}}), "name, type"),
    (lambda c: c.create_connection({}), "name"),
    (lambda c: c.upsert_connection({"rules": []}), "name"),
    (lambda c: c.replace_connection("web_1", {"name": "a"}), "source_id, destination_id, rules"),
    (lambda c: c.patch_source("src_1", {}), "nothing to change"),
    (lambda c: c.patch_destination("des_1", {}), "nothing to change"),
    (lambda c: c.patch_connection("web_1", {}), "nothing to change"),
    (lambda c: c.upsert_source({"name": datetime(2026, 5, 29, tzinfo=UTC)}), "not JSON"),
    (lambda c: c.upsert_source({"name": float("nan")}), "not JSON"),
    (lambda c: c.delete_source(""), "not an id"),
]


@pytest.mark.parametrize(("write", "words"), REFUSED)
def test_a_body_that_would_do_harm_is_refused_before_it_is_sent(write: Write, words: str) -> None:
    script = Script(httpx.Response(200, json={"id": "x"}))

    with pytest.raises(SettingsError, match=words):
        write(client_over(script))
    assert script.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"error": "secret hush-hush is too short"}),
        httpx.Response(200, text="<p>hush-hush</p>"),
    ],
)
def test_a_secret_in_a_body_is_never_repeated(answer: httpx.Response) -> None:
    with pytest.raises((RefusedError, UnreadableError)) as caught:
        client_over(Script(answer)).upsert_source(SOURCE)

    assert "hush" not in str(caught.value)
    assert "PUT /sources" in str(caught.value)


def test_an_event_is_retried_as_a_new_one() -> None:
    script = Script(httpx.Response(202, json={"ok": True, "event_id": "evt_1", "replay_event_id": "evt_2"}))

    assert client_over(script).retry_event("evt_1").replay_event_id == "evt_2"
    assert sent(script) == ("POST", "/events/evt_1/retry", None)


def test_a_request_is_replayed_exactly() -> None:
    script = Script(httpx.Response(202, json={"ok": True, "request_id": "req_1", "replay_mode": "exact"}))

    assert client_over(script).replay_request("req_1").replay_mode == "exact"
    assert sent(script) == ("POST", "/requests/req_1/retry", {})


def test_a_request_is_replayed_with_modifications() -> None:
    script = Script(httpx.Response(202, json={"ok": True, "replay_mode": "modified"}))
    changes = {"body": {"a": 1}, "headers": {"x": "y"}}

    client_over(script).replay_request("req_1", modifications=changes)
    assert sent(script) == ("POST", "/requests/req_1/retry", {"modifications": changes})


@pytest.mark.parametrize("changes", [{}, {"url": "x"}, {"body": 1, "source_id": "src_2"}])
def test_modifications_that_mean_nothing_are_refused(changes: dict[str, Any]) -> None:
    """An empty one would be an exact replay, which is hardly what was meant."""
    script = Script(httpx.Response(202, json={}))

    with pytest.raises(SettingsError, match="valid: body, headers, method, path, query"):
        client_over(script).replay_request("req_1", modifications=changes)
    assert script.asked == []


@pytest.mark.parametrize("matched", [True, False])
def test_a_filter_is_tried_by_the_service(matched: bool) -> None:  # noqa: FBT001 - a case
    script = Script(httpx.Response(200, json={"matched": matched}))

    assert client_over(script).filter_matches({"body": {"a": 1}}, {"body": {"a": 1}}) is matched
    assert sent(script) == (
        "POST",
        "/filters/test",
        {"filter": {"body": {"a": 1}}, "input": {"body": {"a": 1}}},
    )


@pytest.mark.parametrize("value", [{}, {"matched": "yes"}, [], "x"])
def test_no_clear_word_is_no_match(value: Any) -> None:
    with pytest.raises(UnreadableError) as caught:
        client_over(Script(httpx.Response(200, json=value))).filter_matches({"body": {}}, {})

    assert caught.value.field == "matched"


@pytest.mark.parametrize(
    ("conditions", "given"), [({}, {}), ({"cookies": 1}, {}), ({"body": 1}, {"cookies": 1})]
)
def test_a_filter_has_known_targets(conditions: dict[str, Any], given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="body, headers, path, query"):
        client_over(Script(httpx.Response(200, json={}))).filter_matches(conditions, given)
