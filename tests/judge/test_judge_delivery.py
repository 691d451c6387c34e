"""Delivery: the destination answered our event successfully.

Attempts decide; the event's status only ends waits that are hopeless.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from route_scene import (
    ABSENT,
    ATTEMPT,
    DEADLINE,
    EVENT,
    NOON,
    OTHER_TEAM,
    PROBE,
    REQUEST,
    SENT_AT,
    SOURCE,
    Json,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    at,
    attempt,
    connection_json,
    event,
    expectations,
    failed,
    rate_limited,
    refused,
    request,
    unreachable,
    unreadable,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Attempt, Event
from pytest_fasthook.errors import ApiError
from pytest_fasthook.evidence.expect import Limits, ServerClock
from pytest_fasthook.evidence.log import Ask
from pytest_fasthook.judge.findings import Finding
from pytest_fasthook.settings.saved_run import SavedProbe
from pytest_fasthook.stages import Stage

STAGE = Stage.DELIVERY
FIRST = Limits(attempts="first")
UNDATED = ("successful_at", "delivered_at", "responded_at", "created_at")
BUDGET = DEADLINE - SENT_AT
NEAR, FAR = at(BUDGET - 5), at(BUDGET + 5)


def retrying(**rule: Any) -> Json:
    linear = {"type": "retry", "strategy": "linear", "interval": 5000, "count": 3}
    return connection_json(rules=[{**linear, **rule}])


def scene(*, limits: Limits | None = None, route: Json | None = None, **request_changes: Any) -> Scene:
    """Our event is known; tests change one fact about what became of it."""
    known = Scene(expectations(limits=limits)).connection(route).sent()
    return known.request(request(**request_changes)).events(event())


def judged(*found: Attempt, limits: Limits | None = None) -> Finding:
    return scene(limits=limits).attempts(*found).judge(STAGE)


def ended_as(state: Event, *found: Attempt, route: Json | None = None) -> Finding:
    """The event was seen in this state, then its attempts."""
    return scene(route=route).events(state, when=103.0).attempts(*found, when=103.1).judge(STAGE)


def test_a_successful_attempt_passes() -> None:
    result = assert_passed(judged(attempt()))

    assert EVENT in result.message
    assert "200" in result.message
    assert result.warnings == ()
    assert result.facts["attempt_ids"] == (ATTEMPT,)
    assert result.facts["response_status"] == 200
    assert result.facts["latency_s"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    "changes", [{"response_status": 204}, {"response_status": 299}, {"response_status": None}]
)
def test_any_success_or_a_success_without_http_passes(changes: Json) -> None:
    assert_passed(judged(attempt(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"response_status": 500},
        {"response_status": 302},
        {"response_status": 199},
        {"response_status": "500"},
        {"response_status": None, "error_code": "TIMEOUT"},
        {"response_status": None, "error_code": {"code": "TIMEOUT"}},
        {"status": "DELIVERED"},
        {"status": "successful"},
        {"status": None},
        {"status": ABSENT},
    ],
    ids=["500", "302", "199", "text", "no_answer", "no_text", "unknown", "lower_case", "null", "absent"],
)
def test_an_attempt_that_does_not_surely_say_success_is_waited_on(changes: Json) -> None:
    seen = scene().attempts(attempt(**changes))
    assert_waits(seen.judge(STAGE), Cause.DELIVERY_PENDING)

    seen.attempts(attempt(**changes), when=DEADLINE).events(event(), when=DEADLINE)

    assert_ended(seen.judge(STAGE, now=DEADLINE), Cause.DELIVERY_PENDING, EVENT, ATTEMPT)


def test_an_attempt_of_another_team_is_the_wrong_team() -> None:
    assert_ended(judged(attempt(team_id=OTHER_TEAM)), Cause.WRONG_TEAM, ATTEMPT, OTHER_TEAM)


@pytest.mark.parametrize("status", ["FAILED", "QUEUED", "HOLD", "CANCELLED", "SUCCESSFUL", None])
def test_a_success_counts_whatever_the_event_still_says(status: str | None) -> None:
    """The event's record may lag behind its attempts."""
    assert_passed(ended_as(event(status=status), attempt()))


