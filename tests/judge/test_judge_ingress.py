"""Ingress: the request record decides, the answer of the source URL is only a hint."""

from __future__ import annotations

from typing import Any

import pytest
from route_scene import (
    ABSENT,
    DEADLINE,
    OTHER_TEAM,
    PROBE,
    REQUEST,
    SENT_AT,
    SOURCE,
    TEAM,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    connection_json,
    expectations,
    rate_limited,
    refused,
    reply,
    request,
    source_json,
    unreachable,
    unreadable,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.errors import ApiError, UnreachableReason
from pytest_fasthook.judge.ingress import PATIENCE_S
from pytest_fasthook.stages import Stage

STAGE = Stage.INGRESS
PATIENT_UNTIL = SENT_AT + PATIENCE_S
AUTH = {"auth_type": "HMAC"}
SPEAKS_FOR_ITSELF = [{"custom_response": {"status": 418}}, {"mode": "proxy"}]


def sent(answer: Any = None, *, config: Any = None) -> Scene:
    """The probe is on its way; what the source answered is the one fact that tests change."""
    route = connection_json(source=source_json(config=config))
    return Scene(expectations()).connection(route).sent(answer)


def test_an_accepted_request_passes() -> None:
    result = assert_passed(sent().request(request()).judge(STAGE))

    assert result.message == f"request {REQUEST} accepted"
    assert result.facts["request_id"] == REQUEST
    assert result.facts["http_status"] == 202
    assert result.facts["probe_id"] == PROBE


@pytest.mark.parametrize(
    ("changes", "cause", "says"),
    [
        (
            {"status": "rejected", "rejection_cause": "SOURCE_DISABLED"},
            Cause.INGRESS_REJECTED,
            "SOURCE_DISABLED",
        ),
        ({"status": "rejected"}, Cause.INGRESS_REJECTED, "no cause"),
        ({"status": "refused", "rejection_cause": "QUOTA"}, Cause.INGRESS_REJECTED, "QUOTA"),
        ({"status": ABSENT, "rejection_cause": "QUOTA"}, Cause.INGRESS_REJECTED, "QUOTA"),
        ({"team_id": OTHER_TEAM}, Cause.WRONG_TEAM, OTHER_TEAM),
    ],
    ids=["rejected", "no_cause", "unknown_status_with_cause", "cause_alone", "team"],
)
def test_a_record_that_says_no_ends_at_once(changes: dict[str, Any], cause: Cause, says: str) -> None:
    assert_ended(sent().request(request(**changes)).judge(STAGE), cause, REQUEST, says)


@pytest.mark.parametrize("status", [None, ABSENT, "pending", "ACCEPTED!", 1])
def test_a_status_that_is_not_known_is_neither_yes_nor_no(status: object) -> None:
    scene = sent().request(request(status=status))
    assert_waits(scene.judge(STAGE), Cause.REQUEST_NOT_SEEN)

    scene.request(request(status=status), when=DEADLINE)

    assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.REQUEST_NOT_SEEN, REQUEST, "accepted")


def test_a_record_that_contradicts_itself_is_neither_yes_nor_no() -> None:
    scene = sent().request(request(rejection_cause="SOURCE_AUTH_FAILED"), when=DEADLINE)

    assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.REQUEST_NOT_SEEN, REQUEST, "SOURCE_AUTH_FAILED")


@pytest.mark.parametrize("status", [401, 503])
def test_a_record_that_is_there_decides_over_the_answer_even_while_it_cannot_be_read(status: int) -> None:
    waiting = assert_waits(
        sent(reply(status)).request(request(status="pending")).judge(STAGE), Cause.REQUEST_NOT_SEEN
    )

    assert waiting.until == DEADLINE


def test_a_status_that_becomes_known_decides() -> None:
    scene = sent().request(request(status="pending")).request(request(), when=102.0)

    assert_passed(scene.judge(STAGE))


def test_a_record_once_seen_is_not_lost_by_a_later_look_that_misses_it() -> None:
    """A page can be partial; the twin is a record that was never there."""
    assert_passed(sent().request(request()).request(None, when=102.0).judge(STAGE))
    assert_waits(sent().request(None).request(None, when=102.0).judge(STAGE), Cause.REQUEST_NOT_SEEN)


