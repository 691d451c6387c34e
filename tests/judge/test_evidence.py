"""The log: observations are added, found by their question, and never changed."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from route_scene import NOON, unreachable

from pytest_fasthook.errors import ApiError
from pytest_fasthook.evidence.log import Ask, Evidence, Observation, Question

EVENTS = Question(ask=Ask.EVENTS, connection_id="conn_1", request_id="req_1")
ATTEMPTS = Question(ask=Ask.ATTEMPTS, event_id="evt_1")


def seen(question: Question, value: object = None, *, error: ApiError | None = None) -> Observation:
    return Observation(question=question, asked_at=1.0, seen_at=1.1, asked_on=NOON, value=value, error=error)


def test_an_empty_log_answers_nothing() -> None:
    log = Evidence()

    assert len(log) == 0
    assert list(log) == []
    assert log.about(EVENTS) == ()
    assert log.latest(EVENTS) is None
    assert log.answered(EVENTS) is None


def test_observations_are_kept_in_order_and_found_by_their_question() -> None:
    log, first, other, second = Evidence(), seen(EVENTS, 1), seen(ATTEMPTS, 2), seen(EVENTS, 3)
    for observation in (first, other, second):
        log.append(observation)

    assert list(log) == [first, other, second]
    assert len(log) == 3
    assert log.about(EVENTS) == (first, second)
    assert log.about(ATTEMPTS) == (other,)


def test_the_latest_may_be_an_error_and_the_answered_one_never_is() -> None:
    log, answer, problem = Evidence(), seen(EVENTS, 1), seen(EVENTS, error=unreachable())
    log.append(answer)
    log.append(problem)

    assert log.latest(EVENTS) is problem
    assert log.answered(EVENTS) is answer
    assert log.answers(EVENTS) == (answer,)


def test_an_answer_may_be_nothing() -> None:
    """A record that is not there is an answer, an error is none."""
    log, nothing = Evidence(), seen(EVENTS)
    log.append(nothing)

    assert log.answered(EVENTS) is nothing


def test_questions_are_values() -> None:
    """Two connections that ask the same share one answer; any id that differs is another question."""
    log = Evidence()
    log.append(seen(EVENTS, 1))

    assert log.answered(Question(ask=Ask.EVENTS, connection_id="conn_1", request_id="req_1")) is not None
    assert log.answered(dataclasses.replace(EVENTS, connection_id="conn_2")) is None
    assert log.answered(dataclasses.replace(EVENTS, ask=Ask.IGNORED)) is None


def test_two_equal_observations_are_two() -> None:
    log = Evidence()
    log.append(seen(EVENTS, 1))
    log.append(seen(EVENTS, 1))

    assert len(log.about(EVENTS)) == 2
    assert len(set(log)) == 2


def test_an_observation_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen(EVENTS, 1).value = 2  # type: ignore[misc]


def test_what_was_read_before_an_append_does_not_change() -> None:
    log = Evidence()
    log.append(seen(EVENTS, 1))
    before, everything = log.about(EVENTS), iter(log)
    log.append(seen(EVENTS, 2))

    assert len(before) == 1
    assert len(list(everything)) == 1


def test_appending_is_safe_from_many_threads() -> None:
    log, start = Evidence(), threading.Barrier(8)

    def add() -> None:
        start.wait(timeout=30)
        for number in range(200):
            log.append(seen(EVENTS, number))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert len(log) == len(log.about(EVENTS)) == 1600
