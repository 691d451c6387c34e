"""Transformations: create, upsert by name, change, delete (FastHook contract, transformations)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_fasthook.emulator.errors import BadRequest, Conflict
from pytest_fasthook.emulator.resources import fields
from pytest_fasthook.emulator.store.records import Transformation
from pytest_fasthook.emulator.store.tables import TRANSFORMATIONS
from pytest_fasthook.emulator.transform.engine import RUNTIME
from pytest_fasthook.emulator.world import AppState

FIELDS = ("name", "code", "env")
MAX_CODE = 262_144


def create(world: AppState, team_id: str, body: Any) -> Transformation:
    """Create a transformation.

    Raises:
        Conflict: the name is taken; the answer names the one that has it.
    """
    values = fields.known(body, *FIELDS)
    with world.database.transaction():
        taken = _named(world, team_id, fields.text(values, "name"))
        if taken:
            raise Conflict("Resource already exists", body=already_exists(taken.id, "transformation"))
        return _insert(world, team_id, values)


def upsert(world: AppState, team_id: str, body: Any) -> Transformation:
    """Create the transformation, or change the one that has the name."""
    values = fields.known(body, *FIELDS)
    with world.database.transaction():
        found = _named(world, team_id, fields.text(values, "name"))
        fields.text(values, "code", most=MAX_CODE)
        return update(world, found, values) if found else _insert(world, team_id, values)


def update(world: AppState, transformation: Transformation, body: Any) -> Transformation:
    """Change the given fields."""
    values = fields.known(body, *FIELDS)
    changes: dict[str, Any] = {"updated_ms": world.clock.now_ms()}
    if "name" in values:
        changes["name"] = _free_name(world, transformation, fields.text(values, "name"))
    if "code" in values:
        changes["code"] = fields.text(values, "code", most=MAX_CODE)
    if "env" in values:
        changes["env"] = read_env(values)
    TRANSFORMATIONS.update(world.database, transformation.id, **changes)
    return replace(transformation, **changes)


def delete(world: AppState, transformation: Transformation) -> None:
    """Delete a transformation; events that wait for it fail."""
    TRANSFORMATIONS.delete(world.database, "id = ?", (transformation.id,))


def code_hash(code: str) -> str:
    """Return a digest by which a change of code can be seen."""
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()


def read_env(values: Mapping[str, Any]) -> dict[str, str]:
    """Read an environment: an object of texts."""
    env = fields.mapping(values, "env") or {}
    if not all(isinstance(value, str) for value in env.values()):
        raise BadRequest("env must be an object of texts")
    return env


def already_exists(id: str, kind: str) -> dict[str, Any]:  # noqa: A002 - named as the field is
    """Return the 409 body that only filters and transformations have (FastHook contract, error bodies)."""
    return {
        "code": "RESOURCE_ALREADY_EXISTS",
        "status": 409,
        "message": "Resource already exists",
        "data": {"id": id, "resource_type": kind},
    }


def _insert(world: AppState, team_id: str, values: Mapping[str, Any]) -> Transformation:
    now = world.clock.now_ms()
    transformation = Transformation(
        id=world.ids.make("trs"),
        team_id=team_id,
        name=fields.text(values, "name"),
        code=fields.text(values, "code", most=MAX_CODE),
        env=read_env(values),
        runtime=RUNTIME,
        created_ms=now,
        updated_ms=now,
    )
    return TRANSFORMATIONS.insert(world.database, transformation)


def _named(world: AppState, team_id: str, name: str) -> Transformation | None:
    return TRANSFORMATIONS.find(world.database, "team_id = ? AND name = ?", (team_id, name))


def _free_name(world: AppState, transformation: Transformation, name: str) -> str:
    other = _named(world, transformation.team_id, name)
    if other and other.id != transformation.id:
        raise Conflict("Resource already exists", body=already_exists(other.id, "transformation"))
    return name