def test_a_success_beside_a_status_that_is_not_known_is_not_the_last_word() -> None:
    assert_waits(ended_as(event(status="RECALLED"), attempt()), Cause.DELIVERY_PENDING)


class TestRetries:
    def test_a_success_after_a_failure_passes_with_a_warning(self) -> None:
        result = assert_passed(judged(failed(), attempt(attempt_number=2, created_at=at(1))))

        assert any("att_failed_1" in warning and "500" in warning for warning in result.warnings)
        assert result.facts["attempts"] == 2

    def test_only_the_first_attempt_counts_if_asked_for(self) -> None:
        seen = judged(failed(), attempt(attempt_number=2, created_at=at(1)), limits=FIRST)

        assert_ended(seen, Cause.DELIVERY_FAILED, EVENT, "att_failed_1", "500", "first")

    def test_a_first_attempt_that_succeeds_passes_if_asked_for(self) -> None:
        assert_passed(judged(attempt(), limits=FIRST))

    def test_a_later_attempt_that_failed_says_nothing_of_the_first(self) -> None:
        """Whose record is still on its way."""
        assert_waits(judged(failed(2), limits=FIRST), Cause.DELIVERY_PENDING)
        assert_passed(judged(attempt(), failed(2, seconds=3), limits=FIRST))

    def test_a_first_attempt_that_failed_ends_at_once_if_asked_for(self) -> None:
        says = "HTTP 500; only the first counts (--fasthook-attempts first), expected a successful answer"
        assert_ended(judged(failed(), limits=FIRST), Cause.DELIVERY_FAILED, says)

    def test_a_failure_after_the_success_does_not_count(self) -> None:
        again = failed(2, seconds=3)

        assert assert_passed(judged(attempt(), again, limits=FIRST)).warnings == ()

    def test_attempts_without_dates_are_ordered_by_their_numbers(self) -> None:
        undated: Json = {"created_at": ABSENT, "responded_at": ABSENT, "successful_at": ABSENT}
        one, two = failed(1, **undated), attempt(attempt_number=2, **undated)

        assert_ended(judged(one, two, limits=FIRST), Cause.DELIVERY_FAILED, "first")
        assert_passed(judged(attempt(**undated), failed(2, **undated), limits=FIRST))

    def test_a_second_attempt_alone_does_not_prove_the_first(self) -> None:
        """The first one's record is still on its way."""
        second = attempt(attempt_number=2)
        assert_waits(judged(second, limits=FIRST), Cause.DELIVERY_PENDING)

        assert_passed(judged(second))

    def test_a_third_attempt_after_a_second_that_failed_does_not_prove_the_first_either(self) -> None:
        """The twin without the limit passes: what came first does not matter there."""
        seen = (failed(2), attempt(attempt_number=3, created_at=at(1)))
        assert_waits(judged(*seen, limits=FIRST), Cause.DELIVERY_PENDING)
        assert_waits(
            judged(seen[0], attempt(attempt_number=ABSENT, created_at=at(1)), limits=FIRST),
            Cause.DELIVERY_PENDING,
        )

        assert_passed(judged(*seen))

    def test_a_failure_with_a_retry_near_waits_for_it(self) -> None:
        waiting = assert_waits(
            ended_as(event(status="FAILED", next_attempt_at=NEAR), failed()), Cause.DELIVERY_PENDING
        )

        assert waiting.wake_at == pytest.approx(DEADLINE - 5, abs=0.5)

    @pytest.mark.parametrize("status", ["FAILED", "QUEUED", "SCHEDULED"])
    def test_a_failure_with_a_retry_beyond_the_deadline_ends_at_once(self, status: str) -> None:
        seen = ended_as(event(status=status, next_attempt_at=FAR), failed())

        assert_ended(seen, Cause.DELIVERY_FAILED, EVENT, "500", "deadline")

    @pytest.mark.parametrize("status", ["SUCCESSFUL", "RECALLED", None])
    def test_a_date_beside_a_status_that_speaks_against_it_is_not_believed(self, status: str | None) -> None:
        seen = ended_as(event(status=status, next_attempt_at=FAR), failed())

        assert_waits(seen, Cause.DELIVERY_PENDING)

    @pytest.mark.parametrize("moment", [1780315200, "soon"])
    def test_a_next_attempt_that_cannot_be_read_is_still_a_next_attempt(self, moment: object) -> None:
        """The twin of a null, which says that there is none."""
        seen = ended_as(event(status="FAILED", next_attempt_at=moment), failed())

        assert_waits(seen, Cause.DELIVERY_PENDING)

    def test_which_attempt_was_first_must_be_told_if_only_the_first_counts(self) -> None:
        undated: Json = {"created_at": ABSENT, "attempt_number": ABSENT}
        one, two = failed(1, **undated), attempt(**undated)

        assert_waits(judged(one, two, limits=FIRST), Cause.DELIVERY_PENDING)
        assert_passed(judged(one, two))

    def test_a_retry_just_before_the_deadline_is_not_called_late_for_a_rounded_date(self) -> None:
        undated: Json = {"ingested_at": ABSENT, "created_at": ABSENT}
        rounded = ServerClock(date=NOON - timedelta(seconds=0.9), seen_at=SENT_AT)
        sending = replace(expectations().sent, clock=rounded)
        seen = Scene(expectations(sending=sending)).connection().sent().request(request(**undated))
        state = event(status="FAILED", next_attempt_at=at(BUDGET - 0.2))
        seen.events(state).attempts(failed())

        assert_waits(seen.judge(STAGE), Cause.DELIVERY_PENDING)

    def test_a_first_attempt_beyond_the_deadline_is_no_failure(self) -> None:
        """Nothing has failed yet; it is pending."""
        assert_waits(ended_as(event(status="SCHEDULED", next_attempt_at=FAR)), Cause.DELIVERY_PENDING)


