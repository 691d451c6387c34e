"""A plain caller of the stand-in, so that its own tests share nothing with the package either."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from standin import API_KEY, TEAM, StandIn

CREDENTIALS = {"authorization": f"Bearer {API_KEY}", "x-team-id": TEAM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer: its status, headers in lower case, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    standin: StandIn,
    path: str,
    query: Mapping[str, str | list[str]] | None = None,
    *,
    headers: Mapping[str, str] = CREDENTIALS,
) -> Told:
    """Ask the API."""
    target = f"{standin.api_url}{path}?{urlencode(query or {}, doseq=True)}"
    return call(target, method="GET", headers=headers)


def send(
    standin: StandIn,
    body: Any = None,
    *,
    source: str = "src_orders",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Told:
    """Send a probe to a source URL."""
    raw = body if isinstance(body, bytes) else json.dumps(body or {"id": "evt_1"}).encode()
    return call(standin.source_url(source), method=method, headers=headers or {}, body=raw)


def call(
    url: str, *, method: str, headers: Mapping[str, str], body: bytes | None = None, limit_s: float = 10
) -> Told:
    """Make one HTTP call; raises what http.client raises."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=limit_s)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body=body, headers=dict(headers))
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Told(status=answer.status, headers=names, body=answer.read())
    finally:
        connection.close()


def sent_id(told: Told) -> str:
    """The request id in a default ingress answer."""
    return str(told.json["request_id"])
