"""A run that goes on watching the probe of an earlier one: of its body only the digest is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from route_scene import (
    BODY,
    NOON,
    PROBE,
    REQUEST,
    SENT_BODY,
    SOURCE,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    event,
    expectations,
    latest_input,
    reply,
    request,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding
from pytest_fasthook.settings.saved_run import SavedProbe, body_digest
from pytest_fasthook.stages import Stage

EARLIER = NOON - timedelta(minutes=10)


def resumed(body: bytes | None = SENT_BODY, *, request_id: str | None = REQUEST) -> Scene:
    saved = SavedProbe(
        source_id=SOURCE,
        probe_id=PROBE,
        request_id=request_id,
        sent_at=EARLIER,
        window_start=EARLIER,
        body_sha256=None if body is None else body_digest(body),
    )
    return Scene(expectations(sending=replace(expectations().sent, saved=saved))).connection()


def stored(body: Any, *, sent: bytes | None = SENT_BODY) -> Finding:
    scene = resumed(sent).request(request()).events(event())
    return scene.latest_input(latest_input(input={"headers": {}, "body": body})).judge(Stage.LATEST_INPUT)


def test_its_request_is_asked_for_by_the_id_that_was_found_then() -> None:
    asked = chain.request_question(resumed().evidence, resumed().expect)

    assert (asked.request_id, asked.probe_id, asked.source_id) == (REQUEST, PROBE, SOURCE)
    assert asked.since == EARLIER - timedelta(seconds=60)


def test_without_one_by_the_marker_until_the_deadline() -> None:
    scene = resumed(request_id=None)

    waiting = assert_waits(scene.judge(Stage.INGRESS), Cause.REQUEST_NOT_SEEN)
    assert waiting.until == scene.expect.deadline
    assert waiting.questions[0].request_id is None


def test_an_answer_of_this_run_goes_before_what_was_saved() -> None:
    scene = resumed().sent(reply(request_id="req_new"))

    assert chain.request_question(scene.evidence, scene.expect).request_id == "req_new"


@pytest.mark.parametrize("body", [BODY, json.dumps(BODY), dict(reversed(BODY.items()))])
def test_an_input_with_the_same_digest_passes(body: Any) -> None:
    assert assert_passed(stored(body)).message.endswith(", unchanged")


def test_an_input_with_another_digest_is_a_mismatch_and_names_both() -> None:
    other = {**BODY, "amount": 8}

    ended = assert_ended(stored(other), Cause.LATEST_INPUT_MISMATCH, REQUEST)
    found, sent = body_digest(json.dumps(other).encode()), body_digest(SENT_BODY)
    assert f"its digest is {found[:12]}…, that of the body sent {sent[:12]}…" in ended.message


@pytest.mark.parametrize("text", ["plain", "a lone \ud800", "<xml/>"])
def test_a_body_that_is_no_json_is_compared_as_text(text: str) -> None:
    sent = text.encode("utf-8", "surrogatepass")

    assert_passed(stored(text, sent=sent))
    assert_ended(stored(f"{text}!", sent=sent), Cause.LATEST_INPUT_MISMATCH)


def test_without_a_digest_the_stored_request_says_what_was_sent() -> None:
    """As it does for the real request of a resumed wait, whose body was never ours."""
    sending = replace(resumed(None).expect.sent, probe=None)
    scene = Scene(expectations(sending=sending)).connection().request(request(data={"body": BODY}))
    scene.events(event()).latest_input(latest_input(input={"body": {**BODY, "amount": 8}}))

    ended = scene.judge(Stage.LATEST_INPUT)
    assert_ended(ended, Cause.LATEST_INPUT_MISMATCH, "body.amount: stored 8, sent 7")
