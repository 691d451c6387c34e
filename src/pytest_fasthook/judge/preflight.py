"""Preflight: credentials work, the route exists under our team and is open, and a probe for it can be made.

Relies on the connection model with its embedded source and destination (FastHook contract, connection model;
FastHook guide on pausing and resuming connections).
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.faults import NOTHING_SENT
from pytest_fasthook.client.models import Connection, Source
from pytest_fasthook.errors import UnreachableError, UnreadableError
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Evidence, Question
from pytest_fasthook.iso import write_iso
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed, unanswered, wrong_team
from pytest_fasthook.probe.probe import doubts, unsendable
from pytest_fasthook.probe.route import Route
from pytest_fasthook.rules.comparing import differences
from pytest_fasthook.stages import Stage, StageResult

STAGE = Stage.PREFLIGHT
UNREADABLE_LOOKS = 3
"""As many unreadable answers in a row mean that this is not the API, rather than a hiccup of it."""


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the route and the probe that would be sent."""
    question = chain.connection_question(expect)
    found = chain.connection(evidence, expect)
    if found is None and expect.plan.source_url and chain.unreadable(evidence, expect):
        return _blind(expect)
    if found is None:
        waiting = _wait(expect, question, awaited=f"connection {expect.connection_id}")
        return _given_up(evidence, waiting) or waiting
    stranger = _stranger(evidence, expect, found)
    if stranger:
        return stranger
    missing = tuple(_missing(evidence, found))
    if missing:
        return _wait(expect, *missing, awaited=f"source and destination of {found.id}")
    route = chain.route(evidence, expect)
    assert route is not None
    return (
        _closed(route) or _drifted(route, expect) or _unsendable(route, expect) or _open(route, found, expect)
    )


def _blind(expect: Expectations) -> StageResult:
    """A key that may not read connections still gates a route whose source URL the user gave."""
    connection_id = expect.connection_id
    facts = {"connection_id": connection_id}
    if expect.limits.rules is not None:
        message = (
            f"the key may not read connection {connection_id} (403), expected its rules for the rules file"
        )
        return ended(STAGE, Cause.API_FORBIDDEN, message, facts=facts)
    sent = "" if expect.waits else ", and the payload, headers and POST are sent as given"
    missing = (
        f"the key lacks the right to read connection {connection_id} (403): its state, team, rules, auth and allowed "
        f"methods were not checked{sent}"
    )
    message = f"connection {connection_id} may not be read; the source URL was given"
    return passed(STAGE, message, facts=facts, warnings=(missing,))


def _drifted(route: Route, expect: Expectations) -> StageResult | None:
    """Where the live, normalised rules are not those of the rules file."""
    if expect.limits.rules is None:
        return None
    found = differences(route.raw_rules, expect.limits.rules)
    if not found:
        return None
    message = f"the rules of {route.connection_id} are not those of the rules file: {'; '.join(found)}"
    return ended(STAGE, Cause.RULES_DRIFT, message, facts={**_facts(route), "differences": len(found)})


def _wait(expect: Expectations, *questions: Question, awaited: str) -> Waiting:
    return Waiting(
        stage=STAGE,
        questions=questions,
        missing=Cause.API_UNREACHABLE,
        message=f"{awaited} could not be read, expected it before preflight's limit",
        until=expect.preflight_deadline,
    )


def _given_up(evidence: Evidence, waiting: Waiting) -> StageResult | None:
    """End early where waiting cannot help: no connection was ever made, or something else answers there."""
    errors = [observation.error for observation in evidence.about(waiting.questions[0])]
    last = errors[-1] if errors else None
    if isinstance(last, UnreachableError) and last.reason in NOTHING_SENT:
        return unanswered(waiting, last)
    recent = errors[-UNREADABLE_LOOKS:]
    unreadable = all(isinstance(error, UnreadableError) for error in recent)
    if last is not None and unreadable and len(recent) == UNREADABLE_LOOKS:
        return unanswered(waiting, last)
    return None


