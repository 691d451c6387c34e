"""The table counts what was judged, and anything misjudged ends the command with 1."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import confusion_table
import pytest
from confusion_table import Judged, run
from fault_scenarios import Scenario
from fault_scene import Plot


def judged(seed: int, truth: str, verdict: str, *, problems: Sequence[str] = (), cause: str = "-") -> Judged:
    one = Scenario(seed=seed, name="a scenario", truth=truth, plot=Plot())
    return Judged(scenario=one, verdict=verdict, cause=cause, output="said", problems=problems)


def table(found: Sequence[Judged], page: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit code and the page of a run with these outcomes."""
    monkeypatch.setattr(confusion_table, "judged", lambda seed: found[seed - 1])
    options = argparse.Namespace(scenarios=len(found), seed=1, jobs=1, only=None)
    return run(options, page=page), page.read_text(encoding="utf-8")


def test_everything_judged_well_ends_with_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [judged(1, "pass", "pass"), judged(2, "fail", "fail", cause="delivery DELIVERY_FAILED")]
    code, page = table(found, tmp_path / "page.md", monkeypatch)
    assert code == 0
    for line in (
        "| pass | 1 | 0 | 0 | 0 |",
        "| fail | 0 | 1 | 0 | 0 |",
        "False passes: 0. False fails: 0.",
        "| delivery DELIVERY_FAILED | 1 |",
    ):
        assert line in page


@pytest.mark.parametrize(
    ("truth", "verdict", "line"),
    [
        ("fail", "pass", "False passes: 1. False fails: 0."),
        ("pass", "fail", "False passes: 0. False fails: 1."),
        ("error", "error", "False passes: 0. False fails: 0."),
        ("pass", "none", "| pass | 0 | 0 | 0 | 0 | 1 |"),
    ],
)
def test_anything_misjudged_ends_with_1(
    truth: str, verdict: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = judged(1, truth, verdict, problems=["something"])
    code, page = table([wrong], tmp_path / "page.md", monkeypatch)
    assert code == 1
    assert line in page
    assert "number of probes or reports: 1." in page


def test_one_scenario_alone_shows_its_output_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(confusion_table, "judged", lambda seed: judged(seed, "pass", "pass"))
    options = argparse.Namespace(scenarios=9, seed=1, jobs=1, only=5)
    assert run(options, page=tmp_path / "page.md") == 0
    assert capsys.readouterr().out.startswith("said\n     5  ok")
    assert list(tmp_path.iterdir()) == []
