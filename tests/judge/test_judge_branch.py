"""Branch: an event exists for our connection and our request, or the reason why there is none."""

from __future__ import annotations

from typing import Any

import pytest
from route_scene import (
    ABSENT,
    CONNECTION,
    DEADLINE,
    EVENT,
    OTHER_TEAM,
    REQUEST,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    at,
    before,
    event,
    ignored,
    rate_limited,
    refused,
    unreachable,
    unreadable,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Event
from pytest_fasthook.errors import ApiError
from pytest_fasthook.evidence.log import Ask
from pytest_fasthook.judge.findings import Waiting
from pytest_fasthook.stages import Stage

STAGE = Stage.BRANCH
OTHER_CONNECTION = "conn_2"


def scene() -> Scene:
    return before(STAGE)


def asks(waiting: Waiting) -> set[Ask]:
    return {question.ask for question in waiting.questions}


def test_an_event_for_our_request_passes() -> None:
    result = assert_passed(scene().events(event()).judge(STAGE))

    assert EVENT in result.message
    assert REQUEST in result.message
    assert result.facts["event_id"] == EVENT
    assert result.warnings == ()


@pytest.mark.parametrize("status", ["QUEUED", "SCHEDULED", "SUCCESSFUL", "FAILED", "BREWING", None, ABSENT])
def test_any_event_that_is_neither_held_nor_cancelled_is_a_branch(status: object) -> None:
    """What became of it is for delivery to say."""
    assert_passed(scene().events(event(status=status)).judge(STAGE))


@pytest.mark.parametrize(
    ("seen", "cause", "says"),
    [
        (event(status="HOLD"), Cause.EVENT_HELD, EVENT),
        (event(status="CANCELLED", ignored_reason="FILTERED"), Cause.BRANCH_IGNORED, "FILTERED"),
        (event(status="CANCELLED", rejection_cause="DEDUPLICATED"), Cause.BRANCH_IGNORED, "DEDUPLICATED"),
        (event(status="CANCELLED", error_code="TRANSFORM"), Cause.BRANCH_IGNORED, "TRANSFORM"),
        (event(team_id=OTHER_TEAM), Cause.WRONG_TEAM, OTHER_TEAM),
    ],
    ids=["hold", "filtered", "deduplicated", "error_code", "team"],
)
def test_an_event_that_goes_nowhere_ends_at_once(seen: Event, cause: Cause, says: str) -> None:
    assert_ended(scene().events(seen).judge(STAGE), cause, says)


@pytest.mark.parametrize("cause", ["FILTERED", "DEDUPLICATED", "SOMETHING_NEW"])
def test_an_ignored_record_ends_at_once_with_its_cause(cause: str) -> None:
    result = assert_ended(
        scene().ignored(ignored(cause=cause)).events(when=102.1).judge(STAGE), Cause.BRANCH_IGNORED, cause
    )

    assert CONNECTION in result.message
    assert REQUEST in result.message
    assert result.facts["cause"] == cause


@pytest.mark.parametrize("name", ["connection_id", "webhook_id"])
def test_an_ignored_record_names_its_connection_in_two_ways(name: str) -> None:
    named = {"connection_id": ABSENT, "webhook_id": ABSENT, name: CONNECTION}

    ended = scene().ignored(ignored(**named)).events(when=102.1).judge(STAGE)
    assert_ended(ended, Cause.BRANCH_IGNORED, "FILTERED")


@pytest.mark.parametrize("named", [OTHER_CONNECTION, ABSENT])
def test_an_ignored_record_that_is_not_surely_ours_says_nothing(named: object) -> None:
    record = ignored(webhook_id=named)

    assert_waits(scene().ignored(record).events(when=102.1).judge(STAGE), Cause.BRANCH_NOT_SEEN)


def test_an_ignored_record_of_another_team_is_the_wrong_team() -> None:
    seen = scene().ignored(ignored(team_id=OTHER_TEAM)).events(when=102.1)

    assert_ended(seen.judge(STAGE), Cause.WRONG_TEAM, "ign_1", OTHER_TEAM)


class TestEventAndIgnoredRecord:
    """A duplicated branch is recorded as ignored beside the event that is really delivered."""

    def test_the_event_counts(self) -> None:
        assert_passed(scene().ignored(ignored()).events(event(), when=102.1).judge(STAGE))

    def test_an_ignored_record_waits_for_a_later_look_at_the_events(self) -> None:
        """The event may have come between the two looks."""
        seen = scene().events().ignored(ignored(), when=102.1)
        waiting = assert_waits(seen.judge(STAGE), Cause.BRANCH_NOT_SEEN)
        assert Ask.EVENTS in asks(waiting)

        assert_passed(seen.events(event(), when=102.2).judge(STAGE))

    def test_without_an_event_the_later_look_ends_it(self) -> None:
        seen = scene().events().ignored(ignored(), when=102.1).events(when=102.2)

        assert_ended(seen.judge(STAGE), Cause.BRANCH_IGNORED, "FILTERED")

    def test_a_real_event_beside_a_cancelled_one_passes(self) -> None:
        cancelled = event(id="evt_0", status="CANCELLED", ignored_reason="DEDUPLICATED", created_at=at(0))

        assert_passed(scene().events(cancelled, event()).judge(STAGE))
        assert_ended(scene().events(cancelled).judge(STAGE), Cause.BRANCH_IGNORED, "DEDUPLICATED")


class TestCancelledWithoutReason:
    """A cancelled event that does not say why: its ignored record is asked once."""

    def test_the_record_is_asked_for(self) -> None:
        waiting = assert_waits(scene().events(event(status="CANCELLED")).judge(STAGE), Cause.BRANCH_NOT_SEEN)

        assert asks(waiting) == {Ask.IGNORED}

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (ignored(), "FILTERED"),
            (None, ": no cause recorded, expected"),
            (unreachable(), ": no cause recorded, expected"),
            (refused(403), ": no cause recorded, expected"),
        ],
        ids=["record", "none", "5xx", "403"],
    )
    def test_it_is_ignored_whatever_the_answer(self, answer: Any, says: str) -> None:
        found = (answer,) if answer is not None else ()
        seen = scene().events(event(status="CANCELLED")).ignored(*found)

        assert_ended(seen.judge(STAGE), Cause.BRANCH_IGNORED, REQUEST, says)


