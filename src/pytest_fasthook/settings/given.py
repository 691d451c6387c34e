"""Where a setting may be written, strongest first: command line, environment, ini, the FastHook CLI's config file."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.settings.options import Option
from pytest_fasthook.settings.values import Value


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
        self.inputs: dict[Path, str] = {}
        """Every file that was read, or looked for, with the setting that names it: no report may replace one."""

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

    def read_file(self, path: Path, where: str) -> bytes:
        """The bytes of a file that a setting names; see ``read_file``."""
        self.inputs[path] = where
        return read_file(path, where)

    def read_text(self, path: Path, where: str) -> str:
        """The text of a file that a setting names; a byte order mark, which some editors write, is no part of it.

        Raises:
            SettingsError: it cannot be read, or is not UTF-8.
        """
        try:
            return self.read_file(path, where).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SettingsError(f"{where}: {named(path)} is not UTF-8 text (byte {error.start})") from None

    def read_json(self, path: Path, where: str) -> Any:
        """The value of a JSON file that a setting names; see ``read_json``."""
        self.inputs[path] = where
        return read_json(path, where)

    def environment(self, name: str) -> Value | None:
        """A variable of the environment; an empty one counts as not given."""
        text = self._environment.get(name, "")
        return Value(text, name) if text.strip() else None

    def environment_names(self) -> Sequence[str]:
        """The names of all variables."""
        return tuple(self._environment)

    def cli_config(self) -> Mapping[str, Any]:
        """The FastHook CLI's config file (``FASTHOOK_CONFIG`` or ``~/.fasthook/config.json``), empty where absent."""
        given = self.environment("FASTHOOK_CONFIG")
        path = self.path(given.text) if given else self._home / ".fasthook" / "config.json"
        where = "the FastHook CLI's config file"
        if not given and not _is_there(path):
            return {}
        self.inputs[path] = where
        loaded = self.read_json(path, where)
        if not isinstance(loaded, dict):
            raise SettingsError(f"{where}: {named(path)} does not hold a JSON object")
        return loaded

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


def home_folder() -> Path:
    """The user's home; a place that holds no file where the system knows of none, as in many containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.devnull)


def _is_there(path: Path) -> bool:
    """Whether a file is there; one in a home that may not be entered is none of this user's."""
    try:
        return path.is_file()
    except OSError:
        return False


LARGEST_FILE = 10 * 1024 * 1024
"""Bytes that a file named by a setting may have; no webhook, key or settings file comes near it."""


def read_file(path: Path, where: str, *, largest: int = LARGEST_FILE) -> bytes:
    """The bytes of a file that a setting names.

    Args:
        path: the file.
        where: the setting, for the error.
        largest: bytes that it may have.

    Raises:
        SettingsError: it cannot be read, is no regular file or is too large; the message names setting, path and
            reason.
    """
    try:
        content = _start_of(path, largest + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SettingsError(f"{where}: cannot read {named(path)}: {reason}") from None
    if len(content) > largest:
        size = largest // (1024 * 1024)
        raise SettingsError(f"{where}: cannot read {named(path)}: it is larger than {size} MB")
    return content


def _start_of(path: Path, size: int) -> bytes:
    """The first bytes of a regular file: a pipe without a writer would hold the run, and a device never ends."""
    _check_regular(path.stat().st_mode)
    with open(path, "rb", opener=_open_at_once) as file:
        _check_regular(os.fstat(file.fileno()).st_mode)
        return file.read(size)


def read_json(path: Path, where: str) -> Any:
    """The value of a JSON file that a setting names.

    Raises:
        SettingsError: it cannot be read, or is not JSON.
    """
    try:
        return json.loads(read_file(path, where))
    except (ValueError, RecursionError):
        raise SettingsError(f"{where}: {named(path)} is not JSON") from None


def _check_regular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise ValueError("it is not a regular file")


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def named(path: Path) -> str:
    """The path in one line, whatever a file may be called."""
    return one_line(clean(str(path)))
