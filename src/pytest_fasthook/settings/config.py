"""The settings of one run: resolved from the table, checked, frozen.

Strongest first: command line, environment, ini, default. Every value remembers where it came from, so that an
error can name option, value, source and what is valid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.leaks import SecretNet
from pytest_fasthook.redact import Redactor, Secret, clean, one_line
from pytest_fasthook.settings import options, values
from pytest_fasthook.settings.given import Given, Resolver
from pytest_fasthook.settings.options import Option
from pytest_fasthook.settings.payload_file import read_payload
from pytest_fasthook.settings.route_file import Overrides, read_overrides
from pytest_fasthook.settings.saved_run import Mode, SavedRun, read_saved_run
from pytest_fasthook.settings.values import DeployStart, Match, Value
from pytest_fasthook.stages import Stage

T = TypeVar("T")
Policy = Literal["keep", "fail", "pass"]
Attempts = Literal["eventual", "first"]
OnFail = Literal["none", "pause"]

DEFAULT_API_URL = "https://api.fasthook.io/v1"
DEFAULT_TIMEOUT_S = 120.0
DEFAULT_RATE_LIMIT = 220
PREFLIGHT_LIMIT_S = 30.0
CONTRADICTIONS: Mapping[Option, tuple[Option, ...]] = {
    options.EMULATOR: (options.CONNECTION, options.SOURCE, options.API_URL, options.TEAM, options.SOURCE_URL),
    options.SOURCE: (options.CONNECTION,),
    options.TEETH: (options.PLAN,),
    options.RESUME: (
        options.CONNECTION,
        options.SOURCE,
        options.EMULATOR,
        options.MODE,
        options.PAYLOAD,
        options.PLAN,
    ),
}
WHY: Mapping[Option, str] = {
    options.EMULATOR: "the emulator brings its own route",
    options.SOURCE: "a source brings its own connections",
    options.TEETH: "a plan sends nothing, and so nothing negative either",
    options.RESUME: "what an earlier run sent, and for which connections, is settled",
}
CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a run was asked to do. Durations are in seconds.

    Attributes:
        inputs: the files that were read or looked for, with the setting that names each; no report may be one.
        resumed_file: the report of the run that this one goes on with.
    """

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
    reports: Mapping[Option, Path]
    origins: Mapping[str, str]
    source_id: str | None = None
    source_url: str | None = None
    mode: Mode = "send"
    match: tuple[Match, ...] = ()
    plan: bool = False
    teeth: bool = False
    on_fail: OnFail = "none"
    resumed: SavedRun | None = None
    expected_rules: tuple[Any, ...] | None = None
    expected_body: Mapping[str, Any] | None = field(default=None, repr=False)
    overrides: Overrides = field(default_factory=Overrides)
    inputs: Mapping[Path, str] = field(default_factory=dict)
    resumed_file: Path | None = None

    def of(self, connection_id: str) -> Settings:
        """The settings for one connection: with what ``fasthook.toml`` says of it where nothing stronger does."""
        return replace(self, **self.overrides.of(connection_id))

    @property
    def preflight_limit_s(self) -> float:
        """Preflight's own limit: the smaller of 30 s and the time-out."""
        return min(PREFLIGHT_LIMIT_S, self.timeout_s)

    @property
    def secrets(self) -> tuple[Secret | str, ...]:
        """Every secret of the run."""
        sent = (_credentials(name.lower(), value) for name, value in self.headers)
        own = chain.from_iterable(secrets.values() for secrets in self.overrides.secrets())
        return (self.api_key, *self.source_secrets.values(), *own, *chain.from_iterable(sent))

    @property
    def redactor(self) -> Redactor:
        """Masks every secret of the run."""
        return Redactor(self.secrets)

    @property
    def net(self) -> SecretNet:
        """Finds every secret of the run in what is about to be written."""
        return SecretNet(self.secrets)


def _credentials(name: str, value: str) -> list[str]:
    """A credential header's value, and the secret in it: what follows the scheme, what a cookie holds."""
    if name not in CREDENTIAL_HEADERS:
        return []
    if name == "cookie":
        return [value, *(cookie.partition("=")[2].strip() for cookie in value.split(";"))]
    return [value, value.partition(" ")[2].strip()]


