"""The judge against histories whose truth is known: it is never wrong, and says the same every time.

``pytest tests/judge/test_judge_histories.py`` plays a few hundred histories. The long run plays as many as
``FASTHOOK_HISTORIES`` says, and a quarter of it for the properties that play a history twice::

    FASTHOOK_HISTORIES=100000 pytest tests/judge/test_judge_histories.py

In pieces, each with a ``--hypothesis-seed`` of its own, it needs less memory and can be stopped between two.

Histories that were once misjudged stay at the end, each under the name of what was wrong.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from fasthook_histories import (
    FOREVER,
    Attempt,
    Branch,
    Delivery,
    History,
    Ingress,
    LatestInput,
    Limits,
    Metrics,
    Replayed,
    RetryRule,
    Route,
    Stranger,
)
from fasthook_strategies import histories
from fasthook_truth import Outcome, allowed
from hypothesis import HealthCheck, Phase, given, settings
from judge_driver import Replay
from judge_witness import proven

from pytest_fasthook.causes import Cause
from pytest_fasthook.causes import Outcome as StageOutcome
from pytest_fasthook.evidence.log import Evidence
from pytest_fasthook.judge.sequence import judge
from pytest_fasthook.judge.verdict import decide
from pytest_fasthook.stages import Stage, StageResult

HISTORIES = int(os.environ.get("FASTHOOK_HISTORIES", "300"))
LONG = HISTORIES > 1000
ONLY_WHEN_LISTS_ARE_LONG = {"request", "request_events"}
"""Endpoints that are asked only because others' traffic hides our records."""

pytestmark = pytest.mark.timeout(0 if LONG else 120)


