"""The served document describes every operation, and the answers are as it says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from pytest_fasthook.emulator import Emulator
from pytest_fasthook.emulator.app import PATHS
from pytest_fasthook.emulator.openapi.document import document
from pytest_fasthook.emulator.openapi.operations import OPERATIONS

from .conftest import Api

DOCUMENT = document(PATHS, origin="http://127.0.0.1:1")
PAID = {"id": 1, "type": "invoice.paid"}


def problems(method: str, path: str, response: httpx.Response) -> list[str]:
    """What an answer has that its operation's documentation does not say."""
    responses = DOCUMENT["paths"][path][method.lower()]["responses"]
    assert str(response.status_code) in responses, (method, path, response.status_code)
    schema = responses[str(response.status_code)]["content"]["application/json"]["schema"]
    whole = {**schema, "components": DOCUMENT["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(response.json())]


def test_every_operation_is_described_and_nothing_else() -> None:
    assert {f"{path.method} {path.path}" for path in PATHS} == set(OPERATIONS)


def test_every_operation_has_a_summary() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)


def test_operation_ids_are_unique() -> None:
    ids = [
        operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))


def test_the_document_is_served_with_and_without_the_version(emulator: Emulator, wire: httpx.Client) -> None:
    served = wire.get(f"{emulator.api_url}/openapi.json").json()
    assert served == wire.get(f"{emulator.page_url}openapi.json").json()
    assert served["servers"] == [{"url": emulator.api_url}]
    assert served["paths"].keys() == DOCUMENT["paths"].keys()


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.fixture
def ids(emulator: Emulator, api: Api) -> dict[str, str]:
    """One record of every kind."""
    emulator.receiver.script(500)
    script = api.ok("POST", "/transformations", {"name": "t", "code": "addHandler('transform', (r) => r)"})
    rules = [{"type": "transform", "transformation_id": script["id"]}]
    emulator.add_route(name="second", source=emulator.demo, rules=rules)
    emulator.add_route(name="never", source=emulator.demo, rules=[{"type": "filter", "path": "/never"}])
    request_id = api.sent(emulator.demo, PAID)
    api.send(emulator.demo, headers={"x-signature": "no"})
    return {
        "sources": emulator.demo.source_id,
        "destinations": emulator.demo.destination_id,
        "connections": emulator.demo.connection_id,
        "filters": api.ok("POST", "/filters", {"name": "f", "body": {"a": 1}})["id"],
        "transformations": script["id"],
        "execution": api.get(f"/transformations/{script['id']}/executions")["models"][0]["id"],
        "project-api-keys": api.ok("POST", "/project-api-keys", {"name": "k"}, status=201)["data"]["id"],
        "requests": request_id,
        "events": api.get(f"/requests/{request_id}/events")["models"][0]["id"],
        "attempts": api.get("/attempts")["models"][0]["id"],
        "requests/bulk_operations": api.ok("POST", "/requests/bulk_operations", {}, status=201)["id"],
        "events/bulk_operations": api.ok("POST", "/events/bulk_operations", {}, status=201)["id"],
    }


def concrete(path: str, ids: dict[str, str]) -> str:
    kind = path.strip("/").partition("/{id}")[0]
    return path.replace("{id}", ids.get(kind, "")).replace("{execution_id}", ids["execution"])


def test_every_answer_to_a_read_is_as_described(api: Api, ids: dict[str, str]) -> None:
    query: dict[str, Any] = {"measures": "count", "include": "data", "include_metrics": "true"}
    for path in PATHS:
        if path.method == "GET":
            response = api.call("GET", concrete(path.path, ids), params=query)
            assert response.status_code == 200, (path.path, response.text)
            assert problems("GET", path.path, response) == [], path.path


def test_every_answer_to_an_unknown_id_is_as_described(api: Api) -> None:
    for path in PATHS:
        if "{id}" in path.path:
            unknown = path.path.replace("{id}", "none").replace("{execution_id}", "none")
            response = api.call(path.method, unknown, {})
            assert response.status_code in (200, 400, 404), (path, response.text)
            assert problems(path.method, path.path, response) == [], path.path


def test_every_answer_without_a_credential_is_as_described(emulator: Emulator, wire: httpx.Client) -> None:
    for path in PATHS:
        if path.role.value != "public":
            response = wire.request(path.method, f"{emulator.api_url}{path.path}")
            assert response.status_code == 401, path
            assert problems(path.method, path.path, response) == [], path.path
