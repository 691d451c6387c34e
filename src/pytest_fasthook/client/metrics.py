"""The two metrics calls, in whichever of FastHook's two parameter dialects the API understands.

The contract has ``from``, ``to`` and ``measures=a,b``; the automation guide has ``date_range[start]``,
``date_range[end]`` and a repeated ``measures[]``. The contract's is tried first, the guide's where that is
refused with 400 or answered without what was asked for; that the guide's worked is remembered for the
transport's life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_fasthook.client.addresses import path_of
from pytest_fasthook.client.answers import Answer, answer_of
from pytest_fasthook.client.models import MeasureName, Metrics
from pytest_fasthook.client.pages import read_record
from pytest_fasthook.client.replies import Reply
from pytest_fasthook.client.transport import Transport
from pytest_fasthook.client.wire import Params
from pytest_fasthook.errors import RefusedError
from pytest_fasthook.iso import write_iso

_LEARNED = "metrics_dialect"
_GUIDE = "guide"
_NOT_UNDERSTOOD = frozenset({400, 422})


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
        since=write_iso(since),
        until=write_iso(until),
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
        since=write_iso(since),
        until=write_iso(until),
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
        return _in_guide_dialect(transport, question, deadline=deadline)
    try:
        answer = _read(transport.get(question.path, question.in_contract_dialect(), deadline=deadline))
    except RefusedError as refusal:
        found = (
            _try_guide(transport, question, deadline=deadline) if refusal.status in _NOT_UNDERSTOOD else None
        )
        if found is None:
            raise
        return found
    if _answers(answer.value, question):
        return answer
    # The parameters were taken and passed over: no point carries what was asked for.
    found = _try_guide(transport, question, deadline=deadline)
    return found if found is not None and _answers(found.value, question) else answer


def _read(reply: Reply) -> Answer[Metrics]:
    return answer_of(reply, read_record(Metrics, reply.value, call=reply.call))


def _answers(metrics: Metrics, question: _Question) -> bool:
    """Whether a series carries a measure that was asked for; an empty one says nothing of either dialect."""
    return not metrics.series or any(metrics.total(measure) is not None for measure in question.measures)


def _in_guide_dialect(
    transport: Transport, question: _Question, *, deadline: float | None
) -> Answer[Metrics]:
    return _read(transport.get(question.path, question.in_guide_dialect(), deadline=deadline))


def _try_guide(
    transport: Transport, question: _Question, *, deadline: float | None
) -> Answer[Metrics] | None:
    """Ask in the guide's dialect; ``None`` where that is refused too: then the first answer stands."""
    try:
        found = _in_guide_dialect(transport, question, deadline=deadline)
    except RefusedError:
        return None
    if _answers(found.value, question):
        transport.learned[_LEARNED] = _GUIDE
    return found
