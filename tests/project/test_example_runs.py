"""The gate jobs of the examples, run by a shell against the emulator as their systems would run them."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from example_scripts import EXAMPLES, SCRIPTS, gate_script, github_report

import pytest_fasthook
from pytest_fasthook.emulator import Emulator, FaultKind

NAMES = sorted(SCRIPTS)
# Kubernetes hands the script to a plain shell, the others to one that stops at the first failing command.
SHELLS = {"kubernetes-job.yml": ["sh"], "argo-rollouts.yml": ["sh"], "Jenkinsfile": ["sh", "-e"]}
STRICT = ["bash", "-eo", "pipefail"]
STAND_INS = {
    "circleci": "#!/bin/sh\nexec cat\n",
    "buildkite-agent": "#!/bin/sh\necho now-15m\n",
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(seed_demo=True) as running:
        yield running


@pytest.fixture(autouse=True)
def healthy(emulator: Emulator) -> None:
    emulator.faults.clear()


@pytest.fixture
def environment(emulator: Emulator, tmp_path: Path) -> dict[str, str]:
    """Return what the CI system would set, with its own commands and an installed package."""
    package_folder = str(Path(pytest_fasthook.__file__).parents[1])
    commands = tmp_path / "commands"
    commands.mkdir()
    for name, text in STAND_INS.items():
        (commands / name).write_text(text, encoding="utf-8")
        (commands / name).chmod(0o755)
    return {
        "PATH": os.pathsep.join([str(commands), str(Path(sys.executable).parent), os.environ["PATH"]]),
        # A venv that the script makes finds the package as installed, so nothing is fetched.
        "PYTHONPATH": os.pathsep.join([package_folder, *site.getsitepackages()]),
        "PIP_NO_INDEX": "1",
        "HOME": str(tmp_path),
        "FASTHOOK_API_URL": emulator.api_url,
        "FASTHOOK_API_KEY": emulator.api_key,
        "FASTHOOK_TEAM_ID": emulator.team_id,
        "FASTHOOK_SOURCE_SECRET": emulator.demo.secret or "",
        "FASTHOOK_TIMEOUT": "20s",
        "BUILDKITE_JOB_ID": "job-1",
    }


def run(
    name: str, connection: str, environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    (folder / "checkout").mkdir(parents=True)
    shell = SHELLS.get(name, STRICT)
    return run_script(
        gate_script(name, connection), shell, {**environment, "GATE_CONNECTIONS": connection}, folder
    )


def run_script(
    text: str, shell: list[str], environment: dict[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    script = folder / "script"
    script.write_text(text, encoding="utf-8")
    return subprocess.run(  # noqa: S603 - the project's own examples
        [*shell, str(script)],
        cwd=folder / "checkout",
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )


def report(folder: Path) -> dict[str, Any]:
    """Return the JSON report, having seen that the JUnit file lies beside it."""
    (path,) = (folder / "checkout").rglob("*.json")
    assert list(path.parent.glob("*.xml"))
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("name", NAMES)
def test_a_healthy_route_passes(name: str, environment: dict[str, str], tmp_path: Path) -> None:
    done = run(name, "conn_demo", environment, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert report(tmp_path)["verdict"] == "pass"


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_connection_fails_the_job_and_keeps_the_reports(
    name: str, environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(name, "conn_unknown", environment, tmp_path)

    assert done.returncode == 77, done.stdout + done.stderr
    assert report(tmp_path)["connections"][0]["cause"]["code"] == "CONNECTION_NOT_FOUND"


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("github-actions.yml", 75, "::warning title=FastHook gate::Inconclusive"),
        ("azure-pipelines.yml", 0, "##vso[task.complete result=SucceededWithIssues]"),
    ],
)
def test_missing_evidence_becomes_the_soft_state_of_the_system(  # noqa: PLR0917 - a table's columns
    name: str, code: int, said: str, emulator: Emulator, environment: dict[str, str], tmp_path: Path
) -> None:
    emulator.faults.add(FaultKind.METRICS_LAG, seconds=600)

    done = run(name, "conn_demo", {**environment, "FASTHOOK_TIMEOUT": "2s"}, tmp_path)

    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout
    assert report(tmp_path)["verdict"] == "inconclusive"


@pytest.mark.parametrize(("second", "code"), [("conn_demo", 0), ("conn_unknown", 77)])
def test_the_joined_reports_of_github_end_with_the_worst_code(
    second: str, code: int, environment: dict[str, str], tmp_path: Path
) -> None:
    for shard, connection in enumerate(["conn_demo", second]):
        run("github-actions.yml", connection, environment, tmp_path / str(shard))
        made = tmp_path / str(shard) / "checkout" / "reports"
        shutil.copytree(made, tmp_path / "checkout" / "shards" / f"fasthook-{shard}")
    summary = tmp_path / "summary.md"
    script = github_report((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))

    done = run_script(script, STRICT, {**environment, "GITHUB_STEP_SUMMARY": str(summary)}, tmp_path)

    assert done.returncode == code, done.stdout + done.stderr
    assert (tmp_path / "checkout" / "joined" / "fasthook.html").exists()
    assert second in summary.read_text(encoding="utf-8")
