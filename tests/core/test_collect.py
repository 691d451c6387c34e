"""The poll plan: when questions are asked, how often, when asking ends, and whose answers are shared."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from core_world import START, FakeClock
from fake_route import NEVER, FakeBell, FakeRoute, Watch, event, expecting

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.client.models import Attempt
from pytest_fasthook.errors import ApiError, RefusedError, UnreachableError
from pytest_fasthook.evidence.expect import Limits
from pytest_fasthook.evidence.log import Ask, Call, Observation, Question
from pytest_fasthook.evidence.seen import EventsSeen, RequestSeen
from pytest_fasthook.gate.collect import GRACE_S
from pytest_fasthook.gate.tracks import Track
from pytest_fasthook.judge.findings import ended
from pytest_fasthook.stages import Stage

LATE = ("request_at", "event_at", "delivered_at", "latest_at", "counted_at")
"""The hops of a route, each of which may be the slow one."""


@pytest.fixture
def watch() -> Watch:
    return Watch()


def slow(watch: Watch, hop: str, seconds: float, *, latency_s: float = 0.0) -> FakeRoute:
    """A route that is quick but for one hop."""
    route = FakeRoute(watch.clock, latency_s=latency_s)
    setattr(route, hop, seconds)
    return route


def outcomes(track: Track) -> dict[Stage, Outcome]:
    return {stage: result.outcome for stage, result in track.results.items()}


def pauses(times: Iterable[float]) -> list[float]:
    at = list(times)
    return [later - earlier for earlier, later in itertools.pairwise(at)]


# -- a quick route ---------------------------------------------------------------------------------------------


def test_a_quick_route_is_asked_each_question_once_and_never_waited_for(watch: Watch) -> None:
    route, track = FakeRoute(watch.clock), watch.sent()
    watch.run(route, track)
    assert set(outcomes(track).values()) == {Outcome.PASSED}
    assert [question.ask for _, question, _ in route.asked] == [
        Ask.REQUEST,
        Ask.EVENTS,
        Ask.ATTEMPTS,
        Ask.LATEST_INPUT,
        Ask.METRICS,
    ]
    assert watch.clock.time == 0.0


def test_stages_are_reported_in_order_as_they_are_decided(watch: Watch) -> None:
    route = FakeRoute(watch.clock, event_at=1.0, delivered_at=2.0, counted_at=5.0)
    watch.run(route, watch.sent())
    assert watch.stages() == list(Stage)
    times = {result.stage: at for at, _, result in watch.recorded}
    assert times[Stage.INGRESS] == 0.0
    assert 1.0 <= times[Stage.BRANCH] < times[Stage.DELIVERY] < times[Stage.METRICS]


def test_what_is_decided_already_needs_no_question(watch: Watch) -> None:
    track = watch.sent(stages=frozenset())
    route = FakeRoute(watch.clock)
    watch.run(route, track)
    assert route.asked == []
    assert len(track.results) == 6


# -- pauses ----------------------------------------------------------------------------------------------------


def test_pauses_grow_slowly_at_first_then_by_a_tenth_of_the_time_waited(watch: Watch) -> None:
    route = slow(watch, "delivered_at", 30.0)
    watch.run(route, watch.sent())
    times = route.times(Ask.ATTEMPTS)
    assert (times[0], times[-1] > 20) == (0.0, True)
    for at, pause in zip(times, pauses(times), strict=False):
        assert pause == pytest.approx(0.18 + 0.05 * at if at < 4.6 else 0.1 * at - 0.05)


def test_the_time_lost_to_polling_is_a_bounded_share_of_the_routes_own(watch: Watch) -> None:
    for seconds in (0.5, 5.0, 60.0):
        alone = Watch()
        alone.run(slow(alone, "delivered_at", seconds), alone.sent())
        lost = alone.clock.time - seconds
        assert 0.0 <= lost <= max(0.18 + 0.05 * seconds, 0.1 * seconds - 0.05) + 1e-9
        assert lost <= 0.15 + 0.1 * seconds + 1e-9


def test_a_new_stage_is_asked_at_once(watch: Watch) -> None:
    route = slow(watch, "event_at", 20.0)
    watch.run(route, watch.sent())
    assert route.times(Ask.ATTEMPTS)[0] == route.times(Ask.EVENTS)[-1]


def test_a_slow_answer_is_no_reason_to_wait_less(watch: Watch) -> None:
    """The pause is counted from the answer, so a slow API is not asked without a break."""
    route = slow(watch, "delivered_at", 30.0, latency_s=2.0)
    watch.run(route, watch.sent())
    assert min(pauses(route.times(Ask.ATTEMPTS))) >= 2.18


def test_waiting_for_the_first_look_after_sending_counts_from_the_sending() -> None:
    """A source that took its time to answer has been waited for already."""
    watch = Watch(FakeClock(20.0))
    route = FakeRoute(watch.clock, request_at=40.0)
    watch.run(route, watch.sent())
    times = route.times(Ask.REQUEST)
    assert times[1] - times[0] == pytest.approx(0.1 * 20.0 - 0.05)


# -- the number of calls ---------------------------------------------------------------------------------------


SLOW_HOPS = [(hop, seconds, most) for hop in LATE for seconds, most in ((5.0, 40), (60.0, 60))]


@pytest.mark.parametrize(("hop", "seconds", "most"), SLOW_HOPS)
def test_a_slow_hop_costs_few_calls(hop: str, seconds: float, most: int, watch: Watch) -> None:
    route, track = slow(watch, hop, seconds), watch.sent()
    watch.run(route, track)
    assert set(outcomes(track).values()) == {Outcome.PASSED}
    assert route.calls <= most, route.counts()


@pytest.mark.parametrize(("seconds", "most"), [(5.0, 40), (60.0, 60)])
def test_a_route_that_is_slow_at_every_hop_costs_few_calls(seconds: float, most: int, watch: Watch) -> None:
    route, track = FakeRoute(watch.clock), watch.sent()
    for number, hop in enumerate(LATE, start=1):
        setattr(route, hop, seconds * number / len(LATE))
    watch.run(route, track)
    assert set(outcomes(track).values()) == {Outcome.PASSED}
    assert route.calls <= most, route.counts()


def test_the_number_of_looks_grows_with_the_logarithm_of_the_wait() -> None:
    looks = []
    for seconds in (10.0, 100.0, 1000.0):
        watch = Watch()
        route = slow(watch, "delivered_at", seconds)
        watch.run(route, watch.sent(timeout_s=2000.0))
        looks.append(len(route.times(Ask.ATTEMPTS)))
    assert looks[1] - looks[0] <= 25
    assert looks[2] - looks[1] <= 25


# -- the last look ---------------------------------------------------------------------------------------------

AWAITED = {
    "request_at": (Ask.REQUEST, Stage.INGRESS, Cause.REQUEST_NOT_SEEN),
    "event_at": (Ask.EVENTS, Stage.BRANCH, Cause.BRANCH_NOT_SEEN),
    "delivered_at": (Ask.ATTEMPTS, Stage.DELIVERY, Cause.DELIVERY_PENDING),
    "latest_at": (Ask.LATEST_INPUT, Stage.LATEST_INPUT, Cause.LATEST_INPUT_STALE),
    "counted_at": (Ask.METRICS, Stage.METRICS, Cause.METRICS_LAG),
}


@pytest.mark.parametrize("hop", LATE)
@pytest.mark.parametrize("timeout_s", [1.0, 7.3, 60.0])
def test_the_last_look_is_exactly_at_the_deadline_and_none_comes_after(
    hop: str, timeout_s: float, watch: Watch
) -> None:
    """Where a stage asks now for less and now for more, the last look is for everything."""
    route, track = slow(watch, hop, NEVER), watch.sent(timeout_s=timeout_s)
    watch.run(route, track)
    ask, stage, cause = AWAITED[hop]
    assert (track.results[stage].outcome, track.results[stage].cause) == (Outcome.INCONCLUSIVE, cause)
    assert max(at for at, _, _ in route.asked) == timeout_s
    assert route.times(ask).count(timeout_s) in ({1, 2} if hop in {"event_at", "delivered_at"} else {1})
    assert watch.clock.time == timeout_s


@pytest.mark.parametrize("hop", LATE)
def test_what_is_there_at_the_deadline_is_still_seen(hop: str, watch: Watch) -> None:
    track = watch.sent(timeout_s=60.0)
    watch.run(slow(watch, hop, 60.0), track)
    assert track.results[AWAITED[hop][1]].outcome is Outcome.PASSED


@pytest.mark.parametrize("hop", LATE)
def test_what_comes_a_moment_after_the_deadline_is_not_seen(hop: str, watch: Watch) -> None:
    track = watch.sent(timeout_s=60.0)
    watch.run(slow(watch, hop, 60.001), track)
    assert track.results[AWAITED[hop][1]].cause is AWAITED[hop][2]


@pytest.mark.parametrize("hop", LATE)
def test_a_look_that_began_before_the_deadline_and_ended_after_it_is_not_the_last(
    hop: str, watch: Watch
) -> None:
    """Its answer may be older than the deadline, so one more look is owed."""
    route, track = slow(watch, hop, NEVER, latency_s=0.7), watch.sent(timeout_s=10.0)
    watch.clock.sleep(9.5 - 0.7 * list(AWAITED).index(hop))
    watch.run(route, track)
    ask, stage, cause = AWAITED[hop]
    assert track.results[stage].cause is cause
    late = [at for at in route.times(ask) if at >= 10.0]
    assert len(late) in ({1, 2} if hop in {"event_at", "delivered_at"} else {1})


def test_calls_of_the_last_look_have_a_little_grace(watch: Watch) -> None:
    route = slow(watch, "delivered_at", NEVER)
    watch.run(route, watch.sent(timeout_s=10.0))
    assert {deadline for _, question, deadline in route.asked if question.ask is Ask.ATTEMPTS} == {
        10.0 + GRACE_S
    }


def test_an_api_that_does_not_answer_at_the_deadline_is_an_error_not_a_doubt(watch: Watch) -> None:
    lost = UnreachableError("GET /attempts: connection refused", call="GET /attempts", reason="connect")
    route, track = FakeRoute(watch.clock, errors={Ask.ATTEMPTS: lost}), watch.sent(timeout_s=10.0)
    watch.run(route, track)
    assert track.results[Stage.DELIVERY].cause is Cause.API_UNREACHABLE


# -- early ends ------------------------------------------------------------------------------------------------


def test_a_hopeless_state_ends_at_once_and_blocks_the_rest(watch: Watch) -> None:
    held = EventsSeen(events=(event("HOLD"),), looked_through=1)
    route, track = FakeRoute(watch.clock, answers={Ask.EVENTS: lambda _: held}), watch.sent()
    watch.run(route, track)
    assert track.results[Stage.BRANCH].cause is Cause.EVENT_HELD
    assert [outcomes(track)[stage] for stage in list(Stage)[3:]] == [Outcome.BLOCKED] * 3
    assert watch.clock.time == 0.0
    assert route.counts()[Ask.ATTEMPTS] == 0


def test_a_refusal_of_the_api_ends_at_once(watch: Watch) -> None:
    refused = RefusedError("GET /events: 403", call="GET /events", status=403)
    route, track = FakeRoute(watch.clock, errors={Ask.EVENTS: refused}), watch.sent()
    watch.run(route, track)
    assert track.results[Stage.BRANCH].cause is Cause.API_FORBIDDEN
    assert watch.clock.time == 0.0


def test_a_passing_twin_of_the_hopeless_ones(watch: Watch) -> None:
    track = watch.sent()
    watch.run(FakeRoute(watch.clock), track)
    assert track.results[Stage.BRANCH].outcome is Outcome.PASSED


def failed_attempt(next_s: float) -> dict[Ask, Any]:
    """A failed first attempt, with the next one planned so many seconds after sending."""
    planned = (START + timedelta(seconds=next_s)).isoformat()
    attempt = Attempt.model_validate(
        {"id": "att_1", "event_id": "evt_1", "status": "FAILED", "response_status": 503}
    )
    queued = EventsSeen(events=(event("QUEUED", next_attempt_at=planned),), looked_through=1)
    return {Ask.ATTEMPTS: lambda _: (attempt,), Ask.EVENTS: lambda _: queued}


def test_a_planned_retry_is_not_asked_for_before_its_time(watch: Watch) -> None:
    route, track = FakeRoute(watch.clock, answers=failed_attempt(40.0)), watch.sent(timeout_s=60.0)
    watch.run(route, track)
    times = route.times(Ask.ATTEMPTS)
    assert times[0] == 0.0
    # A second early: the server's clock is known to whole seconds, and a look too early is only a look.
    assert 39.0 <= times[1] <= 41.0


def test_a_retry_planned_beyond_the_deadline_ends_at_once(watch: Watch) -> None:
    route, track = FakeRoute(watch.clock, answers=failed_attempt(62.0)), watch.sent(timeout_s=60.0)
    watch.run(route, track)
    assert track.results[Stage.DELIVERY].cause is Cause.DELIVERY_FAILED
    assert watch.clock.time < 1.0


# -- several tracks --------------------------------------------------------------------------------------------


class Together:
    """A reader that answers a kind of question only once as many looks as said wait for it."""

    def __init__(self, inner: FakeRoute, ask: Ask, waiting: int) -> None:
        self._inner, self._ask, self._barrier = inner, ask, threading.Barrier(waiting)
        self.asked: list[Question] = []

    def ask(self, question: Question, *, deadline: float) -> Observation:
        self.asked.append(question)
        if question.ask is self._ask:
            self._barrier.wait(timeout=10)
        return self._inner.ask(question, deadline=deadline)


def two_tracks(watch: Watch) -> list[Track]:
    """Two connections of one source, with one probe for both."""
    return [watch.sent("conn_orders"), watch.sent("conn_audit")]


def in_thread_of(threads: list[threading.Thread]) -> Any:
    def spawn(job: Any) -> None:
        threads.append(threading.Thread(target=job, daemon=True))
        threads[-1].start()

    return spawn


def test_a_question_that_two_tracks_have_at_the_same_moment_is_asked_once(watch: Watch) -> None:
    route = FakeRoute(watch.clock, request_at=3.0)
    tracks = two_tracks(watch)
    watch.run(route, *tracks)
    assert all(track.results[Stage.INGRESS].outcome is Outcome.PASSED for track in tracks)
    times = route.times(Ask.REQUEST)
    assert len(times) == len(set(times)) > 3


def test_tracks_are_looked_at_beside_each_other() -> None:
    """Each waits in its own look until the other one has come as far; one after the other would never end."""
    watch, threads = Watch(), list[threading.Thread]()
    reader = Together(FakeRoute(watch.clock), Ask.LATEST_INPUT, waiting=2)
    tracks = two_tracks(watch)
    only = frozenset(Stage) - {Stage.METRICS}
    for track in tracks:
        track.expect = expecting(track.expect.connection_id, sending=track.expect.sending, stages=only)
    watch.run(reader, *tracks, spawn=in_thread_of(threads), bell=threading.Event())
    assert all(track.results[Stage.INGRESS].outcome is Outcome.PASSED for track in tracks)
    assert len([question for question in reader.asked if question.ask is Ask.LATEST_INPUT]) == 2


def test_no_more_looks_are_under_way_than_there_are_workers(watch: Watch) -> None:
    under_way: list[Any] = []
    most = []

    class Later(FakeBell):
        """Looks run only while the collector waits, one at a time."""

        def wait(self, timeout: float | None = None) -> bool:
            most.append(len(under_way))
            if under_way:
                under_way.pop(0)()
            return super().wait(timeout)

    tracks = [watch.sent(f"conn_{number}") for number in range(5)]
    watch.run(FakeRoute(watch.clock), *tracks, spawn=under_way.append, bell=Later(watch.clock), workers=3)
    assert all(track.progress.decided for track in tracks)
    assert max(most) == 3


def test_a_track_that_is_decided_keeps_nobody_waiting(watch: Watch) -> None:
    held = EventsSeen(events=(event("HOLD"),), looked_through=1)
    route = FakeRoute(watch.clock, answers={Ask.EVENTS: lambda _: held})
    watch.run(route, watch.sent())
    asked = len(route.asked)
    watch.run(route)
    assert len(route.asked) == asked


# -- ends from outside -----------------------------------------------------------------------------------------


def test_an_error_of_the_reader_itself_surfaces(watch: Watch) -> None:
    def broken(_: FakeRoute) -> Any:
        raise ZeroDivisionError("a bug")

    route = FakeRoute(watch.clock, answers={Ask.EVENTS: broken})
    with pytest.raises(ZeroDivisionError, match="a bug"):
        watch.run(route, watch.sent())


def test_stopping_ends_the_collecting_at_the_next_look(watch: Watch) -> None:
    route = slow(watch, "delivered_at", NEVER)
    collector, track = watch.collector(route), watch.sent()
    collector.run([track], stopped=lambda: watch.clock.time > 5.0)
    assert 5.0 < watch.clock.time < 7.0
    assert Stage.DELIVERY not in track.results


def test_stopping_wakes_a_collector_that_waits() -> None:
    """On real clocks: without the bell this collector would sleep for a second before it looked up."""
    watch, stopped, waiting = Watch(), threading.Event(), threading.Event()

    class Bell(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            waiting.set()
            return super().wait(10)

    def never(_: Any) -> None:
        """A look that never comes back."""

    collector = watch.collector(FakeRoute(watch.clock), bell=Bell(), spawn=never)
    runner = threading.Thread(
        target=collector.run, args=([watch.sent()],), kwargs={"stopped": stopped.is_set}, daemon=True
    )
    runner.start()
    assert waiting.wait(10)
    stopped.set()
    collector.wake()
    runner.join(5)
    assert not runner.is_alive()


def test_a_track_can_be_ended_from_outside(watch: Watch) -> None:
    track = watch.sent()
    track.expect = expecting()
    collector = watch.collector(FakeRoute(watch.clock))
    collector.run([track], stopped=lambda: False)
    assert outcomes(track) == {Stage.PREFLIGHT: Outcome.PASSED}
    collector.end(track, ended(Stage.INGRESS, Cause.SOURCE_SECRET_MISSING, "no secret"))
    assert list(outcomes(track).values()) == [Outcome.PASSED, Outcome.ERROR, *[Outcome.BLOCKED] * 4]
    assert track.progress.decided
    assert not track.waiting


# -- what a result carries -------------------------------------------------------------------------------------


def test_a_result_carries_its_times_its_polls_and_its_answers(watch: Watch) -> None:
    route, track = slow(watch, "delivered_at", 3.0), watch.sent()
    watch.run(route, track)
    ended_at = {result.stage: at for at, _, result in watch.recorded}
    delivery, branch = track.results[Stage.DELIVERY], track.results[Stage.BRANCH]
    assert delivery.started_at == START + timedelta(seconds=ended_at[Stage.BRANCH])
    assert delivery.duration_s == pytest.approx(ended_at[Stage.DELIVERY] - ended_at[Stage.BRANCH])
    assert delivery.polls >= len(route.times(Ask.ATTEMPTS))
    assert branch.polls == 1


def answering(*observations: Observation) -> Any:
    """A reader with these answers in turn."""
    left, watch_start = list(observations), 0.0

    class Reader:
        def ask(self, question: Question, *, deadline: float) -> Observation:
            assert deadline > watch_start
            return replace(left.pop(0), question=question)

    return Reader()


def seen(watch: Watch, value: Any, *calls: Call, error: ApiError | None = None) -> Observation:
    at = watch.clock.monotonic()
    return Observation(
        question=Question(ask=Ask.REQUEST),
        asked_at=at,
        seen_at=at + 0.25,
        asked_on=watch.clock.now(),
        value=value,
        error=error,
        calls=calls,
    )


def test_the_evidence_is_the_newest_answer_and_the_newest_failure(watch: Watch) -> None:
    lost = UnreachableError("GET /requests: reset", call="GET /requests", reason="reset")
    nothing = RequestSeen(request=None, looked_through=0, complete=True)
    reader = answering(
        seen(watch, nothing, Call(call="GET /requests", answer={"models": ["old"]})),
        seen(watch, nothing, Call(call="GET /requests", answer={"models": []})),
        seen(watch, None, Call(call="GET /requests", error="reset"), error=lost),
    )
    collector, track = watch.collector(reader), watch.sent()
    collector.run([track], stopped=lambda: len(watch.evidence) == 5)
    collector.end(track, ended(Stage.INGRESS, Cause.API_UNREACHABLE, "lost"))
    answers = track.results[Stage.INGRESS].evidence["answers"]
    assert [(answer["call"], answer.get("answer"), answer.get("error")) for answer in answers] == [
        ("GET /requests", {"models": []}, None),
        ("GET /requests", None, "reset"),
    ]
    assert answers[0]["seen_at"] - answers[0]["asked_at"] == timedelta(seconds=0.25)


def test_an_advisory_stage_keeps_nobody_waiting(watch: Watch) -> None:
    limits = Limits(advisory=frozenset({Stage.DELIVERY}))
    route, track = slow(watch, "delivered_at", 20.0), watch.sent(limits=limits)
    watch.run(route, track)
    assert track.results[Stage.DELIVERY].advisory
    assert set(outcomes(track).values()) == {Outcome.PASSED}
    times = {result.stage: at for at, _, result in watch.recorded}
    assert times[Stage.LATEST_INPUT] == 0.0
    assert times[Stage.DELIVERY] >= 20.0


def test_an_advisory_stage_that_never_passes_is_given_up_at_the_deadline(watch: Watch) -> None:
    limits = Limits(advisory=frozenset({Stage.DELIVERY}))
    route, track = slow(watch, "delivered_at", NEVER), watch.sent(limits=limits, timeout_s=20.0)
    watch.run(route, track)
    assert track.results[Stage.DELIVERY].cause is Cause.DELIVERY_PENDING
    assert track.results[Stage.METRICS].outcome is Outcome.PASSED
    assert watch.clock.time == 20.0
