"""The tables by name, and the payloads, whose rows are bytes rather than fields."""

from __future__ import annotations

import json

from pytest_fasthook.emulator.payload import Payload
from pytest_fasthook.emulator.store.database import Database
from pytest_fasthook.emulator.store.records import (
    Attempt,
    BulkOperation,
    Connection,
    Destination,
    Event,
    Execution,
    Filter,
    ProjectKey,
    ProxyExchange,
    Request,
    Source,
    Transformation,
)
from pytest_fasthook.emulator.store.table import Table

SOURCES = Table(Source, "sources", noun="source")
DESTINATIONS = Table(Destination, "destinations", noun="destination")
CONNECTIONS = Table(Connection, "connections", noun="connection")
FILTERS = Table(Filter, "filters", noun="filter")
TRANSFORMATIONS = Table(Transformation, "transformations", noun="transformation")
EXECUTIONS = Table(Execution, "executions", noun="execution")
PROJECT_KEYS = Table(ProjectKey, "project_keys", noun="project API key")
PROXY_EXCHANGES = Table(ProxyExchange, "proxy_exchanges", noun="proxy exchange")
REQUESTS = Table(Request, "requests", noun="request")
EVENTS = Table(Event, "events", noun="event")
BULK_OPERATIONS = Table(BulkOperation, "bulk_operations", noun="bulk operation")
ATTEMPTS = Table(Attempt, "attempts", noun="attempt")


def save_payload(database: Database, id: str, payload: Payload) -> str:  # noqa: A002 - named as the column is
    """Store a payload under an id and return the id."""
    database.execute(
        "INSERT INTO payloads (id, method, path, query, headers, body) VALUES (?, ?, ?, ?, ?, ?)",
        (id, payload.method, payload.path, payload.query, json.dumps(payload.headers), payload.body),
    )
    return id


def has_payload(database: Database, id: str | None) -> bool:  # noqa: A002 - named as the column is
    """Whether the payload of that id is still there."""
    return database.row("SELECT 1 FROM payloads WHERE id = ?", (id,)) is not None


def load_payload(
    database: Database,
    id: str | None,  # noqa: A002 - named as the column is
    *,
    most: int | None = None,
) -> Payload | None:
    """Return the payload of that id, or ``None`` where it was never stored or has expired.

    Args:
        database: where it is.
        id: the payload's id.
        most: a body that has more bytes is cut to its first 1,000, or to ``most`` where that is less.
    """
    columns = "method, path, query, headers, length(body) AS size"
    body = (
        "body"
        if most is None
        else f"CASE WHEN length(body) <= {most} THEN body ELSE substr(body, 1, {min(most, 1000)}) END"
    )
    sql = f"SELECT {columns}, {body} AS body FROM payloads WHERE id = ?"  # noqa: S608 - only a number
    row = database.row(sql, (id,)) if id else None
    if row is None:
        return None
    return Payload(
        method=row["method"],
        path=row["path"],
        query=row["query"],
        headers=tuple((name, value) for name, value in json.loads(row["headers"])),
        body=bytes(row["body"]),
        is_cut=len(row["body"]) < row["size"],
    )


def signing_secret(database: Database, team_id: str) -> str:
    """Return the secret by which a team's receivers verify deliveries."""
    row = database.row("SELECT signing_secret FROM project_secrets WHERE team_id = ?", (team_id,))
    return str(row["signing_secret"]) if row else ""
