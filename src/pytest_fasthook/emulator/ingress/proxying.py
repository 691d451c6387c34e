"""Proxy mode: the upstream's answer is the source's answer (FastHook docs, webhook proxy).

The names of the time-out, capture limit and method keys are not stated: ``timeout_ms``, ``max_response_bytes`` and
``http_method`` are taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_fasthook.emulator.delivery.outgoing import forwardable, target_url
from pytest_fasthook.emulator.delivery.transport import OutgoingRequest, Response
from pytest_fasthook.emulator.errors import BadRequest
from pytest_fasthook.emulator.ingress.responses import Reply
from pytest_fasthook.emulator.payload import Headers, Payload
from pytest_fasthook.emulator.rules.rules import as_int
from pytest_fasthook.emulator.store.records import ProxyExchange, Request, Source
from pytest_fasthook.emulator.store.tables import PROXY_EXCHANGES
from pytest_fasthook.emulator.world import AppState

DEFAULT_TIMEOUT_MS = 30_000
MAX_TIMEOUT_MS = 300_000
DEFAULT_CAPTURE = 1_000_000
MAX_CAPTURE = 10_000_000


def proxy_of(source: Source) -> Mapping[str, Any] | None:
    """Return a source's proxy settings where it is in proxy mode."""
    config = source.config or {}
    return config.get("proxy") if config.get("mode") == "proxy" else None


def check_proxy(config: Mapping[str, Any]) -> None:
    """Refuse a proxy that could not be called.

    Raises:
        BadRequest: a part has the wrong form.
    """
    if config.get("mode") not in (None, "proxy", "default"):
        raise BadRequest("config.mode must be proxy, default or null")
    if config.get("mode") != "proxy":
        return
    proxy = config.get("proxy")
    url = proxy.get("target_url") if isinstance(proxy, Mapping) else None
    if (
        not isinstance(proxy, Mapping)
        or not isinstance(url, str)
        or not url.startswith(("http://", "https://"))
    ):
        raise BadRequest("config.proxy.target_url must be an absolute http or https URL")
    for name, most in (("timeout_ms", MAX_TIMEOUT_MS), ("max_response_bytes", MAX_CAPTURE)):
        value = proxy.get(name)
        if value is not None and not 1 <= (as_int(value) or 0) <= most:
            raise BadRequest(f"config.proxy.{name} must be a whole number from 1 to {most}")


def upstream_call(proxy: Mapping[str, Any], payload: Payload, *, request_id: str) -> OutgoingRequest:
    """Build the call to the upstream."""
    target = {"url": proxy["target_url"], "path_forwarding_disabled": not proxy.get("path_forwarding")}
    return OutgoingRequest(
        method=str(proxy.get("http_method") or payload.method),
        url=target_url(target, payload),
        headers=(*forwardable(payload.headers), ("x-fasthook-request-id", request_id)),
        body=payload.body,
    )


def limits(proxy: Mapping[str, Any]) -> tuple[float, int]:
    """Return the time-out in seconds, and how many bytes of the answer are kept."""
    seconds = (proxy.get("timeout_ms") or DEFAULT_TIMEOUT_MS) / 1000
    return seconds, int(proxy.get("max_response_bytes") or DEFAULT_CAPTURE)


def record_exchange(
    world: AppState, request: Request, call: OutgoingRequest, exchanged: Response, *, started_ms: int
) -> None:
    """Store what the upstream answered."""
    now = world.clock.now_ms()
    has_answer = exchanged.status is not None
    PROXY_EXCHANGES.insert(
        world.database,
        ProxyExchange(
            id=world.ids.make("prx"),
            team_id=request.team_id,
            source_id=request.source_id,
            request_id=request.id,
            target_url=call.url,
            http_method=call.method,
            response_status=exchanged.status,
            response_headers=dict(exchanged.headers),
            response_body=exchanged.body.decode("utf-8", "replace") if has_answer else None,
            response_body_truncated=exchanged.is_truncated,
            error_text=exchanged.error_code,
            started_ms=started_ms,
            responded_ms=now if has_answer else None,
            latency_ms=exchanged.latency_ms if has_answer else None,
            created_ms=started_ms,
            updated_ms=now,
        ),
    )


def upstream_reply(exchanged: Response) -> Reply:
    """Return the upstream's answer, or 502 where it gave none."""
    if exchanged.status is None:
        body = json.dumps({"error": f"the upstream gave no answer: {exchanged.error_code}"}).encode()
        return Reply(status=502, body=body, headers={"content-type": "application/json"})
    if not 200 <= exchanged.status <= 599:
        body = json.dumps({"error": f"the upstream answered {exchanged.status}, which is no status"}).encode()
        return Reply(status=502, body=body, headers={"content-type": "application/json"})
    return Reply(status=exchanged.status, body=exchanged.body, headers=dict(_passed_on(exchanged.headers)))


def _passed_on(headers: Headers) -> Headers:
    """The upstream's headers without those of its own connection; the body is passed on decoded."""
    return tuple(
        pair for pair in forwardable(headers) if pair[0] not in ("content-encoding", "date", "server")
    )
