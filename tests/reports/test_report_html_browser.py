"""The HTML report in a real browser: nobody has to scroll sideways, and axe finds nothing to complain about."""

from __future__ import annotations

import os
from pathlib import Path

import chromium_page
import pytest
import sample_documents as sample

from pytest_fasthook.reports.html import render

SAMPLES = sample.samples()
AXE = Path(os.environ.get("AXE_CORE", chromium_page.ROOT / ".ci/node_modules/axe-core/axe.min.js"))

pytestmark = [
    pytest.mark.skipif(chromium_page.chromium() is None, reason="no chromium on this machine"),
    pytest.mark.timeout(120),
]

LAYOUT = """
const {clientWidth, scrollWidth} = document.documentElement;
const wide = (element) => element.getBoundingClientRect().right > clientWidth + 1;
return {
  width: innerWidth,
  sideways: scrollWidth - clientWidth,
  wide: [...document.querySelectorAll("body *")].filter(wide).map((element) => element.outerHTML.slice(0, 120)),
  resources: performance.getEntriesByType("resource").length,
  dark: getComputedStyle(document.body).backgroundColor,
  bars: [...document.querySelectorAll("svg.waterfall .bar")].map((bar) => bar.getBoundingClientRect().width > 0),
};
"""

VIOLATIONS = """
const report = await axe.run();
return {
  violations: report.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.failureSummary)]),
  passes: report.passes.length,
};
"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["pass", "many", "hostile"])
def test_the_page_fits_its_screen_and_loads_nothing(name: str, width: int, tmp_path: Path) -> None:
    found = chromium_page.measured(render(SAMPLES[name]), LAYOUT, width=width, folder=tmp_path)

    assert found["width"] == width
    assert found["wide"] == []
    assert found["sideways"] == 0
    assert found["resources"] == 0
    assert found["errors"] == []
    assert found["bars"]
    assert all(found["bars"])


def test_the_page_is_dark_for_who_prefers_it(tmp_path: Path) -> None:
    found = chromium_page.measured(render(SAMPLES["pass"]), LAYOUT, width=1280, folder=tmp_path, dark=True)

    assert found["dark"] == "rgb(20, 23, 27)"


@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core: set AXE_CORE to its axe.min.js")
@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [
        ("cause_DELIVERY_FAILED", 1280, False),
        ("let_through", 1280, True),
        ("many", 390, False),
        ("advisory", 390, True),
    ],
)
def test_axe_finds_nothing_to_complain_about(name: str, width: int, tmp_path: Path, *, dark: bool) -> None:
    found = chromium_page.measured(
        render(SAMPLES[name]),
        VIOLATIONS,
        width=width,
        folder=tmp_path,
        dark=dark,
        library=AXE.read_text(encoding="utf-8"),
    )

    assert found["violations"] == []
    assert found["passes"] > 20


@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core: set AXE_CORE to its axe.min.js")
def test_axe_would_notice_a_page_without_a_language(tmp_path: Path) -> None:
    page = render(SAMPLES["pass"]).replace('<html lang="en">', "<html>")

    found = chromium_page.measured(
        page, VIOLATIONS, width=1280, folder=tmp_path, library=AXE.read_text(encoding="utf-8")
    )

    assert [rule for rule, _ in found["violations"]] == ["html-has-lang"]


def test_a_page_that_is_too_wide_would_be_noticed(tmp_path: Path) -> None:
    page = render(SAMPLES["pass"]).replace("overflow-wrap: anywhere", "white-space: pre")

    found = chromium_page.measured(page, LAYOUT, width=390, folder=tmp_path)

    assert found["sideways"] > 0
    assert found["wide"]
