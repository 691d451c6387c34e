"""The two metrics calls, in whichever of FastHook's two parameter dialects the API understands.

The contract has ``from``, ``to`` and ``measures=a,b``; the automation guide has ``date_range[start]``,
``date_range[end]`` and a repeated ``measures[]``. The contract's is tried first, the guide's where that is
refused with 400, and that the guide's worked is remembered for the transport's life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.answers import Answer, answer_of
from pytest_fasthook.client.filters import iso
from pytest_fasthook.client.models import MeasureName, Metrics
from pytest_fasthook.client.pages import read_record
from pytest_fasthook.client.replies import Reply
from pytest_fasthook.client.transport import Params, Transport
from pytest_fasthook.errors import RefusedError

_LEARNED = "metrics_dialect"
_GUIDE = "guide"


def get_event_metrics(  # noqa: PLR0913 - the call's own filters, by keyword
    transport: Transport,
    *,
    connection_id: str,
    since: datetime,
    until: datetime,
    measures: Sequence[MeasureName],
    granularity: str = "1m",
    deadline: float | None = None,
) -> Answer[Metrics]:
    """Read event counts of one connection over a window.

    Args:
        transport: the wire.
        connection_id: the connection.
        since: an aware moment.
        until: an aware moment.
        measures: what to count.
        granularity: width of a bucket: ``1s 5s 10s 30s 1m 5m 15m 1h``.
        deadline: on ``clock.monotonic``.
    """
    filters = [("granularity", granularity), ("connection_id", connection_id)]
    question = _Question(
        path=path_of("metrics", "events"),
        since=iso(since),
        until=iso(until),
        measures=measures,
        filters=filters,
    )
    return _ask(transport, question, deadline=deadline)


def get_request_metrics(  # noqa: PLR0913 - the call's own filters, by keyword
    transport: Transport,
    *,
    source_id: str,
    since: datetime,
    until: datetime,
    measures: Sequence[MeasureName],
    granularity: str = "1m",
    deadline: float | None = None,
) -> Answer[Metrics]:
    """Read request counts of one source over a window; arguments as for ``get_event_metrics``."""
    filters = [("granularity", granularity), ("source_id", source_id)]
    question = _Question(
        path=path_of("metrics", "requests"),
        since=iso(since),
        until=iso(until),
        measures=measures,
        filters=filters,
    )
    return _ask(transport, question, deadline=deadline)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked for, before it is put into a dialect."""

    path: str
    since: str
    until: str
    measures: Sequence[MeasureName]
    filters: Params

    def in_contract_dialect(self) -> Params:
        bounds = [("from", self.since), ("to", self.until)]
        return [*bounds, ("measures", ",".join(self.measures)), *self.filters]

    def in_guide_dialect(self) -> Params:
        bounds = [("date_range[start]", self.since), ("date_range[end]", self.until)]
        return [*bounds, *(("measures[]", measure) for measure in self.measures), *self.filters]


def _ask(transport: Transport, question: _Question, *, deadline: float | None) -> Answer[Metrics]:
    if transport.learned.get(_LEARNED) == _GUIDE:
        reply = transport.get(question.path, question.in_guide_dialect(), deadline=deadline)
    else:
        reply = _find_dialect(transport, question, deadline=deadline)
    return answer_of(reply, read_record(Metrics, reply.value, call=reply.call))


def _find_dialect(transport: Transport, question: _Question, *, deadline: float | None) -> Reply:
    try:
        return transport.get(question.path, question.in_contract_dialect(), deadline=deadline)
    except RefusedError as refusal:
        if refusal.status != 400:
            raise
        reply = _try_guide(transport, question, deadline=deadline)
        if reply is None:
            raise
    transport.learned[_LEARNED] = _GUIDE
    return reply


def _try_guide(transport: Transport, question: _Question, *, deadline: float | None) -> Reply | None:
    """Ask in the guide's dialect; ``None`` where that is refused too: then the first refusal is told."""
    try:
        return transport.get(question.path, question.in_guide_dialect(), deadline=deadline)
    except RefusedError:
        return None
