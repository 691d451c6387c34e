"""Check each pipeline of ``example_ci/`` by its own system's rules, without any service.

``python .ci/check_examples.py --node-modules FOLDER example_ci``. The table in :func:`checks` names what
runs on each file; a file without a row is an error, as is a row without its file: no example goes unchecked.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import tree_sitter
import tree_sitter_groovy
import yaml

Check = Callable[[Path], str]
"""From a file to what is wrong with it, as the checker said it; empty where nothing is."""

YAMLLINT = """
extends: default
rules:
  document-start: disable
  truthy: {check-keys: false}  # "on:" is GitHub's own key
  line-length: {max: 120}
  comments: {min-spaces-from-content: 1}
  braces: {max-spaces-inside: 0}
  brackets: {max-spaces-inside: 0}
"""

ARGO_SCRIPT = """
const kinds = require("@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1");
const documents = JSON.parse(require("fs").readFileSync(0));
for (const document of documents) new kinds[document.kind](document).validate();
"""


def told(command: list[str], *, text: str | None = None, env: dict[str, str] | None = None) -> str:
    """Run a checker; return what it said where it was not content."""
    done = subprocess.run(  # noqa: S603 - the commands are the constants of this file
        command,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip() or f"{command[0]} failed"


def schema(name: str, *options: str) -> Check:
    """Return the check against a JSON Schema that check-jsonschema brings along."""
    command = ["check-jsonschema", "--builtin-schema", name, *options]
    return lambda path: told([*command, str(path)])


def style(path: Path) -> str:
    """Check YAML syntax and style."""
    return told(["yamllint", "--strict", "--config-data", YAMLLINT, str(path)])


def hardening(path: Path) -> str:
    """Check a GitHub workflow for what attackers use: loose pins, wide permissions, templates in shell."""
    return told(["zizmor", "--offline", "--persona=pedantic", str(path)])


def kubernetes(path: Path) -> str:
    """Check against Kubernetes' own schemas; a kind without a schema is a warning there and an error here."""
    done = told(["kubernetes-validate", "--strict", str(path)])
    kinds = [document["kind"] for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    return done or ("" if kinds == ["Job"] else f"expected one Job, found {kinds}")


def groovy(path: Path) -> str:
    """Check a Jenkinsfile's Groovy syntax."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
    tree = parser.parse(path.read_bytes())
    return "Groovy syntax error" if tree.root_node.has_error else ""


def argo(node_modules: Path) -> Check:
    """Return the check against the schemas of Argo Rollouts' own kinds."""

    def check(path: Path) -> str:
        documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        env = {**os.environ, "NODE_PATH": str(node_modules)}
        return told(["node", "--eval", ARGO_SCRIPT], text=json.dumps(documents), env=env)

    return check


def checks(node_modules: Path) -> dict[str, list[Check]]:
    """Return the checks of each example."""
    azure = schema(
        "vendor.azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"
    )
    timeouts = schema("custom.github-workflows-require-timeout")
    return {
        "github-actions.yml": [style, schema("vendor.github-workflows"), timeouts, hardening],
        "gitlab-ci.yml": [style, schema("vendor.gitlab-ci", "--data-transform", "gitlab-ci")],
        "Jenkinsfile": [groovy],
        "circleci.yml": [style, schema("vendor.circle-ci")],
        "azure-pipelines.yml": [style, azure],
        "bitbucket-pipelines.yml": [style, schema("vendor.bitbucket-pipelines")],
        "buildkite.yml": [style, schema("vendor.buildkite")],
        "kubernetes-job.yml": [style, kubernetes],
        "argo-rollouts.yml": [style, argo(node_modules)],
    }


def problems(folder: Path, table: dict[str, list[Check]]) -> list[str]:
    """Run the table over the folder and return a line or more for each thing that is wrong."""
    found = {path.name for path in folder.iterdir()} - {"README.md"}
    lines = [f"{name}: no check is known for this file" for name in sorted(found - table.keys())]
    lines += [f"{name}: the file is missing" for name in sorted(table.keys() - found)]
    for name in sorted(found & table.keys()):
        lines += [f"{name}: {said}" for check in table[name] if (said := check(folder / name))]
    return lines


def main(arguments: list[str]) -> int:
    """Check the folder named on the command line; 1 where anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--node-modules", type=Path, required=True)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    table = checks(options.node_modules.resolve())
    lines = problems(options.folder, table)
    print("\n".join(lines) or f"{len(table)} examples checked")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
