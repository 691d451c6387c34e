"""A bounded share of the scenarios, and what makes them worth playing; ``confusion.py`` plays as many as asked for.

::

    FASTHOOK_SCENARIOS=300 pytest tests/faults/test_fault_scenarios.py
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from expected import PASS, broken
from fault_checks import problems
from fault_scenarios import Scenario, exit_codes, scenario, verdict_of
from fault_scene import Plot, fault, play
from fault_troubles import HARMLESS
from fault_truths import (
    TRUTHS,
    Truth,
    branch_lost,
    delivery_fails,
    healthy,
    healthy_beside_old_failures,
)

SCENARIOS = int(os.environ.get("FASTHOOK_SCENARIOS", "20"))
TOGETHER = 4
FIRST_SEED = 7000
"""Apart from those that the confusion table begins with."""


def by_hand(truth: Truth = healthy, **changes: Any) -> Scenario:
    """A scenario with one truth, of which some facts are told otherwise."""
    plot = Plot()
    truth(plot, Random(1))  # noqa: S311 - chance that can be repeated, nothing secret
    plot = replace(plot, **changes)
    return Scenario(seed=0, name="by hand", truth=verdict_of(plot), plot=plot)


def misjudged(one: Scenario, folder: Path) -> list[str]:
    """What is wrong with the run of a scenario."""
    return problems(one, play(one.plot, folder))


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SCENARIOS, TOGETHER))
def test_every_scenario_is_judged_as_it_is(first: int, stage: Path) -> None:
    """Played side by side, since they mostly wait."""
    seeds = range(first, first + TOGETHER)
    with ThreadPoolExecutor(TOGETHER) as pool:
        found = pool.map(lambda seed: misjudged(scenario(seed), stage / str(seed)), seeds)
    assert {seed: wrong for seed, wrong in zip(seeds, found, strict=True) if wrong} == {}


# -- the checks can fail ---------------------------------------------------------------------------------------


def test_a_pass_that_should_not_be_is_found(stage: Path) -> None:
    found = "\n".join(misjudged(by_hand(expected=broken("delivery", "DELIVERY_FAILED")), stage))
    for word in ("passed, but ('DELIVERY_FAILED',) at delivery was due", "exit code 0, expected {1}"):
        assert word in found


def test_a_fail_that_should_not_be_is_found(stage: Path) -> None:
    assert "exit code 1, expected {0}" in "\n".join(misjudged(by_hand(delivery_fails, expected=PASS), stage))


def test_a_wrong_cause_and_a_second_probe_are_found(stage: Path) -> None:
    """The same verdict with another code is misjudged too."""
    one = by_hand(branch_lost, expected=broken("delivery", "DELIVERY_PENDING"))
    one.plot.before.append(lambda scene: scene.post({}, headers={"x-fasthook-probe": "another"}))
    wrong = misjudged(one, stage)
    assert len(wrong) == 2
    assert "BRANCH_NOT_SEEN" in wrong[0]
    assert "2 probes recorded" in wrong[1]


# -- the generator ---------------------------------------------------------------------------------------------


def test_a_seed_always_gives_the_same_scenario() -> None:
    for seed in range(50):
        one, again = scenario(seed), scenario(seed)
        assert (one.name, one.truth, one.plot.args) == (again.name, again.truth, again.plot.args)


def test_every_truth_and_every_trouble_comes_up() -> None:
    names = [scenario(seed).name for seed in range(2000)]
    for truth in TRUTHS:
        assert any(name.startswith(truth.__name__.replace("_", " ")) for name in names), truth
    for trouble in HARMLESS:
        assert any(f"+ {trouble}" in name for name in names), trouble


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.__name__)
def test_a_truth_is_sound(truth: Truth) -> None:
    """It names one cause that the interface knows, exit codes that go with it, and troubles that there are."""
    for seed in range(20):
        plot = Plot()
        truth(plot, Random(seed))  # noqa: S311 - chance that can be repeated, nothing secret
        assert plot.bears <= set(HARMLESS)
        assert len(exit_codes(plot, verdict_of(plot))) == 1
        assert set(plot.or_at) == set() or not plot.expected.passes


def test_every_verdict_has_its_share() -> None:
    truths = [scenario(seed).truth for seed in range(300)]
    for verdict in ("pass", "fail", "error", "inconclusive"):
        assert truths.count(verdict) >= 15, verdict


def test_a_policy_changes_the_exit_code_alone() -> None:
    changed = [one for one in map(scenario, range(300)) if one.plot.policy]
    assert changed
    for one in changed:
        assert exit_codes(one.plot, one.truth) == set(one.plot.policy.values())
        assert replace(one.plot.expected) == one.plot.expected


# -- scenarios that were once misjudged, by us or by their truth -----------------------------------------------


def test_failures_of_the_seconds_before_the_gate_do_not_count(stage: Path) -> None:
    """Those of the very last second may: the window begins with the ``Date`` header, which tells whole seconds."""
    assert misjudged(by_hand(healthy_beside_old_failures), stage) == []


def test_a_probe_is_counted_under_heavy_traffic(stage: Path) -> None:
    """Looking at the newest page alone, our own count found no probe."""
    one = by_hand()
    one.plot.on_delivery.append(lambda scene: scene.post({"kind": "other"}, times=120))
    assert misjudged(one, stage) == []


def test_a_lost_answer_of_the_api_is_asked_for_again(stage: Path) -> None:
    """A proxy that swallowed the service's reset made the gate wait out its budget."""
    one = by_hand(before=[fault("lost_answer", "/events*", times=2)])
    assert misjudged(one, stage) == []