def test_a_branch_that_was_created_twice_passes_with_a_warning() -> None:
    twin = event(id="evt_2", created_at=at(0.3))

    result = assert_passed(scene().events(event(), twin).judge(STAGE))

    assert result.facts["event_id"] == EVENT
    assert any("evt_2" in warning for warning in result.warnings)


class TestStateOfTheFirstSight:
    """What the branch was when it was first seen decides here; what became of it decides at delivery."""

    @pytest.mark.parametrize("later", ["HOLD", "CANCELLED", "FAILED"])
    def test_a_later_state_does_not_unmake_the_branch(self, later: str) -> None:
        seen = scene().events(event()).events(event(status=later), when=103.0)

        assert_passed(seen.judge(STAGE))

    @pytest.mark.parametrize("later", ["QUEUED", "SUCCESSFUL"])
    def test_a_later_state_does_not_mend_a_held_branch(self, later: str) -> None:
        seen = scene().events(event(status="HOLD")).events(event(status=later), when=103.0)

        assert_ended(seen.judge(STAGE), Cause.EVENT_HELD, EVENT)

    def test_an_older_twin_that_shows_up_later_is_not_taken_for_the_branch(self) -> None:
        older = event(id="evt_0", created_at=at(0))
        seen = scene().events(event()).events(older, event(), when=103.0)

        assert assert_passed(seen.judge(STAGE)).facts["event_id"] == EVENT

    def test_a_look_that_misses_it_does_not_unmake_it(self) -> None:
        assert_passed(scene().events(event()).events(when=103.0).judge(STAGE))


