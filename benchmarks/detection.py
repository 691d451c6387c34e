"""Which broken routes each way to verify one notices, and which sound ones it turns down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from results import Section, table
from rows_broken import BROKEN_ROWS
from rows_hops import HOP_ROWS
from rows_ingress import INGRESS_ROWS
from rows_traffic import TRAFFIC_ROWS
from tools import LIMIT_S, Tool, folder_of_scripts, passing, tools, verify

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
{len(BROKEN)} broken routes, and {len(SOUND)} sound ones in poor circumstances, by name from `tests/gate`, each
verified by each tool once, on a stand-in of FastHook over HTTP, with at most {LIMIT_S} s for each step. Noticed means
that the command did not end with 0; what it says then is another matter.
"""


def measure() -> Section:
    """Every tool on every route."""
    found, folder = tools(), folder_of_scripts()
    for name, tool in found.items():
        passing(name, tool, folder)
    noticed = {name: _noticed(tool, folder) for name, tool in found.items()}
    heads = ["route", *found]
    return Section(
        "detection",
        "What each of them notices",
        "\n".join([INTRODUCTION, table(heads, [*_rows(BROKEN, noticed), *_sums(noticed)])]),
    )


def _noticed(tool: Tool, folder: Path) -> Mapping[str, bool]:
    """Which routes a tool turned down."""
    rows = {row.name: row for row in (*HOP_ROWS, *INGRESS_ROWS, *TRAFFIC_ROWS, *BROKEN_ROWS)}
    found = {}
    for name in (*BROKEN, *SOUND):
        row = replace(rows[name], timeout_s=LIMIT_S)
        measured, _ = verify(tool, folder, row.route, row=row)
        found[name] = measured.exit_code != 0
    return found


def _rows(names: tuple[str, ...], noticed: Mapping[str, Mapping[str, bool]]) -> list[list[object]]:
    return [
        [f"`{name}`", *("noticed" if one[name] else "**missed**" for one in noticed.values())]
        for name in names
    ]


def _sums(noticed: Mapping[str, Mapping[str, bool]]) -> list[list[object]]:
    broken = [f"{sum(one[name] for name in BROKEN)} of {len(BROKEN)}" for one in noticed.values()]
    sound = [f"{sum(one[name] for name in SOUND)} of {len(SOUND)}" for one in noticed.values()]
    turned = [", ".join(f"`{name}`" for name in SOUND if one[name]) or "none" for one in noticed.values()]
    return [
        ["**broken routes noticed**", *broken],
        ["**sound routes turned down**", *sound],
        ["namely", *turned],
    ]
