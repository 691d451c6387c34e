"""Ingress: the source took the probe, and its request record says ``accepted``.

The answer of the source URL is only a hint: a source with a custom response or in proxy mode may answer 4xx or
5xx to a request that it accepted. The record decides (FastHook guides on source authentication and on custom
source responses; contract, request model).
"""

from __future__ import annotations

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.faults import may_have_been_sent
from pytest_fasthook.client.models import Request
from pytest_fasthook.errors import UnreachableError
from pytest_fasthook.evidence.expect import Expectations
from pytest_fasthook.evidence.log import Evidence
from pytest_fasthook.evidence.seen import RequestSeen
from pytest_fasthook.iso import write_iso
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed, wrong_team
from pytest_fasthook.redact import clean, one_line
from pytest_fasthook.stages import Stage, StageResult

STAGE = Stage.INGRESS
PATIENCE_S = 10.0
"""How long to look for the record of a probe that the source itself refused, in seconds."""


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the ingress answer together with the request record."""
    sights = chain.requests(evidence, expect)
    recorded = next(filter(None, (_recorded(found, evidence, expect) for found in sights)), None)
    if recorded:
        return recorded
    waiting = _unrecorded(sights[-1] if sights else None, evidence, expect)
    sending = chain.sending(evidence, expect)
    error = sending.error if sending else None
    if isinstance(error, UnreachableError) and not may_have_been_sent(error):
        return ended(STAGE, Cause.INGRESS_UNREACHABLE, waiting.message, facts=waiting.facts)
    return waiting


def _recorded(found: Request, evidence: Evidence, expect: Expectations) -> StageResult | None:
    """The record's verdict; ``None`` while it says neither yes nor no in words that this version knows."""
    facts = _facts(evidence, expect) | {"status": found.status, "verified": found.verified}
    stranger = wrong_team(STAGE, expect, (f"request {found.id}", found.team_id))
    if stranger:
        return stranger
    if found.status == "rejected" or (found.rejection_cause and found.status != "accepted"):
        why = found.rejection_cause or "no cause recorded"
        message = (
            f"the source rejected request {found.id}: {why}{_answered(evidence, expect)}, expected accepted"
        )
        return ended(STAGE, Cause.INGRESS_REJECTED, message, facts=facts)
    if found.status != "accepted" or found.rejection_cause:
        return None
    route = chain.route(evidence, expect)
    if route is None or not route.has_auth or found.verified:
        return passed(STAGE, f"request {found.id} accepted{_verified(found)}", facts=facts)
    if found.verified is None:
        return None
    message = (
        f"request {found.id} was accepted with verified={found.verified} although source {route.source_id} "
        f"has {route.auth_type} auth, expected verified=True"
    )
    return ended(STAGE, Cause.INGRESS_REJECTED, message, facts=facts)


def _unrecorded(found: Request | None, evidence: Evidence, expect: Expectations) -> Waiting:
    """No usable record yet: what it means if none appears, and how long to look for it."""
    cause, until = _hint(evidence, expect)
    seen = "has no request record" if expect.sent.probe else f"has not come{_unclear(evidence, expect)}"
    seen += _replays(evidence, expect)
    if found is not None:
        cause, until = Cause.REQUEST_NOT_SEEN, expect.deadline
        seen = (
            f"has request {found.id} with status {found.status!r}, verified={found.verified} and "
            f"rejection_cause={found.rejection_cause!r}"
        )
    return Waiting(
        stage=STAGE,
        questions=(chain.request_question(evidence, expect),),
        missing=cause,
        message=f"{_subject(expect)} {seen}{_answered(evidence, expect)}, expected an accepted one",
        until=until,
        facts=_facts(evidence, expect),
    )


def _hint(evidence: Evidence, expect: Expectations) -> tuple[Cause, float]:
    """What the ingress answer means if no record appears, and until when to look for the record."""
    status = _status(evidence, expect)
    told_before = expect.sent.probe is None or expect.sent.saved is not None
    cause = _without_record(status)
    if told_before or cause is Cause.REQUEST_NOT_SEEN:
        return Cause.REQUEST_NOT_SEEN, expect.deadline
    route = chain.route(evidence, expect)
    sending = chain.sending(evidence, expect)
    sent_at = sending.seen_at if sending else expect.deadline
    believed = route is not None and route.source_config is not None and not route.answers_for_itself
    until = min(expect.deadline, sent_at + PATIENCE_S) if believed else expect.deadline
    return cause, until


def _without_record(status: int | None) -> Cause:
    """What an answer without a record means: a firewall or a proxy answers 403 and the like, never the source."""
    if status in {401, 405}:
        return Cause.INGRESS_REJECTED
    if status is None or status == 404 or 500 <= status < 600:
        return Cause.INGRESS_UNREACHABLE
    return Cause.REQUEST_NOT_SEEN


def _status(evidence: Evidence, expect: Expectations) -> int | None:
    reply = chain.receipt(evidence, expect)
    return reply.status if reply else None


def _answered(evidence: Evidence, expect: Expectations) -> str:
    sending = chain.sending(evidence, expect)
    if sending is not None and sending.error is not None:
        return f"; sending it gave: {sending.error}"
    reply = chain.receipt(evidence, expect)
    if reply is None:
        return ""
    location = reply.headers.get("location") if 300 <= reply.status < 400 else None
    elsewhere = f" and redirects to {one_line(clean(location), limit=200)}" if location else ""
    return f"; the source URL answered {reply.status}{elsewhere}"


def _verified(found: Request) -> str:
    return " and verified" if found.verified else ""


def _subject(expect: Expectations) -> str:
    """The probe, or the awaited request."""
    probe, match = expect.sent.probe, " and ".join(map(str, expect.sent.match))
    if probe is not None:
        return f"probe {probe.probe_id}"
    return f"a real request{f' with {match}' if match else ''} since {write_iso(expect.sent.since)}"


def _replays(evidence: Evidence, expect: Expectations) -> str:
    """Replays that were found in place of the request."""
    looks = evidence.answers(chain.request_question(evidence, expect))
    ids = dict.fromkeys(name for look in looks for name in look.value.replays)
    return f", only replays of it ({', '.join(ids)}), which are not the probe" if ids else ""


def _unclear(evidence: Evidence, expect: Expectations) -> str:
    """Requests that may have been awaited, but cannot be told from probes."""
    observation = evidence.answered(chain.request_question(evidence, expect))
    seen: RequestSeen | None = observation.value if observation else None
    return f" ({seen.unclear} came without a stored payload to tell by)" if seen and seen.unclear else ""


def _facts(evidence: Evidence, expect: Expectations) -> dict[str, object]:
    found = chain.request(evidence, expect)
    return {
        "http_status": _status(evidence, expect),
        "request_id": found.id if found else chain.request_question(evidence, expect).request_id,
        "probe_id": expect.sent.probe.probe_id if expect.sent.probe else None,
    }
