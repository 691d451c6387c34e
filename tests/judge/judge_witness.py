"""Looks for the proof of every pass in the log itself, without asking the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fasthook_service import CONNECTION, EVENT, REQUEST, TEAM, TWIN

from pytest_fasthook.evidence.log import Ask, Evidence
from pytest_fasthook.stages import Stage


def proven(stage: Stage, evidence: Evidence) -> bool:
    """Whether the log holds what a pass of this stage must rest on."""
    return any(PROOFS[stage](value) for value in _answers(evidence, ASKED[stage]))


def _answers(evidence: Evidence, ask: Ask) -> Iterator[Any]:
    return (o.value for o in evidence if o.question.ask is ask and o.error is None)


def _connection(value: Any) -> bool:
    open_ = value.paused_at is None and value.disabled_at is None
    return value.id == CONNECTION and value.team_id in {TEAM, None} and open_


def _request(value: Any) -> bool:
    found = value.request
    return found is not None and found.id == REQUEST and found.status == "accepted"


def _event(value: Any) -> bool:
    ours = [one for one in value.events if one.id in {EVENT, TWIN} and one.request_id == REQUEST]
    return any(one.status not in {"HOLD", "CANCELLED"} and one.connection == CONNECTION for one in ours)


def _delivered(value: Any) -> bool:
    return any(one.status == "SUCCESSFUL" and one.response_status == 200 for one in value)


def _latest_input(value: Any) -> bool:
    newest = value.latest_input
    return newest is not None and (
        newest.request_id == REQUEST or newest.request_id.startswith(("req_s", "req_r"))
    )


def _metrics(value: Any) -> bool:
    known = None not in {value.count, value.delivered, value.failed} and value.ours_listed is True
    return known and value.count >= value.listed and value.delivered + value.failed >= value.finished


ASKED: Mapping[Stage, Ask] = {
    Stage.PREFLIGHT: Ask.CONNECTION,
    Stage.INGRESS: Ask.REQUEST,
    Stage.BRANCH: Ask.EVENTS,
    Stage.DELIVERY: Ask.ATTEMPTS,
    Stage.LATEST_INPUT: Ask.LATEST_INPUT,
    Stage.METRICS: Ask.METRICS,
}
PROOFS: Mapping[Stage, Callable[[Any], bool]] = {
    Stage.PREFLIGHT: _connection,
    Stage.INGRESS: _request,
    Stage.BRANCH: _event,
    Stage.DELIVERY: _delivered,
    Stage.LATEST_INPUT: _latest_input,
    Stage.METRICS: _metrics,
}
