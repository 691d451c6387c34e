"""Preflight with a key that may not read connections: all that is known is the URL that the user gave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from route_scene import CONNECTION, REQUEST, Scene, assert_ended, assert_passed, expectations, refused

from pytest_fasthook.causes import Cause
from pytest_fasthook.evidence.expect import Limits
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding
from pytest_fasthook.probe.probe import Plan
from pytest_fasthook.stages import Stage

GIVEN = Plan(source_url="https://in.example/given")


def blind(*, status: int = 403, plan: Plan = GIVEN, **changes: Any) -> Finding:
    unsent = replace(expectations(plan=plan), sending=None, **changes)
    return Scene(unsent).connection(refused(status)).judge(Stage.PREFLIGHT)


def test_a_route_whose_url_was_given_passes_and_says_what_was_not_checked() -> None:
    result = assert_passed(blind())

    assert result.facts == {"connection_id": CONNECTION}
    assert CONNECTION in result.message
    assert "the source URL was given" in result.message
    (warning,) = result.warnings
    assert CONNECTION in warning
    assert "state, team, rules, auth and allowed methods were not checked" in warning
    assert warning.endswith(", and the payload, headers and POST are sent as given")


def test_in_wait_mode_nothing_is_said_about_sending() -> None:
    (warning,) = assert_passed(blind(waits=True)).warnings

    assert warning.endswith("were not checked")


def test_the_record_is_found_by_the_id_that_ingress_answered() -> None:
    """How the source answers cannot be read; that it is configured is nothing to assume."""
    scene = Scene(expectations(plan=GIVEN)).connection(refused(403)).sent()

    assert chain.request_question(scene.evidence, scene.expect).request_id == REQUEST


def test_without_a_url_it_cannot_be_done() -> None:
    assert_ended(blind(plan=Plan()), Cause.API_FORBIDDEN, "403")


@pytest.mark.parametrize(
    ("status", "cause"), [(401, Cause.API_UNAUTHORIZED), (404, Cause.CONNECTION_NOT_FOUND)]
)
def test_another_refusal_is_no_missing_right(status: int, cause: Cause) -> None:
    assert_ended(blind(status=status), cause, str(status))


def test_rules_that_were_to_be_compared_cannot_be_done_without() -> None:
    ended = assert_ended(blind(limits=Limits(rules=())), Cause.API_FORBIDDEN, CONNECTION, "403", "rules file")

    assert ended.facts == {"connection_id": CONNECTION}