def several(share: int) -> settings:
    """Settings of a property that plays a share of the histories."""
    return settings(
        max_examples=max(min(60, HISTORIES), HISTORIES // share),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[phase for phase in settings().phases if phase not in {Phase.target, Phase.explain}],
    )


def verdicts(results: dict[Stage, StageResult]) -> dict[Stage, tuple[StageOutcome, Cause | None]]:
    return {stage: (result.outcome, result.cause) for stage, result in results.items()}


@several(1)
@given(histories())
def test_a_verdict_never_contradicts_the_truth(history: History) -> None:
    """And it rests on evidence, comes in time, says why, and does not depend on when it is read."""
    replay = Replay(history).run()

    assert replay.outcome in allowed(history)
    assert_passes_are_proven(replay)
    assert_reasons_are_told(replay)
    assert replay.moment.t <= history.budget + 0.2
    assert_read_the_same_at_any_time(replay)


def assert_passes_are_proven(replay: Replay) -> None:
    passed = [stage for stage, result in replay.results.items() if result.outcome is StageOutcome.PASSED]

    assert [stage for stage in passed if not proven(stage, replay.evidence)] == []


def assert_reasons_are_told(replay: Replay) -> None:
    for result in replay.results.values():
        assert result.message
        assert (result.cause is None) == (result.outcome in {StageOutcome.PASSED, StageOutcome.BLOCKED})
        assert result.cause is None or "expected" in result.message


def assert_read_the_same_at_any_time(replay: Replay) -> None:
    """The log alone, read at once and later than it was written, gives the same results."""
    log = Evidence()
    for observation in replay.evidence:
        log.append(observation)

    for now in (replay.judged, replay.judged + 1000):
        assert judge(log, replay.expect, now).results == replay.results


@several(4)
@given(histories())
def test_what_was_decided_stays_decided(history: History) -> None:
    """At every step all stages are judged again from all the evidence; that changes nothing said before."""
    replay = Replay(history, strict=True).run()

    assert replay.outcome in allowed(history)


@several(4)
@given(histories())
def test_other_traffic_changes_no_verdict(history: History) -> None:
    """But for the latest input, which a newer one replaces, and for the metrics, which count it."""
    faults = tuple(f for f in history.faults if f.endpoint not in ONLY_WHEN_LISTS_ARE_LONG)
    busy = Replay(replace(history, faults=faults)).run()
    quiet = Replay(replace(history, faults=faults, strangers=())).run()

    ours = set(Stage) - {Stage.LATEST_INPUT, Stage.METRICS}
    if busy.decision.deciding is None and quiet.decision.deciding is None:
        return
    said, silent = verdicts(busy.results), verdicts(quiet.results)
    assert {stage: said[stage] for stage in ours} == {stage: silent[stage] for stage in ours}


@several(4)
@given(histories())
def test_replays_and_repeated_records_change_no_verdict(history: History) -> None:
    """But for the latest input and the metrics, as for other traffic: a replay is an event of its own."""
    faults = tuple(f for f in history.faults if f.endpoint not in ONLY_WHEN_LISTS_ARE_LONG)
    played = Replay(replace(history, faults=faults)).run()
    plain = Replay(replace(history, faults=faults, replays=(), again=False)).run()

    ours = set(Stage) - {Stage.LATEST_INPUT, Stage.METRICS}
    if played.decision.deciding is None and plain.decision.deciding is None:
        return
    said, silent = verdicts(played.results), verdicts(plain.results)
    assert {stage: said[stage] for stage in ours} == {stage: silent[stage] for stage in ours}


@several(4)
@given(histories())
def test_more_evidence_never_turns_a_fail_into_a_pass(history: History) -> None:
    """The same questions, asked again and again after the end, unmake no fail that a record has shown."""
    replay = Replay(history).run()
    before = replay.outcome
    if before is None or before[1].outcome is not StageOutcome.FAILED or not replay.shown_by_a_record:
        return
    after = decide(replay.linger((0.5, 2.0, 8.0, 40.0)).results).deciding

    assert after is not None
    assert (after.stage, after.cause) == before


# Histories that were once misjudged

ONE_RETRY = Route(retry=RetryRule(interval=0.5, count=1))
OLD_EVENT = Delivery(
    attempts=(Attempt(at=0.5, ending="500", visible=3.0), Attempt(at=1.0, visible=3.0)), tells_next=False
)
LATER = Delivery(attempts=(Attempt(at=15.0, visible=15.0),))
SECOND_FIRST = Delivery(attempts=(Attempt(at=0.5, ending="500", visible=3.0), Attempt(at=1.0, visible=2.5)))
FOUND: dict[str, tuple[History, Outcome]] = {
    "an_old_event_between_two_attempts_of_which_none_can_be_seen": (
        History(route=ONE_RETRY, delivery=OLD_EVENT),
        None,
    ),
    "a_local_clock_ten_minutes_ahead_without_a_date_of_the_server": (
        History(rounding=None, skew=600.0),
        None,
    ),
    "a_local_clock_ten_minutes_behind_without_a_date_of_the_server": (
        History(rounding=None, skew=-600.0),
        None,
    ),
    "a_retry_just_in_time_by_a_rounded_date": (
        History(
            ingress=Ingress(dated=False),
            rounding=0.95,
            delivery=Delivery(
                attempts=(Attempt(at=0.5, ending="500", visible=0.5), Attempt(at=20.0, visible=20.0))
            ),
        ),
        None,
    ),
    "a_first_failure_that_metrics_still_count": (
        History(delivery=SECOND_FIRST, metrics=Metrics(lag=2.0)),
        None,
    ),
    "a_failure_that_an_advisory_delivery_may_still_make_good": (
        History(
            delivery=Delivery(
                attempts=(Attempt(at=0.5, ending="500", visible=0.5), Attempt(at=1.0, visible=1.0))
            ),
            limits=Limits(advisory=frozenset({Stage.DELIVERY})),
        ),
        None,
    ),
    "a_hold_that_began_after_the_branch_was_seen": (
        History(branch=Branch(held=(2.0, FOREVER)), delivery=replace(LATER, attempts=())),
        (Stage.DELIVERY, Cause.EVENT_HELD),
    ),
    "a_duplicate_that_was_ignored_beside_the_event": (
        History(branch=Branch(visible=2.0, twin="ignored", twin_visible=2.0)),
        None,
    ),
    "a_branch_that_was_ignored_just_before_the_last_look": (
        History(branch=Branch(kind="ignored", visible=20.0, shown=frozenset({"record"}))),
        (Stage.BRANCH, Cause.BRANCH_IGNORED),
    ),
    "an_event_that_failed_without_an_attempt_just_before_the_last_look": (
        History(delivery=Delivery(attempts=(), failed_at=20.0)),
        (Stage.DELIVERY, Cause.DELIVERY_FAILED),
    ),
    "a_signature_that_the_record_does_not_speak_of": (
        History(route=Route(auth="given")),
        (Stage.INGRESS, Cause.REQUEST_NOT_SEEN),
    ),
    "a_large_body_that_the_latest_input_leaves_out": (
        History(latest_input=LatestInput(layout="missing")),
        (Stage.LATEST_INPUT, Cause.LATEST_INPUT_STALE),
    ),
    "a_custom_answer_with_an_id_of_its_own": (
        History(route=Route(speaks=True), ingress=Ingress(answer="strange")),
        None,
    ),
    "a_first_attempt_that_shows_up_last_if_only_the_first_counts": (
        History(
            route=Route(retry=RetryRule(interval=0.5, count=2)),
            delivery=Delivery(
                attempts=(
                    Attempt(at=0.5, ending="500", visible=2.0),
                    Attempt(at=1.0, ending="500", visible=1.0),
                    Attempt(at=1.5, visible=1.5),
                ),
                numbered=1,
                dated=False,
            ),
            limits=Limits(first=True),
        ),
        (Stage.DELIVERY, Cause.DELIVERY_FAILED),
    ),
    "a_failure_of_another_event_after_a_window_that_an_advisory_delivery_does_not_lengthen": (
        History(
            metrics=Metrics(lag=2.5),
            strangers=(Stranger(at=2.5, ours=True, failed=True),),
            limits=Limits(advisory=frozenset({Stage.DELIVERY})),
        ),
        None,
    ),
    "a_delivered_replay_of_a_request_whose_event_failed": (
        History(
            delivery=Delivery(attempts=(Attempt(at=0.5, ending="500", visible=3.0),)),
            replays=(Replayed(at=1.0),),
            limits=Limits(failure_rate=0.9),
        ),
        (Stage.DELIVERY, Cause.DELIVERY_FAILED),
    ),
    "a_delivered_replay_of_an_event_that_failed": (
        History(
            delivery=Delivery(attempts=(Attempt(at=0.5, ending="500", visible=3.0),)),
            replays=(Replayed(at=1.0, of="event", sign="parent"),),
            limits=Limits(failure_rate=0.9),
        ),
        (Stage.DELIVERY, Cause.DELIVERY_FAILED),
    ),
    "a_failed_replay_of_a_request_whose_event_was_delivered": (
        History(replays=(Replayed(at=0.5, status="FAILED"),), limits=Limits(failure_rate=0.5)),
        None,
    ),
    "a_failed_replay_is_an_event_of_its_own": (
        History(replays=(Replayed(at=0.5, status="FAILED"),)),
        (Stage.METRICS, Cause.METRICS_FAILURES),
    ),
    "a_replay_that_is_listed_before_the_request": (
        History(ingress=Ingress(visible=5.0), branch=Branch(visible=5.0), replays=(Replayed(at=1.0),)),
        None,
    ),
    "a_replay_of_a_request_that_is_never_listed": (
        History(ingress=Ingress(visible=FOREVER), replays=(Replayed(at=1.0),)),
        (Stage.INGRESS, Cause.REQUEST_NOT_SEEN),
    ),
    "records_that_are_listed_twice": (
        History(again=True, page=1, strangers=(Stranger(at=-5.0), Stranger(at=0.5))),
        None,
    ),
    "an_ignored_event_in_the_count_in_place_of_ours": (
        History(
            metrics=Metrics(lag=FOREVER, ignored=True),
            strangers=(Stranger(at=-5.0, ended="CANCELLED"),),
        ),
        (Stage.METRICS, Cause.METRICS_LAG),
    ),
    "failures_diluted_by_events_that_were_ignored": (
        History(
            metrics=Metrics(ignored=True),
            strangers=(Stranger(at=-5.0, failed=True), *[Stranger(at=-5.0, ended="CANCELLED")] * 8),
            limits=Limits(failure_rate=0.4),
        ),
        (Stage.METRICS, Cause.METRICS_FAILURES),
    ),
    "a_second_event_of_our_request_that_failed": (
        History(branch=Branch(twin="event", twin_fails=True), limits=Limits(failure_rate=1.0)),
        (Stage.DELIVERY, Cause.DELIVERY_FAILED),
    ),
    "a_second_event_of_our_request_that_was_delivered": (
        History(branch=Branch(twin="event"), page=1),
        None,
    ),
    "an_older_input_of_somebody_else": (
        History(latest_input=LatestInput(visible=FOREVER), strangers=(Stranger(at=0.0),)),
        (Stage.LATEST_INPUT, Cause.LATEST_INPUT_STALE),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_once_misjudged_is_not_any_more(name: str) -> None:
    history, outcome = FOUND[name]
    replay = Replay(history, strict=True).run()

    assert replay.outcome == outcome
    assert outcome in allowed(history)


def test_the_plain_history_passes_and_needs_few_calls() -> None:
    replay = Replay(History()).run()

    assert replay.outcome is None
    assert replay.service.calls < 12


def test_a_judge_that_passes_everything_would_be_caught() -> None:
    """The oracle is no rubber stamp: it forbids a pass where a hop is broken."""
    broken = History(delivery=Delivery(attempts=(Attempt(at=0.5, ending="500", visible=0.5),)))

    assert allowed(broken) == {(Stage.DELIVERY, Cause.DELIVERY_FAILED)}
    assert allowed(History()) == {None}
