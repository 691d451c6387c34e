"""The settings of one run: resolved from the table, checked, frozen.

Strongest first: command line, environment, ini, default. Every value remembers where it came from, so that an
error can name option, value, source and what is valid.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol, cast
from urllib.parse import urlsplit

from dateutil.parser import isoparse

from pytest_fasthook import options
from pytest_fasthook.errors import SettingsError
from pytest_fasthook.options import Option
from pytest_fasthook.redact import Redactor, Secret, clean, one_line
from pytest_fasthook.stages import Stage

Policy = Literal["keep", "fail", "pass"]

DEFAULT_API_URL = "https://api.fasthook.io/v1"
DEFAULT_TIMEOUT_S = 120.0
DEFAULT_RATE_LIMIT = 200
PREFLIGHT_LIMIT_S = 30.0

_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = frozenset({"x-fasthook-probe", "host", "content-length", "transfer-encoding", "connection"})


class Given(Protocol):
    """Where raw values come from: pytest's command line and ini file."""

    def command_line(self, option: Option) -> Any:
        """The raw command line value, ``None`` when not given."""

    def ini(self, option: Option) -> str | None:
        """The raw ini value, ``None`` when not given."""


@dataclass(frozen=True, slots=True)
class Value:
    """A raw value and the words for where it came from."""

    text: Any
    where: str

    def wrong(self, expected: str) -> SettingsError:
        """The one line a user gets for a wrong value."""
        shown = one_line(clean(str(self.text)), limit=80)
        return SettingsError(f"{self.where}: {shown!r} is not valid; expected {expected}")


@dataclass(frozen=True, slots=True)
class DeployStart:
    """When the deploy began: a date, or so long before the gate starts."""

    at: datetime | None = None
    ago: timedelta = timedelta()

    def resolve(self, gate_start: datetime) -> datetime:
        """The date, given when the gate started (both on the server's clock)."""
        return self.at if self.at is not None else gate_start - self.ago


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a run was asked to do. Durations are in seconds."""

    connections: tuple[str, ...]
    emulator: bool
    api_url: str
    team_id: str
    api_key: Secret
    source_secrets: Mapping[str, Secret] = field(repr=False)
    payload: bytes | None = field(repr=False)
    payload_file: Path | None
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    timeout_s: float
    deploy_start: DeployStart
    attempts: Literal["eventual", "first"]
    max_failure_rate: float
    max_latency_s: float | None
    advisory: frozenset[Stage]
    on_inconclusive: Policy
    on_error: Policy
    rate_limit: int
    json_file: Path | None
    junit_file: Path | None
    origins: Mapping[str, str]

    @property
    def preflight_limit_s(self) -> float:
        """Preflight's own limit: the smaller of 30 s and the time-out."""
        return min(PREFLIGHT_LIMIT_S, self.timeout_s)

    @property
    def redactor(self) -> Redactor:
        """Masks every secret of the run."""
        sent = (value for name, value in self.headers if name.lower() in {"authorization", "cookie"})
        return Redactor([self.api_key, *self.source_secrets.values(), *sent])


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

    def path(self, text: str) -> Path:
        """A path as the user meant it: relative to where pytest was called, ``~`` expanded."""
        expanded = (
            Path(text).expanduser() if not text.startswith("~") else self._home / text[1:].lstrip("/\\")
        )
        return self._folder / expanded

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

    def _command_line(self, option: Option) -> Value | None:
        raw = self._given.command_line(option) if option.on_command_line else None
        return None if raw is None or raw is False else Value(raw, option.flag)

    def _env(self, option: Option) -> Value | None:
        return self.environment(option.env) if option.env else None

    def _ini(self, option: Option) -> Value | None:
        raw = self._given.ini(option) if option.ini else None
        return Value(raw, f"{option.dest} in the ini file") if raw else None


