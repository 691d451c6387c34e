"""The run as one JSON document: what every report is made from.

This is the edge. Everything that leaves the process in a report passes through here once: redacted, cleaned and
cut to a sane size. Writers further on add nothing to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from pytest_fasthook.causes import EXIT_PASS, Cause
from pytest_fasthook.iso import write_iso
from pytest_fasthook.judge.verdict import Decision, Verdict
from pytest_fasthook.redact import Redactor
from pytest_fasthook.reports.next_steps import next_step
from pytest_fasthook.settings.config import Policy, Settings
from pytest_fasthook.settings.saved_run import Mode
from pytest_fasthook.stages import Stage, StageResult

SCHEMA_VERSION = 1
DEPTH = 12
"""Levels of nesting that are shown of an answer."""
IDS = ("connection_id", "source_id", "destination_id", "request_id", "event_id", "attempt_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRun:
    """One connection as the run ended.

    Attributes:
        results: every stage, in order.
        probe_id: ``None`` when nothing was sent.
        sending: when it was sent, the window's start and the body's digest: what resuming the run needs.
        transcript: what the judge read, as it may leave the process: what judging the run again needs.
        notes: what the gate did to the probe that a reader should know of.
    """

    connection_id: str
    results: Mapping[Stage, StageResult]
    decision: Decision
    probe_id: str | None = None
    sending: Mapping[str, Any] | None = None
    transcript: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSettings:
    """What a saved run says of its settings; it was redacted when it was written."""

    api_url: str
    team_id: str
    mode: Mode
    on_inconclusive: Policy
    on_error: Policy
    advisory: frozenset[Stage]
    redactor: Redactor
    plan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished run: everything the reports tell."""

    settings: Settings | SavedSettings
    connections: Sequence[ConnectionRun]
    verdict: Verdict
    exit_code: int
    started_at: datetime
    finished_at: datetime


def document(run: Run) -> dict[str, Any]:
    """The run in the shape of the JSON report, fit to leave the process."""
    settings, show = run.settings, run.settings.redactor
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "pytest-fasthook", "version": version("pytest-fasthook")},
        "verdict": str(run.verdict),
        "exit_code": run.exit_code,
        "started_at": write_iso(run.started_at),
        "finished_at": write_iso(run.finished_at),
        "api": {"url": show.show(settings.api_url), "team_id": show.show(settings.team_id)},
        "mode": settings.mode,
        "policy": {
            "on_inconclusive": settings.on_inconclusive,
            "on_error": settings.on_error,
            "advisory": sorted(settings.advisory),
        },
        **({"plan": True} if settings.plan else {}),
        "connections": [_connection(one, run, show) for one in run.connections],
    }


def _connection(one: ConnectionRun, run: Run, show: Redactor) -> dict[str, Any]:
    settings = run.settings
    ids = ids_of(one.connection_id, one.results)
    found = [warning for result in one.results.values() for warning in result.warnings]
    warnings = [*_let_through(one, run), *one.notes, *found]
    return {
        "connection_id": one.connection_id,
        "source_id": show.shown(ids["source_id"]),
        "destination_id": show.shown(ids["destination_id"]),
        "probe_id": one.probe_id,
        "sending": _plain(one.sending),
        "transcript": one.transcript,
        "verdict": str(one.decision.verdict),
        "cause": _cause(one.decision.deciding, ids, settings, show),
        "ids": {
            "request_id": show.shown(ids["request_id"]),
            "event_id": show.shown(ids["event_id"]),
            "attempt_ids": show.shown(_attempt_ids(one.results)),
        },
        "warnings": show.shown(warnings),
        "stages": [_stage(result, show) for result in one.results.values()],
    }


def _let_through(one: ConnectionRun, run: Run) -> list[str]:
    """What a policy hid from the exit code, said in every report."""
    policies = {Verdict.ERROR: run.settings.on_error, Verdict.INCONCLUSIVE: run.settings.on_inconclusive}
    if run.exit_code != EXIT_PASS or policies.get(one.decision.verdict) != "pass":
        return []
    verdict = one.decision.verdict
    return [
        f"NOT A PASS: this connection is {verdict}; exit code 0 comes from --fasthook-on-{verdict} pass alone"
    ]


def _cause(
    deciding: StageResult | None, ids: Mapping[str, Any], settings: Settings | SavedSettings, show: Redactor
) -> dict[str, Any] | None:
    if deciding is None or deciding.cause is None:
        return None
    return {
        "stage": str(deciding.stage),
        "code": str(deciding.cause),
        "message": show.shown(deciding.message),
        "next": show.shown(next_step_for(deciding.cause, ids, settings=settings, stage=deciding.stage)),
    }


def next_step_for(
    cause: Cause, ids: Mapping[str, Any], *, settings: Settings | SavedSettings, stage: Stage
) -> str:
    """What to do next, with the ids that are known filled in."""
    known = {name: str(value) for name, value in ids.items() if value is not None}
    return next_step(cause, {**known, "api_url": settings.api_url, "stage": str(stage)})


def ids_of(connection_id: str, results: Mapping[Stage, StageResult]) -> dict[str, Any]:
    """The ids along the chain, as the stages found them."""
    facts = {name: value for result in results.values() for name, value in _ids_in(result)}
    return {**dict.fromkeys(IDS), **facts, "connection_id": connection_id}


def _ids_in(result: StageResult) -> list[tuple[str, Any]]:
    """The ids in a stage's facts; the latest input may be that of a request that is not ours."""
    names = () if result.stage is Stage.LATEST_INPUT else IDS
    return [(name, result.facts[name]) for name in names if result.facts.get(name) is not None]


def _attempt_ids(results: Mapping[Stage, StageResult]) -> list[Any]:
    delivery = results.get(Stage.DELIVERY)
    return list(delivery.facts.get("attempt_ids", ())) if delivery else []


def _stage(result: StageResult, show: Redactor) -> dict[str, Any]:
    return {
        "stage": str(result.stage),
        "outcome": str(result.outcome),
        "advisory": result.advisory,
        "code": str(result.cause) if result.cause else None,
        "message": show.shown(result.message),
        "started_at": write_iso(result.started_at) if result.started_at else None,
        "duration_s": round(result.duration_s, 3),
        "polls": result.polls,
        "evidence": show.shown(_plain({**result.facts, **result.evidence}), depth=DEPTH),
    }


def _plain(value: Any, depth: int = DEPTH) -> Any:
    """Dates as texts, as deep as anything is shown; the rest is left to the redactor, which cuts it there."""
    if isinstance(value, datetime):
        return write_iso(value)
    if depth <= 0:
        return value
    if isinstance(value, Mapping):
        dated = any(map(_dated, value.values()))
        return {key: _plain(item, depth - 1) for key, item in value.items()} if dated else value
    return [_plain(item, depth - 1) for item in value] if isinstance(value, list | tuple) else value


def _dated(value: Any) -> bool:
    return isinstance(value, datetime | Mapping | list | tuple)
