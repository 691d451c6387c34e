"""What each stage hands to the reports: all that was learned, under names that do not change, and nothing empty."""

from __future__ import annotations

from typing import Any

import pytest
from route_scene import (
    ABSENT,
    ATTEMPT,
    CONNECTION,
    DEADLINE,
    DESTINATION,
    EVENT,
    NOON,
    OTHER_TEAM,
    PROBE,
    REQUEST,
    SOURCE,
    TEAM,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    at,
    attempt,
    before,
    connection_json,
    event,
    expectations,
    failed,
    ignored,
    latest_input,
    refused,
    reply,
    request,
    source_json,
    unreachable,
    window,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.evidence.expect import Limits
from pytest_fasthook.stages import Stage

Facts = dict[str, Any]

ROUTE: Facts = {
    "connection_id": CONNECTION,
    "team_id": TEAM,
    "source_id": SOURCE,
    "destination_id": DESTINATION,
}
TAKEN: Facts = {"http_status": 202, "request_id": REQUEST, "probe_id": PROBE}
DELIVERED: Facts = {
    "event_id": EVENT,
    "event_status": "QUEUED",
    "attempt_id": ATTEMPT,
    "attempts": 1,
    "attempt_ids": (ATTEMPT,),
    "response_status": 200,
}
COUNTED: Facts = {
    "count": 1,
    "finished_count": 1,
    "listed": 1,
    "listed_finished": 1,
    "failed_count": 0,
    "delivered_count": 1,
    "window_start": "2026-06-01T12:00:00.000Z",
    "window_end": "2026-06-01T12:00:00.000Z",
}
INPUT: Facts = {"request_id": REQUEST, "created_at": "2026-06-01T12:00:00.100Z"}


class TestPassed:
    @pytest.mark.parametrize(
        ("stage", "facts"),
        [
            (Stage.PREFLIGHT, ROUTE),
            (Stage.INGRESS, TAKEN | {"status": "accepted", "verified": False}),
            (Stage.BRANCH, {"event_id": EVENT, "status": "QUEUED", "request_id": REQUEST}),
            (Stage.DELIVERY, DELIVERED | {"latency_s": 0.5, "requested_url": "https://shop.example/hooks"}),
            (Stage.LATEST_INPUT, INPUT),
            (Stage.METRICS, COUNTED),
        ],
    )
    def test_a_stage_tells_all_that_it_rests_on(self, stage: Stage, facts: Facts) -> None:
        seen = Scene().connection().sent().request(request()).events(event())
        seen.attempts(attempt(requested_url="https://shop.example/hooks")).latest_input().metrics()

        assert assert_passed(seen.judge(stage)).facts == facts

    def test_a_source_with_auth_tells_its_kind(self) -> None:
        route = connection_json(source=source_json(config={"auth_type": "HMAC"}))
        seen = Scene(expectations(waits=True)).connection(route)

        assert assert_passed(seen.judge(Stage.PREFLIGHT)).facts == ROUTE | {"auth_type": "HMAC"}

    def test_a_newer_input_is_told_as_such(self) -> None:
        newer = latest_input(request_id="req_2", created_at=at(9))
        seen = before(Stage.LATEST_INPUT).latest_input(newer)

        facts = {"request_id": "req_2", "created_at": "2026-06-01T12:00:09.000Z", "newer": True}
        assert assert_passed(seen.judge(Stage.LATEST_INPUT)).facts == facts


class TestEnded:
    def test_a_rejected_request(self) -> None:
        seen = before(Stage.INGRESS).request(request(status="rejected", rejection_cause="QUOTA"))

        ended = assert_ended(seen.judge(Stage.INGRESS), Cause.INGRESS_REJECTED)
        assert ended.facts == TAKEN | {"status": "rejected", "verified": False}

    def test_a_request_whose_signature_was_not_checked(self) -> None:
        route = connection_json(source=source_json(config={"auth_type": "HMAC"}))
        seen = Scene().connection(route).sent().request(request())

        ended = assert_ended(seen.judge(Stage.INGRESS), Cause.INGRESS_REJECTED)
        assert ended.facts == TAKEN | {"status": "accepted", "verified": False}

    def test_a_probe_that_was_never_sent(self) -> None:
        seen = Scene().connection().sent(unreachable("dns"))

        ended = assert_ended(seen.judge(Stage.INGRESS), Cause.INGRESS_UNREACHABLE)
        assert ended.facts == {"probe_id": PROBE}

    def test_a_probe_without_a_record(self) -> None:
        seen = Scene().connection().sent(reply(401)).request(None)

        waiting = assert_waits(seen.judge(Stage.INGRESS), Cause.INGRESS_REJECTED)
        assert waiting.facts == {"http_status": 401, "request_id": REQUEST, "probe_id": PROBE}

    def test_a_held_event(self) -> None:
        seen = before(Stage.BRANCH).events(event(status="HOLD"))

        ended = assert_ended(seen.judge(Stage.BRANCH), Cause.EVENT_HELD)
        assert ended.facts == {"event_id": EVENT, "status": "HOLD", "request_id": REQUEST}

    def test_an_ignored_branch(self) -> None:
        seen = before(Stage.BRANCH).ignored(ignored()).events(when=102.1)

        ended = assert_ended(seen.judge(Stage.BRANCH), Cause.BRANCH_IGNORED)
        assert ended.facts == {"cause": "FILTERED", "ignored_id": "ign_1"}

    def test_a_delivery_that_failed_for_good(self) -> None:
        lost = failed(error_code="TIMEOUT", requested_url="https://shop.example/hooks")
        seen = before(Stage.DELIVERY).events(event(status="FAILED"), when=103.0).attempts(lost, when=103.1)

        ended = assert_ended(seen.judge(Stage.DELIVERY), Cause.DELIVERY_FAILED)
        assert ended.facts == {
            "event_id": EVENT,
            "event_status": "FAILED",
            "attempt_id": "att_failed_1",
            "attempts": 1,
            "attempt_ids": ("att_failed_1",),
            "response_status": 500,
            "error_code": "TIMEOUT",
            "requested_url": "https://shop.example/hooks",
        }

    def test_a_delivery_that_failed_without_an_attempt_tells_what_the_event_says(self) -> None:
        state = event(status="FAILED", response_status=502, error_code="BAD_GATEWAY")
        seen = before(Stage.DELIVERY).events(state, when=103.0).attempts(when=103.1)

        ended = assert_ended(seen.judge(Stage.DELIVERY), Cause.DELIVERY_FAILED)
        assert ended.facts == {
            "event_id": EVENT,
            "event_status": "FAILED",
            "attempts": 0,
            "attempt_ids": (),
            "response_status": 502,
            "error_code": "BAD_GATEWAY",
        }

    def test_a_delivery_that_was_held(self) -> None:
        seen = before(Stage.DELIVERY).events(event(status="HOLD"), when=103.0).attempts(when=103.1)

        ended = assert_ended(seen.judge(Stage.DELIVERY), Cause.EVENT_HELD)
        assert ended.facts == {
            "event_id": EVENT,
            "event_status": "HOLD",
            "attempts": 0,
            "attempt_ids": (),
        }

    @pytest.mark.parametrize(
        ("limits", "cause"),
        [
            (Limits(max_latency_s=0.1), Cause.DELIVERY_SLOW),
            (Limits(response_body={"version": 2}), Cause.WRONG_VERSION),
        ],
    )
    def test_a_delivery_beyond_a_limit(self, limits: Limits, cause: Cause) -> None:
        seen = before(Stage.DELIVERY, limits=limits).attempts(attempt(body={"version": 1}))

        ended = assert_ended(seen.judge(Stage.DELIVERY), cause)
        assert ended.facts == DELIVERED | {"latency_s": 0.5}

    def test_a_delivery_that_is_pending_tells_of_the_newest_attempt(self) -> None:
        seen = before(Stage.DELIVERY).attempts(failed(), failed(2, response_status=503))

        waiting = assert_waits(seen.judge(Stage.DELIVERY), Cause.DELIVERY_PENDING)
        assert waiting.facts is not None
        assert waiting.facts["attempt_id"] == "att_failed_2"
        assert waiting.facts["attempt_ids"] == ("att_failed_1", "att_failed_2")
        assert waiting.facts["response_status"] == 503

    def test_an_input_that_is_not_ours(self) -> None:
        older = latest_input(request_id="req_0", created_at=at(-9))
        seen = before(Stage.LATEST_INPUT).latest_input(older)

        waiting = assert_waits(seen.judge(Stage.LATEST_INPUT), Cause.LATEST_INPUT_STALE)
        assert waiting.facts == {"request_id": "req_0", "created_at": "2026-06-01T11:59:51.000Z"}

    def test_an_input_that_was_changed(self) -> None:
        seen = before(Stage.LATEST_INPUT).latest_input(latest_input(input={"body": {"amount": 8}}))

        ended = assert_ended(seen.judge(Stage.LATEST_INPUT), Cause.LATEST_INPUT_MISMATCH)
        assert ended.facts == INPUT

    def test_too_many_failures(self) -> None:
        seen = before(Stage.METRICS).metrics(window(count=3, listed=2, failed=2, delivered=1))

        ended = assert_ended(seen.judge(Stage.METRICS), Cause.METRICS_FAILURES)
        counted = {"count": 3, "finished_count": 3, "failed_count": 2, "delivered_count": 1}
        assert ended.facts == COUNTED | counted | {"listed": 2, "listed_finished": 2}

    @pytest.mark.parametrize(
        "seen", [window(count=0), window(ours_listed=False), window(count=None), window(failed=1)]
    )
    def test_metrics_that_prove_nothing_yet_tell_what_they_count(self, seen: Any) -> None:
        scene = before(Stage.METRICS)
        scene.attempts(failed(), attempt(attempt_number=2, created_at=at(2)), when=103.5).metrics(seen)
        waiting = scene.judge(Stage.METRICS)

        counted = {"count": seen.count, "finished_count": seen.ended}
        facts = {"failed_count": seen.failed, "delivered_count": seen.delivered}
        assert waiting.facts == COUNTED | counted | facts

    @pytest.mark.parametrize("when", range(1, 4))
    def test_a_series_without_a_count_tells_the_rest(self, when: int) -> None:
        scene = before(Stage.METRICS)
        for _ in range(when):
            scene.metrics(window(count=None, delivered=None))

        facts = scene.judge(Stage.METRICS).facts
        assert facts is not None
        known = {name: value for name, value in facts.items() if value is not None}
        unknown = {"count", "delivered_count", "finished_count"}
        assert known == {n: value for n, value in COUNTED.items() if n not in unknown}

    @pytest.mark.parametrize("stage", [Stage.INGRESS, Stage.BRANCH])
    def test_a_record_of_another_team_tells_whose_it_is(self, stage: Stage) -> None:
        seen = before(stage)
        if stage is Stage.INGRESS:
            seen.request(request(team_id=OTHER_TEAM))
        else:
            seen.events(event(team_id=OTHER_TEAM))

        assert assert_ended(seen.judge(stage), Cause.WRONG_TEAM).facts == {"team_id": OTHER_TEAM}

    @pytest.mark.parametrize("error", [refused(403), unreachable()])
    def test_a_question_without_an_answer_keeps_what_is_known(self, error: Any) -> None:
        seen = before(Stage.INGRESS).request(error, when=DEADLINE)

        ended = seen.judge(Stage.INGRESS, now=DEADLINE)
        assert ended.facts == TAKEN

    def test_a_route_that_is_closed_or_differs(self) -> None:
        paused = Scene().connection(connection_json(paused_at=at(-60)))
        ended = assert_ended(paused.judge(Stage.PREFLIGHT), Cause.CONNECTION_PAUSED)
        assert ended.facts == {"connection_id": CONNECTION, "source_id": SOURCE}

        drifted = Scene(expectations(limits=Limits(rules=({"type": "delay", "delay": 1},)))).connection()
        ended = drifted.progress().results[Stage.PREFLIGHT]
        assert ended.cause is Cause.RULES_DRIFT
        assert ended.message == (
            f"the rules of {CONNECTION} are not those of the rules file: delay: only in the file"
        )
        assert ended.facts == ROUTE | {"differences": 1}

    def test_a_source_without_a_url(self) -> None:
        seen = Scene().connection(connection_json(source=source_json(url=None)))
        seen.source(source_json(url=None))

        ended = assert_ended(seen.judge(Stage.PREFLIGHT), Cause.API_BAD_RESPONSE, SOURCE, "url")
        assert ended.facts == ROUTE

    def test_a_probe_that_cannot_be_made(self) -> None:
        filters = [{"type": "filter", "body": {"a": {"$eq": 1}, "$and": [{"a": {"$eq": 2}}]}}]
        seen = Scene().connection(connection_json(rules=filters))

        ended = assert_ended(seen.judge(Stage.PREFLIGHT), Cause.PAYLOAD_FILTERED)
        assert ended.facts == ROUTE


def test_without_a_date_an_input_tells_none() -> None:
    undated = latest_input(request_id="req_0", created_at=ABSENT)
    seen = before(Stage.LATEST_INPUT).latest_input(undated)

    waiting = assert_waits(seen.judge(Stage.LATEST_INPUT), Cause.LATEST_INPUT_STALE)
    assert waiting.facts == {"request_id": "req_0", "created_at": None}


def test_times_are_told_as_the_server_told_them() -> None:
    seen = before(Stage.METRICS).metrics(window(since=NOON, until=NOON.replace(microsecond=123_456)))

    facts = assert_passed(seen.judge(Stage.METRICS)).facts
    assert facts["window_end"] == "2026-06-01T12:00:00.123Z"