def resolve(
    given: Given, environment: Mapping[str, str], *, home: Path, folder: Path, now: datetime
) -> Settings:
    """Resolve and check all settings.

    Raises:
        SettingsError: a value is wrong or missing, or two contradict; nothing has been sent.
    """
    source = Resolver(given, environment, home=home, folder=folder)
    emulator = source.value(options.EMULATOR) is not None
    connections = _connections(source)
    _check_contradictions(source, connections, emulator=emulator)
    payload_file, payload = _payload(source)
    return Settings(
        connections=connections,
        emulator=emulator,
        api_url="" if emulator else _api_url(source),
        team_id="" if emulator else _team(source),
        api_key=Secret("") if emulator else _api_key(source),
        source_secrets={} if emulator else _source_secrets(source),
        payload=payload,
        payload_file=payload_file,
        headers=_headers(source),
        timeout_s=_duration(source.value(options.TIMEOUT)) or DEFAULT_TIMEOUT_S,
        deploy_start=_deploy_start(source.value(options.DEPLOY_START), now=now),
        attempts=cast('Literal["eventual", "first"]', _choice(source, options.ATTEMPTS, default="eventual")),
        max_failure_rate=_rate(source.value(options.MAX_FAILURE_RATE)),
        max_latency_s=_duration(source.value(options.MAX_LATENCY)),
        advisory=_advisory(source),
        on_inconclusive=cast("Policy", _choice(source, options.ON_INCONCLUSIVE, default="keep")),
        on_error=cast("Policy", _choice(source, options.ON_ERROR, default="keep")),
        rate_limit=_rate_limit(source.value(options.RATE_LIMIT)),
        json_file=_report_path(source, options.JSON),
        junit_file=_report_path(source, options.JUNIT),
        origins=source.origins,
    )


def parse_duration(text: str) -> float | None:
    """Seconds in ``90``, ``90s``, ``2m``, ``500ms`` or ``1h``; ``None`` when it is none of these or zero."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        return None
    seconds = float(match["number"]) * _SECONDS[match["unit"]]
    return seconds if 0 < seconds <= 7 * 86400 else None


def _connections(source: Resolver) -> tuple[str, ...]:
    value = source.value(options.CONNECTION)
    if value is None:
        return ()
    ids = [part.strip() for text in value.text for part in text.split(",")]
    if not any(ids):
        raise SettingsError(
            f"{value.where}: no connection was named; expected one or more ids such as conn_xxx"
        )
    for connection_id in ids:
        if not _ID.fullmatch(connection_id):
            raise Value(connection_id, value.where).wrong("a connection id such as conn_xxx")
    return tuple(dict.fromkeys(ids))


def _check_contradictions(source: Resolver, connections: tuple[str, ...], *, emulator: bool) -> None:
    if not emulator:
        return
    others = (options.API_URL, options.TEAM)
    named = [o.flag for o in others if source.origins.get(o.name) == o.flag or _on_command_line(source, o)]
    named += [options.CONNECTION.flag] if connections else []
    if named:
        raise SettingsError(
            f"{options.EMULATOR.flag} and {named[0]} contradict each other: the emulator brings its own route; give only one of them"
        )


def _on_command_line(source: Resolver, option: Option) -> bool:
    value = source.value(option)
    return value is not None and value.where == option.flag


def _api_url(source: Resolver) -> str:
    value = source.value(options.API_URL)
    if value is None:
        return DEFAULT_API_URL
    try:
        parts = urlsplit(str(value.text))
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or "@" in parts.netloc:
        raise value.wrong("an http or https URL such as https://api.fasthook.io/v1")
    return str(value.text).rstrip("/")


def _team(source: Resolver) -> str:
    value = source.value(options.TEAM)
    if value is None:
        team = source.cli_config().get("teamId")
        value = Value(team, "teamId in the FastHook CLI's config file") if team else None
    if value is None:
        raise SettingsError(
            f"no team was given: FastHook would silently use a demo team; set {options.TEAM.flag} or {options.TEAM.env}"
        )
    if not isinstance(value.text, str) or not _ID.fullmatch(value.text.strip()):
        raise value.wrong("a team id such as tm_xxx")
    source.origins["team"] = value.where
    return value.text.strip()


def _api_key(source: Resolver) -> Secret:
    value = source.environment("FASTHOOK_API_KEY") or _key_file(source)
    if value is None:
        key = source.cli_config().get("apiKey")
        value = Value(key, "apiKey in the FastHook CLI's config file") if key else None
    if value is None:
        raise SettingsError(
            "no API key was given: set FASTHOOK_API_KEY or FASTHOOK_API_KEY_FILE, or log in with the FastHook CLI"
        )
    text = str(value.text).strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(f"{value.where}: the API key holds characters that no header can carry")
    source.origins["api-key"] = value.where
    return Secret(text)


def _key_file(source: Resolver) -> Value | None:
    named = source.environment("FASTHOOK_API_KEY_FILE")
    if named is None:
        return None
    text = _read(source.path(named.text), named).decode("utf-8", "replace").strip()
    if not text:
        raise SettingsError(f"{named.where}: {named.text} is empty; expected the API key in it")
    return Value(text, named.where)


def _read(path: Path, named: Value) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{named.where}: cannot read {path}: {error.strerror or error}") from None


def _read_cli_config(path: Path) -> Mapping[str, Any]:
    named = Value(str(path), "the FastHook CLI's config file")
    try:
        loaded = json.loads(_read(path, named))
    except ValueError:
        raise SettingsError(f"{named.where}: {path} is not JSON") from None
    if not isinstance(loaded, dict):
        raise SettingsError(f"{named.where}: {path} does not hold a JSON object")
    return loaded


def _source_secrets(source: Resolver) -> dict[str, Secret]:
    """Secrets by source id as written in the variable's name; ``""`` is the one for every source."""
    prefix = "FASTHOOK_SOURCE_SECRET"
    secrets = {}
    for name in source.environment_names():
        if name == prefix or name.startswith(f"{prefix}_"):
            value = source.environment(name)
            if value:
                secrets[name.removeprefix(prefix).removeprefix("_")] = Secret(value.text)
    return secrets


