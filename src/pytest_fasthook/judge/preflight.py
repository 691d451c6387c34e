"""Preflight: credentials work, the route exists under our team and is open, and a probe for it can be made.

Relies on the connection model with its embedded source and destination (FastHook contract, connection model;
FastHook guide on pausing and resuming connections).
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Connection
from pytest_fasthook.errors import UnreachableError, UnreadableError
from pytest_fasthook.evidence import Evidence, Question
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed, unanswered, wrong_team
from pytest_fasthook.probe import unsendable
from pytest_fasthook.route import Route
from pytest_fasthook.stages import Stage, StageResult

STAGE = Stage.PREFLIGHT
NEVER_CONNECTED = frozenset({"connect", "dns", "tls"})
UNREADABLE_LOOKS = 3
"""As many unreadable answers in a row mean that this is not the API, rather than a hiccup of it."""


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the route and the probe that would be sent."""
    question = chain.connection_question(expect)
    given_up = _given_up(evidence, question)
    if given_up:
        return given_up
    found = chain.connection(evidence, expect)
    if found is None:
        return _wait(expect, question, awaited=f"connection {expect.connection_id} could not be read")
    stranger = next(_strangers(expect, found), None)
    if stranger:
        return stranger
    missing = tuple(_missing(evidence, found))
    if missing:
        return _wait(expect, *missing, awaited=f"source and destination of {found.id} could not be read")
    route = chain.route(evidence, expect)
    assert route is not None
    return _closed(route) or _unsendable(route, expect) or _open(route, found)


def _wait(expect: Expectations, *questions: Question, awaited: str) -> Waiting:
    return Waiting(
        stage=STAGE,
        questions=questions,
        missing=Cause.API_UNREACHABLE,
        message=f"{awaited} before preflight's limit",
        until=expect.preflight_deadline,
    )


def _given_up(evidence: Evidence, question: Question) -> StageResult | None:
    """End early where waiting cannot help: no connection was ever made, or something else answers there."""
    seen = evidence.about(question)
    last = seen[-1].error if seen else None
    if isinstance(last, UnreachableError) and last.reason in NEVER_CONNECTED:
        return unanswered(STAGE, last)
    recent = [observation.error for observation in seen[-UNREADABLE_LOOKS:]]
    if len(recent) == UNREADABLE_LOOKS and all(isinstance(error, UnreadableError) for error in recent):
        return unanswered(STAGE, recent[-1])  # type: ignore[arg-type]  # just checked
    return None


def _strangers(expect: Expectations, found: Connection) -> Iterator[StageResult]:
    """Every part of the route that says it belongs to another team."""
    parts = [
        (f"connection {found.id}", found.team_id),
        (f"source {found.source_id}", found.source.team_id if found.source else None),
        (f"destination {found.destination_id}", found.destination.team_id if found.destination else None),
    ]
    for what, team_id in parts:
        result = wrong_team(STAGE, expect, what, team_id)
        if result:
            yield result


def _missing(evidence: Evidence, found: Connection) -> Iterator[Question]:
    """Parts that the connection did not embed: needed ones until they are there, useful ones once."""
    source, destination = found.source, found.destination
    source_question = chain.source_question(found)
    known = source if source and source.url else evidence.answered(source_question)
    described = source is not None and {"config", "status"} <= source.model_fields_set
    if found.source_id and (not known or (not described and not evidence.latest(source_question))):
        yield source_question
    destination_question = chain.destination_question(found)
    if found.destination_id and destination is None and not evidence.latest(destination_question):
        yield destination_question


def _closed(route: Route) -> StageResult | None:
    """The first part of the route that lets nothing through, the one that explains the others first."""
    at = {"connection_id": route.connection_id, "source_id": route.source_id}
    if route.source_disabled:
        return ended(STAGE, Cause.SOURCE_DISABLED, f"source {route.source_id} is disabled", facts=at)
    if route.source_status not in {None, "enabled"}:
        message = f"source {route.source_id} has the unknown status {route.source_status!r}, expected enabled"
        return ended(STAGE, Cause.API_BAD_RESPONSE, message, facts=at)
    if route.connection_disabled:
        message = f"connection {route.connection_id} is disabled (disabled_at {route.disabled_at})"
        return ended(STAGE, Cause.CONNECTION_DISABLED, message, facts=at)
    if route.destination_disabled:
        message = f"destination {route.destination_id} of connection {route.connection_id} is disabled"
        return ended(STAGE, Cause.DESTINATION_DISABLED, message, facts=at)
    if route.paused_at:
        message = f"connection {route.connection_id} is paused since {route.paused_at}; its events are held"
        return ended(STAGE, Cause.CONNECTION_PAUSED, message, facts=at)
    return None


def _unsendable(route: Route, expect: Expectations) -> StageResult | None:
    """Why no probe could be sent that this route would accept."""
    refusal = unsendable(route, expect.plan)
    return ended(STAGE, refusal.cause, refusal.message, facts=_facts(route)) if refusal else None


def _open(route: Route, found: Connection) -> StageResult:
    names = f"{route.source_name} → {route.connection_name} → {route.destination_name}"
    return passed(
        STAGE,
        f"{names}: enabled, not paused, under team {found.team_id or 'unknown'}",
        facts=_facts(route),
        warnings=tuple(_doubts(route, found)),
    )


def _doubts(route: Route, found: Connection) -> Iterator[str]:
    if found.team_id is None:
        yield f"the API did not say which team connection {found.id} belongs to"
    if route.source_config is None:
        yield f"the config of source {route.source_id} could not be read, so its auth is unknown"
    for sentence in route.rules.not_understood:
        yield f"rules of {route.connection_id}: {sentence}; left to the service"


def _facts(route: Route) -> dict[str, object]:
    return {
        "connection_id": route.connection_id,
        "team_id": route.team_id,
        "source_id": route.source_id,
        "destination_id": route.destination_id,
        "auth_type": route.auth_type,
    }