class TestSilence:
    def test_the_first_look_is_for_the_event_alone(self) -> None:
        assert asks(assert_waits(scene().judge(STAGE), Cause.BRANCH_NOT_SEEN)) == {Ask.EVENTS}

    def test_then_silence_is_asked_for_its_reason_as_well(self) -> None:
        waiting = assert_waits(scene().events().judge(STAGE), Cause.BRANCH_NOT_SEEN)

        assert asks(waiting) == {Ask.EVENTS, Ask.IGNORED}

    def test_the_reason_is_asked_before_the_event(self) -> None:
        """So that a look at the events has always followed when an ignored record is found."""
        waiting = assert_waits(scene().events().judge(STAGE), Cause.BRANCH_NOT_SEEN)

        assert waiting.questions[-1].ask is Ask.EVENTS

    @pytest.mark.parametrize("looks", range(1, 5))
    def test_the_last_look_asks_for_the_reason_whatever_was_asked_before(self, looks: int) -> None:
        seen = scene()
        for look in range(looks):
            seen.events(when=110.0 + look)
        waiting = assert_waits(seen.judge(STAGE, now=DEADLINE), Cause.BRANCH_NOT_SEEN)

        assert asks(waiting) == {Ask.EVENTS, Ask.IGNORED}

    def test_at_the_deadline_it_is_inconclusive(self) -> None:
        seen = scene().events(when=110.0).ignored(when=DEADLINE).events(when=DEADLINE)

        says = f"connection {CONNECTION} has no event for request {REQUEST} and no ignored record, "
        assert_ended(seen.judge(STAGE, now=DEADLINE), Cause.BRANCH_NOT_SEEN, says)

    def test_an_event_at_the_deadline_passes(self) -> None:
        seen = scene().events(when=110.0).ignored(when=DEADLINE).events(event(), when=DEADLINE)

        assert_passed(seen.judge(STAGE, now=DEADLINE))

    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            (unreachable(), Cause.API_UNREACHABLE),
            (rate_limited(), Cause.API_RATE_LIMITED),
            (unreadable(), Cause.API_BAD_RESPONSE),
        ],
    )
    def test_a_last_look_at_the_events_without_an_answer_is_an_error(
        self, error: ApiError, cause: Cause
    ) -> None:
        seen = scene().events(when=110.0).ignored(when=DEADLINE).events(error, when=DEADLINE)

        assert_ended(seen.judge(STAGE, now=DEADLINE), cause, REQUEST, str(error))

    @pytest.mark.parametrize(
        ("error", "cause"), [(unreachable(), Cause.API_UNREACHABLE), (refused(403), Cause.API_FORBIDDEN)]
    )
    def test_a_reason_that_could_not_be_read_is_an_error_in_the_end(
        self, error: ApiError, cause: Cause
    ) -> None:
        """Nothing says that the branch was not ignored."""
        seen = scene().events(when=110.0).ignored(error, when=DEADLINE).events(when=DEADLINE)

        assert_ended(seen.judge(STAGE, now=DEADLINE), cause, REQUEST, str(error))

    def test_the_right_to_read_reasons_can_be_done_without(self) -> None:
        seen = scene().events().ignored(refused(403))
        waiting = assert_waits(seen.judge(STAGE), Cause.API_FORBIDDEN)
        assert asks(waiting) == {Ask.EVENTS}

        assert_passed(seen.events(event(), when=103.0).judge(STAGE))

    @pytest.mark.parametrize(("status", "cause"), [(401, Cause.API_UNAUTHORIZED), (403, Cause.API_FORBIDDEN)])
    def test_the_right_to_read_events_cannot_be_done_without(self, status: int, cause: Cause) -> None:
        assert_ended(scene().events(refused(status)).judge(STAGE), cause, REQUEST, str(status))