def _payload(source: Resolver) -> tuple[Path | None, bytes | None]:
    value = source.value(options.PAYLOAD)
    if value is None:
        return None, None
    path = source.path(str(value.text))
    return path, _read(path, Value(str(value.text), value.where))


def _headers(source: Resolver) -> tuple[tuple[str, str], ...]:
    value = source.value(options.HEADER)
    return tuple(_header(text, value.where) for text in value.text) if value else ()


def _header(text: str, where: str) -> tuple[str, str]:
    name, colon, content = text.partition(":")
    name, content = name.strip(), content.strip()
    if not colon or not _HEADER_NAME.fullmatch(name):
        raise SettingsError(f"{where}: expected 'Name: value', for example 'x-env: staging'")
    if name.lower() in _OWN_HEADERS:
        raise SettingsError(f"{where}: the header {name} is set by the gate itself and cannot be given")
    if not content.isprintable() or not content.isascii():
        raise SettingsError(f"{where}: the value of {name} holds characters that no header can carry")
    return name, content


def _duration(value: Value | None) -> float | None:
    if value is None:
        return None
    seconds = parse_duration(str(value.text))
    if seconds is None:
        raise value.wrong("a duration such as 90, 90s, 2m or 500ms, above zero and at most 7 days")
    return seconds


def _deploy_start(value: Value | None, *, now: datetime) -> DeployStart:
    if value is None:
        return DeployStart()
    text = str(value.text).strip()
    if text == "now":
        return DeployStart()
    if text.startswith("now-"):
        seconds = parse_duration(text.removeprefix("now-"))
        if seconds is not None:
            return DeployStart(ago=timedelta(seconds=seconds))
    start = _iso(text)
    if start is None or start > now + timedelta(hours=1):
        raise value.wrong(
            "a time in the past, ISO 8601 such as 2026-01-31T12:00:00Z or relative such as now-15m"
        )
    return DeployStart(at=start)


def _iso(text: str) -> datetime | None:
    try:
        parsed = isoparse(text)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _choice(source: Resolver, option: Option, *, default: str) -> str:
    value = source.value(option)
    if value is None:
        return default
    if value.text not in option.choices:
        raise value.wrong(" or ".join(option.choices))
    return str(value.text)


def _rate(value: Value | None) -> float:
    if value is None:
        return 0.0
    try:
        rate = float(value.text)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= 1:
        raise value.wrong("a number from 0 to 1")
    return rate


def _rate_limit(value: Value | None) -> int:
    if value is None:
        return DEFAULT_RATE_LIMIT
    if not str(value.text).isdecimal() or not 1 <= int(value.text) <= 10000:
        raise value.wrong("a whole number of calls a minute from 1 to 10000")
    return int(value.text)


def _advisory(source: Resolver) -> frozenset[Stage]:
    value = source.value(options.ADVISORY)
    if value is None:
        return frozenset()
    names = [part.strip() for text in value.text for part in text.split(",")]
    for name in names:
        if name not in options.ADVISORY.choices:
            raise Value(name, value.where).wrong(
                f"{', '.join(options.ADVISORY.choices)} (the other stages find what later ones need)"
            )
    return frozenset(Stage(name) for name in names)


def _report_path(source: Resolver, option: Option) -> Path | None:
    value = source.value(option)
    if value is None:
        return None
    if not str(value.text).strip():
        raise value.wrong("a path of a file")
    return source.path(str(value.text))
