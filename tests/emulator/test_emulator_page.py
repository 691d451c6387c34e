"""The page for people: what it shows, and that nothing from outside gets out of its place."""

from __future__ import annotations

import httpx
import pytest
from lxml import html

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.http.front import is_foreign

from .conftest import Api

PAID = {"id": 1, "type": "invoice.paid"}
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def page(emulator: Emulator, client: httpx.Client, path: str = "") -> html.HtmlElement:
    response = client.get(emulator.page_url + path)
    assert response.status_code == 200, response.text
    return html.fromstring(response.text)


def texts(tree: html.HtmlElement, selector: str) -> list[str]:
    return [" ".join(item.text_content().split()) for item in tree.cssselect(selector)]


def test_the_front_page_shows_sources_connections_and_requests(
    emulator: Emulator, api: Api, wire: httpx.Client
) -> None:
    request_id = api.sent(emulator.demo, PAID, path="p/q")
    tree = page(emulator, wire)
    [row] = tree.cssselect(".requests a")
    assert (row.get("id"), row.get("href")) == (request_id, f"/ui/requests/{request_id}")
    text = " ".join(row.text_content().split())
    assert "POST /p/q" in text
    assert "demo: SUCCESSFUL" in text
    cards = " ".join(texts(tree, ".cards li"))
    assert "conn_demo" in cards
    assert emulator.demo.source_url in cards
    assert str(emulator.demo.secret) not in wire.get(emulator.page_url).text


def test_one_click_leads_from_a_request_to_its_attempts(
    emulator: Emulator, api: Api, wire: httpx.Client
) -> None:
    emulator.receiver.script(500)
    emulator.add_route(name="never", source=emulator.demo, rules=[{"type": "filter", "path": "/never"}])
    request_id = api.sent(emulator.demo, PAID)
    [link] = page(emulator, wire).cssselect(".requests a")
    tree = page(emulator, wire, str(link.get("href")).lstrip("/"))
    [summary] = [text for text in texts(tree, "article summary") if text.startswith("Attempt")]
    assert summary.startswith("Attempt 1: 500 (INITIAL")
    branches = " ".join(texts(tree, "article"))
    assert "FILTERED" in branches
    assert "QUEUED" in branches
    assert [text.split(" ", 1)[1] for text in texts(tree, ".timeline li")] == [
        "Request accepted",
        "Event created",
        "Branch ignored: FILTERED",
        "Attempt 1 failed",
    ]
    assert request_id in texts(tree, "h1")[0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"/paid", "/other", "/bad"}),
        ("?q=needle", {"/other"}),
        ("?state=rejected", {"/bad"}),
        ("?state=CANCELLED", {"/other"}),
        ("?state=SUCCESSFUL", {"/paid"}),
        ("?connection_id=conn_demo", {"/paid", "/other"}),
        ("?source_id=src_none", set()),
        ("?state=nonsense", {"/paid", "/other", "/bad"}),
    ],
)
def test_filters(emulator: Emulator, api: Api, wire: httpx.Client, query: str, expected: set[str]) -> None:
    api.sent(emulator.demo, PAID, path="paid")
    api.sent(emulator.demo, {"type": "needle"}, path="other")
    api.send(emulator.demo, path="bad", headers={"x-signature": "no"})
    tree = page(emulator, wire, query)
    assert {text.removeprefix("POST ") for text in texts(tree, ".what")} == expected


def test_what_comes_from_outside_stays_text(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    emulator.receiver.answer(200, EVIL.encode(), name="r", headers={"content-type": "text/html"})
    route = emulator.add_route(name="r")
    api.ok("PATCH", f"/sources/{route.source_id}", {"name": EVIL})
    request_id = api.sent(route, {"x": EVIL}, headers={"x-evil": EVIL})
    for path in ("", f"?q={EVIL}", f"ui/requests/{request_id}"):
        tree = page(emulator, wire, path)
        assert tree.cssselect("script:not([src]), img") == []
    assert EVIL in "".join(page(emulator, wire, f"ui/requests/{request_id}").itertext())


def test_the_policy_lets_nothing_from_elsewhere_in(emulator: Emulator, wire: httpx.Client) -> None:
    policy = wire.get(emulator.page_url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        answer = wire.get(f"{emulator.page_url}ui/{name}")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)


def test_the_live_part_is_the_inside_of_the_page(emulator: Emulator, api: Api, wire: httpx.Client) -> None:
    request_id = api.sent(emulator.demo, PAID)
    for path in ("", f"ui/requests/{request_id}"):
        whole = wire.get(f"{emulator.page_url}{path}").text
        part = wire.get(f"{emulator.page_url}{path}", params={"live": "1"}).text
        assert part in whole
        assert "<html" not in part


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("ui/requests/req_no", "GET", 404), ("ui/x", "GET", 404), ("", "POST", 405)],
)
def test_what_is_no_page(emulator: Emulator, wire: httpx.Client, path: str, method: str, status: int) -> None:
    assert wire.request(method, emulator.page_url + path).status_code == status


@pytest.mark.parametrize("path", ["", "__emulator__/health"])
@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": "null"}]
)
def test_other_sites_are_kept_away(
    emulator: Emulator, wire: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    assert wire.get(emulator.page_url + path, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("host", "sender", "origin", "foreign"),
    [
        ("localhost:8090", None, "http://127.0.0.1:8090", False),
        ("localhost:8090", "http://localhost:8090", "http://127.0.0.1:8090", False),
        ("a.localhost:8090", None, "http://127.0.0.1:8090", False),
        ("[::1]:8090", None, "http://[::1]:8090", False),
        ("build-box:8090", None, "http://127.0.0.1:8090", True),
        ("build-box:8090", None, "http://10.0.0.5:8090", False),
        ("build-box:8090", "http://other:8090", "http://10.0.0.5:8090", True),
        ("[broken", None, "http://127.0.0.1:8090", True),
    ],
)
def test_who_is_foreign(host: str, sender: str | None, origin: str, *, foreign: bool) -> None:
    headers = (("host", host), *((("origin", sender),) if sender else ()))
    assert is_foreign(headers, origin=origin) is foreign
