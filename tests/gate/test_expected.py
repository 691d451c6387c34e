"""What these tests expect is what the interface promises, read from its own tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from expected import EXIT_OF_CODE, STAGES, VERDICT_OF_EXIT

INTERFACE = Path(__file__).resolve().parents[3] / "shared" / "interface.md"
EXIT_OF_WORDS = {"error 77": 77, "error 69": 69, "error 70": 70, "fail": 1, "inconclusive": 75}


@pytest.fixture
def interface() -> str:
    if not INTERFACE.exists():
        pytest.skip("the interface is not beside this checkout")
    return INTERFACE.read_text(encoding="utf-8")


def test_codes_and_their_exit_codes(interface: str) -> None:
    section = interface.split("## 4.")[1].split("## 5.", maxsplit=1)[0]
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \| ([a-z]+(?: \d+)?) \|", section, re.MULTILINE)
    found = {code: EXIT_OF_WORDS[words] for codes, words in rows for code in re.findall(r"[A-Z_]+", codes)}
    assert found == EXIT_OF_CODE


def test_stages_in_their_order(interface: str) -> None:
    section = interface.split("## 2.")[1].split("## 3.", maxsplit=1)[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == STAGES


def test_verdicts_and_their_exit_codes(interface: str) -> None:
    section = interface.split("## 3.")[1].split("## 4.", maxsplit=1)[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\d /]+) \|$", section, re.MULTILINE)
    found = {int(code): verdict for verdict, codes in rows for code in codes.split("/")}
    assert found == VERDICT_OF_EXIT
