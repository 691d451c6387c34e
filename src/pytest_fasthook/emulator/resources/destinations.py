"""Destinations: create, upsert by name, replace, merge, enable, disable, delete (FastHook contract)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace as changed
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest, Conflict
from pytest_fasthook.emulator.redaction import restore_secrets
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.rules.rules import as_int
from pytest_fasthook.emulator.store.records import Destination
from pytest_fasthook.emulator.store.tables import CONNECTIONS, DESTINATIONS
from pytest_fasthook.emulator.world import AppState

FIELDS = ("name", "type", "config", "status", "description")
TYPES = ("HTTP", "CLI", "POSTGRESQL", "SENDGRID_EMAIL", "CLOUDFLARE_R2", "AWS_S3")
_IPV6 = r"\[(?:::1|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4})\]"
_PORT = r"[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
URL = re.compile(rf"https?://([A-Za-z0-9._-]+|{_IPV6})(:({_PORT}))?([/?][!-~]*)?")
METHODS = ("POST", "PUT", "PATCH", "DELETE")
PERIODS = ("second", "minute", "hour")
AUTH_TYPES = ("FASTHOOK_SIGNATURE", "CUSTOM_HEADER", "BASIC_AUTH", "BEARER_TOKEN")


def create(world: AppState, team_id: str, body: Any) -> Destination:
    """Create an enabled destination.

    Raises:
        Conflict: the name or the endpoint is taken.
    """
    values = _read(body)
    with world.database.transaction():
        if _named(world, team_id, _name(values)):
            raise Conflict("a destination with this name already exists")
        return _insert(world, team_id, values)


def upsert(world: AppState, team_id: str, body: Any) -> Destination:
    """Create the destination, or replace the one that has the name."""
    values = _read(body)
    with world.database.transaction():
        found = _named(world, team_id, _name(values))
        return replace(world, found, {"type": "HTTP", **values}) if found else _insert(world, team_id, values)


def replace(world: AppState, destination: Destination, body: Any) -> Destination:
    """Replace type and config whole; placeholders keep the stored secrets."""
    values = _read(body)
    _name(values)
    config = restore_secrets(_needed_config(values), destination.config)
    kind = fields.choice(values, "type", TYPES, default="")
    return _change(world, destination, values, kind=kind, config=config)


def merge(world: AppState, destination: Destination, body: Any) -> Destination:
    """Change the given fields, and the given keys of the config."""
    values = _read(body)
    given = fields.mapping(values, "config") or {}
    config = {**destination.config, **restore_secrets(given, destination.config)}
    kind = fields.choice(values, "type", TYPES, default=destination.type)
    return _change(world, destination, values, kind=kind, config=config)


def set_enabled(world: AppState, destination: Destination, *, enabled: bool) -> Destination:
    """Enable or disable a destination."""
    return merge(world, destination, {"status": "enabled" if enabled else "disabled"})


def delete(world: AppState, team_id: str, destination_id: str) -> None:
    """Delete a destination and the connections that lead there; no error where there is none."""
    with world.database.transaction():
        CONNECTIONS.delete(world.database, "destination_id = ? AND team_id = ?", (destination_id, team_id))
        DESTINATIONS.delete(world.database, "id = ? AND team_id = ?", (destination_id, team_id))


def _read(body: Any) -> Mapping[str, Any]:
    """Return the fields of a body; older CLIs send ``{"name", "type": "cli", "path"}`` (fasthook-cli's README)."""
    if isinstance(body, Mapping) and body.get("type") == "cli":
        older = fields.known(body, *FIELDS, "path")
        path = {"path": older["path"]} if "path" in older else {}
        kept = {name: value for name, value in older.items() if name != "path"}
        if "config" in older and older["config"] is None:
            raise BadRequest("config must be an object")
        return {**kept, "type": "CLI", "config": {**path, **(fields.mapping(older, "config") or {})}}
    return fields.known(body, *FIELDS)


def _insert(world: AppState, team_id: str, values: Mapping[str, Any]) -> Destination:
    now = world.clock.now_ms()
    kind = fields.choice(values, "type", TYPES, default="HTTP")
    config = _checked(kind, _needed_config(values))
    destination = Destination(
        id=world.ids.make("des"),
        team_id=team_id,
        name=_name(values),
        description=fields.optional_text(values, "description"),
        type=kind,
        endpoint=_endpoint(world, team_id, kind, config, owner=None),
        config=config,
        disabled_ms=now if _status(values) == "disabled" else None,
        created_ms=now,
        updated_ms=now,
    )
    return DESTINATIONS.insert(world.database, destination)


def _change(
    world: AppState,
    destination: Destination,
    values: Mapping[str, Any],
    *,
    kind: str,
    config: Mapping[str, Any],
) -> Destination:
    with world.database.transaction():
        changes: dict[str, Any] = {"type": kind, "config": _checked(kind, config)}
        changes["endpoint"] = _endpoint(world, destination.team_id, kind, config, owner=destination.id)
        changes["updated_ms"] = now = world.clock.now_ms()
        if "name" in values:
            changes["name"] = _free_name(world, destination, _name(values))
        if "description" in values:
            changes["description"] = fields.optional_text(values, "description")
        if "status" in values:
            disabled = _status(values) == "disabled"
            changes["disabled_ms"] = (destination.disabled_ms or now) if disabled else None
        DESTINATIONS.update(world.database, destination.id, **changes)
        return changed(destination, **changes)


def _status(values: Mapping[str, Any]) -> str:
    return fields.choice(values, "status", ("enabled", "disabled"), default="enabled")


def _name(values: Mapping[str, Any]) -> str:
    name = values.get("name")
    if not isinstance(name, str) or not fields.NAME.fullmatch(name):
        raise BadRequest("name must be 1 to 155 letters, digits, hyphens or underscores")
    return name


def _named(world: AppState, team_id: str, name: str) -> Destination | None:
    return DESTINATIONS.find(world.database, "team_id = ? AND name = ?", (team_id, name))


def _free_name(world: AppState, destination: Destination, name: str) -> str:
    other = _named(world, destination.team_id, name)
    if other and other.id != destination.id:
        raise Conflict("a destination with this name already exists")
    return name


def _endpoint(
    world: AppState, team_id: str, kind: str, config: Mapping[str, Any], *, owner: str | None
) -> str | None:
    """What must be unique in a team: the URL of an HTTP destination."""
    if kind != "HTTP":
        return None
    endpoint = str(config["url"])
    taken = DESTINATIONS.find(world.database, "team_id = ? AND endpoint = ?", (team_id, endpoint))
    if taken and taken.id != owner:
        raise Conflict("a destination with this endpoint already exists")
    return endpoint


def _needed_config(values: Mapping[str, Any]) -> dict[str, Any]:
    config = fields.mapping(values, "config")
    if config is None:
        raise BadRequest("config must be an object")
    return config


def _checked(kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config in its normal form, with the defaults that FastHook fills in."""
    normal = {"http_method": "POST", **config} if kind in ("HTTP", "CLI") else dict(config)
    if kind == "HTTP":
        _check_url(normal.get("url"))
        normal.setdefault("path_forwarding_disabled", False)
        if not isinstance(normal["path_forwarding_disabled"], bool):
            raise BadRequest("config.path_forwarding_disabled must be true or false")
    if kind == "CLI":
        normal.setdefault("path", "/")
        if not isinstance(normal["path"], str):
            raise BadRequest("config.path must be a text")
    if "http_method" in normal and normal["http_method"] not in METHODS:
        raise BadRequest(f"config.http_method must be one of {', '.join(METHODS)}")
    _read_rate(normal)
    _check_auth(kind, normal)
    return normal


def _check_url(url: Any) -> None:
    if not isinstance(url, str) or not URL.fullmatch(url):
        raise BadRequest("config.url must be an absolute http or https URL")


def _read_rate(config: dict[str, Any]) -> None:
    if config.get("rate_limit") is not None:
        rate = as_int(config["rate_limit"])
        if rate is None or rate < 1:
            raise BadRequest("config.rate_limit must be a whole number from 1, or null")
        config["rate_limit"] = rate
    period = config.get("rate_limit_period")
    if period is not None and period not in PERIODS:
        raise BadRequest(f"config.rate_limit_period must be one of {', '.join(PERIODS)}")


def _check_auth(kind: str, config: Mapping[str, Any]) -> None:
    auth_type, auth = config.get("auth_type"), config.get("auth")
    if auth is not None and not isinstance(auth, Mapping):
        raise BadRequest("config.auth must be an object or null")
    if kind not in ("HTTP", "CLI") or auth_type is None:
        return
    if auth_type not in AUTH_TYPES:
        raise BadRequest(f"config.auth_type must be null or one of {', '.join(AUTH_TYPES)}")
    if auth_type == "CUSTOM_HEADER" and not (isinstance(auth, Mapping) and auth.get("header_name")):
        raise BadRequest("config.auth must have header_name")
