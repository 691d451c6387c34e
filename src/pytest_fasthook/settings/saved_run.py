"""What a saved JSON report says of the probes that were sent, so that a later run can go on watching them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from pytest_fasthook.errors import SettingsError
from pytest_fasthook.settings.given import named, read_file
from pytest_fasthook.settings.values import identifier, moment

Mode = Literal["send", "wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedProbe:
    """One event on its way, as a report remembers it.

    Attributes:
        probe_id: its marker; ``None`` for a real request of wait mode.
        request_id: its request record, where that had been found.
        sent_at: when it was sent, on the server's clock.
        window_start: start of the deploy window.
        body_sha256: digest of the body sent (``body_digest``); the body itself is in no report.
    """

    source_id: str | None
    probe_id: str | None
    request_id: str | None
    sent_at: datetime
    window_start: datetime
    body_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedRun:
    """A saved run; connections for which nothing had been sent have no probe."""

    api_url: str
    team_id: str
    mode: Mode
    connections: tuple[str, ...]
    probes: Mapping[str, SavedProbe] = field(default_factory=dict)


def read_saved_run(path: Path, where: str) -> SavedRun:
    """Read a JSON report.

    Raises:
        SettingsError: it cannot be read, is no report of this tool, or nothing was sent in that run.
    """
    try:
        report = json.loads(read_file(path, where))
        probes = {one["connection_id"]: _probe(one) for one in report["connections"]}
        run = SavedRun(
            api_url=text(report["api"]["url"]),
            team_id=text(report["api"]["team_id"]),
            mode=_mode(report["mode"]),
            connections=tuple(identifier(text(name), where, example="conn_xxx") for name in probes),
            probes={name: probe for name, probe in probes.items() if probe is not None},
        )
    except (ValueError, LookupError, TypeError, RecursionError):
        raise SettingsError(f"{where}: {named(path)} is not a JSON report of this gate") from None
    if not run.probes:
        raise SettingsError(
            f"{where}: nothing was sent in the run of {named(path)}; run the gate anew instead"
        )
    return run


def _probe(connection: Mapping[str, Any]) -> SavedProbe | None:
    sending = connection.get("sending")
    if sending is None:
        return None
    return SavedProbe(
        source_id=text_or_none(connection["source_id"]),
        probe_id=text_or_none(connection["probe_id"]),
        request_id=text_or_none(connection["ids"]["request_id"]),
        sent_at=moment(sending["sent_at"]),
        window_start=moment(sending["window_start"]),
        body_sha256=text_or_none(sending["body_sha256"]),
    )


def text_or_none(value: Any) -> str | None:
    """Read a text of a saved report, or nothing.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(value, str | None):
        raise TypeError(f"{type(value).__name__} in place of a text")
    return value


def text(value: Any) -> str:
    """Read a text of a saved report.

    Raises:
        TypeError: it is none.
    """
    found = text_or_none(value)
    if found is None:
        raise TypeError("no text")
    return found


def _mode(value: Any) -> Mode:
    if value not in get_args(Mode):
        raise ValueError(f"{value!r} is no mode")
    return cast("Mode", value)


def body_digest(body: bytes) -> str:
    """A digest that equal bodies share: of the JSON value where the body is JSON, else of the bytes."""
    try:
        text = json.dumps(_plain(json.loads(body)), sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """1 and 1.0 are one JSON number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
