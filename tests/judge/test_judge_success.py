"""What an attempt must be to prove delivery, and which attempt came first."""

from __future__ import annotations

from typing import Any

import pytest
from route_scene import (
    ABSENT,
    Scene,
    at,
    attempt,
    before,
    connection_json,
    event,
    expectations,
    failed,
    request,
)

from pytest_fasthook.evidence.expect import Limits
from pytest_fasthook.judge.success import came_before, latency, latency_limit, succeeded
from pytest_fasthook.stages import Stage


@pytest.mark.parametrize(
    ("changes", "proves"),
    [
        ({}, True),
        ({"response_status": 299}, True),
        ({"response_status": 300}, False),
        ({"response_status": 199}, False),
        ({"response_status": None}, True),
        ({"response_status": None, "error_code": "TIMEOUT"}, False),
        ({"error_code": "ODD"}, True),
        ({"status": "FAILED"}, False),
    ],
)
def test_a_success_is_said_by_the_status_and_not_contradicted(changes: dict[str, Any], proves: bool) -> None:  # noqa: FBT001 - a column of the table
    assert succeeded(attempt(**changes)) is proves


@pytest.mark.parametrize(
    ("one", "other", "first"),
    [
        ((at(1), 2), (at(2), 1), True),
        ((at(2), 1), (at(1), 2), False),
        ((at(1), 1), (at(1), 2), True),
        ((at(1), 2), (at(1), 1), False),
        ((at(1), 1), (None, 2), True),
        ((None, 2), (at(1), 1), False),
        ((None, 1), (None, 2), True),
        ((at(1), 1), (at(1), 1), None),
        ((None, None), (at(1), 1), None),
        ((at(1), 1), (None, None), None),
    ],
)
def test_dates_tell_which_came_first_and_numbers_where_they_do_not(
    one: tuple[str | None, int | None], other: tuple[str | None, int | None], *, first: bool | None
) -> None:
    failure = failed(created_at=one[0], attempt_number=one[1])
    success = attempt(created_at=other[0], attempt_number=other[1])

    assert came_before(failure, success) is first


def test_without_a_success_every_failure_came_before() -> None:
    assert came_before(failed(), None) is True


DATES = {"successful_at": at(1), "delivered_at": at(2), "responded_at": at(3), "created_at": at(4)}


@pytest.mark.parametrize(("known", "seconds"), [(4, 0.9), (3, 1.9), (2, 2.9), (1, 3.9), (0, None)])
def test_latency_ends_at_the_most_exact_date_of_the_success(known: int, seconds: float | None) -> None:
    dates = {name: date if 4 - place <= known else ABSENT for place, (name, date) in enumerate(DATES.items())}
    scene = before(Stage.DELIVERY)

    took = latency(attempt(**dates), event(), scene.evidence, scene.expect)
    assert took == (None if seconds is None else pytest.approx(seconds))


def test_latency_begins_where_the_event_says_if_the_request_does_not() -> None:
    undated = request(ingested_at=ABSENT, created_at=ABSENT)
    scene = before(Stage.INGRESS).request(undated).events(event(ingested_at=at(0.2)))

    found = latency(attempt(), event(ingested_at=at(0.2)), scene.evidence, scene.expect)
    assert found == pytest.approx(0.4)
    assert latency(attempt(), event(), scene.evidence, scene.expect) is None


def test_a_limit_is_lengthened_by_the_routes_delay() -> None:
    delayed = connection_json(rules=[{"type": "delay", "delay": 3000}])
    for limits, route, seconds in (
        (Limits(max_latency_s=2.0), delayed, 5.0),
        (Limits(max_latency_s=2.0), connection_json(), 2.0),
        (Limits(), delayed, None),
    ):
        scene = Scene(expectations(limits=limits)).connection(route)
        assert latency_limit(scene.evidence, scene.expect) == seconds
    unread = Scene(expectations(limits=Limits(max_latency_s=2.0)))
    assert latency_limit(unread.evidence, unread.expect) == 2.0
