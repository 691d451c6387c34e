"""Latest input: the newest input of the connection is our request's, with the body we sent, or a newer one.

Relies on the latest input model (FastHook contract): the envelope's ``input`` is an open object whose ``body`` is
parsed JSON where it is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pytest_fasthook.causes import Cause
from pytest_fasthook.client.models import LatestInput
from pytest_fasthook.evidence import Evidence
from pytest_fasthook.expect import Expectations
from pytest_fasthook.judge import chain
from pytest_fasthook.judge.difference import first_difference
from pytest_fasthook.judge.findings import Finding, Waiting, ended, passed
from pytest_fasthook.stages import Stage

STAGE = Stage.LATEST_INPUT
_ABSENT = object()
_ENVELOPE = frozenset({"headers", "query", "path", "method", "parsed_query"})


def judge(evidence: Evidence, expect: Expectations, now: float) -> Finding:  # noqa: ARG001 - one signature for all
    """Judge the newest input."""
    observation = evidence.answered(chain.latest_input_question(expect))
    newest: LatestInput | None = observation.value.latest_input if observation else None
    request = chain.request(evidence, expect)
    assert request is not None
    if newest is None:
        return _wait(expect, f"connection {expect.connection_id} has no latest input", newest)
    if newest.request_id == request.id:
        return _ours(newest, evidence, expect)
    ingested = request.ingested_at or request.created_at
    if ingested and newest.created_at and newest.created_at > ingested:
        message = f"a newer input (request {newest.request_id}) has replaced that of request {request.id}"
        return passed(STAGE, message, facts=_facts(newest) | {"newer": True})
    message = (
        f"the latest input of {expect.connection_id} is that of request {newest.request_id} "
        f"({_time(newest.created_at)}), expected request {request.id}"
    )
    return _wait(expect, message, newest)


def _ours(newest: LatestInput, evidence: Evidence, expect: Expectations) -> Finding:
    """Our request's input: its body must be the one we sent."""
    body = _body(newest.input)
    if body is _ABSENT:
        message = f"the latest input of request {newest.request_id} has no content"
        return _wait(expect, message, newest)
    sent = _sent(evidence, expect)
    difference = first_difference(sent, body) if sent is not None else None
    if difference:
        message = f"the latest input of request {newest.request_id} is not the body sent: {difference}"
        return ended(STAGE, Cause.LATEST_INPUT_MISMATCH, message, facts=_facts(newest))
    if sent is None:
        message = f"the latest input is that of request {newest.request_id}"
        doubt = "the request's stored body could not be read, so the input's content was not compared"
        return passed(STAGE, message, facts=_facts(newest), warnings=(doubt,))
    return passed(
        STAGE, f"the latest input is that of request {newest.request_id}, unchanged", facts=_facts(newest)
    )


def _sent(evidence: Evidence, expect: Expectations) -> bytes | None:
    """The body that was sent; of a real request the stored one, ``None`` where that is not there."""
    if expect.sent.probe is not None:
        return expect.sent.probe.body
    request = chain.request(evidence, expect)
    stored = request.data if request else None
    if not isinstance(stored, Mapping) or "body" not in stored:
        return None
    body = stored["body"]
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else json.dumps(body).encode()


def _body(stored: Any) -> Any:
    """The body inside the stored input; its layout is open, so a bare body is accepted as well."""
    if stored is None:
        return _ABSENT
    if isinstance(stored, str):
        stored = _parsed(stored)
    if isinstance(stored, Mapping):
        return _enveloped(stored)
    return stored


def _enveloped(stored: Mapping[str, Any]) -> Any:
    """The body of a request envelope; an object that is none is the body itself."""
    data = stored.get("data")
    inner: Mapping[str, Any] = data if isinstance(data, Mapping) else stored
    enveloped = _ENVELOPE & set(inner)
    if "body" in inner and (enveloped or set(inner) == {"body"}):
        return inner["body"]
    return None if enveloped and "body" not in inner else stored


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


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
    return moment.isoformat().replace("+00:00", "Z") if moment else None
