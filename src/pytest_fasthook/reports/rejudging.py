"""A saved run judged again, offline: the same judge over what it read then, with the same limits or with others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any, Literal

from pytest_fasthook.causes import Cause, Outcome
from pytest_fasthook.errors import FastHookError
from pytest_fasthook.evidence.expect import Limits
from pytest_fasthook.judge import teeth
from pytest_fasthook.judge.findings import Waiting
from pytest_fasthook.judge.sequence import Progress, blocked_after, judge, not_run
from pytest_fasthook.judge.verdict import Verdict, completed, decide, exit_code, worst
from pytest_fasthook.redact import Redactor
from pytest_fasthook.reports.document import ConnectionRun, Run, SavedSettings, document
from pytest_fasthook.reports.transcript.expected import plain_limits
from pytest_fasthook.reports.transcript.kept import Transcript, read_transcript
from pytest_fasthook.settings.config import Policy
from pytest_fasthook.stages import Stage, StageResult

Document = Mapping[str, Any]


class NotJudgeableError(FastHookError):
    """A saved run holds nothing to judge by; the text is one line that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The limits and policies to judge with; ``None``: as the run had it. Durations are in seconds."""

    attempts: Literal["eventual", "first"] | None = None
    max_failure_rate: float | None = None
    max_latency_s: float | None = None
    on_inconclusive: Policy | None = None
    on_error: Policy | None = None

    def of(self, limits: Limits) -> Limits:
        """A run's limits with what is changed."""
        changed = {
            "attempts": self.attempts,
            "max_failure_rate": self.max_failure_rate,
            "max_latency_s": self.max_latency_s,
        }
        return replace(limits, **{name: value for name, value in changed.items() if value is not None})  # type: ignore[arg-type]


def judged_again(saved: Document, changes: Changes) -> dict[str, Any]:
    """Judge every connection of a saved run again.

    Args:
        saved: a document of the published shape.
        changes: the limits to judge with.

    Returns:
        The document of the run as it is judged now; its exit code is the gate's own.

    Raises:
        NotJudgeableError: a connection's evidence is not in the document.
        UnreadableTranscriptError: it is not of the published shape.
    """
    settings = _settings(saved, changes)
    runs = [_connection(one, changes) for one in saved["connections"]]
    decisions = [run.decision for run in runs]
    run = Run(
        settings=settings,
        connections=runs,
        verdict=worst(decision.verdict for decision in decisions),
        exit_code=exit_code(decisions, on_inconclusive=settings.on_inconclusive, on_error=settings.on_error),
        started_at=datetime.fromisoformat(saved["started_at"]),
        finished_at=datetime.fromisoformat(saved["finished_at"]),
    )
    made = document(run)
    for now, then in zip(made["connections"], saved["connections"], strict=True):
        _keep_ids(now, then)
        _keep_answers(now, then)
        _keep_next(now, then)
    return {**made, **{name: saved[name] for name in ("merged_from",) if name in saved}}


def _settings(saved: Document, changes: Changes) -> SavedSettings:
    policy = saved.get("policy") or {}
    advisory = policy.get("advisory")
    return SavedSettings(
        api_url=saved["api"]["url"],
        team_id=saved["api"]["team_id"] or "",
        mode=saved["mode"],
        on_inconclusive=changes.on_inconclusive or policy.get("on_inconclusive", "keep"),
        on_error=changes.on_error or policy.get("on_error", "keep"),
        advisory=frozenset(stage for stage in Stage if isinstance(advisory, list) and stage in advisory),
        redactor=Redactor(),
    )


def _connection(saved: Mapping[str, Any], changes: Changes) -> ConnectionRun:
    connection_id = saved["connection_id"]
    if saved.get("transcript") is None:
        raise NotJudgeableError(
            f"it does not hold what {connection_id} was judged by: it is that of a plan, of a run that was killed, "
            "or of an older version; a killed run can be resumed with --fasthook-resume"
        )
    then = read_transcript(connection_id, saved["transcript"])
    limits = changes.of(then.expect.limits)
    now = replace(then, expect=replace(then.expect, limits=limits))
    results = _results(now, saved)
    return ConnectionRun(
        connection_id=connection_id,
        results={stage: _as_it_ran(result, saved) for stage, result in results.items()},
        decision=decide(results),
        probe_id=saved["probe_id"],
        sending=saved.get("sending"),
        transcript={
            **saved["transcript"],
            "limits": {**plain_limits(limits), **_altered(saved["transcript"]["limits"])},
        },
        notes=(*_changed(then.expect.limits, limits), *_notes(saved, results)),
    )


def _altered(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"altered": True} if part.get("altered") else {}


