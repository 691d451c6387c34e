"""What the README promises to hold."""

from __future__ import annotations

import re

import pytest
from checkout import ROOT, script

from pytest_fasthook.causes import Cause
from pytest_fasthook.settings.options import OPTIONS, Option

README = ROOT / "README.md"
SETTINGS = ROOT / "docs" / "settings.md"


@pytest.fixture(scope="module")
def documented() -> str:
    pages = [README, *sorted((ROOT / "docs").glob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


@pytest.fixture(scope="module")
def settings() -> str:
    pages = [page for page in (README, SETTINGS) if page.exists()]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


@pytest.mark.parametrize("heading", ["Try it", "Run the tests"])
def test_a_section_has_one_command(heading: str) -> None:
    assert script("readme_command").command(README.read_text(encoding="utf-8"), heading)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_setting_is_documented_with_all_its_names(option: Option, settings: str) -> None:
    names = [option.flag] if option.on_command_line else []
    names += [option.env] if option.env else []
    names += [option.dest] if option.ini else []

    for name in names:
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", settings), name


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_code_is_documented(cause: Cause, documented: str) -> None:
    assert re.search(rf"\b{cause.value}\b", documented)


@pytest.mark.parametrize("code", [0, 1, 69, 75, 77])
def test_every_exit_code_stands_in_the_readme(code: int) -> None:
    assert re.search(rf"\b{code}\b", README.read_text(encoding="utf-8"))