class TestRetryRule:
    """Where the event names no next attempt, the rule tells when there can be one at the earliest."""

    QUEUED = event(status="QUEUED", next_attempt_at=ABSENT)
    FAILED = event(status="FAILED", next_attempt_at=ABSENT)

    def test_the_wait_is_as_long_as_the_rule_says(self) -> None:
        seen = ended_as(self.QUEUED, failed(seconds=0.5), route=retrying(interval=5000))

        waiting = assert_waits(seen, Cause.DELIVERY_PENDING)
        assert waiting.wake_at == pytest.approx(SENT_AT + 5.4, abs=0.5)

    def test_an_attempt_without_an_answers_date_counts_from_its_own(self) -> None:
        unanswered = failed(seconds=0.5, responded_at=ABSENT)

        waiting = assert_waits(ended_as(self.QUEUED, unanswered, route=retrying()), Cause.DELIVERY_PENDING)
        assert waiting.wake_at == pytest.approx(SENT_AT + 5.4, abs=0.5)

    def test_of_one_without_any_date_no_moment_is_known(self) -> None:
        undated = failed(responded_at=ABSENT, created_at=ABSENT)

        waiting = assert_waits(ended_as(self.QUEUED, undated, route=retrying()), Cause.DELIVERY_PENDING)
        assert waiting.wake_at is None

    @pytest.mark.parametrize("strategy", ["linear", "exponential"])
    def test_a_pause_beyond_the_deadline_ends_at_once(self, strategy: str) -> None:
        seen = ended_as(self.QUEUED, failed(), route=retrying(strategy=strategy, interval=60_000))

        assert_ended(seen, Cause.DELIVERY_FAILED, EVENT, "500", "deadline")

    def test_how_an_exponential_pause_grows_is_not_known_and_ends_nothing(self) -> None:
        route = retrying(strategy="exponential", interval=9000)
        seen = ended_as(self.QUEUED, failed(1), failed(2, seconds=9), route=route)

        assert_waits(seen, Cause.DELIVERY_PENDING)

    def test_an_old_record_that_names_no_next_attempt_waits_for_what_the_rule_promises(self) -> None:
        assert_waits(ended_as(self.FAILED, failed(), route=retrying()), Cause.DELIVERY_PENDING)

    def test_so_it_does_before_the_failed_attempt_can_be_seen(self) -> None:
        assert_waits(ended_as(self.FAILED, route=retrying()), Cause.DELIVERY_PENDING)
        assert_ended(ended_as(self.FAILED, route=retrying(count=0)), Cause.DELIVERY_FAILED, EVENT)

    @pytest.mark.parametrize(
        "route",
        [connection_json(), retrying(response_status_codes=["429"]), retrying(count=0)],
        ids=["no_rule", "not_covered", "used_up"],
    )
    def test_an_old_record_without_a_promise_is_failed_for_good(self, route: Json) -> None:
        assert_ended(ended_as(self.FAILED, failed(), route=route), Cause.DELIVERY_FAILED, EVENT, "500")

    def test_a_record_that_says_there_is_no_next_attempt_is_believed(self) -> None:
        state = event(status="FAILED", next_attempt_at=None)

        assert_ended(ended_as(state, failed(), route=retrying()), Cause.DELIVERY_FAILED, EVENT, "500")


