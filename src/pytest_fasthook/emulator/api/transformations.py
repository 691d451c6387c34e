"""Transformations, their executions, and trying one out (FastHook contract, transformations)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.listing import listing
from pytest_fasthook.emulator.api.requests import data_of
from pytest_fasthook.emulator.api.resource_metrics import executions_day
from pytest_fasthook.emulator.errors import NotFound
from pytest_fasthook.emulator.resources import fields, transformations
from pytest_fasthook.emulator.store.records import Transformation
from pytest_fasthook.emulator.store.tables import EXECUTIONS, TRANSFORMATIONS
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.transform import engine
from pytest_fasthook.emulator.transform.engine import RUNTIME
from pytest_fasthook.emulator.views.traffic import execution_view, log_level

_ENVELOPE = ("headers", "body", "query", "path", "method")


def list_all(call: Call) -> Answer:
    """List the team's transformations."""
    return listing(call, TRANSFORMATIONS, lambda item: _view(call, item))


def get(call: Call) -> Answer:
    """Return one transformation."""
    return Answer(_view(call, _transformation(call)))


def create(call: Call) -> Answer:
    """Create a transformation."""
    return Answer(_view(call, transformations.create(call.world, call.team_id, call.body())))


def upsert(call: Call) -> Answer:
    """Create a transformation or change the one with its name."""
    return Answer(_view(call, transformations.upsert(call.world, call.team_id, call.body())))


def update(call: Call) -> Answer:
    """Change a transformation."""
    return Answer(_view(call, transformations.update(call.world, _transformation(call), call.body())))


def delete(call: Call) -> Answer:
    """Delete a transformation."""
    transformations.delete(call.world, _transformation(call))
    return Answer({"id": call.id})


def capabilities(call: Call) -> Answer:
    """Say whether scripts can be run here, and within which limits."""
    del call
    limits = {"time_ms": engine.TIME_LIMIT_S * 1000, "memory_bytes": engine.MEMORY_LIMIT}
    return Answer({"runtime": RUNTIME, "available": engine.is_available(), "limits": limits})


async def validate(call: Call) -> Answer:
    """Say whether a script can be read."""
    body = fields.known(call.body(), "code", "code_hash")
    fields.optional_text(body, "code_hash")
    error = await call.world.scripts.syntax_error(fields.text(body, "code", most=transformations.MAX_CODE))
    return Answer({"valid": error is None, "errors": [] if error is None else [{"message": error}]})


async def run(call: Call) -> Answer:
    """Run a script, given or stored, on an envelope; a failure is told in the answer, with the envelope unchanged."""
    body = fields.known(call.body(), "code", "env", "request", "timestamp", "context", "transformation_id")
    code, env = _script(call, body)
    request = fields.known(body.get("request", {}), *_ENVELOPE)
    envelope = {"headers": {}, "body": None, "query": {}, "path": "/", "method": "POST", **request}
    started_ms, began = call.world.clock.now_ms(), time.perf_counter()
    context = {
        "timestamp": fields.optional_text(body, "timestamp") or iso(started_ms),
        **(fields.mapping(body, "context") or {}),
    }
    found = await call.world.scripts.run(code, envelope, env=env, context=context)
    duration_ms = (time.perf_counter() - began) * 1000
    return Answer(_run_view(found, envelope, started_ms=started_ms, duration_ms=duration_ms))


def executions(call: Call) -> Answer:
    """List a transformation's executions, newest first."""
    transformation = _transformation(call)
    limit = call.limit(most=255)
    found = EXECUTIONS.select(
        call.world.database,
        "WHERE transformation_id = ? ORDER BY seq DESC LIMIT ?",
        (transformation.id, limit),
    )
    pagination = {"order_by": "created_at", "dir": "desc", "limit": limit}
    models = [execution_view(item) for item in found]
    return Answer({"pagination": pagination, "count": len(models), "models": models})


def execution(call: Call) -> Answer:
    """Return one execution."""
    transformation = _transformation(call)
    found = EXECUTIONS.get(call.world.database, call.team_id, call.parameters["execution_id"])
    if found.transformation_id != transformation.id:
        raise NotFound("execution not found")
    return Answer({**execution_view(found), **data_of(call.world.database, found)})


def _script(call: Call, body: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    given_env = transformations.read_env(body)
    if body.get("transformation_id") is not None:
        found = TRANSFORMATIONS.get(call.world.database, call.team_id, str(body["transformation_id"]))
        return str(body.get("code") or found.code), {**found.env, **given_env}
    return fields.text(body, "code", most=transformations.MAX_CODE), given_env


def _run_view(
    found: engine.Run, envelope: Mapping[str, Any], *, started_ms: int, duration_ms: float
) -> dict[str, Any]:
    result = found.request or {}
    failure = {"code": found.error_code, "message": found.message}
    return {
        "runtime": RUNTIME,
        "stats": {"logs_count": len(found.logs), "error_code": found.error_code},
        "log_level": log_level(found.logs, is_failed=found.error_code is not None),
        "console": [str(line["message"]) for line in found.logs],
        "warnings": [failure] if found.error_code else [],
        "request": {name: result.get(name, envelope[name]) for name in _ENVELOPE},
        "transformation_run_time": {
            "started_at": iso(started_ms),
            "finished_at": iso(started_ms + round(duration_ms)),
            "duration_ms": round(duration_ms, 3),
        },
    }


def _transformation(call: Call) -> Transformation:
    return TRANSFORMATIONS.get(call.world.database, call.team_id, call.id)


def _view(call: Call, transformation: Transformation) -> dict[str, Any]:
    return {
        "id": transformation.id,
        "team_id": transformation.team_id,
        "name": transformation.name,
        "code": transformation.code,
        "code_hash": transformations.code_hash(transformation.code),
        "env": transformation.env,
        "runtime": transformation.runtime,
        "deleted_at": None,
        **executions_day(call, transformation.id),
        "created_at": iso(transformation.created_ms),
        "updated_at": iso(transformation.updated_ms),
    }
