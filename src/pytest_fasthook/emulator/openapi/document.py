"""Putting the document together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pytest_fasthook.emulator.api.access import Role
from pytest_fasthook.emulator.app import Path
from pytest_fasthook.emulator.openapi.bodies import BODIES, SHARED
from pytest_fasthook.emulator.openapi.operations import OPERATIONS, Doc
from pytest_fasthook.emulator.openapi.resources import RESOURCES
from pytest_fasthook.emulator.openapi.shapes import Schema, model
from pytest_fasthook.emulator.openapi.traffic import TRAFFIC

_DIALECT = (
    "The metrics of requests and events also take the automation guide's dialect: date_range[start], date_range[end] "
    "and measures[]."
)
_ERRORS = {
    400: "The input breaks a rule",
    401: "No or an unknown credential",
    403: "The credential may not do this",
    404: "No such record under this team",
    405: "The path has no such method",
    409: "Another record, or the state of this one, forbids it",
    413: "The body is too large",
    429: "Called too often",
    503: "An optional part is not installed",
}


def document(paths: Iterable[Path], *, origin: str) -> dict[str, Any]:
    """Return the OpenAPI document of some operations, served at an origin."""
    described: dict[str, dict[str, Any]] = {}
    for path in paths:
        operation = _operation(path, OPERATIONS[f"{path.method} {path.path}"])
        described.setdefault(path.path, {})[path.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FastHook emulator",
            "version": _version(),
            "description": f"FastHook's control API on this machine. {_DIALECT}",
        },
        "servers": [{"url": f"{origin}/v1"}],
        "security": [{"bearer": []}],
        "paths": described,
        "components": {
            "schemas": {
                **RESOURCES,
                **TRAFFIC,
                **SHARED,
                **{f"{name}Body": body for name, body in BODIES.items()},
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(path: Path, doc: Doc) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{path.method.lower()}{path.path}").strip("_"),
        "summary": (path.operation.__doc__ or "").partition("\n")[0].rstrip("."),
        "x-fasthook-required-role": path.role.value,
        "parameters": [*_path_parameters(path), *_query_parameters(doc), *_team(path)],
        "responses": _responses(path, doc),
    }
    if doc.body:
        described["requestBody"] = {
            "required": doc.needs_body,
            "content": {"application/json": {"schema": model(f"{doc.body}Body")}},
        }
    if path.role is Role.PUBLIC:
        described["security"] = []
    return described


def _responses(path: Path, doc: Doc) -> dict[str, Any]:
    left_out = {403} if path.role is Role.PUBLIC else set[int]()
    errors = {
        str(status): _json(text, model("Error")) for status, text in _ERRORS.items() if status not in left_out
    }
    if path.path.startswith(("/filters", "/transformations")):
        errors["409"] = _json(_ERRORS[409], {"anyOf": [model("AlreadyExists"), model("Error")]})
    return {str(doc.status): _json("Success", doc.ok), **errors}


def _json(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _path_parameters(path: Path) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", path.path)
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in names
    ]


def _query_parameters(doc: Doc) -> list[dict[str, Any]]:
    return [
        {
            "name": name.removesuffix("!"),
            "in": "query",
            "required": name.endswith("!"),
            "schema": schema,
            **({"style": "form", "explode": False} if schema.get("type") == "array" else {}),
        }
        for name, schema in doc.query.items()
    ]


def _team(path: Path) -> list[dict[str, Any]]:
    if path.role is Role.PUBLIC:
        return []
    text = "The team; without it the demo team is used"
    return [
        {
            "name": "x-team-id",
            "in": "header",
            "required": False,
            "description": text,
            "schema": {"type": "string"},
        }
    ]


def _version() -> str:
    try:
        return version("pytest-fasthook")
    except PackageNotFoundError:
        return "0"
