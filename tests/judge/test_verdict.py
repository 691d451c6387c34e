"""From stage results to verdicts and exit codes: worst wins, and only positive evidence passes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.judge.sequence import blocked_after, not_run
from pytest_fasthook.judge.verdict import Decision, Verdict, completed, decide, exit_code, unasked, worst
from pytest_fasthook.settings.config import Policy
from pytest_fasthook.stages import ALWAYS_DECIDING, Stage, StageResult

NOT_PERMITTED = {
    "API_UNAUTHORIZED",
    "API_FORBIDDEN",
    "CONNECTION_NOT_FOUND",
    "WRONG_TEAM",
    "SOURCE_SECRET_MISSING",
}
UNAVAILABLE = {"API_UNREACHABLE", "API_RATE_LIMITED", "API_BAD_RESPONSE", "INGRESS_UNREACHABLE"}
UNDECIDED = {
    "REQUEST_NOT_SEEN",
    "BRANCH_NOT_SEEN",
    "DELIVERY_PENDING",
    "LATEST_INPUT_STALE",
    "METRICS_LAG",
    "STAGE_NOT_RUN",
}
POLICIES: tuple[Policy, ...] = ("keep", "fail", "pass")
RANK = (1, 77, 70, 69, 75, 0)
causes = st.sampled_from(Cause)


def expected_code(cause: Cause) -> int:
    """Written down apart from the package, after the interface's table."""
    if cause in NOT_PERMITTED:
        return 77
    if cause in UNAVAILABLE:
        return 69
    if cause is Cause.INTERNAL_ERROR:
        return 70
    return 75 if cause in UNDECIDED else 1


def passed(stage: Stage, *, advisory: bool = False) -> StageResult:
    return StageResult(stage=stage, outcome=Outcome.PASSED, message="ok", advisory=advisory)


def ended(stage: Stage, cause: Cause, *, advisory: bool = False) -> StageResult:
    return StageResult(stage=stage, outcome=cause.outcome, cause=cause, message="no", advisory=advisory)


def results(*changed: StageResult) -> Mapping[Stage, StageResult]:
    """A route on which everything passed, but for these."""
    return {**{stage: passed(stage) for stage in Stage}, **{result.stage: result for result in changed}}


def code_of(*decisions: Decision, on_inconclusive: Policy = "keep", on_error: Policy = "keep") -> int:
    return exit_code(decisions, on_inconclusive=on_inconclusive, on_error=on_error)


def decision_of(cause: Cause | None) -> Decision:
    return decide(results() if cause is None else results(ended(Stage.DELIVERY, cause)))


PASS = decision_of(None)
FAIL = decision_of(Cause.DELIVERY_FAILED)
PERMISSION = decision_of(Cause.API_FORBIDDEN)
OUTAGE = decision_of(Cause.API_UNREACHABLE)
PENDING = decision_of(Cause.DELIVERY_PENDING)
SKIPPED = decide(results(not_run(Stage.DELIVERY, "it was deselected")))


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_the_verdict_and_the_exit_code_of_the_interface(cause: Cause) -> None:
    decision = decision_of(cause)
    verdict = {1: "fail", 69: "error", 70: "error", 75: "inconclusive", 77: "error"}[expected_code(cause)]

    assert cause.exit_code == expected_code(cause)
    assert decision.verdict == verdict
    assert decision.deciding is not None
    assert decision.deciding.cause is cause
    assert code_of(decision) == expected_code(cause)


def test_the_interface_knows_every_cause() -> None:
    assert set(Cause) > NOT_PERMITTED | UNAVAILABLE | UNDECIDED
    assert len(Cause) == 31


@pytest.mark.parametrize("policy", POLICIES)
def test_no_policy_covers_a_fault_of_this_package(policy: Policy) -> None:
    broken = decision_of(Cause.INTERNAL_ERROR)
    assert code_of(broken, on_error=policy, on_inconclusive=policy) == 70
    assert code_of(OUTAGE, on_error="pass") == 0


def test_a_route_on_which_every_stage_passed_passes() -> None:
    assert decide(results()) == Decision(Verdict.PASS, None)
    assert code_of(PASS) == 0


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("cause", [Cause.DELIVERY_FAILED, Cause.API_FORBIDDEN, Cause.METRICS_LAG])
def test_one_stage_that_did_not_pass_is_enough(stage: Stage, cause: Cause) -> None:
    assert code_of(decide(results(ended(stage, cause)))) != 0


def test_a_blocked_stage_is_no_pass_even_where_nothing_that_decides_blocks_it() -> None:
    blocked = StageResult(
        stage=Stage.METRICS, outcome=Outcome.BLOCKED, message="not reached", blocked_by=Stage.DELIVERY
    )

    assert decide(results(blocked)) == Decision(Verdict.INCONCLUSIVE, blocked)
    assert code_of(decide(results(blocked))) == 75


