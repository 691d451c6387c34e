"""All stages of one connection in order: decided, waited for, blocked, advisory or deselected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from route_scene import (
    DEADLINE,
    EVENT,
    Scene,
    at,
    attempt,
    before,
    connection_json,
    event,
    expectations,
    failed,
    latest_input,
    refused,
    request,
    unreachable,
    window,
)

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.evidence.expect import Limits
from pytest_fasthook.judge.sequence import Progress, blocked_after, judge, not_run
from pytest_fasthook.stages import Stage

ALL = tuple(Stage)
CHANGED = {"headers": {}, "body": {"changed": True}}


def advisory(*stages: Stage) -> Limits:
    return Limits(advisory=frozenset(stages))


def without(*stages: Stage) -> frozenset[Stage]:
    return frozenset(Stage) - set(stages)


def outcomes(progress: Progress) -> dict[str, str]:
    return {str(stage): str(result.outcome) for stage, result in progress.results.items()}


def awaited(progress: Progress) -> list[Stage]:
    return [waiting.stage for waiting in progress.waiting]


def whole(**changes: object) -> Scene:
    """A scene in which every stage passes."""
    return before(Stage.METRICS, **changes).metrics()


def test_a_route_on_which_everything_passes_is_decided() -> None:
    progress = whole().progress()

    assert outcomes(progress) == dict.fromkeys(map(str, ALL), "passed")
    assert progress.decided
    assert progress.waiting == ()


@pytest.mark.parametrize("stage", ALL)
def test_a_stage_that_waits_keeps_the_later_ones_from_being_judged(stage: Stage) -> None:
    progress = before(stage).progress()

    assert awaited(progress) == [stage]
    assert list(progress.results) == list(ALL[: ALL.index(stage)])
    assert not progress.decided


def test_before_the_probe_is_sent_only_preflight_is_judged() -> None:
    scene = Scene(replace(expectations(), sending=None)).connection()
    progress = scene.progress()

    assert outcomes(progress) == {"preflight": "passed"}
    assert progress.waiting == ()
    assert not progress.decided


ENDS = {
    Stage.PREFLIGHT: lambda: Scene().connection(connection_json(paused_at=at(0))),
    Stage.INGRESS: lambda: before(Stage.INGRESS).request(request(status="rejected")),
    Stage.BRANCH: lambda: before(Stage.BRANCH).events(event(status="HOLD")),
    Stage.DELIVERY: lambda: before(Stage.DELIVERY).events(event(status="FAILED")).attempts(failed()),
    Stage.LATEST_INPUT: lambda: before(Stage.LATEST_INPUT).latest_input(latest_input(input=CHANGED)),
    Stage.METRICS: lambda: before(Stage.METRICS).metrics(window(failed=1)),
}


@pytest.mark.parametrize("stage", ALL)
def test_a_stage_that_does_not_pass_blocks_the_later_ones_and_names_itself(stage: Stage) -> None:
    progress = ENDS[stage]().progress()

    position = ALL.index(stage)
    assert progress.decided
    assert progress.waiting == ()
    assert list(progress.results) == list(ALL)
    assert all(progress.results[one].outcome is Outcome.PASSED for one in ALL[:position])
    assert progress.results[stage].cause is not None
    for later in ALL[position + 1 :]:
        result = progress.results[later]
        assert (result.outcome, result.blocked_by, result.cause) == (Outcome.BLOCKED, stage, None)
        assert str(stage) in result.message


class TestAdvisory:
    def test_it_keeps_nobody_waiting(self) -> None:
        progress = before(Stage.DELIVERY, limits=advisory(Stage.DELIVERY)).latest_input().progress()

        assert awaited(progress) == [Stage.DELIVERY, Stage.METRICS]
        assert progress.results[Stage.LATEST_INPUT].outcome is Outcome.PASSED

    def test_its_end_blocks_nothing(self) -> None:
        scene = before(Stage.DELIVERY, limits=advisory(Stage.DELIVERY))
        scene.events(event(status="FAILED"), when=103.0).attempts(failed(), when=103.1)
        progress = scene.latest_input().metrics().progress()

        assert outcomes(progress)["delivery"] == "failed"
        assert progress.results[Stage.DELIVERY].advisory
        assert outcomes(progress)["metrics"] == "passed"
        assert progress.decided

    def test_its_twin_that_is_not_advisory_blocks_the_rest(self) -> None:
        scene = before(Stage.DELIVERY)
        scene.events(event(status="FAILED"), when=103.0).attempts(failed(), when=103.1)
        progress = scene.progress()

        assert outcomes(progress)["latest_input"] == "blocked"
        assert not progress.results[Stage.DELIVERY].advisory

    def test_a_pass_of_it_is_advisory_as_well(self) -> None:
        assert whole(limits=advisory(Stage.METRICS)).progress().results[Stage.METRICS].advisory

    def test_it_is_blocked_as_advisory(self) -> None:
        scene = before(Stage.BRANCH, limits=advisory(Stage.METRICS)).events(event(status="HOLD"))
        blocked = scene.progress().results[Stage.METRICS]

        assert (blocked.outcome, blocked.advisory) == (Outcome.BLOCKED, True)

    def test_what_it_still_waited_for_is_said_when_a_later_stage_ends_the_run(self) -> None:
        scene = before(Stage.DELIVERY, limits=advisory(Stage.DELIVERY))
        progress = scene.latest_input(latest_input(input=CHANGED)).progress()
        delivery = progress.results[Stage.DELIVERY]

        assert progress.decided
        assert progress.waiting == ()
        assert (delivery.outcome, delivery.cause) == (Outcome.INCONCLUSIVE, Cause.DELIVERY_PENDING)
        assert delivery.advisory
        assert "latest_input" in delivery.message
        assert delivery.facts["event_id"] == EVENT

    def test_a_refused_question_of_it_blocks_nothing(self) -> None:
        scene = before(Stage.LATEST_INPUT, limits=advisory(Stage.LATEST_INPUT))
        progress = scene.latest_input(refused(403)).metrics().progress()

        assert outcomes(progress)["latest_input"] == "error"
        assert outcomes(progress)["metrics"] == "passed"


class TestDeselected:
    @pytest.mark.parametrize("stage", ALL)
    def test_a_stage_that_does_not_run_is_inconclusive_and_blocks_the_later_ones(self, stage: Stage) -> None:
        progress = whole(stages=without(stage)).progress()

        assert progress.decided
        assert progress.results[stage].cause is Cause.STAGE_NOT_RUN
        assert str(stage) in progress.results[stage].message
        for later in ALL[ALL.index(stage) + 1 :]:
            assert progress.results[later].blocked_by is stage

    def test_nothing_is_sent_when_ingress_is_deselected(self) -> None:
        expect = replace(expectations(stages=without(Stage.INGRESS)), sending=None)

        assert Scene(expect).connection().progress().decided

    def test_an_advisory_stage_that_does_not_run_decides_but_blocks_nothing(self) -> None:
        """A run in which a stage that was asked for did not run is never a success."""
        scene = whole(stages=without(Stage.DELIVERY), limits=advisory(Stage.DELIVERY))
        progress = scene.progress()

        assert progress.results[Stage.DELIVERY].cause is Cause.STAGE_NOT_RUN
        assert not progress.results[Stage.DELIVERY].advisory
        assert outcomes(progress)["metrics"] == "passed"


class TestLastLook:
    """The last look of the waiting stage decides; nothing is decided before it."""

    def test_before_it_the_stage_waits_whatever_the_time(self) -> None:
        scene = before(Stage.LATEST_INPUT).latest_input(unreachable(), when=DEADLINE - 1)

        assert awaited(scene.progress(now=DEADLINE + 60)) == [Stage.LATEST_INPUT]

    def test_without_an_answer_it_is_an_error(self) -> None:
        scene = before(Stage.LATEST_INPUT).latest_input(unreachable(), when=DEADLINE)

        result = scene.progress(now=DEADLINE).results[Stage.LATEST_INPUT]
        assert result.cause is Cause.API_UNREACHABLE

    def test_with_an_answer_that_lacks_the_evidence_it_is_inconclusive(self) -> None:
        scene = before(Stage.METRICS).metrics(window(count=0), when=DEADLINE)

        result = scene.progress(now=DEADLINE).results[Stage.METRICS]
        assert result.cause is Cause.METRICS_LAG

    def test_a_later_moment_changes_nothing(self) -> None:
        scene = before(Stage.METRICS).metrics(window(count=0), when=DEADLINE)

        assert scene.progress(now=DEADLINE) == scene.progress(now=DEADLINE + 1000)

    def test_a_stage_that_begins_at_the_deadline_still_gets_its_look(self) -> None:
        scene = before(Stage.DELIVERY).attempts(attempt(), when=DEADLINE)
        assert awaited(scene.progress(now=DEADLINE)) == [Stage.LATEST_INPUT]

        progress = scene.latest_input(when=DEADLINE + 0.1).metrics(when=DEADLINE + 0.2).progress(now=DEADLINE)

        assert outcomes(progress) == dict.fromkeys(map(str, ALL), "passed")


class TestDecidedBefore:
    """Results of an earlier judging of the same evidence only save time."""

    @pytest.mark.parametrize("upto", ALL)
    def test_they_change_nothing(self, upto: Stage) -> None:
        scene = whole()
        everything = scene.progress()
        known = {stage: everything.results[stage] for stage in ALL[: ALL.index(upto)]}

        assert judge(scene.evidence, scene.expect, 106.0, decided=known) == everything

    def test_they_are_taken_as_they_are(self) -> None:
        scene = whole()
        stamped = replace(scene.progress().results[Stage.BRANCH], polls=7)
        progress = judge(scene.evidence, scene.expect, 106.0, decided={Stage.BRANCH: stamped})

        assert progress.results[Stage.BRANCH] is stamped

    def test_an_end_among_them_blocks_the_rest(self) -> None:
        scene = ENDS[Stage.BRANCH]()
        known = scene.progress().results
        progress = judge(scene.evidence, scene.expect, 106.0, decided=known)

        assert progress == scene.progress()


def test_a_result_that_did_not_run_says_what_was_expected() -> None:
    result = not_run(Stage.BRANCH, "it was deselected")

    assert result.stage is Stage.BRANCH
    assert result.message == "branch did not run: it was deselected, expected it to run and pass"


def test_blocked_stages_are_those_without_a_result() -> None:
    known = {Stage.PREFLIGHT: not_run(Stage.PREFLIGHT, "x")}

    assert list(blocked_after(Stage.PREFLIGHT, known)) == list(ALL[1:])
