"""Docs and examples speak of what is really there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checkout import ROOT

from pytest_fasthook.settings.options import OPTIONS

EXAMPLES = ROOT / "example_ci"
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *EXAMPLES.glob("*.md")])


def examples() -> list[Path]:
    return sorted(path for path in EXAMPLES.iterdir() if path.name != "README.md")


def anchors(text: str) -> set[str]:
    """Return the anchors that the headings of a page get where it is shown."""
    headings = HEADING.findall(CODE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    found = []
    for target, anchor in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        file = (page.parent / target) if target else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            found.append(f"{target}#{anchor}" if anchor else target)
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text("# One\n[x](b.md) [y](#one) [z](#two) [w](a.md#one)\n", encoding="utf-8")

    assert dead_links(page) == ["b.md", "#two"]


def test_every_page_is_listed_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    names = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}

    assert {name for name in names - {"index.md"} if f"({name})" not in index} == set()


@pytest.mark.parametrize("path", [*pages(), *examples()], ids=lambda path: str(path.relative_to(ROOT)))
def test_options_that_are_spoken_of_exist(path: Path) -> None:
    known = {option.flag for option in OPTIONS if option.on_command_line}
    spoken_of = set(re.findall(r"--fasthook-[a-z]+(?:-[a-z]+)*", path.read_text(encoding="utf-8")))

    assert spoken_of - known == set()


def test_every_example_is_listed_in_its_readme_and_has_a_page() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(.+?)\]\(\1\) \| .*?\(\.\./docs/ci/(.+?\.md)\)", readme, flags=re.MULTILINE)

    assert sorted(name for name, _ in rows) == [path.name for path in examples()]
    assert all((ROOT / "docs" / "ci" / page).exists() for _, page in rows)


@pytest.mark.parametrize("path", examples(), ids=lambda path: path.name)
def test_an_example_keeps_its_reports_and_no_secret_stands_on_its_command_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert "--fasthook-junit" in text
    assert "--fasthook-json" in text
    assert "FASTHOOK_API_KEY" in text
    assert not re.search(r"--fasthook-[\w-]*(?:key|secret)", text)
