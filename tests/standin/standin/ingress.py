"""The source URLs: take a call in the order FastHook checks it, and answer."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import Literal

from standin.answers import Answer, Incoming, json_answer
from standin.auth import is_authentic
from standin.matching import deduplicate_key, filter_matches
from standin.receipts import Receipt
from standin.script import RouteScript, SourceScript
from standin.world import World

_REFUSED = {"SOURCE_METHOD_NOT_ALLOWED": 405, "SOURCE_AUTH_FAILED": 401, "SOURCE_DISABLED": 404}
_MANNERS: dict[str, Literal["plain", "hang", "reset"]] = {"answer": "plain", "hang": "hang", "reset": "reset"}


def answer_probe(world: World, source: SourceScript, incoming: Incoming) -> Answer:
    """Judge a call of a source URL, write it down with its fate, and say what its sender is told."""
    scripted = _is_scripted(world, source)
    call = _received(world, source, incoming)
    rejection = _rejection(call, scripted=scripted)
    receipt = replace(
        call,
        rejection=rejection,
        recorded=_is_recorded(world, source, scripted=scripted),
        ignored={} if rejection else _ignored(world, call),
    )
    world.note_receipt(receipt)
    answer = _answer(receipt, scripted=scripted)
    manner = source.ingress.behaviour if scripted else "answer"
    return replace(answer, manner=_MANNERS[manner], delay_s=source.ingress.delay_s)


def _received(world: World, source: SourceScript, incoming: Incoming) -> Receipt:
    return Receipt(
        request_id=f"req_{secrets.token_hex(10)}",
        source=source,
        at=world.now(),
        method=incoming.method,
        path=incoming.path,
        query={name: values[-1] for name, values in incoming.query.items()},
        headers=incoming.headers,
        body=incoming.body,
    )


def _is_scripted(world: World, source: SourceScript) -> bool:
    first = source.ingress.first
    return first is None or sum(probe.source.id == source.id for probe in world.probes) < first


def _is_recorded(world: World, source: SourceScript, *, scripted: bool) -> bool:
    first = source.request.first
    if first is not None and sum(probe.source.id == source.id for probe in world.probes) >= first:
        return False
    return source.request.recorded if scripted else True


def _rejection(call: Receipt, *, scripted: bool) -> str | None:
    source = call.source
    if source.status == "disabled":
        return "SOURCE_DISABLED"
    if not source.checks:
        return source.ingress.rejection if scripted else None
    if source.methods is not None and call.method not in source.methods:
        return "SOURCE_METHOD_NOT_ALLOWED"
    if source.auth is not None and not is_authentic(source.auth, headers=call.headers, body=call.body):
        return "SOURCE_AUTH_FAILED"
    return source.ingress.rejection if scripted else None


def _answer(receipt: Receipt, *, scripted: bool) -> Answer:
    ingress = receipt.source.ingress
    natural = _REFUSED.get(receipt.rejection or "")
    if natural is not None and not (scripted and ingress.rejection):
        return json_answer({"error": receipt.rejection}, status=natural)
    if not scripted or (ingress.status == 200 and ingress.body is None):
        default = {"ok": True, "queued": True, "transport": "queue", "request_id": receipt.request_id}
        return json_answer(default)
    body = json.dumps({"error": "scripted"}) if ingress.body is None else ingress.body
    return Answer(status=ingress.status, body=body.encode(), content_type=ingress.content_type)


def _ignored(world: World, call: Receipt) -> dict[str, str]:
    causes = {
        route.connection_id: _ignored_on(world, route, call)
        for route in world.routes
        if route.source.id == call.source.id
    }
    return {connection: cause for connection, cause in causes.items() if cause is not None}


def _ignored_on(world: World, route: RouteScript, call: Receipt) -> str | None:
    rules = {str(rule.get("type")): rule for rule in route.rules}
    if "deduplicate" in rules:
        key = deduplicate_key(rules["deduplicate"], call.envelope)
        since = call.at - float(rules["deduplicate"].get("window", 0)) / 1000
        earlier = [probe for probe in world.probes if probe.source.id == call.source.id and probe.at >= since]
        if any(deduplicate_key(rules["deduplicate"], probe.envelope) == key for probe in earlier):
            return "DEDUPLICATED"
    if "filter" in rules and route.branch.filters and not filter_matches(rules["filter"], call.envelope):
        return "FILTERED"
    return None
