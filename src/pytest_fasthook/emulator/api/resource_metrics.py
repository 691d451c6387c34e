"""The last day of every source, connection, destination or transformation, in six bins (FastHook contract)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.requests import EVENT_STATUSES
from pytest_fasthook.emulator.api.windows import added, attempts_bins, day_bins
from pytest_fasthook.emulator.store.records import Connection, Destination, Source, Transformation
from pytest_fasthook.emulator.store.table import Table
from pytest_fasthook.emulator.store.tables import CONNECTIONS, DESTINATIONS, SOURCES, TRANSFORMATIONS
from pytest_fasthook.emulator.times import DAY
from pytest_fasthook.emulator.views.resources import BINS

_CONNECTION_STATES = {
    "": EVENT_STATUSES,
    "successful_": ("SUCCESSFUL",),
    "failed_": ("FAILED",),
    "pending_": ("QUEUED", "SCHEDULED", "HOLD"),
    "cancelled_": ("CANCELLED",),
}


def sources(call: Call) -> Answer:
    """Count requests of sources."""
    return _models(call, SOURCES, ("id", "ids", "source_id", "source_ids"), _source)


def connections(call: Call) -> Answer:
    """Count events of connections."""
    names = ("id", "ids", "connection_id", "connection_ids", "webhook_id", "webhook_ids")
    return _models(call, CONNECTIONS, names, _connection)


def destinations(call: Call) -> Answer:
    """Count attempts of destinations."""
    names = ("id", "ids", "destination_id", "destination_ids")
    answer = _models(call, DESTINATIONS, names, _destination)
    extra = {"partial": False, "source": "durable_objects", "failed_destination_ids": []}
    return Answer({**answer.body, **extra})


def transformations(call: Call) -> Answer:
    """Count executions of transformations."""
    names = ("id", "ids", "transformation_id", "transformation_ids")
    return _models(call, TRANSFORMATIONS, names, _transformation)


def _models(
    call: Call, table: Table[Any], names: tuple[str, ...], view: Callable[[Call, Any], Mapping[str, Any]]
) -> Answer:
    wanted = call.all(*names)
    narrowed = f" AND id IN ({', '.join('?' * len(wanted))})" if wanted else ""
    clause = f"WHERE team_id = ?{narrowed} ORDER BY seq LIMIT 255"
    models = [
        view(call, record) for record in table.select(call.world.database, clause, [call.team_id, *wanted])
    ]
    return Answer({"count": len(models), "models": models})


def _source(call: Call, source: Source) -> dict[str, Any]:
    found = day_bins(call.world, "requests", source.team_id, "source_id", source.id)
    accepted, rejected = found.get("accepted", [0] * BINS), found.get("rejected", [0] * BINS)
    return {
        "id": source.id,
        "source_id": source.id,
        "requests_24h_count": sum(accepted) + sum(rejected),
        "requests_24h_total_count": sum(accepted) + sum(rejected),
        "requests_24h_accepted_count": sum(accepted),
        "requests_24h_rejected_count": sum(rejected),
        "requests_24h_accepted_bins": accepted,
        "requests_24h_rejected_bins": rejected,
        "connections_count": _connections_count(call, "source_id = ?", source.id),
    }


def _connection(call: Call, connection: Connection) -> dict[str, Any]:
    found = day_bins(call.world, "events", connection.team_id, "connection_id", connection.id)
    view: dict[str, Any] = {"id": connection.id, "connection_id": connection.id, "webhook_id": connection.id}
    for name, statuses in _CONNECTION_STATES.items():
        bins = added(found[status] for status in statuses if status in found)
        view |= {f"events_24h_{name}count": sum(bins), f"events_24h_{name}bins": bins}
    return view


def _destination(call: Call, destination: Destination) -> dict[str, Any]:
    bins = attempts_bins(call.world, destination)
    return {
        "id": destination.id,
        "destination_id": destination.id,
        "attempts_24h_count": sum(bins),
        "attempts_24h_bins": bins,
    }


def _transformation(call: Call, transformation: Transformation) -> dict[str, Any]:
    return {
        "id": transformation.id,
        "transformation_id": transformation.id,
        **executions_day(call, transformation.id),
    }


def executions_day(call: Call, transformation_id: str) -> dict[str, Any]:
    """Count a transformation's executions of the last day, and its connections."""
    good, bad = _executions(call, transformation_id, "NULL"), _executions(call, transformation_id, "NOT NULL")
    codes = call.world.database.rows(
        "SELECT error_code, count(*) AS n FROM executions WHERE transformation_id = ? AND error_code IS NOT NULL "
        "GROUP BY error_code",
        (transformation_id,),
    )
    return {
        "executions_24h_count": sum(good) + sum(bad),
        "executions_24h_successful_count": sum(good),
        "executions_24h_failed_count": sum(bad),
        "executions_24h_successful_bins": good,
        "executions_24h_failed_bins": bad,
        "error_code_counts": {row["error_code"]: row["n"] for row in codes},
        "connections_count": _connections_count(call, "instr(rules, ?) > 0", f'"{transformation_id}"'),
    }


def _executions(call: Call, transformation_id: str, state: str) -> list[int]:
    start, width = call.world.clock.now_ms() - DAY + 1, DAY // BINS
    recent = f"transformation_id = ? AND created_ms >= ? AND created_ms < ? AND error_code IS {state}"
    rows = call.world.database.rows(
        f"SELECT (created_ms - ?) / ? AS bin, count(*) AS n FROM executions WHERE {recent} GROUP BY bin",  # noqa: S608 - two words
        (start, width, transformation_id, start, start + DAY),
    )
    counts = {row["bin"]: row["n"] for row in rows}
    return [counts.get(index, 0) for index in range(BINS)]


def _connections_count(call: Call, where: str, value: str) -> int:
    sql = f"SELECT count(*) FROM connections WHERE team_id = ? AND {where}"  # noqa: S608 - built from code
    return call.world.database.number(sql, (call.team_id, value))
