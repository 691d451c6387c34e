"""The shell that each example pipeline runs in its gate job, as the system would hand it to a shell."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from checkout import ROOT

EXAMPLES = ROOT / "example_ci"
PLACEHOLDER = "conn_orders,conn_refunds"


def github_actions(text: str) -> str:
    steps = yaml.safe_load(text)["jobs"]["gate"]["steps"]
    return lines(step["run"] for step in steps if "run" in step)


def github_report(text: str) -> str:
    """Return the shell of the job that joins the reports of the others."""
    steps = yaml.safe_load(text)["jobs"]["report"]["steps"]
    return lines(step["run"] for step in steps if "run" in step)


def gitlab(text: str) -> str:
    return lines(yaml.safe_load(text)["fasthook-gate"]["script"])


def jenkins(text: str) -> str:
    (script,) = re.findall(r"returnStatus: true, script: '''(.*?)'''", text, flags=re.DOTALL)
    return str(script)


def circleci(text: str) -> str:
    steps = [step["run"] for step in yaml.safe_load(text)["jobs"]["gate"]["steps"] if "run" in step]
    return lines(step if isinstance(step, str) else step["command"] for step in steps)


def azure_pipelines(text: str) -> str:
    (job,) = (job for job in yaml.safe_load(text)["jobs"] if job["job"] == "gate")
    return lines(step["bash"] for step in job["steps"] if "bash" in step)


def bitbucket(text: str) -> str:
    (stage,) = yaml.safe_load(text)["pipelines"]["branches"]["main"]
    return lines(stage["stage"]["steps"][-1]["step"]["script"])


def buildkite(text: str) -> str:
    return lines(yaml.safe_load(text)["steps"][-1]["commands"]).replace("$$", "$")


def kubernetes_job(text: str) -> str:
    return container(yaml.safe_load(text)["spec"])


def argo_rollouts(text: str) -> str:
    template = next(iter(yaml.safe_load_all(text)))
    return container(template["spec"]["metrics"][0]["provider"]["job"]["spec"])


def container(job: dict[str, Any]) -> str:
    (only,) = job["template"]["spec"]["containers"]
    (script,) = only["args"]
    return str(script)


def lines(commands: Any) -> str:
    return "\n".join(commands)


SCRIPTS: dict[str, Callable[[str], str]] = {
    "github-actions.yml": github_actions,
    "gitlab-ci.yml": gitlab,
    "Jenkinsfile": jenkins,
    "circleci.yml": circleci,
    "azure-pipelines.yml": azure_pipelines,
    "bitbucket-pipelines.yml": bitbucket,
    "buildkite.yml": buildkite,
    "kubernetes-job.yml": kubernetes_job,
    "argo-rollouts.yml": argo_rollouts,
}


def gate_script(name: str, connection: str) -> str:
    """Return the gate job's shell with the example's connections replaced by a real one."""
    path = Path(EXAMPLES / name)
    return SCRIPTS[name](path.read_text(encoding="utf-8")).replace(PLACEHOLDER, connection)