class TestSourceWithAuth:
    def test_accepted_and_verified_passes(self) -> None:
        result = assert_passed(sent(config=AUTH).request(request(verified=True)).judge(STAGE))

        assert result.message == f"request {REQUEST} accepted and verified"

    def test_accepted_but_not_verified_fails(self) -> None:
        scene = sent(config=AUTH).request(request(verified=False))

        assert_ended(scene.judge(STAGE), Cause.INGRESS_REJECTED, REQUEST, SOURCE, "HMAC", "verified")

    @pytest.mark.parametrize("verified", [None, ABSENT, "yes"])
    def test_a_record_that_does_not_say_is_neither_yes_nor_no(self, verified: object) -> None:
        scene = sent(config=AUTH).request(request(verified=verified), when=DEADLINE)

        assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.REQUEST_NOT_SEEN, REQUEST, "verified")

    @pytest.mark.parametrize("config", [None, {}, {"auth_type": None}, {"auth_type": "NONE"}])
    @pytest.mark.parametrize("verified", [False, ABSENT])
    def test_without_auth_nobody_asks(self, config: object, verified: object) -> None:
        assert_passed(sent(config=config).request(request(verified=verified)).judge(STAGE))

    def test_auth_that_is_spelled_inside_its_settings_is_auth(self) -> None:
        """The twin: FastHook does not publish where the kind stands."""
        inside = {"auth": {"type": "HMAC", "header": "x-signature"}}
        scene = sent(config=inside).request(request(verified=False))

        assert_ended(scene.judge(STAGE), Cause.INGRESS_REJECTED, REQUEST, "HMAC")


@pytest.mark.parametrize("config", SPEAKS_FOR_ITSELF)
@pytest.mark.parametrize("status", [200, 401, 404, 418, 503])
def test_an_accepted_request_passes_whatever_the_source_answers(config: object, status: int) -> None:
    scene = sent(reply(status, request_id=None), config=config).request(request())

    assert_passed(scene.judge(STAGE))


@pytest.mark.parametrize("config", SPEAKS_FOR_ITSELF)
def test_an_id_in_an_answer_that_is_not_fasthooks_is_not_believed(config: object) -> None:
    """A custom or proxied answer may hold somebody's own request_id: the marker finds the record."""
    scene = sent(reply(200, request_id="their-own-id"), config=config)
    waiting = assert_waits(scene.judge(STAGE), Cause.REQUEST_NOT_SEEN)

    assert waiting.questions[0].request_id is None
    assert waiting.questions[0].probe_id == PROBE


def test_the_id_in_fasthooks_own_answer_finds_the_record() -> None:
    waiting = assert_waits(sent().judge(STAGE), Cause.REQUEST_NOT_SEEN)

    assert waiting.questions[0].request_id == REQUEST


HINTS = [
    (200, None, Cause.REQUEST_NOT_SEEN, DEADLINE),
    (202, None, Cause.REQUEST_NOT_SEEN, DEADLINE),
    (401, None, Cause.INGRESS_REJECTED, PATIENT_UNTIL),
    (405, None, Cause.INGRESS_REJECTED, PATIENT_UNTIL),
    (403, None, Cause.REQUEST_NOT_SEEN, DEADLINE),
    (413, None, Cause.REQUEST_NOT_SEEN, DEADLINE),
    (429, None, Cause.REQUEST_NOT_SEEN, DEADLINE),
    (308, None, Cause.REQUEST_NOT_SEEN, DEADLINE),
    (404, None, Cause.INGRESS_UNREACHABLE, PATIENT_UNTIL),
    (500, None, Cause.INGRESS_UNREACHABLE, PATIENT_UNTIL),
    (503, None, Cause.INGRESS_UNREACHABLE, PATIENT_UNTIL),
    (401, SPEAKS_FOR_ITSELF[0], Cause.INGRESS_REJECTED, DEADLINE),
    (503, SPEAKS_FOR_ITSELF[1], Cause.INGRESS_UNREACHABLE, DEADLINE),
    (401, ABSENT, Cause.INGRESS_REJECTED, DEADLINE),
    (503, ABSENT, Cause.INGRESS_UNREACHABLE, DEADLINE),
]


