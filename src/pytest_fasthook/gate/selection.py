"""Which connections a run gates: those named, or every enabled one of a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_fasthook.causes import Cause
from pytest_fasthook.client import api
from pytest_fasthook.client.models import Connection
from pytest_fasthook.client.pages import Page, distinct
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.errors import ApiError
from pytest_fasthook.judge.findings import cause_of, ended
from pytest_fasthook.stages import Stage, StageResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The connections of a run.

    Attributes:
        notes: what was left out, one line each.
        failure: why the connections of a source could not be found; ``connections`` then holds the source's id, which
            stands for them in reports.
    """

    connections: Sequence[str]
    notes: tuple[str, ...] = ()
    failure: StageResult | None = None


def connections_of(source_id: str, transport: Transport, *, deadline: float) -> Selection:
    """Every enabled connection of a source; what cannot be read, or is empty, is a failed selection, never a pass.

    Args:
        source_id: the source.
        transport: the wire; only reads are made.
        deadline: monotonic seconds.
    """
    try:
        page = api.list_connections(transport, source_id=source_id, deadline=deadline).value
    except ApiError as error:
        message = f"{error}, expected the enabled connections of source {source_id}"
        return _failed(source_id, cause_of(error), message)
    lacking = _lacking(page)
    if lacking:
        message = (
            f"which connections source {source_id} has is not known for certain: {lacking}, expected all of them; "
            "name those to gate with --fasthook-connection"
        )
        return _failed(source_id, Cause.API_BAD_RESPONSE, message)
    enabled = [connection for connection in distinct(page.models) if connection.disabled_at is None]
    if not enabled:
        message = (
            f"source {source_id} has no enabled connection under this team, expected at least one to gate"
        )
        return _failed(source_id, Cause.CONNECTION_NOT_FOUND, message)
    return Selection(connections=[connection.id for connection in enabled], notes=_notes(source_id, page))


def _failed(source_id: str, cause: Cause, message: str) -> Selection:
    failure = ended(Stage.PREFLIGHT, cause, message, facts={"source_id": source_id})
    return Selection(connections=(source_id,), failure=failure)


def _lacking(page: Page[Connection]) -> str | None:
    """Why the list may leave out connections: a gate of some of them would say nothing of the others."""
    if page.partial or page.next_cursor is not None:
        return f"the list of connections is not whole (FastHook lists at most {api.MOST_RESOURCES} and no next page)"
    if page.unreadable:
        return f"{page.unreadable} of the listed connections cannot be read"
    return None


def _notes(source_id: str, page: Page[Connection]) -> tuple[str, ...]:
    disabled = [one.id for one in distinct(page.models) if one.disabled_at is not None]
    return (f"source {source_id}: not gated, as disabled: {', '.join(disabled)}",) if disabled else ()
