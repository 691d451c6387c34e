"""Searching payloads and attempts for a text, a part at a time, so that others are answered meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pytest_fasthook.emulator.api.call import Call
from pytest_fasthook.emulator.store.database import Database

SLICE = 2_000_000
"""Bytes that are searched before others get their turn."""
_ROWS = 1_000
_SEARCHED = {"payloads": ("path", "query", "headers", "body"), "attempts": ("body",)}
_PATHS = {
    "/requests": "payloads",
    "/requests/count": "payloads",
    "/metrics/requests": "payloads",
    "/events": "payloads",
    "/events/count": "payloads",
    "/metrics/events": "payloads",
    "/attempts": "attempts",
}


async def searched(call: Call, path: str) -> Call:
    """Return a call with the ids of what its ``q`` is found in, where its operation takes one."""
    text = call.one("q", "search_term") if path in _PATHS else None
    if text is None:
        return call
    return replace(call, found=await search(call.world.database, _PATHS[path], text))


async def search(database: Database, table: str, text: str) -> list[str]:
    """Return the ids of the rows of ``payloads`` or ``attempts`` in whose content a text is."""
    columns = _SEARCHED[table]
    size = " + ".join(f"coalesce(length({column}), 0)" for column in columns)
    # Blobs are compared byte by byte, which costs a tenth of comparing texts.
    holds = " OR ".join(f"instr(CAST({column} AS BLOB), CAST(? AS BLOB))" for column in columns)
    found: list[str] = []
    last = ""
    while True:
        sizes = database.rows(
            f"SELECT id, {size} AS size FROM {table} WHERE id > ? ORDER BY id LIMIT {_ROWS}",  # noqa: S608 - names from here
            (last,),
        )
        if not sizes:
            return found
        number, total = 0, 0
        while number < len(sizes) and total < SLICE:
            total += sizes[number]["size"]
            number += 1
        first, last = last, sizes[number - 1]["id"]
        matching = f"SELECT id FROM {table} WHERE id > ? AND id <= ? AND ({holds})"  # noqa: S608 - as above
        found += [row["id"] for row in database.rows(matching, (first, last, *[text] * len(columns)))]
        await asyncio.sleep(0)