@pytest.mark.parametrize(("status", "config", "cause", "until"), HINTS)
def test_without_a_record_the_answer_decides_after_a_patient_look(
    status: int, config: object, cause: Cause, until: float
) -> None:
    """The longer, the less is known of what the source answers to a request that it takes."""
    scene = sent(reply(status, request_id=None), config=config).request(None, when=until - 0.1)
    waiting = assert_waits(scene.judge(STAGE, now=until - 0.1), cause)
    assert waiting.until == until

    scene.request(None, when=until)

    assert_ended(scene.judge(STAGE, now=until), cause, PROBE, str(status))


@pytest.mark.parametrize(("status", "config", "cause", "until"), HINTS)
def test_a_record_at_the_last_look_passes_all_the_same(
    status: int,
    config: object,
    cause: Cause,
    until: float,
) -> None:
    scene = sent(reply(status, request_id=None), config=config).request(request(), when=until)

    assert_passed(scene.judge(STAGE, now=until))


@pytest.mark.parametrize("reason", ["connect", "dns", "tls"])
def test_a_probe_that_was_never_sent_ends_at_once(reason: UnreachableReason) -> None:
    error = unreachable(reason)

    assert_ended(sent(error).judge(STAGE), Cause.INGRESS_UNREACHABLE, PROBE, str(error))


@pytest.mark.parametrize("error", [unreachable("timeout"), unreachable("reset"), unreadable()])
class TestSentIntoTheDark:
    """No answer, but the probe may have arrived: its record is looked for before anything is said."""

    def test_a_record_passes(self, error: ApiError) -> None:
        assert_passed(sent(error).request(request()).judge(STAGE))

    def test_no_record_is_unreachable_after_a_patient_look(self, error: ApiError) -> None:
        scene = sent(error)
        waiting = assert_waits(scene.judge(STAGE), Cause.INGRESS_UNREACHABLE)
        assert waiting.until == PATIENT_UNTIL

        scene.request(None, when=PATIENT_UNTIL)

        ended = scene.judge(STAGE, now=PATIENT_UNTIL)
        assert_ended(ended, Cause.INGRESS_UNREACHABLE, PROBE, str(error))


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (unreachable(), Cause.API_UNREACHABLE),
        (rate_limited(), Cause.API_RATE_LIMITED),
        (unreadable(), Cause.API_BAD_RESPONSE),
    ],
)
def test_a_last_look_without_an_answer_is_an_error(error: ApiError, cause: Cause) -> None:
    """The twin of a last look that was answered, which is inconclusive."""
    scene = sent().request(None).request(error, when=DEADLINE)

    assert_ended(scene.judge(STAGE, now=DEADLINE), cause, PROBE, str(error))


def test_a_last_look_that_finds_nothing_is_inconclusive() -> None:
    scene = sent().request(unreachable()).request(None, when=DEADLINE)

    assert_ended(scene.judge(STAGE, now=DEADLINE), Cause.REQUEST_NOT_SEEN, PROBE)


def test_before_the_last_look_nothing_is_said() -> None:
    """The look before the deadline is not the last one, however late it is judged."""
    scene = sent().request(None, when=DEADLINE - 0.01)

    assert_waits(scene.judge(STAGE, now=DEADLINE + 5), Cause.REQUEST_NOT_SEEN)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, Cause.API_UNAUTHORIZED),
        (403, Cause.API_FORBIDDEN),
        (400, Cause.API_BAD_RESPONSE),
        (404, Cause.API_BAD_RESPONSE),
    ],
)
def test_an_api_that_refuses_to_show_requests_ends_at_once(status: int, cause: Cause) -> None:
    assert_ended(sent().request(refused(status)).judge(STAGE), cause, PROBE, str(status))


def test_a_request_of_another_team_proves_nothing_even_if_accepted() -> None:
    result = assert_ended(
        sent().request(request(team_id=OTHER_TEAM)).judge(STAGE), Cause.WRONG_TEAM, OTHER_TEAM, TEAM
    )

    assert result.facts["team_id"] == OTHER_TEAM


def test_a_request_that_names_no_team_is_judged_by_the_rest() -> None:
    assert_passed(sent().request(request(team_id=ABSENT)).judge(STAGE))
