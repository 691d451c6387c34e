"""What must not stand in any file of the project."""

from __future__ import annotations

import re

import pytest
from checkout import ROOT, text_of, tracked_files

# Written in pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a package registry's host": [
        "pypi" + r"\.org",
        "python" + r"hosted\.org",
        "registry" + r"\.npmjs",
        "registry" + r"\.yarnpkg",
        "npmjs" + r"\.(?:org|com)",
        r"\bdeb" + r"\.debian\.org",
        r"\bproxy\.golang" + r"\.org",
        r"\bcrates" + r"\.io",
    ],
    "a path of one machine": ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"],
    "a word about who or what wrote it": [
        r"\bA" + r"I\b",
        r"\bLL" + r"Ms?\b",
        "(?i:language" + " model)",
        "(?i:chat" + "gpt)",
        "(?i:cl" + "aude)",
        "(?i:anth" + "ropic)",
        "(?i:cop" + "ilot)",
        "(?i:sub" + "agent)",
        r"(?i:\bco-authored" + "-by:)",
    ],
}
PATTERNS = [(kind, re.compile(pattern)) for kind, patterns in FORBIDDEN.items() for pattern in patterns]


def offences(text: str) -> list[str]:
    return [f"{kind}: {hit.group()}" for kind, pattern in PATTERNS if (hit := pattern.search(text))]


def test_no_tracked_file_names_a_registry_a_machine_or_its_writer() -> None:
    files = tracked_files()
    if not files:
        pytest.skip("not a git checkout")

    found = [
        f"{path.relative_to(ROOT)}: {offence}"
        for path in files
        if (text := text_of(path)) is not None
        for offence in offences(text)
    ]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "see https://" + "pypi" + ".org/simple",
        "cd /wo" + "rk/main",
        "written by A" + "I",
        "Co-Authored" + "-By: X",
    ],
)
def test_forbidden_text_is_found(text: str) -> None:
    assert len(offences(text)) == 1


@pytest.mark.parametrize("text", ["MAIL", "the buildkite agent", "pip install x"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert offences(text) == []
