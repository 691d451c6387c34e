"""Wait mode: nothing is sent, and the first matching real request takes the probe's place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from route_scene import (
    ABSENT,
    CONNECTION,
    DEADLINE,
    NOON,
    REQUEST,
    SOURCE,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    connection_json,
    expectations,
    refused,
    request,
    source_json,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.evidence.log import Ask, Question
from pytest_fasthook.evidence.seen import RequestSeen
from pytest_fasthook.judge import chain
from pytest_fasthook.settings.values import Match
from pytest_fasthook.stages import Stage

PAID = Match("body", ("type",), "paid")
LARGE = Match("headers", ("x-size",), "large")


def waiting(*match: Match) -> Scene:
    sending = replace(expectations().sent, probe=None, match=match)
    return Scene(expectations(sending=sending, waits=True))


def question(scene: Scene) -> Question:
    return chain.request_question(scene.evidence, scene.expect)


def unclear(scene: Scene, count: int) -> Scene:
    seen = RequestSeen(request=None, looked_through=9, complete=True, unclear=count)
    return scene.saw(question(scene), seen, when=DEADLINE)


class TestQuestion:
    def test_it_asks_for_requests_of_the_source(self) -> None:
        asked = question(waiting(PAID).connection())

        assert asked == Question(ask=Ask.AWAITED, source_id=SOURCE, since=NOON, match=(PAID,))

    def test_the_source_may_be_named_by_the_embedded_record_alone(self) -> None:
        bare = connection_json(source_id=ABSENT, source=source_json(id="src_9"))

        assert question(waiting().connection(bare)).source_id == "src_9"
        assert (
            question(waiting().connection(connection_json(source=source_json(id="src_9")))).source_id
            == SOURCE
        )

    @pytest.mark.parametrize(
        "seen", [refused(403), connection_json(source_id=ABSENT, source=ABSENT)], ids=["unread", "no_source"]
    )
    def test_without_a_known_source_it_asks_for_those_of_the_connection(self, seen: Any) -> None:
        asked = question(waiting(PAID).connection(seen))

        assert asked == Question(ask=Ask.AWAITED, connection_id=CONNECTION, since=NOON, match=(PAID,))


def test_a_real_request_that_matches_passes() -> None:
    result = assert_passed(waiting(PAID).connection().request(request()).judge(Stage.INGRESS))

    assert result.facts == {"request_id": REQUEST, "status": "accepted", "verified": False}


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ((), "a real request since 2026-06-01T12:00:00.000Z has not come, expected"),
        ((PAID,), "a real request with body.type=paid since 2026-"),
        ((PAID, LARGE), "a real request with body.type=paid and headers.x-size=large since"),
    ],
)
def test_none_by_the_deadline_is_inconclusive_and_says_what_was_awaited(
    match: tuple[Match, ...], says: str
) -> None:
    scene = waiting(*match).connection()
    assert assert_waits(scene.judge(Stage.INGRESS), Cause.REQUEST_NOT_SEEN).until == DEADLINE

    scene.request(None, when=DEADLINE)

    ended = assert_ended(scene.judge(Stage.INGRESS, now=DEADLINE), Cause.REQUEST_NOT_SEEN, says)
    assert ended.facts == {}


def test_requests_without_a_payload_are_counted_since_they_may_have_been_it() -> None:
    ended = unclear(waiting().connection(), 2).judge(Stage.INGRESS, now=DEADLINE)
    assert_ended(
        ended, Cause.REQUEST_NOT_SEEN, " has not come (2 came without a stored payload to tell by), "
    )

    assert "payload" not in unclear(waiting().connection(), 0).judge(Stage.INGRESS, now=DEADLINE).message


def test_a_probe_route_is_not_needed() -> None:
    """The twin of a probe: in wait mode a source without a URL, or with auth, is none of our business."""
    hidden = connection_json(source=source_json(url=None, config={"auth_type": "HMAC"}))
    scene = Scene(replace(waiting().expect, sending=None)).connection(hidden).source(source_json(url=None))

    assert_passed(scene.judge(Stage.PREFLIGHT))

    probing = Scene(replace(expectations(), sending=None)).connection(hidden).source(source_json(url=None))
    assert_ended(probing.judge(Stage.PREFLIGHT), Cause.API_BAD_RESPONSE, "no url")
