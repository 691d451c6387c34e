"""The chain of ids that ties every piece of evidence to our probe: request → event → attempts.

Nothing is matched by time or by being the newest: other traffic on a busy route can neither save nor sink a
verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from pytest_fasthook.client.models import Attempt, Connection, Destination, Event, Request, Source
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.errors import RefusedError
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.probe.route import Route, answers_for_itself, blind_route, read_route

T = TypeVar("T")

MOST_REPLAYS = 3
"""Of so many replays it is asked what became of them."""


def connection_question(expect: Expectations) -> Question:
    """The connection itself."""
    return Question(ask=Ask.CONNECTION, connection_id=expect.connection_id)


def connection(evidence: Evidence, expect: Expectations) -> Connection | None:
    """The connection as the API last described it."""
    return _value(evidence, connection_question(expect), Connection)


def source_question(found: Connection) -> Question:
    """The connection's source."""
    return Question(ask=Ask.SOURCE, source_id=found.source_id)


def source(evidence: Evidence, found: Connection) -> Source | None:
    """The connection's source: as read by itself, else as the connection embeds it."""
    return _value(evidence, source_question(found), Source) or found.source


def destination_question(found: Connection) -> Question:
    """The connection's destination."""
    return Question(ask=Ask.DESTINATION, destination_id=found.destination_id)


def destination(evidence: Evidence, found: Connection) -> Destination | None:
    """The connection's destination: as read by itself, else as the connection embeds it."""
    return _value(evidence, destination_question(found), Destination) or found.destination


def route(evidence: Evidence, expect: Expectations) -> Route | None:
    """The route as far as it could be read; ``None`` before the connection is known."""
    found = connection(evidence, expect)
    url = expect.plan.source_url
    if found is None:
        return blind_route(expect.connection_id, url) if url and unreadable(evidence, expect) else None
    known = read_route(found, source=source(evidence, found), destination=destination(evidence, found))
    return replace(known, source_url=url) if url else known


def unreadable(evidence: Evidence, expect: Expectations) -> bool:
    """Whether the key may not read the connection: a project key can be limited to requests and events."""
    observation = evidence.latest(connection_question(expect))
    error = observation.error if observation else None
    return isinstance(error, RefusedError) and error.status == 403


def ingress_question(expect: Expectations) -> Question:
    """What the source URL answered to our probe; nothing ever does in wait mode."""
    probe = expect.sent.probe
    return Question(ask=Ask.INGRESS, probe_id=probe.probe_id if probe else None)


def receipt(evidence: Evidence, expect: Expectations) -> IngressReply | None:
    """The ingress answer; ``None`` when there was none."""
    return _value(evidence, ingress_question(expect), IngressReply)


def sending(evidence: Evidence, expect: Expectations) -> Observation | None:
    """The sending of the probe, answered or not."""
    return evidence.latest(ingress_question(expect))


def request_question(evidence: Evidence, expect: Expectations) -> Question:
    """The request record of our probe: by the id that ingress answered, else by the probe's marker.

    Where the source's answer is configured, an id in it may mean anything, and only the marker counts. What an earlier
    run has found is known by its id, in wait mode too.
    """
    found, probe, saved = connection(evidence, expect), expect.sent.probe, expect.sent.saved
    known = _answered_id(found, evidence, expect) or (saved.request_id if saved else None)
    if probe is None and known is None:
        return _awaited_question(found, expect)
    return Question(
        ask=Ask.REQUEST,
        source_id=probe.source_id if probe else _source_id(found),
        request_id=known,
        probe_id=probe.probe_id if probe else None,
        since=expect.sent.since,
    )


def _answered_id(found: Connection | None, evidence: Evidence, expect: Expectations) -> str | None:
    """The id of our request by the source's answer."""
    part = source(evidence, found) if found else None
    reply = None if part and answers_for_itself(part.config) else receipt(evidence, expect)
    return reply.request_id if reply else None


def _source_id(found: Connection | None) -> str | None:
    return (found.source_id or (found.source.id if found.source else None)) if found else None


def _awaited_question(found: Connection | None, expect: Expectations) -> Question:
    """The first matching real request since the deploy start; of the connection where its source is not known."""
    source_id = _source_id(found)
    return Question(
        ask=Ask.AWAITED,
        source_id=source_id,
        connection_id=None if source_id else expect.connection_id,
        since=expect.sent.since,
        match=expect.sent.match,
    )


def request(evidence: Evidence, expect: Expectations) -> Request | None:
    """Our request record; an earlier sight stays true when a later look misses it."""
    return next(reversed(requests(evidence, expect)), None)


