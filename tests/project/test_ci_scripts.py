"""The scripts that CI trusts must notice what they are there to notice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from checkout import ROOT, script

FENCE = "```"
SECTION = f"## Try it\n\nOne command.\n\n{FENCE}sh\n$ echo one\n$ echo two\n{FENCE}\n\n## Next\n"


@pytest.fixture
def readme() -> ModuleType:
    return script("readme_command")


@pytest.mark.parametrize("language", ["sh", ""])
def test_the_command_is_the_first_block_of_its_section(readme: ModuleType, language: str) -> None:
    text = SECTION.replace(f"{FENCE}sh", f"{FENCE}{language}")
    text = text.replace("## Next", f"It prints:\n\n{FENCE}\none\n{FENCE}\n\n## Next")

    assert readme.command(text, "Try it") == "echo one\necho two"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (SECTION.replace("## Try it", "## Try"), "found 0 times"),
        (SECTION + SECTION, "found 2 times"),
        (SECTION.replace(f"{FENCE}sh", f"{FENCE}toml"), "does not begin with a shell block"),
        (SECTION.replace("$ echo one\n$ echo two", ""), "is empty"),
        ("## Try it\n\nOne command.\n\n## Next\n", "does not begin with a shell block"),
    ],
    ids=["no section", "two sections", "another language", "empty block", "no block"],
)
def test_a_section_without_a_command_is_an_error(readme: ModuleType, text: str, complaint: str) -> None:
    with pytest.raises(readme.NoCommandError, match=complaint):
        readme.command(text, "Try it")


def test_a_missing_readme_is_said_and_ends_with_1(
    readme: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert readme.main([str(tmp_path / "README.md"), "Try it"]) == 1
    assert "No such file" in capsys.readouterr().err


@pytest.fixture
def examples() -> ModuleType:
    pytest.importorskip("tree_sitter_groovy", reason="the group `examples` is not installed")
    pytest.importorskip("yaml", reason="the group `examples` is not installed")
    return script("check_examples")


def test_an_example_without_a_check_is_an_error(examples: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "drone.yml").write_text("kind: pipeline\n", encoding="utf-8")

    assert examples.problems(tmp_path, {}) == ["drone.yml: no check is known for this file"]


def test_a_check_without_its_example_is_an_error(examples: ModuleType, tmp_path: Path) -> None:
    assert examples.problems(tmp_path, {"a.yml": []}) == ["a.yml: the file is missing"]


def test_what_a_check_says_is_shown_with_the_file(examples: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.yml").touch()

    assert examples.problems(tmp_path, {"a.yml": [lambda _: "", lambda _: "broken"]}) == ["a.yml: broken"]


@pytest.mark.parametrize(
    ("good", "broken"),
    [("steps {", "steps "), ("if (code == 75)", "if code == 75"), ("timeout(time: 30", "timeout(time 30")],
)
def test_broken_groovy_is_found(examples: ModuleType, tmp_path: Path, good: str, broken: str) -> None:
    text = (ROOT / "example_ci" / "Jenkinsfile").read_text(encoding="utf-8")
    assert good in text
    (tmp_path / "good").write_text(text, encoding="utf-8")
    (tmp_path / "broken").write_text(text.replace(good, broken, 1), encoding="utf-8")

    assert examples.groovy(tmp_path / "good") == ""
    assert examples.groovy(tmp_path / "broken") != ""


def test_a_checker_that_fails_in_silence_is_still_a_problem(examples: ModuleType) -> None:
    assert examples.told([sys.executable, "-c", "raise SystemExit(1)"]) != ""
    assert examples.told([sys.executable, "-c", "print('fine')"]) == ""


def ci(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        ["bash", ".ci/run", *arguments],  # noqa: S607 - bash is wherever the system has it
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )


def test_ci_refuses_a_step_that_it_does_not_have() -> None:
    done = ci("no-such-step")

    assert done.returncode == 2
    assert 'step "no-such-step" failed' in done.stderr


def test_ci_names_its_steps() -> None:
    done = ci("--list")

    assert done.returncode == 0
    assert {"lint", "types", "imports", "examples", "readme-try", "readme-tests", "tests"} <= set(
        done.stdout.split()
    )
