"""Run ``example_ci/gitlab-ci.yml`` for real, by gitlab-ci-local, against the emulator.

``python .ci/run_gitlab_example.py --command gitlab-ci-local --work FOLDER`` runs the pipeline three times:
with a healthy route, with one whose metrics lag, and with a connection that does not exist. GitLab must show
the gate's job as passed, as passed with warnings, and as failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_fasthook.emulator import Emulator, FaultKind

EXAMPLE = Path("example_ci/gitlab-ci.yml")
GIT = ["git", "-c", "user.name=ci", "-c", "user.email=ci@example.com"]
JOB = "fasthook-gate"


def lay_out(folder: Path) -> None:
    """Make a repository with the example as its pipeline.

    The image is left out, for there are no containers here: the job runs in this environment.
    """
    folder.mkdir(parents=True)
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / ".gitlab-ci.yml").write_text(
        "".join(line for line in lines if not line.strip().startswith("image:")), encoding="utf-8"
    )
    deploy = folder / "deploy.sh"
    deploy.write_text("#!/bin/sh\necho deployed\n", encoding="utf-8")
    deploy.chmod(0o755)
    for command in (
        [*GIT, "init", "--quiet", "--initial-branch", "main"],
        [*GIT, "add", "--all"],
        [*GIT, "commit", "--quiet", "--message", "Gate a deploy"],
        [*GIT, "remote", "add", "origin", "git@example.com:group/project.git"],
    ):
        subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - the constants above


def pipeline(command: Path, folder: Path, settings: dict[str, str]) -> tuple[str, str]:
    """Run the pipeline; return what GitLab shows for the job (PASS, WARN or FAIL) and the whole output."""
    variables = [part for name, value in settings.items() for part in ("--variable", f"{name}={value}")]
    done = subprocess.run(  # noqa: S603 - the command that CI installed
        [str(command), "--shell-executor-no-image", "--shell-isolation", *variables],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=180,
    )
    output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    states = re.findall(rf"^ (PASS|WARN|FAIL) +{JOB}\b", output, flags=re.MULTILINE)
    return (states[-1] if states else "no state"), output


def settings_for(emulator: Emulator) -> dict[str, str]:
    """Return the variables that the project would have in its store."""
    return {
        "FASTHOOK_API_URL": emulator.api_url,
        "FASTHOOK_API_KEY": emulator.api_key,
        "FASTHOOK_TEAM_ID": emulator.team_id,
        "FASTHOOK_SOURCE_SECRET": emulator.demo.secret or "",
        "FASTHOOK_TIMEOUT": "20s",
        "GATE_CONNECTIONS": "conn_demo",
    }


@contextmanager
def lagging(emulator: Emulator) -> Iterator[None]:
    """Let metrics count nothing for as long as the context lasts."""
    emulator.faults.add(FaultKind.METRICS_LAG, seconds=600)
    yield
    emulator.faults.clear()


def run_all(command: Path, work: Path) -> list[str]:
    """Run the three pipelines and return a line for each that ended in another state than it should."""
    with Emulator(seed_demo=True) as emulator:
        settings = settings_for(emulator)
        seen = {"healthy": ("PASS", *outcome(command, work / "healthy", settings))}
        with lagging(emulator):
            settings_of_lag = settings | {"FASTHOOK_TIMEOUT": "2s"}
            seen["lagging"] = ("WARN", *outcome(command, work / "lagging", settings_of_lag))
        unknown = settings | {"GATE_CONNECTIONS": "conn_unknown"}
        seen["unknown"] = ("FAIL", *outcome(command, work / "unknown", unknown))
    return [
        f"{name}: expected {expected}, found {state}, reports {reports}\n{output}"
        for name, (expected, state, reports, output) in seen.items()
        if state != expected or reports != ["fasthook.json", "fasthook.xml"]
    ]


def outcome(command: Path, folder: Path, settings: dict[str, str]) -> tuple[str, list[str], str]:
    """Return the job's state, the reports that were kept, and the output, for a fresh repository."""
    lay_out(folder)
    state, output = pipeline(command, folder, settings)
    kept = sorted(path.name for path in (folder / "reports").glob("fasthook.*"))
    if "fasthook.json" in kept:
        verdict = json.loads((folder / "reports" / "fasthook.json").read_text(encoding="utf-8"))["verdict"]
        print(f"{folder.name}: GitLab shows {state}, the report says {verdict}")
    return state, kept, output


def main(arguments: list[str]) -> int:
    """Run the pipelines; 1 and their output where one ended otherwise than it should."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args(arguments)
    wrong = run_all(options.command.resolve(), options.work.resolve())
    print("\n".join(wrong) or "the GitLab example passes, warns and fails as it should")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
