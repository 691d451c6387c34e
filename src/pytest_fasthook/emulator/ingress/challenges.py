"""Verification calls that providers make before they send webhooks (FastHook docs, Slack and Meta sources)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from pytest_fasthook.emulator.ingress.responses import Reply
from pytest_fasthook.emulator.ingress.signatures import provider_of
from pytest_fasthook.emulator.payload import Payload, parsed_query, shown_body
from pytest_fasthook.emulator.store.records import Source


def subscription_reply(source: Source, payload: Payload) -> Reply | None:
    """Answer Meta's ``hub.challenge``, or refuse it; ``None`` where the message is nothing of the kind."""
    query = parsed_query(payload.query)
    if payload.method != "GET" or "hub.challenge" not in query or _provider(source) != "META":
        return None
    wanted = str(_auth(source).get("verify_token") or "")
    given = str(query.get("hub.verify_token", ""))
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        body = json.dumps({"error": "verify token does not match"}).encode()
        return Reply(status=403, body=body, headers={"content-type": "application/json"})
    return Reply(body=str(query["hub.challenge"]).encode(), headers={"content-type": "text/plain"})


def url_verification_reply(source: Source, payload: Payload) -> Reply | None:
    """Answer Slack's ``url_verification``, which was signed and has been verified like any other message."""
    body = shown_body(payload.body) if _provider(source) == "SLACK" else None
    if not isinstance(body, Mapping) or body.get("type") != "url_verification":
        return None
    challenge = json.dumps({"challenge": body.get("challenge")}).encode()
    return Reply(body=challenge, headers={"content-type": "application/json"})


def _auth(source: Source) -> Mapping[str, Any]:
    auth = (source.config or {}).get("auth")
    return auth if isinstance(auth, Mapping) else {}


def _provider(source: Source) -> str:
    return provider_of(source.type, _auth(source))
