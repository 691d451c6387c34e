"""The judge of negative probes: kept out by a record, let through by a record, and neither without one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import route_scene as scene

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.client.models import IgnoredEvent
from pytest_fasthook.errors import ApiError, UnreachableError
from pytest_fasthook.evidence.expect import Expectations, Negative, Teeth
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen
from pytest_fasthook.judge import teeth
from pytest_fasthook.judge.findings import Waiting, passed
from pytest_fasthook.judge.teeth import with_teeth
from pytest_fasthook.redact import Redactor
from pytest_fasthook.reports.transcript.kept import Transcript, read_transcript, transcribed
from pytest_fasthook.stages import Stage, StageResult

END = 130.0
REFUSED = Negative(
    probe_id="probe_r", source_id=scene.SOURCE, since=scene.NOON, why="a wrong HMAC credential"
)
IGNORED = Negative(
    probe_id="probe_i", source_id=scene.SOURCE, since=scene.NOON, why="a payload that the filter refuses"
)
ABOUT_REQUEST = {
    one.probe_id: Question(ask=Ask.REQUEST, source_id=scene.SOURCE, probe_id=one.probe_id, since=scene.NOON)
    for one in (REFUSED, IGNORED)
}
ABOUT_IGNORED = Question(ask=Ask.IGNORED, connection_id=scene.CONNECTION, request_id="req_i")
ABOUT_EVENTS = replace(ABOUT_IGNORED, ask=Ask.EVENTS, since=scene.NOON)


class Log:
    """A passed connection, and looks at its negative probes one after the other."""

    def __init__(self, *, refused: bool = False, ignored: bool = False) -> None:
        base = scene.Scene().connection().sent()
        self.evidence: Evidence = base.evidence
        self.at = 121.0
        bites = Teeth(
            refused=REFUSED if refused else None,
            ignored=IGNORED if ignored else None,
            sent_at=121.0,
            deadline=END,
        )
        self.expect: Expectations = replace(base.expect, bites=True, teeth=bites)

    def saw(self, question: Question, value: Any = None, error: ApiError | None = None) -> Log:
        self.evidence.append(
            Observation(
                question=question,
                asked_at=self.at,
                seen_at=self.at + 0.1,
                asked_on=scene.NOON,
                value=value,
                error=error,
            )
        )
        self.at += 1.0
        return self

    def request(self, probe_id: str, **facts: Any) -> Log:
        found = scene.request(id=f"req_{probe_id[-1]}", **facts)
        return self.saw(ABOUT_REQUEST[probe_id], RequestSeen(request=found, looked_through=1, complete=True))

    def ignored(self, *records: IgnoredEvent) -> Log:
        return self.saw(ABOUT_IGNORED, records)

    def events(self, *states: str, **facts: Any) -> Log:
        found = tuple(scene.event(id="evt_i", request_id="req_i", status=one, **facts) for one in states)
        return self.saw(ABOUT_EVENTS, EventsSeen(events=found, looked_through=1))

    def finding(self, stage: Stage, now: float | None = None) -> StageResult | Waiting:
        progress = teeth.judge(self.evidence, self.expect, self.at if now is None else now)
        waiting = {one.stage: one for one in progress.waiting}
        found = progress.results.get(stage) or waiting[stage]
        assert found.stage is stage
        return found

    def outcome(self, stage: Stage, now: float | None = None) -> tuple[Outcome, Cause | None] | None:
        """``None`` while it waits."""
        found = self.finding(stage, now)
        return None if isinstance(found, Waiting) else (found.outcome, found.cause)


PASSED = (Outcome.PASSED, None)
THROUGH = (Outcome.FAILED, Cause.NEGATIVE_ACCEPTED)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"status": "rejected", "rejection_cause": "SOURCE_AUTH_FAILED"}, PASSED),
        ({"status": "rejected", "rejection_cause": None}, PASSED),
        ({"status": "accepted", "verified": True}, THROUGH),
        ({"status": "accepted", "verified": False}, THROUGH),
        ({"status": "accepted", "verified": None}, THROUGH),
        ({"status": "accepted", "rejection_cause": "SOMETHING"}, None),
        ({"status": "pending"}, None),
        ({"status": None}, None),
        ({"status": "rejected", "team_id": scene.OTHER_TEAM}, (Outcome.ERROR, Cause.WRONG_TEAM)),
    ],
)
def test_the_record_says_whether_it_was_refused(facts: dict[str, Any], outcome: Any) -> None:
    assert Log(refused=True).request("probe_r", **facts).outcome(Stage.INGRESS) == outcome


def test_what_got_through_is_named() -> None:
    found = Log(refused=True).request("probe_r", status="accepted").finding(Stage.INGRESS)

    assert isinstance(found, StageResult)
    assert "req_r" in found.message
    assert "probe_r" in found.message
    assert found.facts["negative_request_id"] == "req_r"


def test_without_a_record_it_is_inconclusive_at_the_end_and_never_before() -> None:
    nothing = RequestSeen(request=None, looked_through=3, complete=True)
    log = Log(refused=True).saw(ABOUT_REQUEST["probe_r"], nothing)
    assert log.outcome(Stage.INGRESS) is None

    log.at = END
    log.saw(ABOUT_REQUEST["probe_r"], nothing)
    assert log.outcome(Stage.INGRESS, END) == (Outcome.INCONCLUSIVE, Cause.REQUEST_NOT_SEEN)


def test_what_was_certainly_not_sent_is_not_waited_for() -> None:
    error = UnreachableError("no connection", call="POST", reason="connect")
    log = Log(refused=True).saw(Question(ask=Ask.INGRESS, probe_id="probe_r"), error=error)

    assert log.outcome(Stage.INGRESS) == (Outcome.INCONCLUSIVE, Cause.REQUEST_NOT_SEEN)


def accepted() -> Log:
    return Log(ignored=True).request("probe_i", status="accepted")


def record(**facts: Any) -> IgnoredEvent:
    return scene.ignored(**{"request_id": "req_i", "cause": "FILTERED", **facts})


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (accepted(), None),
        (accepted().events(), None),
        (accepted().ignored(record()), None),
        (accepted().ignored(record()).events(), PASSED),
        (accepted().events().ignored(record()), None),
        (accepted().ignored(record()).events("CANCELLED"), PASSED),
        (accepted().ignored(record(cause="DEDUPLICATED")).events(), None),
        (accepted().ignored(record(cause=None)).events(), None),
        (accepted().ignored(record(webhook_id="conn_other")).events(), None),
        (accepted().ignored().events("CANCELLED"), None),
        (accepted().ignored(record()).events("QUEUED"), THROUGH),
        (accepted().ignored().events("SUCCESSFUL"), THROUGH),
        (accepted().events("HOLD"), THROUGH),
        (accepted().events("QUEUED", team_id=scene.OTHER_TEAM), (Outcome.ERROR, Cause.WRONG_TEAM)),
        (
            Log(ignored=True).request("probe_i", status="rejected"),
            (Outcome.INCONCLUSIVE, Cause.BRANCH_NOT_SEEN),
        ),
    ],
)
def test_only_a_record_of_the_filter_keeps_a_branch_out(log: Log, outcome: Any) -> None:
    assert log.outcome(Stage.BRANCH) == outcome


def test_a_branch_of_which_nothing_is_recorded_is_inconclusive_at_the_end() -> None:
    log = accepted()
    log.at = END
    log.ignored().events()

    assert log.outcome(Stage.BRANCH, END) == (Outcome.INCONCLUSIVE, Cause.BRANCH_NOT_SEEN)


def test_both_teeth_are_judged_beside_each_other() -> None:
    log = Log(refused=True, ignored=True).request("probe_r", status="rejected")

    progress = teeth.judge(log.evidence, log.expect, log.at)

    assert list(progress.results) == [Stage.INGRESS]
    assert [one.stage for one in progress.waiting] == [Stage.BRANCH]


# -- together with the stages ----------------------------------------------------------------------------------------

OWN = {stage: passed(stage, f"{stage} is good", facts={"request_id": "req_1"}) for stage in Stage}


def test_a_bite_confirms_its_stage_and_keeps_what_the_stage_had_found() -> None:
    log = Log(refused=True).request("probe_r", status="rejected", rejection_cause="SOURCE_AUTH_FAILED")
    found = with_teeth(OWN, teeth.judge(log.evidence, log.expect, log.at).results, log.expect)

    assert {one.outcome for one in found.values()} == {Outcome.PASSED}
    assert found[Stage.INGRESS].message.startswith("ingress is good; a probe with a wrong HMAC credential")
    assert found[Stage.INGRESS].facts["request_id"] == "req_1"


def test_what_got_through_blocks_what_comes_after_it() -> None:
    log = Log(refused=True).request("probe_r", status="accepted")
    found = with_teeth(OWN, teeth.judge(log.evidence, log.expect, log.at).results, log.expect)

    assert [one.outcome for one in found.values()] == [
        Outcome.PASSED,
        Outcome.FAILED,
        *[Outcome.BLOCKED] * 4,
    ]
    assert found[Stage.METRICS].blocked_by is Stage.INGRESS
    assert "metrics is good" in found[Stage.METRICS].message


@pytest.mark.parametrize("sent", [True, False])
def test_a_bite_that_was_asked_for_and_not_decided_is_no_pass(*, sent: bool) -> None:
    log = Log(refused=True)
    expect = log.expect if sent else replace(log.expect, teeth=None)

    found = with_teeth(OWN, {}, expect)

    assert found[Stage.INGRESS].cause is Cause.STAGE_NOT_RUN


def test_with_nothing_to_bite_on_the_results_stay() -> None:
    assert with_teeth(OWN, {}, Log().expect) == OWN


# -- judged again ------------------------------------------------------------------------------------------------------


def kept(log: Log) -> Transcript:
    made = json.loads(json.dumps(transcribed(log.evidence, log.expect, Redactor(["s3cret"]))))
    return read_transcript(scene.CONNECTION, made)


def test_negative_probes_are_judged_the_same_from_a_report() -> None:
    log = Log(refused=True, ignored=True).request("probe_r", status="rejected").request("probe_i")
    log.ignored(record()).events()

    again = kept(log)

    assert again.altered is None
    now = teeth.judge(log.evidence, log.expect, log.at)
    assert teeth.judge(again.evidence, again.expect, log.at).results == now.results
    assert {one.outcome for one in now.results.values()} == {Outcome.PASSED}


def test_a_cause_that_cleaning_would_make_the_filters_is_not_judged_by() -> None:
    log = accepted().ignored(record(cause="\x1b[32mFILTERED")).events()

    assert log.outcome(Stage.BRANCH) is None
    assert kept(log).altered is Stage.BRANCH


REFUSED_FACTS = {"negative_probe_id": "probe_r", "negative_request_id": "req_r"}
IGNORED_FACTS = {"negative_probe_id": "probe_i", "negative_request_id": "req_i"}


class TestWhatIsTold:
    """All ids that a reader needs to look it up, and what was expected."""

    @pytest.mark.parametrize(("cause", "says"), [("QUOTA", "req_r, QUOTA"), (None, "req_r, no cause")])
    def test_a_refusal_with_its_cause(self, cause: str | None, says: str) -> None:
        found = (
            Log(refused=True)
            .request("probe_r", status="rejected", rejection_cause=cause)
            .finding(Stage.INGRESS)
        )

        assert found.message == f"a probe with a wrong HMAC credential was rejected: request {says}"
        assert found.facts == REFUSED_FACTS | ({"negative_cause": cause} if cause else {})

    def test_what_was_to_be_ignored_and_was_refused(self) -> None:
        found = Log(ignored=True).request("probe_i", status="rejected").finding(Stage.BRANCH)

        assert found.message.endswith(": no cause recorded, expected it to reach the filter")
        assert found.facts == IGNORED_FACTS

    def test_an_event_that_got_through(self) -> None:
        found = accepted().events("QUEUED").finding(Stage.BRANCH)

        assert found.message.endswith("a payload that the filter refuses, expected it to be ignored")
        assert found.facts == IGNORED_FACTS | {"negative_event_id": "evt_i"}

    def test_a_branch_without_a_record(self) -> None:
        assert accepted().finding(Stage.BRANCH).facts == IGNORED_FACTS

    @pytest.mark.parametrize(
        ("stage", "probe_id", "wanted"),
        [
            (Stage.INGRESS, "probe_r", ", expected one that is rejected"),
            (Stage.BRANCH, "probe_i", ", expected one that is accepted, and then ignored"),
        ],
    )
    def test_a_request_without_a_record(self, stage: Stage, probe_id: str, wanted: str) -> None:
        log = Log(refused=stage is Stage.INGRESS, ignored=stage is Stage.BRANCH)
        log.saw(Question(ask=Ask.INGRESS, probe_id=probe_id), scene.reply(401, request_id=None))
        found = log.finding(stage)

        assert found.message.endswith(f"has no request record; the source URL answered 401{wanted}")
        assert found.facts == {"negative_probe_id": probe_id}

    def test_the_record_is_asked_for_by_the_id_that_ingress_answered(self) -> None:
        log = Log(refused=True).saw(Question(ask=Ask.INGRESS, probe_id="probe_r"), scene.reply(401))
        found = log.finding(Stage.INGRESS)

        assert isinstance(found, Waiting)
        assert found.questions == (replace(ABOUT_REQUEST["probe_r"], request_id=scene.REQUEST),)

    def test_a_request_of_another_team(self) -> None:
        log = Log(ignored=True).request("probe_i", status="accepted", team_id=scene.OTHER_TEAM)

        assert log.outcome(Stage.BRANCH) == (Outcome.ERROR, Cause.WRONG_TEAM)


def test_a_stage_keeps_the_answers_of_both_its_probes() -> None:
    own, bite = (
        replace(passed(Stage.INGRESS, name, facts={}), evidence={"answers": (name,), "of": name}, polls=polls)
        for name, polls in (("own", 2), ("negative", 3))
    )
    joined = teeth._joined(own, bite)

    assert joined.evidence == {"answers": ("own", "negative"), "of": "own"}
    assert joined.polls == 5
    assert joined.message == "own; negative"