class TestEndedForGood:
    @pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
    def test_an_event_that_ended_is_failed(self, status: str) -> None:
        seen = ended_as(event(status=status), failed())

        result = assert_ended(seen, Cause.DELIVERY_FAILED, EVENT, status, "att_failed_1", "500")
        assert result.facts["response_status"] == 500
        assert result.facts["attempt_ids"] == ("att_failed_1",)

    def test_an_event_that_failed_without_an_attempt_says_why(self) -> None:
        seen = ended_as(event(status="FAILED", error_code="TRANSFORMATION_FAILED"))

        assert_ended(seen, Cause.DELIVERY_FAILED, EVENT, "TRANSFORMATION_FAILED")

    def test_attempts_without_an_answer_say_their_error_code(self) -> None:
        lost = failed(response_status=None, error_code="CONNECTION_REFUSED")

        assert_ended(ended_as(event(status="FAILED"), lost), Cause.DELIVERY_FAILED, "CONNECTION_REFUSED")

    def test_attempts_must_be_looked_at_after_the_event_ended(self) -> None:
        """A success between the two looks would be missed."""
        seen = scene().attempts(when=103.0).events(event(status="FAILED"), when=103.1)
        assert_waits(seen.judge(STAGE), Cause.DELIVERY_PENDING)

        assert_passed(seen.attempts(attempt(), when=103.2).judge(STAGE))

    def test_a_look_at_attempts_that_gave_no_answer_does_not_count(self) -> None:
        seen = scene().attempts(failed()).events(event(status="FAILED"), when=103.1)
        seen.attempts(unreachable(), when=103.2)

        assert_waits(seen.judge(STAGE), Cause.DELIVERY_PENDING)

    def test_a_twin_that_failed_says_nothing_of_our_event(self) -> None:
        twin = event(id="evt_2", status="FAILED", created_at=at(0.3))
        seen = scene().events(event(), twin, when=103.0).attempts(failed(), when=103.1)

        assert_waits(seen.judge(STAGE), Cause.DELIVERY_PENDING)

    def test_an_event_that_was_held_meanwhile_ends_at_once(self) -> None:
        assert_ended(ended_as(event(status="HOLD")), Cause.EVENT_HELD, EVENT, "HOLD")

    def test_what_ended_is_not_undone_by_what_comes_later(self) -> None:
        seen = scene().events(event(status="FAILED"), when=103.0).attempts(failed(), when=103.1)
        seen.events(event(status="SUCCESSFUL"), when=104.0).attempts(failed(), attempt(), when=104.1)

        assert_ended(seen.judge(STAGE), Cause.DELIVERY_FAILED, EVENT)