@pytest.mark.parametrize("advisory", [True, False])
def test_without_a_stage_that_decides_there_is_no_pass(advisory: bool) -> None:  # noqa: FBT001 - a column of the table
    only = {Stage.METRICS: passed(Stage.METRICS, advisory=advisory)}

    assert decide(only).verdict is (Verdict.INCONCLUSIVE if advisory else Verdict.PASS)
    assert decide({}) == Decision(Verdict.INCONCLUSIVE, None)
    assert decide({Stage.METRICS: unasked(Stage.METRICS)}) == Decision(Verdict.INCONCLUSIVE, None)


class TestWorstWins:
    @given(st.lists(st.tuples(st.sampled_from(Stage), causes), min_size=1, max_size=6))
    def test_over_stages(self, found: list[tuple[Stage, Cause]]) -> None:
        chosen = dict(found)
        decision = decide(results(*(ended(stage, cause) for stage, cause in chosen.items())))

        assert code_of(decision) == min(map(expected_code, chosen.values()), key=RANK.index)

    @given(st.lists(st.none() | causes, min_size=1, max_size=5))
    def test_over_connections(self, found: list[Cause | None]) -> None:
        codes = [0 if cause is None else expected_code(cause) for cause in found]

        assert code_of(*map(decision_of, found)) == min(codes, key=RANK.index)

    @pytest.mark.parametrize(
        "order", list(itertools.permutations([FAIL, PERMISSION, OUTAGE, PENDING, PASS], 2))
    )
    def test_in_any_order(self, order: tuple[Decision, Decision]) -> None:
        assert code_of(*order) == code_of(*reversed(order))

    def test_what_needs_a_person_wins_over_what_may_go_away(self) -> None:
        assert code_of(OUTAGE, PERMISSION) == 77
        both = results(
            ended(Stage.DELIVERY, Cause.API_UNREACHABLE), ended(Stage.METRICS, Cause.API_FORBIDDEN)
        )
        deciding = decide(both).deciding
        assert deciding is not None
        assert deciding.stage is Stage.METRICS

    def test_of_equals_the_first_stage_decides(self) -> None:
        both = results(
            ended(Stage.BRANCH, Cause.EVENT_HELD), ended(Stage.LATEST_INPUT, Cause.LATEST_INPUT_MISMATCH)
        )

        deciding = decide(both).deciding
        assert deciding is not None
        assert deciding.stage is Stage.BRANCH

    def test_verdicts_have_one_order(self) -> None:
        order = [Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS]

        assert [worst(order[place:]) for place in range(4)] == order


class TestNothingIsNoPass:
    def test_a_run_without_connections_is_inconclusive(self) -> None:
        assert worst([]) is Verdict.INCONCLUSIVE
        assert code_of() == 75

    @pytest.mark.parametrize("policy", POLICIES)
    def test_no_policy_makes_a_success_of_it(self, policy: Policy) -> None:
        assert code_of(on_inconclusive=policy, on_error=policy) == 75

    def test_a_connection_without_results_is_inconclusive(self) -> None:
        assert decide({}).verdict is Verdict.INCONCLUSIVE
        assert code_of(decide({})) == 75

    def test_blocked_stages_alone_are_inconclusive(self) -> None:
        blocked = blocked_after(Stage.PREFLIGHT, {})

        assert decide(blocked).verdict is Verdict.INCONCLUSIVE
        assert code_of(decide(blocked)) == 75

    def test_advisory_passes_alone_are_inconclusive(self) -> None:
        assert decide({Stage.METRICS: passed(Stage.METRICS, advisory=True)}).verdict is Verdict.INCONCLUSIVE


class TestAdvisory:
    @pytest.mark.parametrize("stage", sorted(set(Stage) - ALWAYS_DECIDING))
    @pytest.mark.parametrize("cause", Cause)
    def test_it_never_decides(self, stage: Stage, cause: Cause) -> None:
        shown = results(ended(stage, cause, advisory=True))

        assert decide(shown) == Decision(Verdict.PASS, None)

    def test_its_twin_decides(self) -> None:
        assert decide(results(ended(Stage.METRICS, Cause.METRICS_FAILURES))).verdict is Verdict.FAIL

    def test_it_does_not_hide_what_decides(self) -> None:
        both = results(
            ended(Stage.DELIVERY, Cause.DELIVERY_FAILED, advisory=True),
            ended(Stage.METRICS, Cause.METRICS_LAG),
        )

        assert code_of(decide(both)) == 75


