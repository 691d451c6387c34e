"""Scenarios from seeds: one truth, up to three troubles that must not change it, and sometimes a policy."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from expected import EXIT_OF_CODE, VERDICT_OF_EXIT
from fault_scene import Plot
from fault_troubles import HARMLESS
from fault_truths import TRUTHS

MOST_TROUBLES = 3


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What one seed stands for; the same seed gives the same scenario.

    Attributes:
        name: the truth and the troubles, in words.
        truth: the verdict of the whole run.
    """

    seed: int
    name: str
    truth: str
    plot: Plot


def scenario(seed: int) -> Scenario:
    """The scenario of a seed."""
    rng = Random(seed)  # noqa: S311 - chance that can be repeated, nothing secret
    (truth,) = rng.choices([*TRUTHS], [*TRUTHS.values()])
    plot = Plot()
    truth(plot, rng)
    for name in rng.sample(sorted(plot.bears), min(rng.randint(0, MOST_TROUBLES), len(plot.bears))):
        HARMLESS[name](plot, rng)
        plot.troubles.append(name)
    verdict = verdict_of(plot)
    _add_policy(plot, verdict, rng)
    words = " + ".join([truth.__name__.replace("_", " "), *plot.troubles, *plot.policy])
    return Scenario(seed=seed, name=words, truth=verdict, plot=plot)


def verdict_of(plot: Plot) -> str:
    """The verdict of the run: fail is worse than error, error than inconclusive, and all are worse than pass."""
    found = {
        "pass" if one.passes else VERDICT_OF_EXIT[EXIT_OF_CODE[one.codes[0]]]
        for one in (plot.expected, *plot.also.values())
    }
    return next(verdict for verdict in ("fail", "error", "inconclusive", "pass") if verdict in found)


def exit_codes(plot: Plot, verdict: str) -> set[int]:
    """The exit codes that the run may end with; more than one only where a truth allows two codes."""
    if verdict in plot.policy:
        return {plot.policy[verdict]}
    if verdict == "pass":
        return {0}
    codes = [code for one in (plot.expected, *plot.also.values()) for code in one.codes]
    return {EXIT_OF_CODE[code] for code in codes if VERDICT_OF_EXIT[EXIT_OF_CODE[code]] == verdict}


def _add_policy(plot: Plot, verdict: str, rng: Random) -> None:
    """Now and then the exit code of what could not be decided is changed by an option."""
    if verdict in {"error", "inconclusive"} and rng.random() < 0.15:
        policy, code = rng.choice([("fail", 1), ("pass", 0)])
        plot.args.append(f"--fasthook-on-{verdict}={policy}")
        plot.policy[verdict] = code