def requests(evidence: Evidence, expect: Expectations) -> Sequence[Request]:
    """Every sight of our request record, oldest first."""
    return sights(evidence, request_question(evidence, expect))


def sights(evidence: Evidence, question: Question) -> Sequence[Request]:
    """Every sight of the record that a question is about, oldest first: it stays the one that was seen first."""
    found = [look.value.request for look in evidence.answers(question) if look.value.request is not None]
    return tuple(one for one in found if one.id == found[0].id)


def ingested_at(evidence: Evidence, expect: Expectations) -> datetime | None:
    """When the server took our request, on its own clock."""
    found = request(evidence, expect)
    return (found.ingested_at or found.created_at) if found else None


def events_question(evidence: Evidence, expect: Expectations) -> Question:
    """The events of our connection and our request."""
    found = request(evidence, expect)
    assert found is not None
    return Question(
        ask=Ask.EVENTS, connection_id=expect.connection_id, request_id=found.id, since=expect.sent.since
    )


def ignored_question(evidence: Evidence, expect: Expectations) -> Question:
    """The ignored branches of our request on our connection."""
    found = request(evidence, expect)
    assert found is not None
    return Question(ask=Ask.IGNORED, connection_id=expect.connection_id, request_id=found.id)


def event_looks(evidence: Evidence, expect: Expectations) -> Sequence[Observation]:
    """The answered looks at our events, oldest first."""
    return evidence.answers(events_question(evidence, expect))


def event(evidence: Evidence, expect: Expectations) -> Event | None:
    """The event that stands for our branch, as last seen."""
    return next(iter(events(evidence, expect)), None)


def events(evidence: Evidence, expect: Expectations) -> tuple[Event, ...]:
    """Our events as last seen; the one that stands for our branch comes first."""
    return tuple(states[-1][1] for states in event_states(evidence, expect).values())


States = tuple[tuple[float, Event], ...]


def event_states(evidence: Evidence, expect: Expectations) -> Mapping[str, States]:
    """What each of our events was at each sight of it, with the moment of asking, by its id.

    The first is the one that stands for our branch: it is chosen at the first sight of any, so that one that shows up
    later does not take its place. The others were made beside it; one that was ignored from the start (a duplicate)
    is none of them.
    """
    looks = [look for look in event_looks(evidence, expect) if look.value.events]
    found: dict[str, States] = {}
    for look in looks:
        for one in look.value.events:
            found[one.id] = (*found.get(one.id, ()), (look.asked_at, one))
    chosen = branch_of(looks[0].value.events).id if looks else None
    return {
        name: found[name]
        for name in sorted(found, key=lambda name: name != chosen)
        if name == chosen or found[name][0][1].status != "CANCELLED"
    }


def branch_of(found: tuple[Event, ...]) -> Event:
    """The one that stands for our branch: the oldest that is not an ignored branch, if there is such a one."""
    return next((e for e in found if e.status != "CANCELLED"), found[0])


def attempts_question(found: Event) -> Question:
    """The delivery attempts of an event."""
    return Question(ask=Ask.ATTEMPTS, event_id=found.id)


def attempts(evidence: Evidence, found: Event) -> tuple[Attempt, ...]:
    """The attempts of an event as last seen, oldest first, without those that somebody asked for."""
    observation = evidence.answered(attempts_question(found))
    return tuple(one for one in observation.value if not one.is_replay) if observation else ()


def replay_questions(evidence: Evidence, expect: Expectations, moment: float) -> tuple[Question, ...]:
    """The events of the replays of our request on our connection, as far as replays had been seen at a moment."""
    looks = [look for look in evidence.answers(request_question(evidence, expect)) if look.asked_at <= moment]
    ids = dict.fromkeys(name for look in looks for name in look.value.replays)
    about = events_question(evidence, expect)
    return tuple(replace(about, request_id=name) for name in ids)[:MOST_REPLAYS]


def delivered_replays(evidence: Evidence, expect: Expectations, moment: float) -> tuple[str, ...]:
    """The ids of events that were delivered, but only as replays of ours."""
    own = (one for look in event_looks(evidence, expect) for one in look.value.replays)
    answers = (evidence.answers(question) for question in replay_questions(evidence, expect, moment))
    others = (one for looks in answers for look in looks for one in look.value.events)
    return tuple(dict.fromkeys(one.id for one in (*own, *others) if one.status == "SUCCESSFUL"))


def latest_input_question(expect: Expectations) -> Question:
    """The newest input of the connection."""
    return Question(ask=Ask.LATEST_INPUT, connection_id=expect.connection_id)


def _value(evidence: Evidence, question: Question, kind: type[T]) -> T | None:
    observation = evidence.answered(question)
    return observation.value if observation and isinstance(observation.value, kind) else None