def resolve(
    given: Given, environment: Mapping[str, str], *, home: Path, folder: Path, now: datetime
) -> Settings:
    """Resolve and check all settings.

    Raises:
        SettingsError: a value is wrong or missing, or two contradict; nothing has been sent.
    """
    source = Resolver(given, environment, home=home, folder=folder)
    emulator = source.value(options.EMULATOR) is not None
    _check_contradictions(source)
    payload_file, payload = _payload(source)
    settings = Settings(
        connections=_connections(source),
        emulator=emulator,
        api_url="" if emulator else _read(source, options.API_URL, values.base_url, default=DEFAULT_API_URL),
        team_id="" if emulator else _team(source),
        api_key=Secret("") if emulator else _api_key(source),
        source_secrets={} if emulator else _source_secrets(source),
        payload=payload,
        payload_file=payload_file,
        headers=_headers(source),
        timeout_s=_read(source, options.TIMEOUT, values.duration, default=DEFAULT_TIMEOUT_S),
        deploy_start=_deploy_start(source, now=now),
        attempts=cast("Attempts", _choice(source, options.ATTEMPTS, default="eventual")),
        max_failure_rate=_read(source, options.MAX_FAILURE_RATE, values.rate, default=0.0),
        max_latency_s=_read(source, options.MAX_LATENCY, values.duration, default=None),
        advisory=_advisory(source),
        on_inconclusive=cast("Policy", _choice(source, options.ON_INCONCLUSIVE, default="keep")),
        on_error=cast("Policy", _choice(source, options.ON_ERROR, default="keep")),
        rate_limit=_read(source, options.RATE_LIMIT, values.calls_a_minute, default=DEFAULT_RATE_LIMIT),
        reports=_reports(source),
        origins=source.origins,
        source_id=_source_id(source),
        source_url=_read(source, options.SOURCE_URL, values.source_url, default=None),
        mode=cast("Mode", _choice(source, options.MODE, default="send")),
        match=_match(source),
        plan=source.value(options.PLAN) is not None,
        teeth=source.value(options.TEETH) is not None,
        on_fail=cast("OnFail", _choice(source, options.ON_FAIL, default="none")),
    )
    settings = replace(settings, overrides=read_overrides(source, settings.source_secrets))
    resume = source.value(options.RESUME)
    settings = _resumed(settings, resume, source.path(str(resume.text))) if resume else settings
    settings = replace(settings, inputs=dict(source.inputs))
    if settings.teeth and settings.mode == "wait":
        raise SettingsError(
            f"{options.TEETH.flag} sends probes that must not get through, and a run in wait mode sends nothing"
        )
    return settings


def _resumed(settings: Settings, resume: Value, path: Path) -> Settings:
    """The settings of a run that goes on with an earlier one; what it was about cannot be changed."""
    run = read_saved_run(path, resume.where)
    for name, now, then in (
        ("team", settings.team_id, run.team_id),
        ("API", settings.api_url, run.api_url),
    ):
        if now != then:
            was = one_line(clean(then))
            raise SettingsError(f"{resume.where}: that run was for {name} {was}, this one is for {now}")
    return replace(settings, connections=run.connections, mode=run.mode, resumed=run, resumed_file=path)


def _read(source: Resolver, option: Option, read: Callable[[Value], T], *, default: T) -> T:
    value = source.value(option)
    return default if value is None else read(value)


def _choice(source: Resolver, option: Option, *, default: str) -> str:
    return _read(source, option, lambda value: values.choice(value, option.choices), default=default)


def _check_contradictions(source: Resolver) -> None:
    """Options that cannot both be meant on one command line."""
    for one, others in CONTRADICTIONS.items():
        value = source.value(one)
        if value is None or value.where != one.flag:
            continue
        for other in others:
            against = source.value(other)
            if against is not None and against.where == other.flag:
                raise SettingsError(
                    f"{one.flag} and {other.flag} contradict each other: {WHY[one]}; give only one of them"
                )
    mode = source.value(options.MODE)
    if source.value(options.MATCH) is not None and (mode is None or mode.text != "wait"):
        raise SettingsError(
            f"{options.MATCH.flag} chooses among real requests; it needs {options.MODE.flag} wait"
        )
    if mode is not None and mode.text == "wait" and source.given_on_command_line(options.PAYLOAD):
        raise SettingsError(
            f"{options.PAYLOAD.flag} and {options.MODE.flag} wait contradict each other: nothing is sent"
        )


