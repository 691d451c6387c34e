"""One report out of the reports of a sharded run: worst wins, and no result is made better by merging."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_fasthook.causes import (
    EXIT_FAIL,
    EXIT_INCONCLUSIVE,
    EXIT_INTERNAL_ERROR,
    EXIT_NOT_PERMITTED,
    EXIT_PASS,
    EXIT_UNAVAILABLE,
)
from pytest_fasthook.reports.model import Run
from pytest_fasthook.reports.model_fields import Policy, Verdict
from pytest_fasthook.reports.reading import read

Document = Mapping[str, Any]

_MILD_CODES = (EXIT_NOT_PERMITTED, EXIT_INTERNAL_ERROR, EXIT_UNAVAILABLE, EXIT_INCONCLUSIVE, EXIT_PASS)
"""The gate's own codes below a failure, worst first; between a failure and these stand pytest's own."""


def merge(documents: Sequence[Document]) -> dict[str, Any]:
    """Join the documents of several runs into one.

    The exit code is the worst of the runs', each after its own policy. A connection that several runs verified
    appears once, with its worst result and a warning.

    Args:
        documents: at least one, each of the published shape and free of contradictions.

    Raises:
        ReportShapeError: a document is not of the published shape.
    """
    pairs = [(read(document), document) for document in documents]
    runs = [run for run, _ in pairs]
    first = documents[0]
    return {
        "schema_version": first["schema_version"],
        "tool": dict(first["tool"]),
        "verdict": str(min((run.verdict for run in runs), key=_rank)),
        "exit_code": min((run.exit_code for run in runs), key=_code_rank),
        "started_at": min(pairs, key=lambda pair: pair[0].started_at)[1]["started_at"],
        "finished_at": max(pairs, key=lambda pair: pair[0].finished_at)[1]["finished_at"],
        "api": dict(first["api"]),
        "mode": first["mode"],
        "policy": _policy(runs),
        "merged_from": [part for document in documents for part in _parts(document)],
        "connections": _connections(documents),
    }


def _rank(verdict: Verdict) -> int:
    return verdict.rank


def _code_rank(code: int) -> tuple[int, int]:
    """0 is the worst: a failure, then pytest's own codes, then the gate's other codes."""
    if code == EXIT_FAIL:
        return 0, 0
    return (2, _MILD_CODES.index(code)) if code in _MILD_CODES else (1, code)


def _policy(runs: Sequence[Run]) -> dict[str, Any]:
    """What the runs were told, the most lenient of each: that is what explains an exit code of 0."""
    lenient = (Policy.PASS, Policy.FAIL, Policy.KEEP)
    return {
        "on_inconclusive": str(min((run.policy.on_inconclusive for run in runs), key=lenient.index)),
        "on_error": str(min((run.policy.on_error for run in runs), key=lenient.index)),
        "advisory": sorted({stage for run in runs for stage in run.policy.advisory}),
    }


def _parts(document: Document) -> list[dict[str, Any]]:
    """What to say of the runs behind ``document``: itself, or those it was merged from."""
    if document.get("merged_from"):
        return copy.deepcopy(list(document["merged_from"]))
    kept = ("verdict", "exit_code", "started_at", "finished_at", "mode")
    part = {key: document[key] for key in kept} | {
        "api": dict(document["api"]),
        "connections": [connection["connection_id"] for connection in document["connections"]],
    }
    return [part]


def _connections(documents: Sequence[Document]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        for connection in document["connections"]:
            entry = _placed(connection, document, documents[0])
            found.setdefault(connection["connection_id"], []).append(entry)
    return [_worst(entries) for entries in found.values()]


def _placed(connection: Mapping[str, Any], document: Document, first: Document) -> dict[str, Any]:
    """A copy that says where it was verified, unless that is what the head of the merged report says."""
    entry: dict[str, Any] = copy.deepcopy(dict(connection))
    if (document["api"], document["mode"]) != (first["api"], first["mode"]):
        api = document["api"]
        where = f"verified at {api['url']} for team {api['team_id']} in mode {document['mode']}"
        entry["warnings"].append(where)
    return entry


def _worst(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    worst = min(entries, key=lambda entry: Verdict(entry["verdict"]).rank)
    if len(entries) > 1:
        worst["warnings"].append(f"verified by {len(entries)} of the merged runs; the worst result is shown")
    return worst
