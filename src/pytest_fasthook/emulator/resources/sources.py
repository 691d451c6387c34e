"""Sources: create, upsert by name, change, enable, disable, delete (FastHook contract, SourceModel)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest, Conflict
from pytest_fasthook.emulator.ingress.proxying import check_proxy
from pytest_fasthook.emulator.ingress.responses import check_custom_response
from pytest_fasthook.emulator.ingress.signatures import authentication
from pytest_fasthook.emulator.redaction import restore_secrets
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.store.records import Source
from pytest_fasthook.emulator.store.tables import CONNECTIONS, SOURCES
from pytest_fasthook.emulator.world import AppState

FIELDS = ("name", "type", "status", "url", "config", "description", "input_type")
STATUSES = ("enabled", "disabled")
HOOK_URL = re.compile(
    r"https?://(?:(hook-[a-z0-9]{1,40})\.[A-Za-z0-9.-]{1,200}(?::[0-9]{1,5})?/?"
    r"|[A-Za-z0-9.-]{1,200}(?::[0-9]{1,5})?/(hook-[a-z0-9]{1,40})/?)"
)
TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
METHODS = ("GET", "QUERY", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def create(world: AppState, team_id: str, body: Any) -> Source:
    """Create a source.

    Raises:
        Conflict: the name or the URL is taken.
    """
    values = fields.known(body, *FIELDS)
    with world.database.transaction():
        if _named(world, team_id, fields.text(values, "name")):
            raise Conflict("a source with this name already exists")
        return _insert(world, team_id, values)


def upsert(world: AppState, team_id: str, body: Any) -> Source:
    """Create the source, or replace the one that has the name."""
    values = fields.known(body, *FIELDS)
    with world.database.transaction():
        found = _named(world, team_id, fields.text(values, "name"))
        return update(world, found, values) if found else _insert(world, team_id, values)


def update(world: AppState, source: Source, body: Any) -> Source:
    """Change the given fields of a source; a config replaces the old one, placeholders keep its secrets."""
    values = fields.known(body, *FIELDS, "source_id")
    changes: dict[str, Any] = {"updated_ms": world.clock.now_ms()}
    _check_input_type(values)
    if "name" in values:
        changes["name"] = _free_name(world, source, fields.text(values, "name"))
    if "type" in values:
        changes["type"] = _type(values)
    if "description" in values:
        changes["description"] = fields.optional_text(values, "description")
    if "config" in values:
        changes["config"] = _config(restore_secrets(fields.mapping(values, "config"), source.config))
    authentication(changes.get("type", source.type), changes.get("config", source.config))
    if "url" in values:
        changes["hook"] = _hook(world, fields.text(values, "url"), owner=source.id)
    if "status" in values:
        changes["disabled_ms"] = _disabled(world, values, since=source.disabled_ms)
    SOURCES.update(world.database, source.id, **changes)
    return replace(source, **changes)


def enable(world: AppState, source: Source) -> Source:
    """Let messages in again."""
    return update(world, source, {"status": "enabled"})


def disable(world: AppState, source: Source) -> Source:
    """Let nothing in, and disable the source's connections."""
    with world.database.transaction():
        disabled = update(world, source, {"status": "disabled"})
        now = world.clock.now_ms()
        for connection in CONNECTIONS.select(world.database, "WHERE source_id = ?", (source.id,)):
            if connection.disabled_ms is None:
                CONNECTIONS.update(
                    world.database, connection.id, disabled_ms=now, paused_ms=None, updated_ms=now
                )
        return disabled


def delete(world: AppState, source: Source) -> None:
    """Delete a source and its connections; what it received stays."""
    with world.database.transaction():
        CONNECTIONS.delete(world.database, "source_id = ?", (source.id,))
        SOURCES.delete(world.database, "id = ?", (source.id,))


def _insert(world: AppState, team_id: str, values: Mapping[str, Any]) -> Source:
    now = world.clock.now_ms()
    _check_input_type(values)
    config = _config(fields.mapping(values, "config"))
    authentication(_type(values), config)
    source = Source(
        id=world.ids.make("src"),
        team_id=team_id,
        name=fields.text(values, "name"),
        description=fields.optional_text(values, "description"),
        type=_type(values),
        hook=_hook(world, fields.text(values, "url"), owner=None) if "url" in values else world.ids.hook(),
        config=config,
        disabled_ms=_disabled(world, values, since=None),
        created_ms=now,
        updated_ms=now,
    )
    return SOURCES.insert(world.database, source)


def _check_input_type(values: Mapping[str, Any]) -> None:
    if values.get("input_type", "webhook") != "webhook":
        raise BadRequest("the emulator has webhook sources only")


def _named(world: AppState, team_id: str, name: str) -> Source | None:
    return SOURCES.find(world.database, "team_id = ? AND name = ?", (team_id, name))


def _free_name(world: AppState, source: Source, name: str) -> str:
    other = _named(world, source.team_id, name)
    if other and other.id != source.id:
        raise Conflict("a source with this name already exists")
    return name


def _type(values: Mapping[str, Any]) -> str:
    name = values.get("type", "WEBHOOK")
    if not isinstance(name, str) or not TYPE.fullmatch(name):
        raise BadRequest("type must be WEBHOOK or the name of a provider")
    return name


def _disabled(world: AppState, values: Mapping[str, Any], *, since: int | None) -> int | None:
    if fields.choice(values, "status", STATUSES, default="enabled") == "enabled":
        return None
    return since if since is not None else world.clock.now_ms()


def _hook(world: AppState, url: str, *, owner: str | None) -> str:
    """The label by which a given URL leads here: ``hook-…``, first in its host or in its path."""
    found = HOOK_URL.fullmatch(url)
    if found is None:
        raise BadRequest(
            "url must have a label of the form hook-xxxxxx as its host's first part or as its path"
        )
    hook = found[1] or found[2]
    taken = SOURCES.find(world.database, "hook = ?", (hook,))
    if taken and taken.id != owner:
        raise Conflict("a source with this url already exists")
    return hook


def _config(config: dict[str, Any] | None) -> dict[str, Any] | None:
    if config is None:
        return None
    if config.get("auth") is not None and not isinstance(config["auth"], Mapping):
        raise BadRequest("config.auth must be an object or null")
    methods = config.get("allowed_http_methods")
    if methods is not None and not (isinstance(methods, list) and all(item in METHODS for item in methods)):
        raise BadRequest(f"config.allowed_http_methods must be an array of {', '.join(METHODS)}")
    check_custom_response(config.get("custom_response"))
    check_proxy(config)
    return config
