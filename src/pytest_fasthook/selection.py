"""Which connections a run gates: those named, or every enabled one of a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_fasthook.causes import Cause
from pytest_fasthook.client import api
from pytest_fasthook.client.models import Connection
from pytest_fasthook.client.pages import Page
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
    enabled = [connection for connection in page.models if connection.disabled_at is None]
    if not enabled:
        message = (
            f"source {source_id} has no enabled connection under this team, expected at least one to gate"
        )
        return _failed(source_id, Cause.CONNECTION_NOT_FOUND, message)
    return Selection(connections=[connection.id for connection in enabled], notes=_notes(source_id, page))


def _failed(source_id: str, cause: Cause, message: str) -> Selection:
    failure = ended(Stage.PREFLIGHT, cause, message, facts={"source_id": source_id})
    return Selection(connections=(source_id,), failure=failure)


def _notes(source_id: str, page: Page[Connection]) -> tuple[str, ...]:
    disabled = [connection.id for connection in page.models if connection.disabled_at is not None]
    notes = [f"not gated, as disabled: {', '.join(disabled)}"] if disabled else []
    if page.unreadable:
        notes.append(f"not gated: {page.unreadable} connection(s) that could not be read")
    if page.partial:
        notes.append("not gated: connections beyond what FastHook lists at once")
    return tuple(f"source {source_id}: {note}" for note in notes)