class TestPolicies:
    @pytest.mark.parametrize(("policy", "code"), [("keep", 75), ("fail", 1), ("pass", 0)])
    def test_inconclusive(self, policy: Policy, code: int) -> None:
        assert code_of(PENDING, on_inconclusive=policy) == code
        assert code_of(PENDING, on_error=policy) == 75

    @pytest.mark.parametrize(
        ("policy", "outage", "permission"), [("keep", 69, 77), ("fail", 1, 1), ("pass", 0, 0)]
    )
    def test_error(self, policy: Policy, outage: int, permission: int) -> None:
        assert code_of(OUTAGE, on_error=policy) == outage
        assert code_of(PERMISSION, on_error=policy) == permission
        assert code_of(OUTAGE, on_inconclusive=policy) == 69

    @pytest.mark.parametrize(("on_inconclusive", "on_error"), list(itertools.product(POLICIES, POLICIES)))
    def test_no_policy_touches_a_fail_or_a_pass(self, on_inconclusive: Policy, on_error: Policy) -> None:
        assert code_of(FAIL, on_inconclusive=on_inconclusive, on_error=on_error) == 1
        assert code_of(PASS, on_inconclusive=on_inconclusive, on_error=on_error) == 0

    def test_a_policy_for_one_connection_does_not_forgive_another(self) -> None:
        assert code_of(PENDING, OUTAGE, on_inconclusive="pass") == 69
        assert code_of(PENDING, OUTAGE, on_error="pass") == 75
        assert code_of(PENDING, OUTAGE, on_error="fail") == 1
        assert code_of(PENDING, OUTAGE, on_error="pass", on_inconclusive="pass") == 0

    def test_the_verdict_stays_what_it_is(self) -> None:
        assert PENDING.verdict is Verdict.INCONCLUSIVE


class TestStageNotRun:
    @pytest.mark.parametrize(("policy", "code"), [("keep", 75), ("fail", 1), ("pass", 75)])
    def test_it_is_never_forgiven(self, policy: Policy, code: int) -> None:
        assert code_of(SKIPPED, on_inconclusive=policy) == code

    @pytest.mark.parametrize("cause", [Cause.DELIVERY_PENDING, Cause.API_UNREACHABLE, Cause.API_FORBIDDEN])
    def test_not_even_beside_something_worse_that_is(self, cause: Cause) -> None:
        both = decide(results(ended(Stage.DELIVERY, cause), not_run(Stage.METRICS, "it was deselected")))

        assert code_of(both, on_inconclusive="pass", on_error="pass") == 75
        assert code_of(decision_of(cause), on_inconclusive="pass", on_error="pass") == 0

    def test_a_stage_that_passed_and_was_never_reported_did_not_run(self) -> None:
        known = completed(results(), set(Stage) - {Stage.METRICS})

        assert known[Stage.METRICS] == not_run(Stage.METRICS, "its test case was never reached")
        assert code_of(decide(known)) == 75
        assert code_of(decide(completed(results(), set(Stage)))) == 0

    def test_nor_did_an_advisory_one(self) -> None:
        known = completed(results(passed(Stage.METRICS, advisory=True)), set(Stage) - {Stage.METRICS})

        assert code_of(decide(known)) == 75

    def test_a_stage_without_a_result_did_not_run(self) -> None:
        known: dict[Stage, StageResult] = {one: passed(one) for one in Stage if one is not Stage.BRANCH}

        why = "the run ended before it was decided"
        assert completed(known, set(Stage))[Stage.BRANCH] == not_run(Stage.BRANCH, why)
        assert completed({}, ()) == {stage: not_run(stage, why) for stage in Stage}

    @pytest.mark.parametrize("cause", Cause)
    def test_a_stage_that_did_not_pass_keeps_its_cause_unreported(self, cause: Cause) -> None:
        known = completed(results(ended(Stage.DELIVERY, cause)), ())

        assert known[Stage.DELIVERY].cause is cause


class TestPlan:
    """A plan asks for preflight alone."""

    ASKED = frozenset({Stage.PREFLIGHT})

    def test_what_is_not_asked_for_does_not_decide(self) -> None:
        known = completed({Stage.PREFLIGHT: passed(Stage.PREFLIGHT)}, self.ASKED, self.ASKED)

        assert decide(known) == Decision(Verdict.PASS, None)
        assert known[Stage.METRICS] == unasked(Stage.METRICS)
        assert unasked(Stage.METRICS) == StageResult(
            stage=Stage.METRICS, outcome=Outcome.BLOCKED, message="metrics is not part of a plan"
        )

    def test_what_is_asked_for_does(self) -> None:
        refused = ended(Stage.PREFLIGHT, Cause.CONNECTION_PAUSED)
        known = completed({Stage.PREFLIGHT: refused}, self.ASKED, self.ASKED)

        assert code_of(decide(known)) == 1
        assert code_of(decide(completed({}, (), self.ASKED))) == 75
