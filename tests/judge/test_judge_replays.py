"""A replay that was delivered makes good for nothing; several events of our request must all be delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from route_scene import (
    DEADLINE,
    EVENT,
    REQUEST,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    at,
    attempt,
    before,
    event,
    failed,
    refused,
    request,
    unreachable,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Attempt, Event, Request
from pytest_fasthook.evidence.expect import Told
from pytest_fasthook.evidence.log import Ask, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen
from pytest_fasthook.judge import chain
from pytest_fasthook.stages import Stage

STAGE = Stage.DELIVERY
FAILED = event(status="FAILED")
DELIVERED = "a replay of it was delivered"
AGAIN = event(id="evt_again", request_id="req_again", status="SUCCESSFUL")


def played_again(*ids: str, replays: tuple[Event, ...] = (), state: Event = FAILED) -> Scene:
    """Our event as it stands, beside replays of our request, or of the event."""
    scene = before(Stage.INGRESS)
    seen = RequestSeen(request=request(), looked_through=2, complete=True, replays=ids)
    scene.saw(chain.request_question(scene.evidence, scene.expect), seen, when=101.0)
    found = EventsSeen(events=(state,), looked_through=2, replays=replays)
    return scene.saw(chain.events_question(scene.evidence, scene.expect), found, when=102.0)


class TestReplay:
    def test_of_a_request_is_looked_into_before_a_failure_is_told(self) -> None:
        scene = played_again("req_again").attempts(failed())
        waiting = assert_waits(scene.judge(STAGE), Cause.DELIVERY_FAILED)
        (question,) = waiting.questions
        assert (question.ask, question.request_id) == (Ask.EVENTS, "req_again")

        scene.saw(question, EventsSeen(events=(AGAIN,), looked_through=1), when=104.0)
        ended = assert_ended(scene.judge(STAGE), Cause.DELIVERY_FAILED, EVENT, DELIVERED, "evt_again")
        assert ended.facts["event_id"] == EVENT

    @pytest.mark.parametrize("status", ["FAILED", "QUEUED", "HOLD", "CANCELLED"])
    def test_that_was_not_delivered_is_not_told(self, status: str) -> None:
        scene = played_again("req_again").attempts(failed())
        (question,) = assert_waits(scene.judge(STAGE), Cause.DELIVERY_FAILED).questions
        other = AGAIN.model_copy(update={"status": status})
        scene.saw(question, EventsSeen(events=(other,), looked_through=1), when=104.0)

        assert DELIVERED not in assert_ended(scene.judge(STAGE), Cause.DELIVERY_FAILED).message

    @pytest.mark.parametrize("error", [refused(403), unreachable()])
    def test_that_cannot_be_looked_into_changes_no_failure(self, error: Any) -> None:
        scene = played_again("req_again").attempts(failed())
        (question,) = assert_waits(scene.judge(STAGE), Cause.DELIVERY_FAILED).questions

        assert_ended(scene.saw(question, error, when=104.0).judge(STAGE), Cause.DELIVERY_FAILED)

    def test_at_the_deadline_is_looked_into_once_more(self) -> None:
        scene = played_again("req_again").attempts(failed(), when=DEADLINE)
        (question,) = assert_waits(scene.judge(STAGE, now=DEADLINE), Cause.DELIVERY_FAILED).questions

        scene.saw(question, EventsSeen(events=(AGAIN,), looked_through=1), when=DEADLINE)
        assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.DELIVERY_FAILED, DELIVERED)

    def test_in_a_saved_run_is_told_as_far_as_it_is_known(self) -> None:
        scene = played_again("req_again").attempts(failed())
        scene.expect = replace(scene.expect, told=Told())

        assert_ended(scene.judge(STAGE), Cause.DELIVERY_FAILED, EVENT)

    def test_beside_a_delivery_of_ours_changes_nothing(self) -> None:
        result = assert_passed(played_again("req_again", state=event()).attempts(attempt()).judge(STAGE))
        assert DELIVERED not in result.message

    def test_of_an_event_is_told_at_once(self) -> None:
        again = event(id="evt_again", status="SUCCESSFUL", is_retry=True, retry_parent_event_id=EVENT)
        scene = played_again(replays=(again,)).attempts(failed())

        assert_ended(scene.judge(STAGE), Cause.DELIVERY_FAILED, EVENT, DELIVERED, "evt_again")

    @pytest.mark.parametrize(
        "facts", [{"bulk_retry_id": "bch_1"}, {"trigger": "MANUAL"}, {"trigger": "bulk_retry"}]
    )
    def test_as_an_attempt_that_somebody_asked_for_proves_no_delivery(self, facts: dict[str, str]) -> None:
        """The pages say that a retried event gets more attempts; the twin is FastHook's own retry."""
        asked_for = attempt(id="att_again", attempt_number=2, created_at=at(2), **facts)
        scene = before(Stage.DELIVERY).events(event(status="SUCCESSFUL"), when=102.5)
        ended = scene.attempts(failed(), asked_for).judge(STAGE)
        assert_ended(ended, Cause.DELIVERY_FAILED, EVENT, DELIVERED, "att_again")

        own = attempt(id="att_again", attempt_number=2, created_at=at(2), trigger="AUTOMATIC")
        scene = before(Stage.DELIVERY).events(event(status="SUCCESSFUL"), when=102.5)
        assert_passed(scene.attempts(failed(), own).judge(STAGE))

    def test_found_in_place_of_our_request_is_named(self) -> None:
        scene = before(Stage.INGRESS)
        seen = RequestSeen(request=None, looked_through=1, complete=True, replays=("req_again",))
        scene.saw(chain.request_question(scene.evidence, scene.expect), seen, when=DEADLINE)

        ended = scene.judge(Stage.INGRESS, now=DEADLINE)
        assert_ended(ended, Cause.REQUEST_NOT_SEEN, "req_again", "not the probe")


