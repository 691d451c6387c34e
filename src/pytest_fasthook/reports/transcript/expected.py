"""What was expected of a connection, as a transcript keeps it: its limits, what was sent, and by when to decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pytest_fasthook.causes import Cause
from pytest_fasthook.evidence.expect import (
    Compared,
    Expectations,
    Limits,
    Negative,
    Sending,
    ServerClock,
    Teeth,
    Told,
)
from pytest_fasthook.evidence.log import Evidence
from pytest_fasthook.iso import read_iso
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.latest_input import compared
from pytest_fasthook.probe.probe import Plan, Probe, Refusal, doubts, unsendable
from pytest_fasthook.reports.transcript.fit import Json
from pytest_fasthook.reports.transcript.read import read_matches, read_seconds
from pytest_fasthook.reports.transcript.written import plain_matches
from pytest_fasthook.settings.saved_run import SavedProbe, text, text_or_none
from pytest_fasthook.settings.values import Value, rate
from pytest_fasthook.stages import Stage

# -- to JSON ---------------------------------------------------------------------------------------------------


def plain_expectations(expect: Expectations) -> Json:
    """Everything but the limits, the payload and the secrets."""
    return {
        "team_id": expect.team_id,
        "source_url": expect.plan.source_url,
        "waits": expect.waits,
        "stages": sorted(expect.stages),
        "preflight_deadline": expect.preflight_deadline,
        "sending": _plain_sending(expect.sending) if expect.sending else None,
        "bites": expect.bites,
        "teeth": _plain_teeth(expect.teeth) if expect.teeth else None,
    }


def _plain_teeth(teeth: Teeth) -> Json:
    return {
        "refused": _plain_negative(teeth.refused) if teeth.refused else None,
        "ignored": _plain_negative(teeth.ignored) if teeth.ignored else None,
        "sent_at": teeth.sent_at,
        "deadline": teeth.deadline,
    }


def _plain_negative(negative: Negative) -> Json:
    return {
        "probe_id": negative.probe_id,
        "source_id": negative.source_id,
        "since": _iso(negative.since),
        "why": negative.why,
    }


def plain_limits(limits: Limits) -> Json:
    """The limits that were set."""
    return {
        "attempts": limits.attempts,
        "max_failure_rate": limits.max_failure_rate,
        "max_latency_s": limits.max_latency_s,
        "rules": None if limits.rules is None else list(limits.rules),
        "response_body": None if limits.response_body is None else dict(limits.response_body),
        "advisory": sorted(limits.advisory),
    }


def _plain_sending(sending: Sending) -> Json:
    probe, clock = sending.probe, sending.clock
    return {
        "probe": {"probe_id": probe.probe_id, "source_id": probe.source_id} if probe else None,
        "match": plain_matches(sending.match),
        "sent_at": sending.sent_at,
        "deadline": sending.deadline,
        "clock": {"date": _iso(clock.date), "seen_at": clock.seen_at, "measured": clock.measured},
        "window_start": _iso(sending.window_start),
        "saved": _plain_saved(sending.saved) if sending.saved else None,
    }


def _plain_saved(saved: SavedProbe) -> Json:
    return {
        "source_id": saved.source_id,
        "probe_id": saved.probe_id,
        "request_id": saved.request_id,
        "sent_at": _iso(saved.sent_at),
        "window_start": _iso(saved.window_start),
        "body_sha256": saved.body_sha256,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def plain_told(told: Told) -> Json:
    """What only the payload and the secrets could tell."""
    refusal = told.refusal
    return {
        "refusal": {"cause": str(refusal.cause), "message": refusal.message} if refusal else None,
        "doubts": [{"message": doubt} for doubt in told.doubts],
        "inputs": [
            {"asked_at": asked_at, "compared": one.body, "message": one.difference}
            for asked_at, one in told.inputs.items()
        ],
    }


def found_out(evidence: Evidence, expect: Expectations) -> Told:
    """What payload and secrets tell of the route, and of the inputs that were seen."""
    route, inputs = chain.route(evidence, expect), _told_inputs(evidence, expect)
    if route is None or not route.source_url or expect.waits:
        return Told(inputs=inputs)
    return Told(refusal=unsendable(route, expect.plan), doubts=doubts(route, expect.plan), inputs=inputs)


def _told_inputs(evidence: Evidence, expect: Expectations) -> Mapping[float, Compared]:
    """How every sight of our request's input compared."""
    request = chain.request(evidence, expect) if expect.sending else None
    looks = evidence.answers(chain.latest_input_question(expect)) if request else ()
    return {
        look.asked_at: compared(look.value.latest_input, request, expect)
        for look in looks
        if request and look.value.latest_input and look.value.latest_input.request_id == request.id
    }


