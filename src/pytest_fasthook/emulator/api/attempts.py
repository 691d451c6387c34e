"""Attempts: single conversations with receivers (FastHook contract, AttemptModel)."""

from __future__ import annotations

from pytest_fasthook.emulator.api.call import Answer, Call
from pytest_fasthook.emulator.api.conditions import Conditions
from pytest_fasthook.emulator.api.windows import read_cursor, read_window, write_cursor
from pytest_fasthook.emulator.errors import BadRequest, NotFound
from pytest_fasthook.emulator.store.records import Attempt
from pytest_fasthook.emulator.store.tables import ATTEMPTS
from pytest_fasthook.emulator.views.traffic import attempt_view


def list_all(call: Call) -> Answer:
    """List attempts; the cursors are inside ``pagination``, and there is no default window."""
    limit = call.limit(most=255)
    call.choice("order_by", ("created_at",), default="created_at")
    direction = call.choice("dir", ("asc", "desc"), default="desc")
    conditions = _conditions(call)
    back, place = _place(call)
    newest_first = (direction == "desc") is not back
    if place:
        conditions.add(f"(created_ms, seq) {'<' if newest_first else '>'} (?, ?)", *place)
    order = "DESC" if newest_first else "ASC"
    clause = f"WHERE {conditions.where} ORDER BY created_ms {order}, seq {order} LIMIT ?"
    found = ATTEMPTS.select(call.world.database, clause, [*conditions.values, limit + 1])
    has_more, page = len(found) > limit, found[:limit]
    if back:
        page.reverse()
    following = page and _cursor(page[-1]) if has_more or back else None
    previous = page and _cursor(page[0]) if place and (has_more or not back) else None
    pagination = {"order_by": "created_at", "dir": direction, "limit": limit}
    pagination |= {"next": following or None, "prev": previous or None}
    models = [attempt_view(attempt) for attempt in page]
    return Answer({"pagination": pagination, "count": len(models), "models": models})


def get(call: Call) -> Answer:
    """Return one attempt."""
    attempt = ATTEMPTS.get(call.world.database, call.team_id, call.id)
    if attempt.created_ms > call.world.visible_ms("attempts"):
        raise NotFound("attempt not found")
    return Answer(attempt_view(attempt))


def _conditions(call: Call) -> Conditions:
    conditions = Conditions()
    conditions.add("team_id = ?", call.team_id)
    conditions.within(read_window(call, has_default=False))
    conditions.add("created_ms <= ?", call.world.visible_ms("attempts"))
    statuses = call.all("status")
    if not set(statuses) <= {"FAILED", "SUCCESSFUL"}:
        raise BadRequest("status takes FAILED and SUCCESSFUL")
    conditions.where_in("status", statuses)
    conditions.where_in("event_id", call.all("event_id"))
    conditions.where_in("destination_id", call.all("destination_id"))
    conditions.search(call.one("q"), "id", "event_id", "request_id", found=call.found, among="id")
    return conditions


def _place(call: Call) -> tuple[bool, tuple[int, int] | None]:
    """Whether the page goes backwards, and from where."""
    back, onward = read_cursor(call.one("prev")), read_cursor(call.one("cursor", "next"))
    return back is not None, back or onward


def _cursor(attempt: Attempt) -> str:
    return write_cursor(attempt.created_ms, attempt.seq)