class TestLatency:
    LIMIT = Limits(max_latency_s=2.0)

    @staticmethod
    def took(seconds: float, *, limits: Limits = LIMIT, route: Json | None = None, **changes: Any) -> Finding:
        done = attempt(**{"successful_at": at(0.1 + seconds), **changes})
        return scene(limits=limits, route=route).attempts(done).judge(STAGE)

    def test_within_the_limit_passes(self) -> None:
        assert_passed(self.took(2.0))

    def test_beyond_the_limit_is_slow(self) -> None:
        assert_ended(self.took(2.01), Cause.DELIVERY_SLOW, EVENT, "2.01", "2.00")

    def test_without_a_limit_nothing_is_slow(self) -> None:
        assert_passed(self.took(19, limits=Limits()))

    def test_the_delay_rule_is_added_to_the_limit(self) -> None:
        delayed = connection_json(rules=[{"type": "delay", "delay": 3000}])

        assert_passed(self.took(5.0, route=delayed))
        assert_ended(self.took(5.01, route=delayed), Cause.DELIVERY_SLOW, "5.01", "5.00")

    @pytest.mark.parametrize("name", ["delivered_at", "responded_at", "created_at"])
    def test_older_records_have_the_moment_under_another_name(self, name: str) -> None:
        bare: Json = dict.fromkeys(UNDATED, ABSENT)

        assert_passed(self.took(0, **{**bare, name: at(2.0)}))
        assert_ended(self.took(0, **{**bare, name: at(3.0)}), Cause.DELIVERY_SLOW, EVENT)

    def test_a_latency_that_cannot_be_read_is_not_within_the_limit(self) -> None:
        undated = attempt(**dict.fromkeys(UNDATED, ABSENT))
        seen = scene(limits=self.LIMIT).attempts(undated)
        assert_waits(seen.judge(STAGE), Cause.API_BAD_RESPONSE)

        seen.events(event(), when=DEADLINE).attempts(undated, when=DEADLINE)

        ended = seen.judge(STAGE, now=DEADLINE)
        assert_ended(ended, Cause.API_BAD_RESPONSE, EVENT, ATTEMPT)
        assert_passed(scene().attempts(undated).judge(STAGE))

    def test_a_request_without_dates_cannot_be_timed_either(self) -> None:
        undated: Json = {"ingested_at": ABSENT, "created_at": ABSENT}
        seen = scene(limits=self.LIMIT, **undated).attempts(attempt())

        assert_waits(seen.judge(STAGE), Cause.API_BAD_RESPONSE)


class TestRelease:
    """The receiver's recorded answer names the release that answered."""

    LIMIT = Limits(response_body={"version": "1.4.2", "build": {"sha": "abc"}})

    def answered(self, body: object) -> Finding:
        return judged(attempt(body=body), limits=self.LIMIT)

    @pytest.mark.parametrize(
        "body",
        [
            {"version": "1.4.2", "build": {"sha": "abc", "at": "noon"}, "ok": True},
            '{"version": "1.4.2", "build": {"sha": "abc"}}',
        ],
        ids=["object", "text"],
    )
    def test_an_answer_with_the_expected_release_passes(self, body: object) -> None:
        assert_passed(self.answered(body))

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ({"version": "1.4.1", "build": {"sha": "abc"}}, "1.4.1"),
            ({"version": "1.4.2", "build": {"sha": "abd"}}, "body.build.sha"),
            ({"version": "1.4.2", "build": "abc"}, "body.build"),
            ({"version": "1.4.2"}, "body.build"),
            ("1.4.2", "1.4.2"),
            (None, "null"),
        ],
    )
    def test_an_answer_of_another_release_is_the_wrong_version(self, body: object, says: str) -> None:
        assert_ended(self.answered(body), Cause.WRONG_VERSION, ATTEMPT, says)

    def test_an_answer_that_was_not_recorded_is_neither(self) -> None:
        assert_waits(self.answered(ABSENT), Cause.API_BAD_RESPONSE)

    def test_without_an_expected_release_any_answer_will_do(self) -> None:
        assert_passed(judged(attempt(body="1.4.1")))