# -- and back --------------------------------------------------------------------------------------------------


def read_expectations(connection_id: str, value: Mapping[str, Any]) -> Expectations:
    """Read what was expected.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is not of that shape.
    """
    expected, sending, url = value["expected"], value["expected"]["sending"], value["expected"]["source_url"]
    return Expectations(
        connection_id=connection_id,
        team_id=text(expected["team_id"]),
        limits=read_limits(value["limits"]),
        plan=Plan(source_url=text_or_none(url)),
        preflight_deadline=read_seconds(expected["preflight_deadline"]),
        waits=expected["waits"] is True,
        stages=frozenset(map(Stage, expected["stages"])),
        sending=None if sending is None else _read_sending(sending),
        told=_read_told(value["told"]),
        bites=expected["bites"] is not False,
        teeth=None if expected["teeth"] is None else _read_teeth(expected["teeth"]),
    )


def _read_teeth(value: Mapping[str, Any]) -> Teeth:
    return Teeth(
        refused=_read_negative(value["refused"]),
        ignored=_read_negative(value["ignored"]),
        sent_at=read_seconds(value["sent_at"]),
        deadline=read_seconds(value["deadline"]),
    )


def _read_negative(value: Mapping[str, Any] | None) -> Negative | None:
    if value is None:
        return None
    source_id = value["source_id"]
    return Negative(
        probe_id=text(value["probe_id"]),
        source_id=text_or_none(source_id),
        since=read_iso(value["since"]),
        why=text(value["why"]),
    )


def read_limits(value: Mapping[str, Any]) -> Limits:
    """Read the limits.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: they are not of that shape.
    """
    if value["attempts"] not in {"eventual", "first"}:
        raise ValueError("attempts are eventual or first")
    latency, rules, body = value["max_latency_s"], value["rules"], value["response_body"]
    return Limits(
        attempts=value["attempts"],
        max_failure_rate=rate(Value(value["max_failure_rate"], "max_failure_rate")),
        max_latency_s=None if latency is None else read_seconds(latency),
        rules=None if rules is None else tuple(rules),
        response_body=None if body is None else dict(body),
        advisory=frozenset(map(Stage, value["advisory"])),
    )


def _read_sending(value: Mapping[str, Any]) -> Sending:
    saved, clock = value["saved"], value["clock"]
    return Sending(
        probe=_read_probe(value["probe"]),
        match=read_matches(value["match"]),
        sent_at=read_seconds(value["sent_at"]),
        deadline=read_seconds(value["deadline"]),
        clock=ServerClock(
            date=read_iso(clock["date"]),
            seen_at=read_seconds(clock["seen_at"]),
            measured=clock["measured"] is True,
        ),
        window_start=read_iso(value["window_start"]),
        saved=None if saved is None else _read_saved(saved),
    )


def _read_probe(value: Mapping[str, Any] | None) -> Probe | None:
    """The probe as far as a report knows it; it is never sent."""
    if value is None:
        return None
    source_id = value["source_id"]
    return Probe(
        probe_id=text(value["probe_id"]),
        source_id=text_or_none(source_id),
        method="",
        url="",
        headers=(),
        body=b"",
    )


def _read_saved(value: Mapping[str, Any]) -> SavedProbe:
    texts = {
        name: text_or_none(value[name]) for name in ("source_id", "probe_id", "request_id", "body_sha256")
    }
    return SavedProbe(
        **texts, sent_at=read_iso(value["sent_at"]), window_start=read_iso(value["window_start"])
    )


def _read_told(value: Mapping[str, Any]) -> Told:
    refusal = value["refusal"]
    return Told(
        refusal=None
        if refusal is None
        else Refusal(cause=Cause(refusal["cause"]), message=text(refusal["message"])),
        doubts=tuple(text(one["message"]) for one in value["doubts"]),
        inputs={read_seconds(one["asked_at"]): _read_compared(one) for one in value["inputs"]},
    )


def _read_compared(value: Mapping[str, Any]) -> Compared:
    body, difference = value["compared"], value["message"]
    if body not in {"same", "other", "absent", "unknown"}:
        raise ValueError("an input that was compared in no known way")
    return Compared(body, text_or_none(difference))
