"""What the package promises by name, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pytest_fasthook

HEAVY = {"httpx", "pydantic", "junit_xml", "starlette", "uvicorn", "dateutil", "jinja2"}


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has after the statement."""
    script = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    return set(done.stdout.split())


def test_public_names_are_sorted_and_all_there() -> None:
    names = pytest_fasthook.__all__

    assert list(names) == sorted(names)
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(pytest_fasthook, name).__doc__, name


def test_a_name_that_is_not_promised_is_not_there() -> None:
    with pytest.raises(AttributeError):
        _ = pytest_fasthook.no_such_name


@pytest.mark.parametrize("module", ["pytest_fasthook", "pytest_fasthook.plugin"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}") & HEAVY == set()


def test_heavy_modules_are_seen_where_they_are_loaded() -> None:
    assert "httpx" in loaded_by("import httpx") & HEAVY
