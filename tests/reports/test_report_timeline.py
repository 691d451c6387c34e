from __future__ import annotations

import pytest
import sample_documents as sample

from pytest_fasthook.reports.reading import read
from pytest_fasthook.reports.timeline import Attempt, attempt_records, timeline
from pytest_fasthook.reports.wording import seconds


def test_stages_lie_where_they_ran() -> None:
    line = timeline(read(sample.document()).connections[0])

    assert [bar.start_s for bar in line.bars] == [0.0, 0.2, 0.62, 0.71, 3.31, 3.36]
    assert line.total_s == pytest.approx(4.46)
    assert line.bars[1].polls_s == pytest.approx((0.33, 0.61))


def test_attempts_are_taken_from_the_last_answer_that_lists_any() -> None:
    document = sample.document()
    answers = document["connections"][0]["stages"][3]["evidence"]["answers"]
    answers.append(sample.answer("GET /attempts?event_id=evt_1", 3.3, {"models": []}))

    attempts = timeline(read(document).connections[0]).attempts

    assert attempts == (
        Attempt(at_s=1.0, after_s=0.71, label="attempt 1: 503", succeeded=False),
        Attempt(at_s=3.0, after_s=1.0, label="attempt 2: 200, 2.00 s later", succeeded=True),
    )


def test_events_listed_after_the_attempts_are_not_taken_for_attempts() -> None:
    document = sample.document()
    connection = read(document).connections[0]
    answers = document["connections"][0]["stages"][3]["evidence"]["answers"]
    answers.append(sample.answer("GET /events", 3.3, {"models": [{"id": "evt_1", "status": "SUCCESSFUL"}]}))

    assert attempt_records(read(document).connections[0]) == attempt_records(connection) != []


def test_an_attempt_by_a_clock_that_is_off_stays_on_the_axis() -> None:
    document = sample.document()
    models = document["connections"][0]["stages"][3]["evidence"]["answers"][0]["answer"]["models"]
    models[0]["created_at"], models[1]["created_at"] = sample.at(-900), sample.at(900)

    line = timeline(read(document).connections[0])

    assert [attempt.at_s for attempt in line.attempts] == [0.0, line.total_s]


@pytest.mark.parametrize("value", [None, 7, "text", [], {}, {"models": 7}, {"models": [7, {}]}, [None]])
def test_an_answer_of_another_shape_has_no_attempts(value: object) -> None:
    document = sample.document()
    document["connections"][0]["stages"][3]["evidence"]["answers"] = [
        sample.answer("GET /attempts", 1.0, value)
    ]

    assert attempt_records(read(document).connections[0]) == []


@pytest.mark.parametrize("created_at", [None, 7, "soon", "2026-05-29T10:00:00"])
def test_an_attempt_without_a_usable_time_is_not_drawn(created_at: object) -> None:
    document = sample.document()
    models = document["connections"][0]["stages"][3]["evidence"]["answers"][0]["answer"]["models"]
    models[0]["created_at"] = created_at

    assert [attempt.label for attempt in timeline(read(document).connections[0]).attempts] == [
        "attempt 2: 200"
    ]


def test_a_connection_no_stage_of_which_began_has_an_empty_axis() -> None:
    document = sample.document()
    for stage in document["connections"][0]["stages"]:
        stage["started_at"] = None

    line = timeline(read(document).connections[0])

    assert (line.total_s, line.attempts) == (0.0, ())
    assert {bar.start_s for bar in line.bars} == {None}


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 ms"), (0.0424, "42 ms"), (1, "1.00 s"), (59.99, "59.99 s"), (119.7, "2 m 0 s")]
)
def test_a_duration_is_as_exact_as_it_is_of_use(value: float, text: str) -> None:
    assert seconds(value) == text
