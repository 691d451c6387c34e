"""Where the stages of a connection lie in time, measured from the first one's start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_fasthook.causes import Outcome
from pytest_fasthook.reports.model import ConnectionRun, StageRun
from pytest_fasthook.reports.wording import seconds
from pytest_fasthook.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stage on the time axis; ``start_s`` is ``None`` where it never began. Seconds."""

    stage: StageRun
    start_s: float | None
    polls_s: tuple[float, ...]
    """When each answer was seen, or asked for where that is all that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One delivery attempt; ``at_s`` is by the server's clock and so only as good as the two clocks agree.

    ``after_s`` is where its wait began: at the attempt before, or at the stage's start.
    """

    at_s: float
    after_s: float
    label: str
    succeeded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All stages of a connection on one axis from 0 to ``total_s`` seconds."""

    total_s: float
    bars: tuple[Bar, ...]
    attempts: tuple[Attempt, ...]


def timeline(connection: ConnectionRun) -> Timeline:
    """Lay a connection's stages on one axis."""
    begun = [(stage, began) for stage in connection.stages if (began := _began(stage))]
    if not begun:
        bars = tuple(Bar(stage=stage, start_s=None, polls_s=()) for stage in connection.stages)
        return Timeline(total_s=0.0, bars=bars, attempts=())
    origin = min(started for _, started in begun)
    total = max((started - origin).total_seconds() + stage.duration_s for stage, started in begun)
    return Timeline(
        total_s=total,
        bars=tuple(_bar(stage, origin, total) for stage in connection.stages),
        attempts=tuple(_attempts(connection, origin, total)),
    )


def _began(stage: StageRun) -> datetime | None:
    """When a stage began; a blocked one did not."""
    return None if stage.outcome is Outcome.BLOCKED else stage.started_at


def _bar(stage: StageRun, origin: datetime, total: float) -> Bar:
    began = _began(stage)
    if began is None:
        return Bar(stage=stage, start_s=None, polls_s=())
    seen = (moment for answer in stage.answers if (moment := answer.seen_at or answer.asked_at))
    return Bar(
        stage=stage,
        start_s=_offset(began, origin, total),
        polls_s=tuple(_offset(moment, origin, total) for moment in seen),
    )


def _offset(moment: datetime, origin: datetime, total: float) -> float:
    return min(max((moment - origin).total_seconds(), 0.0), total)


def _attempts(connection: ConnectionRun, origin: datetime, total: float) -> Iterator[Attempt]:
    delivery = next((stage for stage in connection.stages if stage.stage is Stage.DELIVERY), None)
    if delivery is None or _began(delivery) is None:
        return
    began = _offset(delivery.started_at, origin, total) if delivery.started_at else 0.0
    before: datetime | None = None
    for record in attempt_records(connection):
        moment = _moment(record.get("created_at"))
        if moment is None:
            continue
        at_s = _offset(moment, origin, total)
        yield Attempt(
            at_s=at_s,
            after_s=min(_offset(before, origin, total) if before else began, at_s),
            label=_attempt_label(record, waited=(moment - before).total_seconds() if before else None),
            succeeded=record.get("status") == "SUCCESSFUL",
        )
        before = moment


def _attempt_label(record: Mapping[str, Any], *, waited: float | None) -> str:
    status = record.get("response_status") or record.get("error_code") or record.get("status")
    number = record.get("attempt_number")
    named = "attempt" if number is None else f"attempt {number}"
    return f"{named}: {status}" + (f", {seconds(waited)} later" if waited is not None else "")


def attempt_records(connection: ConnectionRun) -> list[Mapping[str, Any]]:
    """The attempts in the last answer that listed any, oldest first where they are dated."""
    delivery = (stage for stage in connection.stages if stage.stage is Stage.DELIVERY)
    answers = [answer.value for stage in delivery for answer in stage.answers if "/attempts" in answer.call]
    for value in reversed(answers):
        records = _models(value)
        if records:
            return sorted(records, key=lambda record: str(record.get("created_at")))
    return []


def _models(value: Any) -> list[Mapping[str, Any]]:
    models = value.get("models") if isinstance(value, Mapping) else value
    listed = models if isinstance(models, list) else []
    return [record for record in listed if isinstance(record, Mapping) and "status" in record]


def _moment(value: Any) -> datetime | None:
    """A moment of an API's answer; those are not checked by anyone before."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None
