"""Pages made from tables in the code say what the code says today."""

from __future__ import annotations

import runpy
from collections.abc import Callable

import pytest
from checkout import ROOT

from pytest_fasthook.causes import Cause
from pytest_fasthook.settings.options import OPTIONS

PAGES: dict[str, Callable[[], str]] = runpy.run_path(str(ROOT / "docs" / "pages.py"))["PAGES"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_what_its_table_makes_of_it(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run: python docs/pages.py"


def test_every_setting_and_every_cause_has_its_row() -> None:
    settings, causes = PAGES["settings.md"](), PAGES["causes.md"]()

    assert [o.name for o in OPTIONS if o.on_command_line and f"`{o.flag}" not in settings] == []
    assert [o.name for o in OPTIONS if o.env and f"`{o.env}`" not in settings] == []
    assert [cause for cause in Cause if f"\n## {cause}\n" not in causes] == []
