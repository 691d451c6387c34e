"""Forgetting what is old or too much, a little at a time, so that an emulator can run for weeks."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_fasthook.emulator.times import DAY, MINUTE
from pytest_fasthook.emulator.world import AppState

BATCH = 500
LARGE_BATCH = 20
"""Requests that are forgotten at a time where bytes are too many: each of them may be large."""
_BY_REQUEST = ("events", "attempts", "executions", "proxy_exchanges")


class Retention:
    """A job of the delivery worker: once a minute it forgets the oldest requests with all that came of them."""

    def __init__(self) -> None:
        self._next_ms = 0

    def __call__(self, world: AppState) -> int:
        """Forget one batch where it is time; return when it is time again."""
        now = world.clock.elapsed_ms()
        if now >= self._next_ms:
            has_more = forget(world)
            self._next_ms = now if has_more else now + MINUTE
        return self._next_ms


def forget(world: AppState) -> bool:
    """Forget the oldest requests that are over the age, the number or the bytes; whether there may be more."""
    cutoff = world.clock.now_ms() - round(world.settings.retention * 1000)
    with world.database.transaction():
        gone = _too_many(world, cutoff)
        if gone:
            _delete(world, gone)
        _forget_the_rest(world, cutoff)
    return len(gone) >= LARGE_BATCH


def _too_many(world: AppState, cutoff: int) -> list[str]:
    newest = world.database.number("SELECT max(seq) FROM requests")
    oldest = world.database.rows("SELECT seq, id, created_ms FROM requests ORDER BY seq LIMIT ?", (BATCH,))
    excess = newest - world.settings.max_requests
    gone = [row["id"] for row in oldest if row["created_ms"] < cutoff or row["seq"] <= excess]
    if not gone and world.database.size() > world.settings.max_bytes:
        return [row["id"] for row in oldest[:LARGE_BATCH]]
    return gone


def _delete(world: AppState, request_ids: Sequence[str]) -> None:
    marks = ", ".join("?" * len(request_ids))
    for table, column in (("requests", "id"), ("events", "request_id")):
        payloads = f"SELECT data_id FROM {table} WHERE {column} IN ({marks})"  # noqa: S608 - names from here
        world.database.execute(f"DELETE FROM payloads WHERE id IN ({payloads})", request_ids)  # noqa: S608 - as above
    for table in _BY_REQUEST:
        world.database.execute(f"DELETE FROM {table} WHERE request_id IN ({marks})", request_ids)  # noqa: S608 - as above
    world.database.execute(f"DELETE FROM requests WHERE id IN ({marks})", request_ids)  # noqa: S608 - only marks


def _forget_the_rest(world: AppState, cutoff: int) -> None:
    """What belongs to no request: keys of the deduplicate rule, the audit, finished operations."""
    longest_window = world.clock.elapsed_ms() - 30 * DAY
    world.database.execute("DELETE FROM seen_keys WHERE seen_ms < ?", (longest_window,))
    world.database.execute("DELETE FROM key_audit WHERE created_ms < ?", (cutoff,))
    world.database.execute("DELETE FROM bulk_operations WHERE finished_ms < ?", (cutoff,))
