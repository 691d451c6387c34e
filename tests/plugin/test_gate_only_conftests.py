"""Where only the gate runs, nothing of a repository's tests can break a deploy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BROKEN = "import a_module_that_no_deploy_machine_has\n"


def gate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--fasthook-emulator", *arguments],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "conftest.py").write_text(BROKEN)
    (tmp_path / "tests" / "test_unit.py").write_text(BROKEN)
    return tmp_path


@pytest.mark.parametrize("ini", ["[pytest]\n", "[pytest]\ntestpaths = tests\n"], ids=["plain", "testpaths"])
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one", "two"])
def test_a_broken_conftest_of_tests_does_not_stop_the_gate(
    ini: str, workers: tuple[str, ...], repository: Path
) -> None:
    (repository / "pytest.ini").write_text(ini)

    done = gate(repository, *workers)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_named_paths_are_loaded_as_ever(repository: Path) -> None:
    done = gate(repository, "tests")

    assert done.returncode == 4
    assert "a_module_that_no_deploy_machine_has" in done.stdout + done.stderr


def test_the_folders_own_conftest_is_loaded(repository: Path) -> None:
    """It may hold the gate's hooks."""
    (repository / "conftest.py").write_text(
        "def pytest_report_header():\n    return 'the conftest was here'\n"
    )

    done = gate(repository)

    assert (done.returncode, "the conftest was here" in done.stdout) == (0, True)
