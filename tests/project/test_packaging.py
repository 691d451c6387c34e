"""What the built wheel and source archive hold."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest
from checkout import ROOT, SOURCE

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheel and the source archive, built now from this tree."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata_folder(wheel: zipfile.ZipFile) -> str:
    return next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")).rpartition("/")[0]


def source_files() -> set[str]:
    """Return the package's files, without the caches that tools leave beside them."""
    files = {path.relative_to(SOURCE.parent) for path in SOURCE.rglob("*") if path.is_file()}
    caches = {path for path in files if any(part == "__pycache__" or part[0] == "." for part in path.parts)}
    return {path.as_posix() for path in files - caches}


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert names == source_files()


@pytest.mark.parametrize("name", ["py.typed", "reports/report.schema.json"])
def test_the_wheel_holds_what_users_of_the_package_read(wheel: zipfile.ZipFile, name: str) -> None:
    assert f"pytest_fasthook/{name}" in wheel.namelist()


def test_the_source_archive_holds_what_it_takes_to_build_and_test(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    wanted = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt", ".ci/run"}
    assert wanted <= names
    assert "tests/project/test_packaging.py" in names
    assert {f"src/{name}" for name in source_files()} <= names


def test_every_entry_point_can_be_called_or_loaded(wheel: zipfile.ZipFile, metadata_folder: str) -> None:
    parser = ConfigParser()
    parser.read_string(wheel.read(f"{metadata_folder}/entry_points.txt").decode())
    scripts = dict(parser["console_scripts"])

    assert dict(parser["pytest11"]) == {"fasthook": "pytest_fasthook.plugin"}
    assert set(scripts) == set(PROJECT["scripts"])
    importlib.import_module(parser["pytest11"]["fasthook"])
    for target in scripts.values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_the_top_entry_of_the_changelog_is_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[?([\w.]+)\]?", changelog, flags=re.MULTILINE)

    assert versions[0] == PROJECT["version"]
