"""Transforming one event's payload before it is sent, with an execution record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pytest_fasthook.emulator.delivery.outgoing import forwardable
from pytest_fasthook.emulator.errors import Unavailable
from pytest_fasthook.emulator.payload import Payload, clean_text, envelope, serialize_headers
from pytest_fasthook.emulator.store.records import Event, Execution, Transformation
from pytest_fasthook.emulator.store.tables import EVENTS, EXECUTIONS, save_payload
from pytest_fasthook.emulator.times import iso
from pytest_fasthook.emulator.transform.engine import MISSING, Run
from pytest_fasthook.emulator.world import AppState


async def transform(world: AppState, transformation: Transformation, payload: Payload) -> Run:
    """Run a transformation on a payload."""
    seen = {**envelope(payload), "headers": serialize_headers(forwardable(payload.headers))}
    context = {"timestamp": iso(world.clock.now_ms())}
    try:
        found = await world.scripts.run(transformation.code, seen, env=transformation.env, context=context)
    except Unavailable:
        return Run(error_code="ENGINE_MISSING", message=MISSING)
    return _checked(found)


def _checked(found: Run) -> Run:
    """A result from which no payload can be made is a failure."""
    if found.request is not None:
        headers, query = found.request.get("headers", {}), found.request.get("query", {})
        if not isinstance(headers, Mapping) or not isinstance(query, str | Mapping):
            message = "the handler returned headers or a query that are no objects"
            return Run(logs=found.logs, error_code="INVALID_RESULT", message=message)
    return found


def transformed(payload: Payload, result: Mapping[str, Any]) -> Payload:
    """Return the payload that a result describes; parts it lacks stay."""
    headers, query, body = result.get("headers"), result.get("query"), result.get("body")
    return Payload(
        method=payload.method,
        path=clean_text(str(result.get("path", payload.path))),
        query=payload.query if query is None else _query(query),
        headers=payload.headers if headers is None else _headers(headers),
        body=_body(payload, body) if "body" in result else payload.body,
    )


def record_execution(
    world: AppState, event: Event, transformation: Transformation, payload: Payload, result: Run
) -> str:
    """Store an execution and, where it succeeded, the branch's own payload; return the id of what is to be sent."""
    now = world.clock.now_ms()
    data_id = event.data_id
    with world.database.transaction():
        if result.request is not None:
            data_id = save_payload(
                world.database, world.ids.sortable("edt"), transformed(payload, result.request)
            )
            EVENTS.update(world.database, event.id, data_id=data_id, transformation_id=None)
        execution = Execution(
            id=world.ids.sortable("exe"),
            team_id=event.team_id,
            event_id=event.id,
            request_id=event.request_id,
            connection_id=event.connection_id,
            original_data_id=event.data_id,
            transformed_data_id=data_id if result.request is not None else None,
            transformation_id=transformation.id,
            error_code=result.error_code,
            message=result.message,
            logs=list(result.logs),
            created_ms=now,
            updated_ms=now,
        )
        EXECUTIONS.insert(world.database, execution)
    return data_id


def _query(query: str | Mapping[str, Any]) -> str:
    if isinstance(query, str):
        return clean_text(query).removeprefix("?")
    return urlencode(query, doseq=True, errors="replace")


def _headers(headers: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Headers as pairs; a line break in a value could smuggle another header and becomes a blank."""
    return tuple(
        (str(name).lower(), " ".join(str(value).split()))
        for name, value in headers.items()
        if value is not None
    )


def _body(payload: Payload, body: Any) -> bytes:
    """The body as it is sent: unchanged bytes where the script did not change it, text as it is, else JSON."""
    if body == envelope(payload)["body"]:
        return payload.body
    if isinstance(body, str):
        return body.encode("utf-8", "replace")
    return b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