def _stranger(evidence: Evidence, expect: Expectations, found: Connection) -> StageResult | None:
    """A part of the route that says it belongs to another team, wherever it was read."""
    sources = (found.source, chain.source(evidence, found))
    destinations = (found.destination, chain.destination(evidence, found))
    return wrong_team(
        STAGE,
        expect,
        (f"connection {found.id}", found.team_id),
        *((f"source {found.source_id}", one.team_id) for one in sources if one),
        *((f"destination {found.destination_id}", one.team_id) for one in destinations if one),
    )


def _missing(evidence: Evidence, found: Connection) -> Iterator[Question]:
    """Parts that the connection did not embed: needed ones until they are there, useful ones once."""
    source, destination = found.source, found.destination
    source_question = chain.source_question(found)
    known = source if source and source.url else evidence.answered(source_question)
    described = source is not None and _described(source)
    if found.source_id and (not known or (not described and not evidence.latest(source_question))):
        yield source_question
    destination_question = chain.destination_question(found)
    if found.destination_id and destination is None and not evidence.latest(destination_question):
        yield destination_question


def _described(source: Source) -> bool:
    """Whether an embedded source says what it demands and whether it is open; older ones have no status."""
    told = source.model_fields_set
    return "config" in told and not told.isdisjoint({"status", "disabled_at"})


def _closed(route: Route) -> StageResult | None:
    """The first part of the route that lets nothing through, the one that explains the others first."""
    at = {"connection_id": route.connection_id, "source_id": route.source_id}
    shut = next(_shut(route), None)
    return ended(STAGE, shut[0], f"{shut[1]}, expected {shut[2]}", facts=at) if shut else None


def _shut(route: Route) -> Iterator[tuple[Cause, str, str]]:
    """Every part that is not open: the code, what was observed and what was expected."""
    source, destination = f"source {route.source_id}", f"destination {route.destination_id}"
    connection = f"connection {route.connection_id}"
    if route.source_disabled:
        yield Cause.SOURCE_DISABLED, f"{source} is disabled", "enabled"
    if route.disabled_at:
        since = f"{connection} is disabled since {write_iso(route.disabled_at)}"
        yield Cause.CONNECTION_DISABLED, since, "enabled"
    if route.destination_disabled:
        yield Cause.DESTINATION_DISABLED, f"{destination} of {connection} is disabled", "enabled"
    if route.paused_at:
        since = f"{connection} is paused since {write_iso(route.paused_at)}, so that its events are held"
        yield Cause.CONNECTION_PAUSED, since, "no pause"
    for part, status in ((source, route.source_status), (destination, route.destination_status)):
        if status not in {None, "enabled", "disabled"}:
            yield Cause.API_BAD_RESPONSE, f"{part} has the unknown status {status!r}", "enabled"


def _unsendable(route: Route, expect: Expectations) -> StageResult | None:
    """Why no probe could be sent that this route would accept; in wait mode none is."""
    if expect.waits:
        return None
    if not route.source_url:
        message = f"source {route.source_id} has no url, expected the URL that takes its webhooks"
        return ended(STAGE, Cause.API_BAD_RESPONSE, message, facts=_facts(route))
    refusal = expect.told.refusal if expect.told else unsendable(route, expect.plan)
    return ended(STAGE, refusal.cause, refusal.message, facts=_facts(route)) if refusal else None


def _open(route: Route, found: Connection, expect: Expectations) -> StageResult:
    names = f"{route.source_name} → {route.connection_name} → {route.destination_name}"
    return passed(
        STAGE,
        f"{names}: enabled, not paused, under team {found.team_id or 'unknown'}",
        facts=_facts(route),
        warnings=(*_doubts(route, found), *_doubts_of_sending(route, expect)),
    )


def _doubts_of_sending(route: Route, expect: Expectations) -> tuple[str, ...]:
    if expect.waits:
        return ()
    return expect.told.doubts if expect.told else doubts(route, expect.plan)


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
