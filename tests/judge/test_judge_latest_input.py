"""Latest input: the newest input is our request's with the body we sent, or a newer one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from route_scene import (
    ABSENT,
    BODY,
    CONNECTION,
    DEADLINE,
    PROBE,
    REQUEST,
    SENT_BODY,
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
    latest_input,
    rate_limited,
    refused,
    request,
    unreachable,
    unreadable,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import LatestInputAnswer
from pytest_fasthook.errors import ApiError
from pytest_fasthook.judge.findings import Finding
from pytest_fasthook.stages import Stage

STAGE = Stage.LATEST_INPUT
OTHER = "req_2"
CHANGED = {**BODY, "amount": 8}
EMPTY = LatestInputAnswer.model_validate({"connection_id": CONNECTION, "latest_input": None})


def judged(**changes: Any) -> Finding:
    return before(STAGE).latest_input(latest_input(**changes)).judge(STAGE)


def sent(body: bytes) -> Scene:
    """A scene whose probe has another body."""
    sending = expectations().sent
    assert sending.probe is not None
    return before(STAGE, sending=replace(sending, probe=replace(sending.probe, body=body)))


def test_our_input_with_our_body_passes() -> None:
    result = assert_passed(judged())

    assert REQUEST in result.message
    assert result.facts["request_id"] == REQUEST


def test_our_input_with_another_body_is_a_mismatch() -> None:
    ended = assert_ended(judged(input={"headers": {}, "body": CHANGED}), Cause.LATEST_INPUT_MISMATCH)

    assert CONNECTION in ended.message
    assert REQUEST in ended.message
    assert "body.amount: stored 8, sent 7" in ended.message


LAYOUTS: dict[str, Callable[[object], object]] = {
    "envelope": lambda body: {"headers": {}, "query": {}, "path": "/", "method": "POST", "body": body},
    "body_alone": lambda body: {"body": body},
    "nested_envelope": lambda body: {"data": {"headers": {}, "body": body}},
    "bare": lambda body: body,
    "bare_text": json.dumps,
    "text_in_envelope": lambda body: {"headers": {}, "body": json.dumps(body)},
    "base64_in_envelope": lambda body: {"headers": {}, "body": encoded(body)},
    "envelope_as_text": lambda body: json.dumps({"headers": {}, "body": body}),
}


def encoded(body: object) -> str:
    return base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_body_is_found_in_any_likely_layout(layout: str) -> None:
    store = LAYOUTS[layout]

    assert_passed(judged(input=store(BODY)))
    assert_ended(judged(input=store(CHANGED)), Cause.LATEST_INPUT_MISMATCH, REQUEST)


@pytest.mark.parametrize(
    "body",
    [
        {"path": "/refunds", "amount": 1},
        {"data": {"body": "hello", "to": "x"}},
        {"data": {"method": "card", "total": 3}},
        {"body": "hello", "headers": {"x": 1}},
        {"body": {"body": 1}},
    ],
    ids=["path", "data_body", "data_method", "body_headers", "body"],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_body_that_looks_like_an_envelope_is_still_found(body: Json, layout: str) -> None:
    scene = sent(json.dumps(body, separators=(",", ":")).encode())

    assert_passed(scene.latest_input(latest_input(input=LAYOUTS[layout](body))).judge(STAGE))


@pytest.mark.parametrize(
    "stored", [None, ABSENT, {"headers": {}, "path": "/"}], ids=["null", "absent", "no_body"]
)
def test_an_input_without_a_body_is_neither_right_nor_wrong(stored: object) -> None:
    """A large body is stored elsewhere and may be left out."""
    scene = before(STAGE).latest_input(latest_input(input=stored))
    assert_waits(scene.judge(STAGE), Cause.LATEST_INPUT_STALE)

    scene.latest_input(latest_input(input=stored), when=DEADLINE)

    assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.LATEST_INPUT_STALE, REQUEST)


def test_a_body_that_is_null_is_wrong() -> None:
    assert_ended(judged(input={"headers": {}, "body": None}), Cause.LATEST_INPUT_MISMATCH, "null")


@pytest.mark.parametrize(
    "stored", [{"headers": {}}, {"headers": {}, "body": None}, {"headers": {}, "body": ""}]
)
def test_an_empty_body_is_found_in_an_envelope_without_one(stored: Json) -> None:
    scene = sent(b"")

    assert_passed(scene.latest_input(latest_input(input=stored)).judge(STAGE))


def test_an_input_that_is_null_does_not_show_an_empty_body() -> None:
    scene = sent(b"").latest_input(latest_input(input=None))

    assert_waits(scene.judge(STAGE), Cause.LATEST_INPUT_STALE)


def test_an_empty_body_that_was_filled_is_a_mismatch() -> None:
    filled = latest_input(input={"headers": {}, "body": "x"})

    assert_ended(sent(b"").latest_input(filled).judge(STAGE), Cause.LATEST_INPUT_MISMATCH, "x")


class TestOtherInputs:
    def test_a_newer_one_passes(self) -> None:
        result = assert_passed(judged(request_id=OTHER, created_at=at(0.2)))

        assert result.facts["newer"] is True
        assert OTHER in result.message

    @pytest.mark.parametrize(
        "changes",
        [
            {"created_at": at(0.0)},
            {"created_at": at(0.1)},
            {"created_at": None},
            {"created_at": ABSENT},
            {"created_at": "yesterday"},
        ],
        ids=["older", "same_moment", "null", "absent", "unreadable"],
    )
    def test_one_that_is_not_surely_newer_is_waited_on(self, changes: Json) -> None:
        answer = latest_input(**{"request_id": OTHER, **changes})
        scene = before(STAGE).latest_input(answer)
        assert_waits(scene.judge(STAGE), Cause.LATEST_INPUT_STALE)

        scene.latest_input(answer, when=DEADLINE)

        assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.LATEST_INPUT_STALE, CONNECTION, OTHER, REQUEST)

    def test_one_without_a_request_may_be_ours_and_is_not_newer(self) -> None:
        assert_waits(judged(request_id=ABSENT, created_at=at(5)), Cause.LATEST_INPUT_STALE)

    def test_nothing_is_newer_than_a_request_without_dates(self) -> None:
        scene = Scene().connection().sent().request(request(ingested_at=ABSENT, created_at=ABSENT))
        scene.events(event()).attempts(attempt())

        newer = latest_input(request_id=OTHER, created_at=at(5))
        assert_waits(scene.latest_input(newer).judge(STAGE), Cause.LATEST_INPUT_STALE)


def test_a_mismatch_is_not_mended_by_a_newer_input() -> None:
    scene = before(STAGE).latest_input(latest_input(input={"body": CHANGED}))
    scene.latest_input(latest_input(request_id=OTHER, created_at=at(9)), when=109.0)

    assert_ended(scene.judge(STAGE), Cause.LATEST_INPUT_MISMATCH, REQUEST)


class TestLastLook:
    def test_an_empty_input_is_stale(self) -> None:
        scene = before(STAGE).latest_input(EMPTY, when=DEADLINE)

        assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.LATEST_INPUT_STALE, CONNECTION, REQUEST, "empty")

    def test_our_input_passes(self) -> None:
        scene = before(STAGE).latest_input(EMPTY).latest_input(when=DEADLINE)

        assert_passed(scene.judge(STAGE, now=DEADLINE))

    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            (unreachable(), Cause.API_UNREACHABLE),
            (rate_limited(), Cause.API_RATE_LIMITED),
            (unreadable(), Cause.API_BAD_RESPONSE),
        ],
    )
    def test_no_answer_is_an_error(self, error: ApiError, cause: Cause) -> None:
        scene = before(STAGE).latest_input(EMPTY).latest_input(error, when=DEADLINE)

        assert_ended(scene.judge(STAGE, now=DEADLINE), cause, REQUEST, str(error))


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, Cause.API_UNAUTHORIZED),
        (403, Cause.API_FORBIDDEN),
        (404, Cause.CONNECTION_NOT_FOUND),
        (409, Cause.API_BAD_RESPONSE),
    ],
)
def test_an_api_that_refuses_ends_at_once(status: int, cause: Cause) -> None:
    assert_ended(before(STAGE).latest_input(refused(status)).judge(STAGE), cause, CONNECTION, str(status))


class TestWaitMode:
    """Nothing was sent: what was stored of the real request is all that there is to compare with."""

    @staticmethod
    def judged(stored: Any, data: Any) -> Finding:
        sending = replace(expectations().sent, probe=None)
        scene = Scene(expectations(sending=sending, waits=True)).connection()
        scene.request(request(data=data)).events(event()).attempts(attempt())
        return scene.latest_input(latest_input(input=stored)).judge(STAGE)

    @pytest.mark.parametrize("body", [BODY, json.dumps(BODY), "plain", 7, None, []])
    def test_the_stored_body_passes_and_another_does_not(self, body: object) -> None:
        same, other = {"headers": {}, "body": body}, {"headers": {}, "body": "other"}

        assert_passed(self.judged(same, same))
        assert_ended(self.judged(other, same), Cause.LATEST_INPUT_MISMATCH, REQUEST)

    @pytest.mark.parametrize("data", [ABSENT, None, {"headers": {}}, "text"])
    def test_without_a_stored_body_it_passes_with_a_warning(self, data: object) -> None:
        result = assert_passed(self.judged({"headers": {}, "body": BODY}, data))

        assert any("not compared" in warning for warning in result.warnings)


def test_a_body_of_the_scene_is_the_one_that_was_sent() -> None:
    assert json.loads(SENT_BODY) == BODY
    assert BODY["fasthook_probe"] == PROBE