def _connections(source: Resolver) -> tuple[str, ...]:
    value = source.value(options.CONNECTION)
    if value is None:
        return ()
    ids = values.listed(value)
    if not ids:
        raise SettingsError(
            f"{value.where}: no connection was named; expected one or more ids such as conn_xxx"
        )
    return tuple(dict.fromkeys(values.identifier(one, value.where, example="conn_xxx") for one in ids))


def _source_id(source: Resolver) -> str | None:
    value = source.value(options.SOURCE)
    return values.identifier(str(value.text).strip(), value.where, example="src_xxx") if value else None


def _match(source: Resolver) -> tuple[Match, ...]:
    value = source.value(options.MATCH)
    return tuple(values.request_match(text, value.where) for text in value.text) if value else ()


def _team(source: Resolver) -> str:
    value = source.value(options.TEAM) or source.from_cli_config("teamId")
    if value is None:
        raise SettingsError(
            f"no team was given: FastHook would silently use a demo team; set {options.TEAM.flag} or "
            f"{options.TEAM.env}"
        )
    source.origins[options.TEAM.name] = value.where
    return values.identifier(str(value.text).strip(), value.where, example="tm_xxx")


def _api_key(source: Resolver) -> Secret:
    value = source.value(options.API_KEY) or _key_file(source) or source.from_cli_config("apiKey")
    if value is None:
        raise SettingsError(
            "no API key was given: set FASTHOOK_API_KEY or FASTHOOK_API_KEY_FILE, or log in with the FastHook CLI"
        )
    return Secret(values.api_key(value))


def _key_file(source: Resolver) -> Value | None:
    named = source.value(options.API_KEY_FILE)
    if named is None:
        return None
    content = source.read_file(source.path(named.text), named.where).decode("utf-8-sig", "replace")
    return Value(content, f"{named.where} ({named.text})")


def _source_secrets(source: Resolver) -> dict[str, Secret]:
    """Secrets by source id as written in the variable's name; ``""`` is the one for every source."""
    prefix = str(options.SOURCE_SECRET.env)
    names = [name for name in source.environment_names() if name == prefix or name.startswith(f"{prefix}_")]
    found = ((name, source.environment(name)) for name in names)
    return {
        name.removeprefix(prefix).removeprefix("_"): Secret(values.source_secret(value))
        for name, value in found
        if value
    }


def _payload(source: Resolver) -> tuple[Path | None, bytes | None]:
    value = source.value(options.PAYLOAD)
    if value is None:
        return None, None
    path = source.path(str(value.text))
    return path, read_payload(source, path, value.where)


def _headers(source: Resolver) -> tuple[tuple[str, str], ...]:
    value = source.value(options.HEADER)
    return tuple(values.header(text, value.where) for text in value.text) if value else ()


def _deploy_start(source: Resolver, *, now: datetime) -> DeployStart:
    return _read(
        source,
        options.DEPLOY_START,
        lambda value: values.deploy_start(value, now=now),
        default=DeployStart(),
    )


def _advisory(source: Resolver) -> frozenset[Stage]:
    value = source.value(options.ADVISORY)
    names = values.listed(value) if value else []
    for name in names:
        if value and name not in options.ADVISORY.choices:
            raise Value(name, value.where).wrong(
                f"{', '.join(options.ADVISORY.choices)} (the other stages find what later ones need)"
            )
    return frozenset(Stage(name) for name in names)


def _reports(source: Resolver) -> dict[Option, Path]:
    """Where each report that was asked for goes."""
    asked = {option: value for option in options.REPORTS if (value := source.value(option)) is not None}
    for value in asked.values():
        if not str(value.text).strip():
            raise value.wrong("a path of a file")
    return {option: source.path(str(value.text)) for option, value in asked.items()}
