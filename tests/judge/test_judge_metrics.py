"""Metrics: our own event is counted, and in that same answer failures are within the limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from route_scene import (
    ABSENT,
    CONNECTION,
    DEADLINE,
    EVENT,
    NOON,
    Json,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    at,
    attempt,
    before,
    event,
    expectations,
    failed,
    rate_limited,
    refused,
    request,
    unreachable,
    unreadable,
    window,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import Event
from pytest_fasthook.errors import ApiError
from pytest_fasthook.evidence.expect import Limits, ServerClock
from pytest_fasthook.evidence.log import Question
from pytest_fasthook.evidence.seen import WindowSeen
from pytest_fasthook.judge.findings import Finding
from pytest_fasthook.stages import Stage

STAGE = Stage.METRICS


def judged(seen: WindowSeen, *, limits: Limits | None = None) -> Finding:
    return before(STAGE, limits=limits).metrics(seen).judge(STAGE)


def test_our_event_counted_and_nothing_failed_passes() -> None:
    result = assert_passed(judged(window()))

    assert result.facts["count"] == 1
    assert result.facts["failed_count"] == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"count": 0, "delivered": 0}, "count 0"),
        ({"count": 4, "listed": 5}, "count 4"),
        ({"count": 2, "delivered": 0}, "0 of them finished"),
        ({"count": 990, "delivered": 1, "finished": 2, "listed": 2}, "1 of them finished"),
        ({"ours_listed": False, "listed": 0}, "not listed"),
        ({"ours_listed": False, "count": 9, "listed": 9}, "not listed"),
        ({"partial": True}, "partial"),
    ],
    ids=[
        "zero",
        "fewer_than_listed",
        "ignored_ones_only",
        "fewer_finished_than_listed",
        "not_listed_yet",
        "others_only",
        "lower_bounds",
    ],
)
def test_until_our_event_is_counted_nothing_is_proved(changes: Json, says: str) -> None:
    scene = before(STAGE).metrics(window(**changes))
    assert_waits(scene.judge(STAGE), Cause.METRICS_LAG)

    scene.metrics(window(**changes), when=DEADLINE)

    assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.METRICS_LAG, CONNECTION, EVENT, says)


def test_failures_mean_nothing_until_our_event_is_counted() -> None:
    assert_waits(judged(window(count=4, listed=5, failed=4)), Cause.METRICS_LAG)


def test_more_may_be_counted_than_listed() -> None:
    """The list is read before the metrics, so what comes between is counted only."""
    assert_passed(judged(window(count=6, listed=5)))


def test_the_first_answer_that_counts_our_event_decides() -> None:
    late = before(STAGE).metrics(window(count=0)).metrics(window(), when=106.0)
    assert_passed(late.judge(STAGE))

    mended = before(STAGE).metrics(window(count=2, failed=1)).metrics(window(count=2), when=106.0)
    assert_ended(mended.judge(STAGE), Cause.METRICS_FAILURES, "1 of 2")


class TestAdvisoryDelivery:
    """Our event may still be on its way, and one failure may be its own."""

    LIMITS = Limits(advisory=frozenset({Stage.DELIVERY}))

    def scene(self, state: Event) -> Scene:
        scene = before(Stage.DELIVERY, limits=self.LIMITS).latest_input()
        return scene.events(state, when=103.0).attempts(failed(), when=103.1).metrics(window(failed=1))

    def test_one_that_can_still_be_made_good_is_waited_out(self) -> None:
        scene = self.scene(event(status="FAILED", next_attempt_at=at(15)))

        assert_waits(scene.judge(STAGE), Cause.METRICS_LAG)
        assert_passed(scene.metrics(window(), when=110.0).judge(STAGE))

    def test_one_that_is_for_good_counts(self) -> None:
        assert_ended(self.scene(event(status="FAILED")).judge(STAGE), Cause.METRICS_FAILURES, "1 of 1")


@pytest.mark.parametrize(
    ("rate", "failures", "passes"),
    [(0.0, 0, True), (0.0, 1, False), (0.1, 1, True), (0.1, 2, False), (0.3, 3, True), (1.0, 10, True)],
)
def test_failures_up_to_the_limit_pass_and_one_more_does_not(
    rate: float,
    failures: int,
    passes: bool,  # noqa: FBT001 - a column of the table
) -> None:
    finding = judged(window(count=10, listed=10, failed=failures), limits=Limits(max_failure_rate=rate))

    if passes:
        assert_passed(finding)
    else:
        share, limit = f"{failures} of 10", f"{rate:.1%}"
        assert_ended(finding, Cause.METRICS_FAILURES, CONNECTION, share, limit)


class TestRecovered:
    """Our event failed first and was delivered then: it may still be counted as failed for a while."""

    @staticmethod
    def scene(**changes: Any) -> Scene:
        scene = Scene(expectations(**changes)).connection().sent().request(request()).events(event())
        return scene.attempts(failed(), attempt(attempt_number=2, created_at=at(2))).latest_input()

    def test_one_failure_is_waited_out(self) -> None:
        scene = self.scene().metrics(window(failed=1, delivered=0))
        assert_waits(scene.judge(STAGE), Cause.METRICS_LAG)

        assert_passed(scene.metrics(window(), when=106.0).judge(STAGE))

    def test_it_is_inconclusive_when_it_stays(self) -> None:
        scene = self.scene().metrics(window(failed=1, delivered=0), when=DEADLINE)

        assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.METRICS_LAG, EVENT, "1 of 1")

    def test_a_second_attempt_tells_of_a_first_that_cannot_be_seen_yet(self) -> None:
        scene = Scene().connection().sent().request(request()).events(event())
        scene.attempts(attempt(attempt_number=2)).latest_input().metrics(window(failed=1, delivered=0))

        assert_waits(scene.judge(STAGE), Cause.METRICS_LAG)

    def test_two_failures_are_not_ours_alone(self) -> None:
        scene = self.scene().metrics(window(count=3, listed=3, failed=2))

        assert_ended(scene.judge(STAGE), Cause.METRICS_FAILURES, "2 of 3")

    def test_a_failure_beside_an_event_that_never_failed_is_somebody_elses(self) -> None:
        assert_ended(judged(window(count=2, listed=2, failed=1)), Cause.METRICS_FAILURES, "1 of 2")


def test_the_share_is_that_of_finished_events() -> None:
    """Ignored and waiting events dilute it no more: 10 of 10 failed beside 990 that were filtered."""
    filtered = window(count=1000, listed=10, failed=10, delivered=0)
    assert_ended(judged(filtered, limits=Limits(max_failure_rate=0.9)), Cause.METRICS_FAILURES, "10 of 10")

    diluted = window(count=1000, listed=20, failed=10, delivered=10)
    assert_passed(judged(diluted, limits=Limits(max_failure_rate=0.5)))
    assert_ended(judged(diluted, limits=Limits(max_failure_rate=0.4)), Cause.METRICS_FAILURES, "10 of 20")


@pytest.mark.parametrize("missing", ["count", "failed", "delivered"])
class TestSeriesWithoutACount:
    def test_it_may_still_be_filled(self, missing: str) -> None:
        scene = before(STAGE).metrics(window(**{missing: None}))
        assert_waits(scene.judge(STAGE), Cause.API_BAD_RESPONSE)

        assert_passed(scene.metrics(window(), when=106.0).judge(STAGE))

    def test_three_in_a_row_are_a_bad_response(self, missing: str) -> None:
        scene = before(STAGE)
        for _ in range(3):
            scene.metrics(window(**{missing: None}))

        assert_ended(scene.judge(STAGE), Cause.API_BAD_RESPONSE, CONNECTION, missing)

    def test_at_the_deadline_one_is_enough(self, missing: str) -> None:
        scene = before(STAGE).metrics(window(**{missing: None}), when=DEADLINE)

        assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.API_BAD_RESPONSE, CONNECTION, missing)


class TestWindow:
    """What is asked for: closed shortly after our event, by the server's own dates."""

    @staticmethod
    def question(scene: Scene) -> Question:
        (question,) = assert_waits(scene.judge(STAGE), Cause.METRICS_LAG).questions
        return question

    def test_it_holds_our_event_and_its_delivery(self) -> None:
        question = self.question(before(STAGE))

        assert question.since == NOON
        assert question.until is not None
        assert NOON + timedelta(seconds=0.6) < question.until < NOON + timedelta(seconds=4)
        assert question.event_id == EVENT

    @pytest.mark.parametrize(
        ("dates", "seconds"),
        [
            ({"successful_at": at(5), "responded_at": at(6), "created_at": at(7)}, 5.0),
            ({"successful_at": ABSENT, "responded_at": at(6), "created_at": at(7)}, 6.0),
            ({"successful_at": ABSENT, "responded_at": ABSENT, "created_at": at(7)}, 7.0),
            ({"successful_at": ABSENT, "responded_at": ABSENT, "created_at": ABSENT}, 0.2),
            ({"successful_at": at(0.1)}, 0.2),
        ],
    )
    def test_it_is_closed_two_seconds_after_the_last_of_both(self, dates: Json, seconds: float) -> None:
        scene = before(Stage.DELIVERY).attempts(failed(), attempt(**dates)).latest_input()

        assert self.question(scene).until == NOON + timedelta(seconds=seconds + 2)

    def test_later_looks_do_not_move_it(self) -> None:
        scene = before(STAGE)
        first = self.question(scene)
        scene.events(event(status="SUCCESSFUL"), when=110.0).attempts(attempt(), when=110.0)

        assert self.question(scene.metrics(window(count=0), when=111.0)) == first

    def test_a_delivery_that_nobody_waits_for_does_not_move_it(self) -> None:
        limits = Limits(advisory=frozenset({Stage.DELIVERY}))
        scene = before(Stage.DELIVERY, limits=limits)
        first = self.question(scene)

        assert self.question(scene.attempts(attempt(successful_at=at(9)), when=110.0)) == first

    @pytest.mark.parametrize("undated", [{}, {"ingested_at": ABSENT, "created_at": ABSENT}])
    @pytest.mark.parametrize("minutes", [-10, 10])
    def test_a_local_clock_that_is_off_does_not_lose_our_event(self, minutes: int, undated: Json) -> None:
        off = NOON + timedelta(minutes=minutes)
        clock = ServerClock(date=off, seen_at=100.0, measured=False)
        sending = replace(expectations().sent, clock=clock, window_start=off)
        scene = Scene(expectations(sending=sending)).connection().sent()
        scene.request(request(**undated)).events(event()).attempts(attempt()).latest_input()
        question = self.question(scene)

        assert question.since is not None
        assert question.until is not None
        assert question.since <= NOON + timedelta(seconds=0.2)
        assert question.until >= NOON + timedelta(seconds=0.6)

    def test_without_dates_the_clock_closes_it(self) -> None:
        scene = Scene().connection().sent().request(request()).events(event(created_at=ABSENT), when=102.0)
        undated: Json = {"created_at": ABSENT, "responded_at": ABSENT, "successful_at": ABSENT}
        scene.attempts(attempt(**undated)).latest_input()

        assert self.question(scene).until == NOON + timedelta(seconds=4)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (unreachable(), Cause.API_UNREACHABLE),
        (rate_limited(), Cause.API_RATE_LIMITED),
        (unreadable(), Cause.API_BAD_RESPONSE),
    ],
)
def test_a_last_look_without_an_answer_is_an_error(error: ApiError, cause: Cause) -> None:
    scene = before(STAGE).metrics(window(count=0)).metrics(error, when=DEADLINE)

    assert_ended(scene.judge(STAGE, now=DEADLINE), cause, EVENT, str(error))


@pytest.mark.parametrize(
    ("status", "cause"),
    [(401, Cause.API_UNAUTHORIZED), (403, Cause.API_FORBIDDEN), (400, Cause.API_BAD_RESPONSE)],
)
def test_an_api_that_refuses_ends_at_once(status: int, cause: Cause) -> None:
    assert_ended(before(STAGE).metrics(refused(status)).judge(STAGE), cause, str(status))
