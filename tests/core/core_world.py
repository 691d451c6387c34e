"""What the core's tests are played with: a clock that never waits, settings as a user gives them, a route."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pytest_fasthook.client.models import Connection
from pytest_fasthook.probe.probe import Plan, Stamp
from pytest_fasthook.probe.route import Route, read_route
from pytest_fasthook.redact import Secret
from pytest_fasthook.settings.config import Settings, resolve
from pytest_fasthook.settings.options import Option

START = datetime(2026, 5, 29, 12, 0, tzinfo=UTC)
"""The wall clock at moment 0 of the fake clock."""
KEY = "fhp_" + "0a1b2c3d4e5f6071" * 4
TEAM = "tm_5f3a"
STAMP = Stamp(probe_id="probe_0123456789ab", at=START)


def harmless(text: str) -> bool:
    """Whether nothing in a text can move a cursor, turn the direction of writing, or break an encoding."""
    odd = (c for c in text if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c not in "\n\t")
    turning = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return not any(odd) and not set(turning) & set(text)


def one_clean_line(text: str) -> bool:
    """Whether a text is a single harmless line."""
    return harmless(text) and not set("\n\t") & set(text)


class FakeClock:
    """Moves only when somebody sleeps on it or moves it."""

    def __init__(self, time: float = 0.0) -> None:
        self.time = time

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return START + timedelta(seconds=self.time)

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Spoken:
    """What a user wrote, as pytest would hand it on: by option name on the command line and in the ini file."""

    command: dict[str, Any] = field(default_factory=dict)
    ini_file: dict[str, str] = field(default_factory=dict)

    def command_line(self, option: Option) -> Any:
        return self.command.get(option.name, False if option.action == "store_true" else None)

    def ini(self, option: Option) -> str | None:
        return self.ini_file.get(option.name)


ACCOUNT: Mapping[str, str] = {"FASTHOOK_API_KEY": KEY, "FASTHOOK_TEAM_ID": TEAM}


def resolved(
    folder: Path,
    *,
    command: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    ini: Mapping[str, str] | None = None,
    account: bool = True,
) -> Settings:
    """The settings of a user whose home and working folder are ``folder``."""
    spoken = Spoken(dict(command or {}), dict(ini or {}))
    environment = {**(ACCOUNT if account else {}), **(env or {})}
    return resolve(spoken, environment, home=folder, folder=folder, now=START)


def settings_of(**command: Any) -> Settings:
    """The settings of a run that names nothing but these options, with dashes written as underscores."""
    given = {name.replace("_", "-"): value for name, value in command.items()}
    return resolved(Path("no such folder"), command=given)


def connection_json(connection_id: str = "conn_orders", **facts: Any) -> dict[str, Any]:
    """A connection as the API describes it, with its source and destination embedded.

    ``config``, ``url`` and ``source_id`` are about the source; everything else is the connection's own.
    """
    source_id = facts.pop("source_id", "src_orders")
    config = {"auth_type": None, "auth": None, "allowed_http_methods": ["POST"], **facts.pop("config", {})}
    source = {
        "id": source_id,
        "team_id": TEAM,
        "name": "orders",
        "type": facts.pop("source_type", "WEBHOOK"),
        "status": "enabled",
        "url": facts.pop("url", "https://hook-abc123.test/"),
        "config": config,
        "disabled_at": None,
    }
    destination = {"id": "des_billing", "team_id": TEAM, "name": "billing", "disabled_at": None}
    return {
        "id": connection_id,
        "team_id": TEAM,
        "name": "orders-billing",
        "source_id": source_id,
        "destination_id": "des_billing",
        "paused_at": None,
        "disabled_at": None,
        "rules": [],
        "source": source,
        "destination": destination,
        **facts,
    }


def connection_of(connection_id: str = "conn_orders", **facts: Any) -> Connection:
    return Connection.model_validate(connection_json(connection_id, **facts))


def route_of(connection_id: str = "conn_orders", **facts: Any) -> Route:
    """A route; the facts are those of ``connection_json``."""
    found = connection_of(connection_id, **facts)
    return read_route(found, source=found.source, destination=found.destination)


def filtering(
    connection_id: str = "conn_orders",
    *,
    rules: Sequence[Any] = (),
    route: Mapping[str, Any] | None = None,
    **targets: Any,
) -> Route:
    """A route whose filter has these targets, beside other rules; ``route`` holds facts of ``connection_json``."""
    return route_of(connection_id, rules=[*rules, {"type": "filter", **targets}], **(route or {}))


def plan_of(
    payload: bytes | None = None,
    *,
    headers: Sequence[tuple[str, str]] = (),
    secrets: Mapping[str, str] | None = None,
) -> Plan:
    hidden = {name: Secret(value) for name, value in (secrets or {}).items()}
    return Plan(payload=payload, headers=tuple(headers), secrets=hidden)
