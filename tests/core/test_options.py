"""The table of settings: its rows, and what command line, ini and help are made from."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from pytest_fasthook.settings import options
from pytest_fasthook.settings.options import OPTIONS, Option, add_options

PROMISED = {
    "--fasthook-connection": (None, None),
    "--fasthook-source": (None, None),
    "--fasthook-source-url": ("FASTHOOK_SOURCE_URL", None),
    "--fasthook-mode": ("FASTHOOK_MODE", "fasthook_mode"),
    "--fasthook-match": (None, None),
    "--fasthook-config": (None, "fasthook_config"),
    "--fasthook-plan": (None, None),
    "--fasthook-emulator": (None, None),
    "--fasthook-api-url": ("FASTHOOK_API_URL", "fasthook_api_url"),
    "--fasthook-team": ("FASTHOOK_TEAM_ID", "fasthook_team"),
    "--fasthook-payload": (None, "fasthook_payload"),
    "--fasthook-header": (None, None),
    "--fasthook-timeout": ("FASTHOOK_TIMEOUT", "fasthook_timeout"),
    "--fasthook-deploy-start": ("FASTHOOK_DEPLOY_START", None),
    "--fasthook-attempts": (None, "fasthook_attempts"),
    "--fasthook-max-failure-rate": (None, "fasthook_max_failure_rate"),
    "--fasthook-max-latency": (None, "fasthook_max_latency"),
    "--fasthook-advisory": (None, None),
    "--fasthook-on-inconclusive": (None, None),
    "--fasthook-on-error": (None, None),
    "--fasthook-rate-limit": (None, None),
    "--fasthook-on-fail": (None, None),
    "--fasthook-json": (None, None),
    "--fasthook-markdown": (None, None),
    "--fasthook-html": (None, None),
    "--fasthook-junit": (None, None),
}
"""Each option with its variable and its ini key, as the public interface fixes them."""


@dataclass
class Recorder:
    """Stands for pytest's parser and its option group, with a real argparse behind it."""

    parser: argparse.ArgumentParser = field(default_factory=lambda: argparse.ArgumentParser(prog="pytest"))
    ini: dict[str, Any] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)

    def getgroup(self, name: str, description: str) -> Recorder:
        self.groups.append(f"{name}: {description}")
        return self

    def addoption(self, flag: str, **arguments: Any) -> None:
        self.parser.add_argument(flag, **arguments)

    def addini(self, name: str, explained: str, default: Any = ...) -> None:
        assert explained
        self.ini[name] = default


@pytest.fixture
def recorder() -> Recorder:
    recorded = Recorder()
    add_options(cast("pytest.Parser", recorded))
    return recorded


@pytest.mark.parametrize("flag", PROMISED)
def test_every_promised_option_has_its_variable_and_its_ini_key(flag: str) -> None:
    (option,) = (option for option in OPTIONS if option.flag == flag)
    assert (option.env, option.dest if option.ini else None) == PROMISED[flag]


def test_secrets_have_no_option_and_no_ini_key() -> None:
    hidden = {option.env for option in OPTIONS if not option.on_command_line}
    assert hidden == {"FASTHOOK_API_KEY", "FASTHOOK_API_KEY_FILE", "FASTHOOK_SOURCE_SECRET"}
    assert not any(option.ini for option in OPTIONS if not option.on_command_line)


def test_names_are_unique() -> None:
    assert len({option.flag for option in OPTIONS}) == len(OPTIONS)
    variables = [option.env for option in OPTIONS if option.env]
    assert len(set(variables)) == len(variables)


def test_every_constant_is_a_row_of_the_table() -> None:
    constants = [value for value in vars(options).values() if isinstance(value, Option)]
    assert sorted(option.name for option in constants) == sorted(option.name for option in OPTIONS)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_row_explains_itself(option: Option) -> None:
    assert option.help
    assert not option.help.endswith(".")
    assert option.default
    assert option.metavar or option.choices or option.action == "store_true" or not option.on_command_line


def test_one_group_holds_them_all(recorder: Recorder) -> None:
    assert recorder.groups == ["fasthook: FastHook deploy gate"]


def test_no_secret_reaches_the_command_line_or_the_ini_file(recorder: Recorder) -> None:
    names = {*vars(recorder.parser.parse_args([])), *recorder.ini}
    assert not any("key" in name or "secret" in name for name in names)


def test_not_given_is_none_everywhere(recorder: Recorder) -> None:
    """A default on the command line could not be told from a given value and would beat the environment."""
    given = vars(recorder.parser.parse_args([]))
    flags = {option.dest for option in OPTIONS if option.action == "store_true"}
    assert {name for name, value in given.items() if value is not None} == flags
    assert not any(given[flag] for flag in flags)
    assert set(recorder.ini.values()) == {None}


def test_a_repeatable_option_keeps_all_values(recorder: Recorder) -> None:
    given = recorder.parser.parse_args(["--fasthook-header", "a: 1", "--fasthook-header", "b: 2"])
    assert given.fasthook_header == ["a: 1", "b: 2"]


def test_a_wrong_choice_is_left_to_our_own_message(recorder: Recorder) -> None:
    """The argument parser's refusal would not say where the value came from."""
    assert recorder.parser.parse_args(["--fasthook-on-error", "green"]).fasthook_on_error == "green"


def test_help_names_variable_default_and_choices(recorder: Recorder) -> None:
    text = " ".join(recorder.parser.format_help().split())
    assert "--fasthook-on-error keep|fail|pass" in text
    assert "[FASTHOOK_TIMEOUT] (default: 120s)" in text
    for flag in PROMISED:
        assert flag in text


def test_a_percent_sign_in_a_help_text_stays_one(recorder: Recorder) -> None:
    add = options._arguments(Option(name="share", help="at most 5 % fail", metavar="X"))
    recorder.addoption("--fasthook-share", **add)
    assert "at most 5 % fail" in recorder.parser.format_help()