def _results(now: Transcript, saved: Mapping[str, Any]) -> Mapping[Stage, StageResult]:
    """Every stage's result; one that the report has too little of is no pass and no fail."""
    try:
        progress = _with_teeth(judge(now.evidence, now.expect, inf), now)
    except ArithmeticError:
        raise NotJudgeableError(
            f"the dates of {now.expect.connection_id} are none that a clock shows"
        ) from None
    ran = {Stage(one["stage"]) for one in saved["stages"] if one["code"] != Cause.STAGE_NOT_RUN}
    results = completed({**progress.results, **dict(_missing(progress, saved))}, ran)
    return results if now.altered is None else _without(now.altered, results)


def _with_teeth(progress: Progress, now: Transcript) -> Progress:
    """A pass with what became of the negative probes that were to follow it."""
    passed = progress.decided and decide(progress.results).verdict is Verdict.PASS
    if not (passed and now.expect.bites):
        return progress
    bites = teeth.judge(now.evidence, now.expect, inf).results if now.expect.teeth else {}
    return Progress(teeth.with_teeth(progress.results, bites, now.expect), ())


def _missing(progress: Progress, saved: Mapping[str, Any]) -> Iterator[tuple[Stage, StageResult]]:
    """Stages that the run never came to, or did not look at long enough for these limits."""
    ending = saved["cause"]
    why = f"the run ended at {ending['stage']} ({ending['code']})" if ending else "the run looked no further"
    awaited = {waiting.stage: waiting for waiting in progress.waiting}
    for stage in Stage:
        if stage not in progress.results:
            yield stage, not_run(stage, _too_early(awaited.get(stage), why))


def _too_early(waiting: Waiting | None, why: str) -> str:
    told = f"; {waiting.message}" if waiting else ""
    return f"{why} before these limits could be judged{told}"


def _without(altered: Stage, results: Mapping[Stage, StageResult]) -> dict[Stage, StageResult]:
    """The results up to a stage whose evidence was altered by what makes it fit for a report."""
    kept: dict[Stage, StageResult] = {}
    for stage, result in results.items():
        if stage is altered or (result.outcome is not Outcome.PASSED and not result.advisory):
            kept[stage] = (
                result
                if stage is not altered
                else not_run(stage, "its evidence was masked or cut in the report")
            )
            return {**kept, **blocked_after(stage, kept)}
        kept[stage] = result
    return kept


def _as_it_ran(result: StageResult, saved: Mapping[str, Any]) -> StageResult:
    """A result with the times of the run that it was judged by."""
    stage = next((one for one in saved["stages"] if one["stage"] == result.stage), None)
    if stage is None or (result.outcome is Outcome.BLOCKED and stage["outcome"] != Outcome.BLOCKED):
        return result
    return replace(
        result,
        started_at=datetime.fromisoformat(stage["started_at"]) if stage["started_at"] else None,
        duration_s=stage["duration_s"],
        polls=stage["polls"],
    )


def _changed(then: Limits, now: Limits) -> Iterator[str]:
    """What the limits are now, where they are others."""
    for name, old, new in (
        ("attempts", then.attempts, now.attempts),
        ("max-failure-rate", then.max_failure_rate, now.max_failure_rate),
        ("max-latency", then.max_latency_s, now.max_latency_s),
    ):
        if old != new:
            yield f"judged again with --fasthook-{name} {new}; the run had {'none' if old is None else old}"


def _notes(saved: Mapping[str, Any], results: Mapping[Stage, StageResult]) -> Iterator[str]:
    """What the run said beside its results."""
    own = {warning for result in results.values() for warning in result.warnings}
    for warning in saved["warnings"]:
        if warning not in own and not warning.startswith(("NOT A PASS", "judged again with")):
            yield warning


def _keep_ids(now: dict[str, Any], then: Mapping[str, Any]) -> None:
    """The ids that the run had found, also where the stage that found them is not judged again."""
    for name in ("source_id", "destination_id"):
        now[name] = now[name] or then[name]
    for name in ("request_id", "event_id", "attempt_ids"):
        now["ids"][name] = now["ids"][name] or then["ids"][name]


def _keep_answers(now: dict[str, Any], then: Mapping[str, Any]) -> None:
    """The answers as they stand in the report: to cut once more what was cut would change them."""
    answers = {one["stage"]: one["evidence"].get("answers") for one in then["stages"]}
    for stage in now["stages"]:
        if answers.get(stage["stage"]) is not None:
            stage["evidence"]["answers"] = answers[stage["stage"]]


def _keep_next(now: dict[str, Any], then: Mapping[str, Any]) -> None:
    """What to do next about the same cause as then, in the run's own words: a merged report has several APIs."""
    cause, before = now["cause"], then["cause"]
    if cause and before and (cause["stage"], cause["code"]) == (before["stage"], before["code"]):
        cause["next"] = before["next"]
