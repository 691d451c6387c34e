"""The test matrix: Python 3.11 to 3.13, each with the lowest and the newest dependencies.

``nox`` runs every cell whose interpreter is installed and says which it skipped;
``nox -s "tests-3.12(newest)"`` runs one. ``.ci/run`` does not need nox: it runs one cell, on pinned versions.
"""

from __future__ import annotations

import re
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["tests"]

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)


def lowest(requirement: str) -> str:
    """Turn a floor into a pin: ``httpx>=0.27`` becomes ``httpx==0.27``.

    Raises:
        ValueError: the requirement has no floor, so "lowest" would mean nothing.
    """
    pinned, count = re.subn(r">=\s*([\w.]+).*$", r"==\1", requirement)
    if not count:
        raise ValueError(f"pyproject.toml: {requirement!r} has no lowest version")
    return pinned


def package() -> str:
    """Return this package with all of its extras, as pip names it."""
    return f".[{','.join(PROJECT['project']['optional-dependencies'])}]"


def direct_dependencies() -> list[str]:
    """Return what the package itself and its extras ask for."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]


@nox.session(python=PYTHONS)
@nox.parametrize("dependencies", [nox.param(name, id=name) for name in ("lowest", "newest")])
def tests(session: nox.Session, dependencies: str) -> None:
    """Run the tests against the built package; options after ``--`` go to pytest."""
    session.install("--quiet", "--upgrade", "pip>=25.1")
    pins = [lowest(requirement) for requirement in direct_dependencies()] if dependencies == "lowest" else []
    session.install("--quiet", package(), "--group", "tests", *pins)
    session.run("python", "-m", "pytest", "-n", "2", *session.posargs)


@nox.session(python=PYTHONS[0])
def mutation(session: nox.Session) -> None:
    """Change the logic in one place after the other and see whether a test notices (docs/mutation.md).

    Names of mutants after ``--`` go to mutmut; ``sample 10`` tests a seeded tenth of every module's. A run goes on
    where the last one was stopped; remove ``mutants/`` to start anew.
    """
    session.install("--quiet", "--upgrade", "pip>=25.1")
    groups = ("--group", "tests", "--group", "mutation")
    session.install("--quiet", "--constraint", "constraints.txt", package(), *groups)
    plugins = ("unraisableexception", "threadexception", "rerunfailures", "xdist")  # of no use here, and slow
    quick = {
        "FASTHOOK_HISTORIES": "20",
        "PYTHONHASHSEED": "0",
        "PYTEST_ADDOPTS": " ".join(f"-p no:{name}" for name in plugins),
    }
    names = session.posargs
    if names[:1] == ["sample"]:
        session.run("mutmut", "run", "--max-children", "2", "pytest_fasthook.rules.ternary.*", env=quick)
        session.run("python", ".ci/mutation_score.py", "--sample", *names[1:])
        names = []
    session.run("mutmut", "run", "--max-children", "2", *names, env=quick)
    session.run("python", ".ci/mutation_score.py")


@nox.session(python=PYTHONS[0])
def constraints(session: nox.Session) -> None:
    """Renew ``constraints.txt`` with the newest versions that fit together; names and versions only."""
    session.install("--quiet", "--upgrade", "pip>=25.1")
    session.install("--quiet", package(), "--group", "dev", "--group", "mutation")
    frozen = session.run("python", "-m", "pip", "freeze", "--exclude", "pytest-fasthook", silent=True)
    lines = ["# The versions that CI and developers use; `nox -s constraints` renews them.", str(frozen)]
    Path("constraints.txt").write_text("\n".join(lines), encoding="utf-8")
