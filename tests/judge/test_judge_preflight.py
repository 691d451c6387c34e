"""Preflight: the route exists under our team, is open, and a probe for it can be made.

Every row of a table changes one fact of a route that passes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from route_scene import (
    ABSENT,
    CONNECTION,
    DESTINATION,
    OTHER_TEAM,
    PREFLIGHT_DEADLINE,
    SOURCE,
    TEAM,
    Json,
    Scene,
    assert_ended,
    assert_passed,
    assert_waits,
    at,
    connection_json,
    destination_json,
    expectations,
    rate_limited,
    refused,
    source_json,
    unreachable,
    unreadable,
)

from pytest_fasthook.causes import Cause
from pytest_fasthook.errors import ApiError
from pytest_fasthook.evidence.log import Ask
from pytest_fasthook.judge.findings import Finding
from pytest_fasthook.probe.probe import Plan
from pytest_fasthook.redact import Secret
from pytest_fasthook.stages import Stage

HMAC = {"auth_type": "HMAC", "auth": {"header_name": "x-signature", "algorithm": "sha256"}}
WANTS_ORDERS = [{"type": "filter", "body": {"type": "order"}}]


def unsent(**changes: Any) -> Scene:
    return Scene(replace(expectations(), sending=None, **changes))


def judged(connection: Json, *, plan: Plan | None = None) -> Finding:
    return unsent(plan=plan or Plan()).connection(connection).judge(Stage.PREFLIGHT)


def with_source(**changes: Any) -> Json:
    return connection_json(source=source_json(**changes))


def with_destination(**changes: Any) -> Json:
    return connection_json(destination=destination_json(**changes))


def test_an_open_route_under_our_team_passes() -> None:
    result = assert_passed(judged(connection_json()))

    assert result.message == f"orders → orders-to-shop → shop: enabled, not paused, under team {TEAM}"
    assert result.warnings == ()
    assert result.facts["team_id"] == TEAM
    assert result.facts["source_id"] == SOURCE
    assert result.facts["destination_id"] == DESTINATION


@pytest.mark.parametrize(
    ("connection", "cause", "says"),
    [
        pytest.param(connection_json(paused_at=at(-60)), Cause.CONNECTION_PAUSED, CONNECTION, id="paused"),
        pytest.param(
            connection_json(disabled_at=at(-60)), Cause.CONNECTION_DISABLED, CONNECTION, id="disabled"
        ),
        pytest.param(with_source(status="disabled"), Cause.SOURCE_DISABLED, SOURCE, id="source_disabled"),
        pytest.param(with_source(status="DISABLED"), Cause.SOURCE_DISABLED, SOURCE, id="source_DISABLED"),
        pytest.param(
            with_source(status=ABSENT, disabled_at=at(-60)), Cause.SOURCE_DISABLED, SOURCE, id="old_source"
        ),
        pytest.param(with_source(disabled_at=at(-60)), Cause.SOURCE_DISABLED, SOURCE, id="source_says_both"),
        pytest.param(with_source(status="draining"), Cause.API_BAD_RESPONSE, "draining", id="source_unknown"),
        pytest.param(
            with_destination(disabled_at=at(-60)), Cause.DESTINATION_DISABLED, DESTINATION, id="destination"
        ),
        pytest.param(
            with_destination(status="disabled"), Cause.DESTINATION_DISABLED, DESTINATION, id="destination_old"
        ),
        pytest.param(
            with_destination(status="draining"), Cause.API_BAD_RESPONSE, "draining", id="destination_unknown"
        ),
        pytest.param(connection_json(team_id=OTHER_TEAM), Cause.WRONG_TEAM, OTHER_TEAM, id="team"),
        pytest.param(with_source(team_id=OTHER_TEAM), Cause.WRONG_TEAM, OTHER_TEAM, id="team_of_source"),
        pytest.param(
            with_destination(team_id=OTHER_TEAM), Cause.WRONG_TEAM, OTHER_TEAM, id="team_of_destination"
        ),
        pytest.param(with_source(config=HMAC), Cause.SOURCE_SECRET_MISSING, SOURCE, id="no_secret"),
        pytest.param(
            with_source(config={"auth_type": "RETINA_SCAN"}),
            Cause.SOURCE_SECRET_MISSING,
            "RETINA_SCAN",
            id="unknown_auth",
        ),
    ],
)
def test_a_route_that_lets_nothing_through_ends_at_once(connection: Json, cause: Cause, says: str) -> None:
    assert_ended(judged(connection), cause, says)


@pytest.mark.parametrize(
    ("connection", "sentence"),
    [
        (with_source(status="disabled"), f"source {SOURCE} is disabled, expected enabled"),
        (
            connection_json(disabled_at=at(0)),
            f"connection {CONNECTION} is disabled since 2026-06-01T12:00:00.000Z, expected enabled",
        ),
        (
            with_destination(status="disabled"),
            f"destination {DESTINATION} of connection {CONNECTION} is disabled, expected enabled",
        ),
        (
            connection_json(paused_at=at(0)),
            f"connection {CONNECTION} is paused since {at(0)}, so that its events are held, expected no pause",
        ),
        (
            with_source(status="draining"),
            f"source {SOURCE} has the unknown status 'draining', expected enabled",
        ),
        (
            with_destination(status="draining"),
            f"destination {DESTINATION} has the unknown status 'draining', expected enabled",
        ),
    ],
)
def test_what_is_closed_is_told_with_what_was_expected(connection: Json, sentence: str) -> None:
    finding = judged(connection)

    assert finding.message == sentence
    assert finding.facts == {"connection_id": CONNECTION, "source_id": SOURCE}


def test_what_closes_the_source_is_told_before_what_it_closes() -> None:
    """Disabling a source disables its connections as well."""
    closed = with_source(status="disabled") | {"disabled_at": at(-60), "paused_at": at(-60)}

    assert_ended(judged(closed), Cause.SOURCE_DISABLED, SOURCE)


@pytest.mark.parametrize(
    "connection",
    [
        with_source(disabled_at=ABSENT),
        with_source(status="ENABLED"),
        with_destination(status="enabled"),
        connection_json(name=ABSENT, description="x", unheard_of={"a": 1}),
        connection_json(source_id=ABSENT, destination_id=ABSENT),
        connection_json(rules=None),
        connection_json(paused_at=ABSENT, disabled_at=ABSENT),
    ],
    ids=[
        "old_source",
        "loud_source",
        "old_destination",
        "strange",
        "only_embedded",
        "no_rules",
        "no_moments",
    ],
)
def test_older_and_richer_shapes_of_an_open_route_pass(connection: Json) -> None:
    assert_passed(judged(connection))


def test_a_signed_source_passes_with_its_secret() -> None:
    plan = Plan(secrets={"": Secret("s3cret")})

    assert assert_passed(judged(with_source(config=HMAC), plan=plan)).facts["auth_type"] == "HMAC"


def test_a_payload_that_the_filter_takes_passes_and_another_is_filtered() -> None:
    filtered = connection_json(rules=WANTS_ORDERS)

    assert_passed(judged(filtered, plan=Plan(payload=b'{"type": "order"}')))
    refusal = judged(filtered, plan=Plan(payload=b'{"type": "refund"}'))
    assert_ended(refusal, Cause.PAYLOAD_FILTERED, CONNECTION)


def test_a_rule_that_is_not_understood_is_left_to_the_service_and_said() -> None:
    result = assert_passed(judged(connection_json(rules=[{"type": "teleport"}])))

    assert any("teleport" in warning for warning in result.warnings)


def test_a_connection_that_names_no_team_passes_with_a_warning() -> None:
    result = assert_passed(judged(connection_json(team_id=ABSENT)))

    assert result.message.endswith("under team unknown")
    assert any("team" in warning for warning in result.warnings)


class TestPartsReadApart:
    """Older answers do not embed source and destination; they are asked for by id."""

    @staticmethod
    def scene(**changes: Any) -> Scene:
        return unsent().connection(connection_json(source=ABSENT, destination=ABSENT) | changes)

    def test_both_are_asked_for(self) -> None:
        waiting = assert_waits(self.scene().judge(Stage.PREFLIGHT), Cause.API_UNREACHABLE)

        assert [question.ask for question in waiting.questions] == [Ask.SOURCE, Ask.DESTINATION]

    def test_the_route_passes_once_both_are_there(self) -> None:
        scene = self.scene().source(source_json()).destination(destination_json())

        assert_passed(scene.judge(Stage.PREFLIGHT))

    def test_a_source_of_another_team_is_the_wrong_team(self) -> None:
        scene = self.scene().source(source_json(team_id=OTHER_TEAM)).destination(destination_json())

        assert_ended(scene.judge(Stage.PREFLIGHT), Cause.WRONG_TEAM, SOURCE, OTHER_TEAM, TEAM)

    def test_a_destination_of_another_team_is_the_wrong_team(self) -> None:
        scene = self.scene().source(source_json()).destination(destination_json(team_id=OTHER_TEAM))

        assert_ended(scene.judge(Stage.PREFLIGHT), Cause.WRONG_TEAM, DESTINATION, OTHER_TEAM, TEAM)

    def test_a_disabled_source_fails(self) -> None:
        scene = self.scene().source(source_json(status="disabled")).destination(destination_json())

        assert_ended(scene.judge(Stage.PREFLIGHT), Cause.SOURCE_DISABLED, SOURCE)

    def test_a_destination_that_may_not_be_read_is_done_without(self) -> None:
        scene = self.scene().source(source_json()).destination(refused(403))

        assert_passed(scene.judge(Stage.PREFLIGHT))

    def test_a_source_that_may_not_be_read_cannot_be_done_without(self) -> None:
        """Its URL is where the probe goes."""
        scene = self.scene().source(refused(403)).destination(destination_json())

        assert_ended(scene.judge(Stage.PREFLIGHT), Cause.API_FORBIDDEN)

    def test_a_source_that_cannot_be_read_is_awaited_until_the_limit(self) -> None:
        scene = self.scene().source(unreachable(), when=50.0).destination(destination_json())
        assert_waits(scene.judge(Stage.PREFLIGHT), Cause.API_UNREACHABLE)

        scene.source(unreachable(), when=PREFLIGHT_DEADLINE)

        assert_ended(scene.judge(Stage.PREFLIGHT, now=PREFLIGHT_DEADLINE), Cause.API_UNREACHABLE)

    def test_an_embedded_source_without_config_is_read_once(self) -> None:
        thin = source_json(config=ABSENT)
        scene = self.scene(source=thin, destination=destination_json())
        waiting = assert_waits(scene.judge(Stage.PREFLIGHT), Cause.API_UNREACHABLE)
        assert [question.ask for question in waiting.questions] == [Ask.SOURCE]

        scene.source(refused(403))

        result = assert_passed(scene.judge(Stage.PREFLIGHT))
        assert any("auth is unknown" in warning for warning in result.warnings)

    def test_a_source_read_apart_can_demand_a_secret(self) -> None:
        """The twin: what the config says counts, wherever it was read."""
        thin = source_json(config=ABSENT)
        scene = self.scene(source=thin, destination=destination_json()).source(source_json(config=HMAC))

        assert_ended(scene.judge(Stage.PREFLIGHT), Cause.SOURCE_SECRET_MISSING, SOURCE)

    @pytest.mark.parametrize(
        "changes",
        [
            {"source_id": ABSENT},
            {"source": source_json(url=None), "destination": destination_json()},
        ],
        ids=["no_source_at_all", "source_without_url"],
    )
    def test_a_route_without_a_url_to_send_to_does_not_pass(self, changes: Json) -> None:
        scene = self.scene(**changes)
        if "source" in changes:
            scene.source(source_json(url=None))
        else:
            scene.destination(destination_json())

        assert_ended(scene.judge(Stage.PREFLIGHT), Cause.API_BAD_RESPONSE, "no url")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (refused(401), Cause.API_UNAUTHORIZED),
        (refused(403), Cause.API_FORBIDDEN),
        (refused(404), Cause.CONNECTION_NOT_FOUND),
        (refused(410), Cause.API_BAD_RESPONSE),
        (unreachable("connect"), Cause.API_UNREACHABLE),
        (unreachable("dns"), Cause.API_UNREACHABLE),
        (unreachable("tls"), Cause.API_UNREACHABLE),
    ],
    ids=["401", "403", "404", "410", "connect", "dns", "tls"],
)
def test_what_waiting_cannot_mend_ends_at_once(error: ApiError, cause: Cause) -> None:
    scene = unsent().connection(error)

    assert_ended(scene.judge(Stage.PREFLIGHT), cause, str(error))


MAY_PASS = {
    "timeout": (unreachable("timeout"), Cause.API_UNREACHABLE),
    "reset": (unreachable("reset"), Cause.API_UNREACHABLE),
    "5xx": (unreachable("status"), Cause.API_UNREACHABLE),
    "429": (rate_limited(), Cause.API_RATE_LIMITED),
    "html": (unreadable(), Cause.API_BAD_RESPONSE),
}


@pytest.mark.parametrize("kind", MAY_PASS)
def test_an_error_that_may_pass_is_asked_again_until_preflights_own_limit(kind: str) -> None:
    error, _ = MAY_PASS[kind]
    scene = unsent().connection(error)
    waiting = assert_waits(scene.judge(Stage.PREFLIGHT), Cause.API_UNREACHABLE)
    assert waiting.until == PREFLIGHT_DEADLINE

    scene.connection(when=51.0)

    assert_passed(scene.judge(Stage.PREFLIGHT))


@pytest.mark.parametrize("kind", MAY_PASS)
def test_an_error_that_outlasts_the_limit_is_the_cause(kind: str) -> None:
    error, cause = MAY_PASS[kind]
    scene = unsent().connection(error, when=PREFLIGHT_DEADLINE)

    assert_ended(scene.judge(Stage.PREFLIGHT, now=PREFLIGHT_DEADLINE), cause, CONNECTION, str(error))


def test_three_unreadable_answers_in_a_row_are_not_the_api() -> None:
    scene = unsent()
    scene.connection(unreadable()).connection(unreadable())
    assert_waits(scene.judge(Stage.PREFLIGHT), Cause.API_UNREACHABLE)

    scene.connection(unreadable())

    assert_ended(scene.judge(Stage.PREFLIGHT), Cause.API_BAD_RESPONSE, CONNECTION)


def test_unreadable_answers_between_others_are_waited_out() -> None:
    scene = unsent()
    scene.connection(unreadable()).connection(unreadable()).connection(unreachable())
    scene.connection(unreadable()).connection(unreadable())

    assert_waits(scene.judge(Stage.PREFLIGHT), Cause.API_UNREACHABLE)


def test_nothing_seen_yet_asks_for_the_connection() -> None:
    waiting = assert_waits(unsent().judge(Stage.PREFLIGHT), Cause.API_UNREACHABLE)

    assert [question.ask for question in waiting.questions] == [Ask.CONNECTION]
