"""The list envelope of sources, destinations, connections, filters and transformations: no cursor at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.store.table import Table

_COLUMNS = {"created_at": "created_ms", "updated_at": "updated_ms", "name": "name"}


def listing(call: Call, table: Table[Any], view: Callable[[Any], dict[str, Any]]) -> Answer:
    """List a team's records of one table.

    Besides ``limit``, ``order_by`` and ``dir`` it takes names and ids as filters, which no page states.
    """
    order_by = call.choice("order_by", tuple(_COLUMNS), default="created_at")
    direction = call.choice("dir", ("asc", "desc"), default="desc")
    limit = call.limit(most=255)
    where, values = _narrowed(call, table)
    clause = f"WHERE {where} ORDER BY {_COLUMNS[order_by]} {direction}, seq {direction} LIMIT ?"
    models = [view(record) for record in table.select(call.world.database, clause, [*values, limit])]
    pagination = {"order_by": order_by, "dir": direction, "limit": limit}
    return Answer({"pagination": pagination, "count": len(models), "models": models})


def _narrowed(call: Call, table: Table[Any]) -> tuple[str, list[Any]]:
    """The condition; a filter that the records have no field for is ignored, as every unknown parameter is."""
    conditions, values = ["team_id = ?"], [call.team_id]
    for name in ("name", "id", "source_id", "destination_id"):
        given = call.all(name) if name in table.columns else []
        if given:
            conditions.append(f"{name} IN ({', '.join('?' * len(given))})")
            values.extend(given)
    return " AND ".join(conditions), values
