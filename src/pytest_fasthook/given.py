"""Where a setting may be written, strongest first: command line, environment, ini, the FastHook CLI's config file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.options import Option
from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.values import Value


class Given(Protocol):
    """Where raw values come from: pytest's command line and ini file."""

    def command_line(self, option: Option) -> Any:
        """The raw command line value, ``None`` when not given."""

    def ini(self, option: Option) -> str | None:
        """The raw ini value, ``None`` when not given."""


class Resolver:
    """Reads single settings from the places a user may write them to."""

    def __init__(self, given: Given, environment: Mapping[str, str], *, home: Path, folder: Path) -> None:
        self._given = given
        self._environment = environment
        self._home = home
        self._folder = folder
        self.origins: dict[str, str] = {}

    def value(self, option: Option) -> Value | None:
        """The strongest given value of ``option``."""
        found = self._command_line(option) or self._env(option) or self._ini(option)
        if found:
            self.origins[option.name] = found.where
        return found

    def given_on_command_line(self, option: Option) -> bool:
        """Whether the command line itself gives ``option``."""
        return self._command_line(option) is not None

    def path(self, text: str) -> Path:
        """A path as the user meant it: relative to where pytest was called, ``~`` and ``~/…`` at home."""
        if text == "~" or text.startswith(("~/", "~\\")):
            return self._home / text[1:].lstrip("/\\")
        return self._folder / text

    def environment(self, name: str) -> Value | None:
        """A variable of the environment; an empty one counts as not given."""
        text = self._environment.get(name, "")
        return Value(text, name) if text.strip() else None

    def environment_names(self) -> Sequence[str]:
        """The names of all variables."""
        return tuple(self._environment)

    def cli_config(self) -> Mapping[str, Any]:
        """The FastHook CLI's config file (``FASTHOOK_CONFIG`` or ``~/.fasthook/config.json``), empty where absent."""
        named = self.environment("FASTHOOK_CONFIG")
        path = self.path(named.text) if named else self._home / ".fasthook" / "config.json"
        if not named and not path.is_file():
            return {}
        return _read_cli_config(path)

    def from_cli_config(self, key: str) -> Value | None:
        """A text of the FastHook CLI's config file."""
        text = self.cli_config().get(key)
        return (
            Value(text, f"{key} in the FastHook CLI's config file")
            if isinstance(text, str) and text
            else None
        )

    def _command_line(self, option: Option) -> Value | None:
        raw = self._given.command_line(option) if option.on_command_line else None
        return None if raw is None or raw is False else Value(raw, option.flag)

    def _env(self, option: Option) -> Value | None:
        return self.environment(option.env) if option.env else None

    def _ini(self, option: Option) -> Value | None:
        raw = self._given.ini(option) if option.ini else None
        return Value(raw, f"{option.dest} in the ini file") if raw else None


def read_file(path: Path, where: str) -> bytes:
    """The bytes of a file that a setting names.

    Raises:
        SettingsError: it cannot be read; the message names setting, path and reason.
    """
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(f"{where}: cannot read {named(path)}: {reason}") from None


def named(path: Path) -> str:
    """The path in one line, whatever a file may be called."""
    return one_line(clean(str(path)))


def _read_cli_config(path: Path) -> Mapping[str, Any]:
    where = "the FastHook CLI's config file"
    try:
        loaded = json.loads(read_file(path, where))
    except (ValueError, RecursionError):
        raise SettingsError(f"{where}: {named(path)} is not JSON") from None
    if not isinstance(loaded, dict):
        raise SettingsError(f"{where}: {named(path)} does not hold a JSON object")
    return loaded