class TestWaiting:
    def test_attempts_are_asked_at_every_look_and_the_event_at_some(self) -> None:
        seen, asked = scene(), []
        for look in range(16):
            waiting = assert_waits(seen.judge(STAGE), Cause.DELIVERY_PENDING)
            asked.append({question.ask for question in waiting.questions})
            seen.attempts(when=103.0 + look)

        assert all(Ask.ATTEMPTS in kinds for kinds in asked)
        assert [look for look, kinds in enumerate(asked) if Ask.EVENTS in kinds] == [3, 8, 14]

    def test_after_a_failure_the_event_is_asked_before_its_attempts(self) -> None:
        """So that a success between the two looks is seen."""
        waiting = assert_waits(judged(failed()), Cause.DELIVERY_PENDING)

        assert [question.ask for question in waiting.questions] == [Ask.EVENTS, Ask.ATTEMPTS]

    @pytest.mark.parametrize("looks", range(5))
    def test_the_last_look_asks_for_the_event_whatever_was_asked_before(self, looks: int) -> None:
        seen = scene()
        for look in range(looks):
            seen.attempts(when=110.0 + look)
        waiting = assert_waits(seen.judge(STAGE, now=DEADLINE), Cause.DELIVERY_PENDING)

        assert [question.ask for question in waiting.questions] == [Ask.EVENTS, Ask.ATTEMPTS]

    def test_no_attempt_at_the_deadline_is_inconclusive(self) -> None:
        seen = scene().events(event(), when=DEADLINE).attempts(when=DEADLINE)

        assert_ended(seen.judge(STAGE, now=DEADLINE), Cause.DELIVERY_PENDING, EVENT, "QUEUED")

    def test_a_success_at_the_deadline_passes(self) -> None:
        seen = scene().events(event(), when=DEADLINE).attempts(attempt(), when=DEADLINE)

        assert_passed(seen.judge(STAGE, now=DEADLINE))

    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            (unreachable(), Cause.API_UNREACHABLE),
            (rate_limited(), Cause.API_RATE_LIMITED),
            (unreadable(), Cause.API_BAD_RESPONSE),
        ],
    )
    def test_a_last_look_without_an_answer_is_an_error(self, error: ApiError, cause: Cause) -> None:
        seen = scene().events(event(), when=DEADLINE).attempts(error, when=DEADLINE)

        assert_ended(seen.judge(STAGE, now=DEADLINE), cause, EVENT, str(error))

    @pytest.mark.parametrize(("status", "cause"), [(401, Cause.API_UNAUTHORIZED), (403, Cause.API_FORBIDDEN)])
    def test_attempts_that_may_not_be_read_end_at_once(self, status: int, cause: Cause) -> None:
        assert_ended(scene().attempts(refused(status)).judge(STAGE), cause, EVENT, str(status))


def test_a_run_that_goes_on_with_an_older_probe_does_not_count_from_its_own_start() -> None:
    """A retry that is due in five seconds is in time, however long ago the probe was sent."""
    old = NOON - timedelta(minutes=10)
    saved = SavedProbe(
        source_id=SOURCE,
        probe_id=PROBE,
        request_id=REQUEST,
        sent_at=old,
        window_start=old,
        body_sha256=None,
    )
    sending = replace(expectations().sent, saved=saved)
    seen = Scene(expectations(sending=sending)).connection().sent()
    seen.request(request(ingested_at=at(-600))).events(event(status="FAILED", next_attempt_at=NEAR))

    assert_waits(seen.attempts(failed(seconds=-599)).judge(STAGE), Cause.DELIVERY_PENDING)


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_a_clock_that_is_off_ends_no_retry_that_is_in_time(minutes: int) -> None:
    """Without a date from the server the local clock stands in, and that may be wrong."""
    local = ServerClock(date=NOON + timedelta(minutes=minutes), seen_at=SENT_AT, measured=False)
    state = event(status="FAILED", next_attempt_at=NEAR)
    sending = replace(expectations().sent, clock=local)
    seen = Scene(expectations(sending=sending)).connection().sent().request(request())
    seen.events(state).attempts(failed())

    waiting = assert_waits(seen.judge(STAGE), Cause.DELIVERY_PENDING)
    assert waiting.wake_at is not None
    assert waiting.wake_at <= DEADLINE
