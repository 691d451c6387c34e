"""Latest input: the newest input of the connection is our request's, with the body we sent, or a newer one.

Relies on the latest input model (FastHook contract): the envelope's ``input`` is an open object whose ``body`` is
parsed JSON where it is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypeGuard

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import LatestInput, Request
from pytest_fasthook.evidence.expect import Compared, Expectations
from pytest_fasthook.evidence.log import Evidence, Observation
from pytest_fasthook.iso import write_iso
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.difference import first_difference, parsed, value_difference
from pytest_fasthook.judge.findings import Finding, Waiting, ended, first_end, passed
from pytest_fasthook.settings.saved_run import body_digest
from pytest_fasthook.stages import Stage

STAGE = Stage.LATEST_INPUT
_ENVELOPE = frozenset({"headers", "query", "path", "method", "parsed_query"})


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the newest input."""
    looks = evidence.answers(chain.latest_input_question(expect))
    seen = (_seen(look, evidence, expect) for look in looks)
    return first_end(seen, otherwise=_seen(None, evidence, expect))


def _seen(look: Observation | None, evidence: Evidence, expect: Expectations) -> Finding:
    """What one look showed."""
    request = chain.request(evidence, expect)
    assert request is not None
    newest: LatestInput | None = look.value.latest_input if look else None
    if look is not None and newest is not None and newest.request_id == request.id:
        told = expect.told.inputs.get(look.asked_at) if expect.told else None
        return _ours(newest, request, expect, told or compared(newest, request, expect))
    if newest is not None and _is_newer(newest, chain.ingested_at(evidence, expect)):
        message = f"a newer input (request {newest.request_id}) has replaced that of request {request.id}"
        return passed(STAGE, message, facts=_facts(newest) | {"newer": True})
    found = f"that of request {newest.request_id} ({_time(newest.created_at)})" if newest else "empty"
    message = f"the latest input of {expect.connection_id} is {found}, expected that of request {request.id}"
    return _wait(expect, message, newest)


def _is_newer(newest: LatestInput, ingested: datetime | None) -> bool:
    """Whether the input is surely somebody else's and surely came after ours."""
    named = newest.request_id is not None
    return named and ingested is not None and newest.created_at is not None and newest.created_at > ingested


def _ours(newest: LatestInput, request: Request, expect: Expectations, found: Compared) -> Finding:
    """Our request's input: its body must be the one we sent."""
    what = f"the latest input of {expect.connection_id} is that of request {request.id}"
    match found.body:
        case "unknown":
            doubt = "the request's stored body could not be read, so the input's content was not compared"
            return passed(STAGE, what, facts=_facts(newest), warnings=(doubt,))
        case "same":
            return passed(STAGE, f"{what}, unchanged", facts=_facts(newest))
        case "absent":
            return _wait(expect, f"{what}, without a body, expected the body sent", newest)
    message = f"{what}, expected the body sent: {found.difference}"
    return ended(STAGE, Cause.LATEST_INPUT_MISMATCH, message, facts=_facts(newest))


def compared(newest: LatestInput, request: Request, expect: Expectations) -> Compared:
    """Compare the body in our request's input with the one sent."""
    compare = _comparison(request, expect)
    if compare is None:
        return Compared("unknown")
    bodies = _bodies(newest.input)
    differences = [compare(body) for body in bodies or [None]]
    if newest.input is not None and (None in differences or compare(newest.input) is None):
        return Compared("same")
    return Compared("other", differences[0]) if bodies else Compared("absent")


def _comparison(request: Request, expect: Expectations) -> Callable[[Any], str | None] | None:
    """Tells how a body differs from the one sent; of a real request that is known where it was stored."""
    if expect.sent.saved is not None and expect.sent.saved.body_sha256 is not None:
        return partial(_other_digest, expect.sent.saved.body_sha256)
    if expect.sent.probe is not None:
        return partial(first_difference, expect.sent.probe.body)
    data = request.data
    return partial(value_difference, data["body"]) if isinstance(data, Mapping) and "body" in data else None


def _other_digest(expected: str, body: Any) -> str | None:
    """Of a body that an earlier run sent only the digest is known."""
    text = body if isinstance(body, str) else json.dumps(body)
    found = body_digest(text.encode("utf-8", "surrogatepass"))
    return (
        None if found == expected else f"its digest is {found[:12]}…, that of the body sent {expected[:12]}…"
    )


def _bodies(stored: Any) -> list[Any]:
    """What may be the body in a stored input, the likeliest first: its layout is not published.

    An envelope without a body says nothing about it, since a large one is stored elsewhere.
    """
    inner = parsed(stored)
    data = inner.get("data") if isinstance(inner, Mapping) else None
    envelopes = [part for part in (data, inner) if _is_envelope(part)]
    bodies = [part["body"] for part in envelopes if "body" in part]
    return bodies if envelopes or stored is None else [inner]


def _is_envelope(part: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether this is the form in which transformations see a request (FastHook page on transformations)."""
    return isinstance(part, Mapping) and (not _ENVELOPE.isdisjoint(part) or set(part) == {"body"})


def _wait(expect: Expectations, message: str, newest: LatestInput | None) -> Waiting:
    return Waiting(
        stage=STAGE,
        questions=(chain.latest_input_question(expect),),
        missing=Cause.LATEST_INPUT_STALE,
        message=message,
        until=expect.deadline,
        facts=_facts(newest) if newest else None,
    )


def _facts(newest: LatestInput) -> dict[str, object]:
    return {"request_id": newest.request_id, "created_at": _time(newest.created_at)}


def _time(moment: datetime | None) -> str | None:
    return write_iso(moment) if moment else None
