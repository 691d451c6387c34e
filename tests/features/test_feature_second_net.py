"""A redactor that misses: no artefact is written with the secret, and the run cannot end green."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from gate_checks import encodings
from gate_run import GateRun, command
from route_parts import FAILED

from standin import API_KEY, AttemptScript, RouteScript, StandIn

BLIND = """
from pytest_fasthook.redact import Redactor

Redactor.redact = lambda self, text: text
Redactor.finds = lambda self, text: False
"""
OPTIONS = {"json": "gate.json", "junit": "gate.xml", "markdown": "gate.md", "html": "gate.html"}
FORMS = encodings(API_KEY)
ON_GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.md"}
FAULT = "it would have shown a secret of this run"


def gated(folder: Path, said: str, *args: str, fails: bool) -> GateRun:
    """A run whose receiver says these words; where the delivery fails, the deciding sentence holds them."""
    (folder / "blind.py").write_text(BLIND, encoding="utf-8")
    answers = replace(FAILED, body=said, error_code=said) if fails else AttemptScript(body=said)
    reports = [f"--fasthook-{name}={file}" for name, file in OPTIONS.items()] + ["--junitxml=pytest.xml"]
    with StandIn(RouteScript(attempts=(answers,))) as standin:
        run = command(folder, standin, args=(*args, *reports), env=ON_GITHUB, reports=False).run()
    assert len(standin.probes) == 1
    return run


def written(run: GateRun) -> dict[str, str]:
    """The artefacts that the run left behind, by name."""
    names = {"summary.md", "pytest.xml", *OPTIONS.values()}
    files = [file for file in run.folder.iterdir() if file.name in names]
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def assert_secret_nowhere(run: GateRun) -> None:
    for name, text in {"output": run.output, **written(run)}.items():
        assert [form for form, spelling in FORMS.items() if spelling in text] == [], name


@pytest.mark.parametrize("form", ["raw", "base64", "hex"])
def test_what_the_redactor_missed_is_in_no_artefact(form: str, folder: Path) -> None:
    """The deciding sentence holds it, and so would every report, the annotations and pytest's own JUnit file."""
    run = gated(folder, f"you are {FORMS[form]}", "-p", "blind", fails=True)
    assert_secret_nowhere(run)
    assert run.exit_code == 1
    # The JSON report is the last checkpoint: before the failure, there was nothing to hide.
    assert set(written(run)) <= {"pytest.xml", "gate.json"}
    assert f"withheld: {FAULT}" in written(run)["pytest.xml"]
    assert f"the summary is withheld: {FAULT}" in run.output
    assert "DELIVERY_FAILED" not in run.output.split("fasthook: the summary is withheld")[1]


def test_a_pass_whose_reports_are_refused_is_not_green(folder: Path) -> None:
    run = gated(folder, f"you are {API_KEY}", "-p", "blind", fails=False)
    assert_secret_nowhere(run)
    assert run.exit_code == 1
    for name in ("json", "html"):
        assert f"--fasthook-{name}: the report is missing: " in run.output
    assert FAULT in run.output
    assert json.loads(written(run).get("gate.json", '{"verdict": "none"}'))["verdict"] != "pass"


@pytest.mark.parametrize("fails", [False, True], ids=["pass", "fail"])
def test_a_redactor_that_sees_leaves_nothing_to_refuse(*, fails: bool, folder: Path) -> None:
    run = gated(folder, f"you are {API_KEY}", fails=fails)
    assert_secret_nowhere(run)
    assert run.exit_code == (1 if fails else 0)
    assert set(written(run)) == {"pytest.xml", "summary.md", *OPTIONS.values()}
    assert "you are ***" in written(run)["gate.json"]
    assert FAULT not in run.output


def test_a_blind_redactor_alone_refuses_nothing(folder: Path) -> None:
    run = gated(folder, "you are somebody", "-p", "blind", fails=False)
    assert run.exit_code == 0
    assert set(written(run)) == {"pytest.xml", "summary.md", *OPTIONS.values()}
