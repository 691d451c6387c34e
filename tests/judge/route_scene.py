"""One connection under test: records as FastHook answers them, and a log of looks that showed them.

A scene starts from a route on which everything is as it should be; a test changes one fact. Seconds are on the
monotonic clock: the probe goes out at ``SENT_AT``, everything must be decided by ``DEADLINE``, and the server's
clock shows ``NOON`` when the probe goes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.client.models import (
    Attempt,
    Connection,
    Destination,
    Event,
    IgnoredEvent,
    LatestInputAnswer,
    Request,
    Source,
)
from pytest_fasthook.client.replies import IngressReply
from pytest_fasthook.errors import (
    ApiError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
    UnreachableReason,
    UnreadableError,
)
from pytest_fasthook.evidence.expect import Expectations, Limits, Sending, ServerClock
from pytest_fasthook.evidence.log import Evidence, Observation, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen, WindowSeen
from pytest_fasthook.judge import chain, metrics
from pytest_fasthook.judge.findings import Finding, Waiting, settle
from pytest_fasthook.judge.sequence import JUDGES, Progress, judge
from pytest_fasthook.probe.probe import Plan, Probe
from pytest_fasthook.stages import Stage, StageResult

NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
SENT_AT = 100.0
DEADLINE = 120.0
PREFLIGHT_DEADLINE = 60.0
TEAM, OTHER_TEAM = "tm_1", "tm_2"
CONNECTION, SOURCE, DESTINATION = "conn_1", "src_1", "des_1"
REQUEST, EVENT, ATTEMPT, PROBE = "req_1", "evt_1", "att_1", "probe_1"
BODY = {"fasthook_probe": PROBE, "amount": 7}
SENT_BODY = b'{"fasthook_probe":"probe_1","amount":7}'
ABSENT = object()
"""A field with this value is left out of a record."""

Json = dict[str, Any]


def at(seconds: float) -> str:
    """A moment on the server's clock, in seconds after the probe was sent."""
    return (NOON + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _changed(record: Json, changes: Mapping[str, Any]) -> Json:
    return {name: value for name, value in {**record, **changes}.items() if value is not ABSENT}


def source_json(**changes: Any) -> Json:
    record: Json = {
        "id": SOURCE,
        "team_id": TEAM,
        "name": "orders",
        "type": "WEBHOOK",
        "status": "enabled",
        "url": "https://in.example/src_1",
        "config": None,
        "disabled_at": None,
    }
    return _changed(record, changes)


def destination_json(**changes: Any) -> Json:
    return _changed(
        {"id": DESTINATION, "team_id": TEAM, "name": "shop", "type": "HTTP", "disabled_at": None}, changes
    )


def connection_json(**changes: Any) -> Json:
    record: Json = {
        "id": CONNECTION,
        "team_id": TEAM,
        "name": "orders-to-shop",
        "source_id": SOURCE,
        "destination_id": DESTINATION,
        "paused_at": None,
        "disabled_at": None,
        "rules": [],
        "source": source_json(),
        "destination": destination_json(),
    }
    return _changed(record, changes)


def request(**changes: Any) -> Request:
    record = {
        "id": REQUEST,
        "team_id": TEAM,
        "source_id": SOURCE,
        "status": "accepted",
        "verified": False,
        "rejection_cause": None,
        "ingested_at": at(0.1),
        "created_at": at(0.1),
    }
    return Request.model_validate(_changed(record, changes))


def event(**changes: Any) -> Event:
    record = {
        "id": EVENT,
        "team_id": TEAM,
        "connection_id": CONNECTION,
        "request_id": REQUEST,
        "status": "QUEUED",
        "next_attempt_at": None,
        "created_at": at(0.2),
    }
    return Event.model_validate(_changed(record, changes))


def ignored(**changes: Any) -> IgnoredEvent:
    record = {
        "id": "ign_1",
        "team_id": TEAM,
        "webhook_id": CONNECTION,
        "request_id": REQUEST,
        "cause": "FILTERED",
    }
    return IgnoredEvent.model_validate(_changed(record, changes))


def attempt(**changes: Any) -> Attempt:
    record = {
        "id": ATTEMPT,
        "team_id": TEAM,
        "event_id": EVENT,
        "attempt_number": 1,
        "status": "SUCCESSFUL",
        "response_status": 200,
        "error_code": None,
        "created_at": at(0.5),
        "responded_at": at(0.6),
        "successful_at": at(0.6),
    }
    return Attempt.model_validate(_changed(record, changes))


def failed(number: int = 1, *, seconds: float = 0.5, **changes: Any) -> Attempt:
    """A failed attempt that was answered with 500."""
    moment = at(seconds)
    facts = {
        "id": f"att_failed_{number}",
        "attempt_number": number,
        "status": "FAILED",
        "response_status": 500,
        "created_at": moment,
        "responded_at": moment,
        "successful_at": None,
    }
    return attempt(**{**facts, **changes})


def latest_input(**changes: Any) -> LatestInputAnswer:
    record = {
        "source_id": SOURCE,
        "request_id": REQUEST,
        "created_at": at(0.1),
        "input": {"headers": {}, "query": {}, "path": "/src_1", "method": "POST", "body": BODY},
    }
    return LatestInputAnswer.model_validate(
        {"connection_id": CONNECTION, "latest_input": _changed(record, changes)}
    )


def window(**changes: Any) -> WindowSeen:
    """A window in which all events are finished, and delivered where nothing else is said."""
    count, failed = changes.get("count", 1), changes.get("failed", 0)
    known = count is not None and failed is not None
    facts: Json = {
        "count": 1,
        "failed": 0,
        "listed": 1,
        "delivered": count - failed if known else 1,
    } | changes
    facts.setdefault("finished", facts["listed"])
    dates: Json = {"since": NOON, "until": NOON}
    return WindowSeen(**(dates | {"ours_listed": True} | facts))


def reply(status: int = 202, request_id: str | None = REQUEST) -> IngressReply:
    return IngressReply(
        status=status,
        headers={},
        body=b"",
        complete=True,
        request_id=request_id,
        asked_at=SENT_AT,
        seen_at=SENT_AT,
        server_date=NOON,
    )


def refused(status: int) -> RefusedError:
    return RefusedError(f"GET /x: {status} (application/json): no", call="GET /x", status=status)


def unreachable(reason: UnreachableReason = "status") -> UnreachableError:
    return UnreachableError(f"GET /x: {reason}", call="GET /x", reason=reason)


def rate_limited() -> RateLimitedError:
    return RateLimitedError("GET /x: 429", call="GET /x", retry_after=1.0)


def unreadable() -> UnreadableError:
    return UnreadableError("GET /x: 200 (text/html) is not JSON", call="GET /x")


def expectations(*, limits: Limits | None = None, **changes: Any) -> Expectations:
    probe = Probe(
        probe_id=PROBE,
        source_id=SOURCE,
        method="POST",
        url="https://in.example/src_1",
        headers=(),
        body=SENT_BODY,
    )
    sending = Sending(
        probe=probe,
        sent_at=SENT_AT,
        deadline=DEADLINE,
        clock=ServerClock(date=NOON, seen_at=SENT_AT),
        window_start=NOON,
    )
    expect = Expectations(
        connection_id=CONNECTION,
        team_id=TEAM,
        limits=limits or Limits(),
        plan=Plan(),
        preflight_deadline=PREFLIGHT_DEADLINE,
        sending=sending,
    )
    return replace(expect, **changes)


@dataclass(slots=True)
class Scene:
    """Evidence about one connection, added look by look; every method returns the scene."""

    expect: Expectations = field(default_factory=expectations)
    evidence: Evidence = field(default_factory=Evidence)

    def saw(self, question: Question, value: Any, *, when: float) -> Self:
        """Add an answer, or an error in place of one."""
        error = value if isinstance(value, ApiError) else None
        observation = Observation(
            question=question,
            asked_at=when,
            seen_at=when,
            asked_on=NOON,
            value=None if error else value,
            error=error,
        )
        self.evidence.append(observation)
        return self

    def connection(self, value: Json | ApiError | None = None, *, when: float = 50.0) -> Self:
        record = connection_json() if value is None else value
        seen = record if isinstance(record, ApiError) else Connection.model_validate(record)
        return self.saw(chain.connection_question(self.expect), seen, when=when)

    def source(self, value: Json | ApiError, *, when: float = 50.0) -> Self:
        seen = value if isinstance(value, ApiError) else Source.model_validate(value)
        return self.saw(chain.source_question(self._connection()), seen, when=when)

    def destination(self, value: Json | ApiError, *, when: float = 50.0) -> Self:
        seen = value if isinstance(value, ApiError) else Destination.model_validate(value)
        return self.saw(chain.destination_question(self._connection()), seen, when=when)

    def sent(self, value: IngressReply | ApiError | None = None, *, when: float = SENT_AT) -> Self:
        answer = reply() if value is None else value
        return self.saw(chain.ingress_question(self.expect), answer, when=when)

    def request(self, value: Request | ApiError | None, *, when: float = 101.0) -> Self:
        """A look for our request; ``None`` is a look that did not find it."""
        seen = (
            value
            if isinstance(value, ApiError)
            else RequestSeen(request=value, looked_through=9, complete=True)
        )
        return self.saw(chain.request_question(self.evidence, self.expect), seen, when=when)

    def events(self, *found: Event | ApiError, when: float = 102.0) -> Self:
        return self.saw(chain.events_question(self.evidence, self.expect), _events(found), when=when)

    def ignored(self, *found: IgnoredEvent | ApiError, when: float = 102.0) -> Self:
        return self.saw(chain.ignored_question(self.evidence, self.expect), _listed(found), when=when)

    def attempts(self, *found: Attempt | ApiError, when: float = 103.0) -> Self:
        ours = chain.event(self.evidence, self.expect)
        assert ours is not None
        return self.saw(chain.attempts_question(ours), _listed(found), when=when)

    def latest_input(self, value: LatestInputAnswer | ApiError | None = None, *, when: float = 104.0) -> Self:
        answer = latest_input() if value is None else value
        return self.saw(chain.latest_input_question(self.expect), answer, when=when)

    def metrics(self, value: WindowSeen | ApiError | None = None, *, when: float = 105.0) -> Self:
        answer = window() if value is None else value
        return self.saw(metrics.window_question(self.evidence, self.expect), answer, when=when)

    def judge(self, stage: Stage, *, now: float = 106.0) -> Finding:
        """Judge one stage alone; whatever is found is said of that stage."""
        finding = settle(JUDGES[stage](self.evidence, self.expect, now), self.evidence, now)
        assert finding.stage is stage
        return finding

    def progress(self, *, now: float = 106.0) -> Progress:
        """Judge all stages; each has its own result."""
        progress = judge(self.evidence, self.expect, now)
        assert [result.stage for result in progress.results.values()] == list(progress.results)
        return progress

    def _connection(self) -> Connection:
        found = chain.connection(self.evidence, self.expect)
        assert found is not None
        return found


def _listed(found: Iterable[Any]) -> Any:
    records = tuple(found)
    return records[0] if records and isinstance(records[0], ApiError) else records


def _events(found: Iterable[Event | ApiError]) -> Any:
    records = _listed(found)
    return records if isinstance(records, ApiError) else EventsSeen(events=records, looked_through=9)


def before(stage: Stage, **changes: Any) -> Scene:
    """A scene in which every stage before ``stage`` has passed; ``changes`` are those of the expectations."""
    scene = Scene(expectations(**changes))
    if stage is not Stage.PREFLIGHT:
        scene.connection().sent()
    if stage not in {Stage.PREFLIGHT, Stage.INGRESS}:
        scene.request(request())
    if stage in {Stage.DELIVERY, Stage.LATEST_INPUT, Stage.METRICS}:
        scene.events(event())
    if stage in {Stage.LATEST_INPUT, Stage.METRICS}:
        scene.attempts(attempt())
    if stage is Stage.METRICS:
        scene.latest_input()
    return scene


def assert_passed(finding: Finding) -> StageResult:
    assert isinstance(finding, StageResult), finding
    assert finding.outcome is Outcome.PASSED, finding
    assert finding.cause is None
    assert finding.message
    return finding


def assert_ended(finding: Finding, cause: Cause, *says: str) -> StageResult:
    """The stage ended with this code, and its sentence holds these words and says what was expected."""
    assert isinstance(finding, StageResult), finding
    assert finding.cause is cause, finding
    assert finding.outcome is cause.outcome
    missing = [word for word in says if word not in finding.message]
    assert not missing, finding.message
    assert "expected" in finding.message
    return finding


def assert_waits(finding: Finding, missing: Cause) -> Waiting:
    assert isinstance(finding, Waiting), finding
    assert finding.missing is missing
    assert finding.questions
    return finding