class TestSeveralEvents:
    OTHER = event(id="evt_2", created_at=at(0.3))

    @staticmethod
    def saw(scene: Scene, found: Event, *records: Attempt, when: float) -> Scene:
        return scene.saw(chain.attempts_question(found), records, when=when)

    def scene(self, *others: Event) -> Scene:
        return before(Stage.BRANCH).events(event(), *(others or (self.OTHER,)))

    def test_are_told_by_branch(self) -> None:
        result = assert_passed(self.scene().judge(Stage.BRANCH))
        assert result.warnings == ("the request made 2 events on this connection: evt_1, evt_2",)

    def test_of_which_one_is_held_end_at_branch(self) -> None:
        held = event(id="evt_2", status="HOLD")
        assert_ended(self.scene(held).judge(Stage.BRANCH), Cause.EVENT_HELD, "evt_2")

    def test_must_all_be_delivered(self) -> None:
        scene = self.saw(self.scene(), event(), attempt(), when=103.0)
        waiting = assert_waits(scene.judge(STAGE), Cause.DELIVERY_PENDING)
        assert Question(ask=Ask.ATTEMPTS, event_id="evt_2") in waiting.questions
        assert "evt_2" in waiting.message

        self.saw(scene, self.OTHER, attempt(id="att_2", event_id="evt_2"), when=104.0)
        assert assert_passed(scene.judge(STAGE)).facts["event_id"] == EVENT

    def test_of_which_one_failed_are_a_failure(self) -> None:
        scene = self.scene(event(id="evt_2", status="FAILED"))
        self.saw(scene, event(), attempt(), when=103.0)
        self.saw(scene, self.OTHER, failed(event_id="evt_2"), when=103.1)

        assert_ended(scene.judge(STAGE), Cause.DELIVERY_FAILED, "evt_2")

    def test_are_all_asked_about_until_each_is_delivered(self) -> None:
        scene = self.scene()
        waiting = assert_waits(scene.judge(STAGE), Cause.DELIVERY_PENDING)
        assert {q.event_id for q in waiting.questions if q.ask is Ask.ATTEMPTS} == {EVENT, "evt_2"}

    def test_of_which_one_was_ignored_are_one(self) -> None:
        scene = self.scene(event(id="evt_2", status="CANCELLED"))
        self.saw(scene, event(), attempt(), when=103.0)

        assert_passed(scene.judge(STAGE))

    def test_of_which_one_shows_up_after_the_delivery_do_not_undo_it(self) -> None:
        scene = before(STAGE).attempts(attempt(), when=103.0)
        scene.events(event(), event(id="evt_2", status="FAILED"), when=104.0)

        assert_passed(scene.judge(STAGE))


def test_the_first_record_seen_stays_ours() -> None:
    scene = before(Stage.BRANCH).request(request(id="req_other"), when=105.0)
    found: Request | None = chain.request(scene.evidence, scene.expect)

    assert found is not None
    assert found.id == REQUEST
