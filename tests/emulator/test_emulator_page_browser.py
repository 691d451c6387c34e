"""The page in a real browser: it lives, it can be used by keyboard alone, and it fits a narrow screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_fasthook.emulator import Emulator

from . import chromium_tab
from .conftest import Api

pytestmark = pytest.mark.skipif(chromium_tab.chromium() is None, reason="no chromium on this machine")
PAID = {"id": 1, "type": "invoice.paid"}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium_tab.Tab]:
    with chromium_tab.tab(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_problems(tab: chromium_tab.Tab) -> Iterator[None]:
    """No error of a script, and nothing blocked by the policy, in any test."""
    tab.problems.clear()
    yield
    tab.value("1")
    assert tab.problems == []


def test_a_new_request_appears_by_itself(emulator: Emulator, api: Api, tab: chromium_tab.Tab) -> None:
    tab.open(emulator.page_url)
    assert tab.value("document.querySelectorAll('.requests a').length") == 0
    request_id = api.sent(emulator.demo, PAID)
    tab.until(f"document.getElementById('{request_id}')?.textContent.includes('SUCCESSFUL')")


def test_updates_can_be_paused_by_keyboard(emulator: Emulator, api: Api, tab: chromium_tab.Tab) -> None:
    tab.open(emulator.page_url)
    tab.value("document.getElementById('pause').focus()")
    tab.press("Space")
    assert tab.value("document.getElementById('pause').getAttribute('aria-pressed')") == "true"
    api.sent(emulator.demo, PAID)
    assert tab.value("document.querySelectorAll('.requests a').length") == 0
    tab.press("Space")
    tab.until("document.querySelectorAll('.requests a').length === 1")


def test_tab_and_enter_lead_to_the_attempt(emulator: Emulator, api: Api, tab: chromium_tab.Tab) -> None:
    request_id = api.sent(emulator.demo, PAID)
    tab.open(emulator.page_url)
    seen = []
    for _ in range(20):
        tab.press("Tab")
        seen.append(
            tab.value(
                "document.activeElement.id || document.activeElement.name || document.activeElement.textContent"
            )
        )
        if seen[-1] == request_id:
            break
    assert seen[0] == "Skip to content"
    assert {"pause", "q", "state", "source_id", "connection_id", "Filter"} <= set(seen)
    assert seen[-1] == request_id
    assert tab.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.press("Enter")
    tab.until(f"location.pathname === '/ui/requests/{request_id}' && document.body?.dataset.state === 'live'")
    assert tab.value("document.querySelector('article details').open")
    assert "Attempt 1: 200" in tab.value("document.querySelector('article summary').textContent")


def test_an_update_leaves_focus_and_folds_where_they_were(
    emulator: Emulator, api: Api, tab: chromium_tab.Tab
) -> None:
    request_id = api.sent(emulator.demo, PAID)
    tab.open(emulator.page_url)
    tab.value(f"document.getElementById('{request_id}').focus()")
    tab.value("document.getElementById('rules-conn_demo').open = true")
    api.sent(emulator.demo, PAID | {"id": 2})
    tab.until("document.querySelectorAll('.requests a').length === 2")
    assert tab.value("document.activeElement.id") == request_id
    assert tab.value("document.getElementById('rules-conn_demo').open")


def test_choosing_a_state_filters(emulator: Emulator, api: Api, tab: chromium_tab.Tab) -> None:
    api.sent(emulator.demo, PAID)
    api.send(emulator.demo, path="bad", headers={"x-signature": "no"})
    tab.open(emulator.page_url)
    tab.value(
        "(() => { const state = document.querySelector('[name=state]'); state.value = 'rejected'; "
        "state.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    tab.until("location.search.includes('state=rejected') && document.body?.dataset.state === 'live'")
    assert tab.value("[...document.querySelectorAll('.what')].map((item) => item.textContent)") == [
        "POST /bad"
    ]
    assert tab.value("document.querySelector('[name=state]').value") == "rejected"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(
    emulator: Emulator, api: Api, tab: chromium_tab.Tab, width: int
) -> None:
    request_id = api.sent(emulator.demo, PAID | {"long": "x" * 400}, path="p" * 200)
    tab.width(width)
    for path in ("", f"ui/requests/{request_id}"):
        tab.open(emulator.page_url + path)
        assert tab.value("document.documentElement.scrollWidth") <= width
    assert (
        tab.value("Math.min(...[...document.querySelectorAll('button')].map((item) => item.offsetHeight))")
        >= 24
    )
