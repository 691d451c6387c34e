"""What a source received: probes, and the traffic of other people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from standin.script import ForeignTraffic, ReplayScript, SourceScript


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One call of a source URL, kept as it came.

    Attributes:
        at: Unix time on the stand-in's own (skewed) clock.
        rejection: why it was refused; ``None`` when it was accepted.
        recorded: whether FastHook wrote it down.
        ignored: the cause for which a connection's rules ignore it, by connection.
        foreign: the script of other people's traffic; ``None`` for what a test's gate sent.
        replay: why this repeats the request ``parent_id``; ``None`` where it does not.
    """

    request_id: str
    source: SourceScript
    at: float
    method: str = "POST"
    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    rejection: str | None = None
    recorded: bool = True
    ignored: Mapping[str, str] = field(default_factory=dict)
    foreign: ForeignTraffic | None = None
    replay: ReplayScript | None = None
    parent_id: str | None = None

    @property
    def probe_id(self) -> str | None:
        """The marker that every probe of the gate carries."""
        return self.headers.get("x-fasthook-probe")

    @property
    def envelope(self) -> dict[str, Any]:
        """The stored inbound payload; the body parsed where it is JSON."""
        return {
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "headers": dict(self.headers),
            "body": read_body(self.body),
        }


def read_body(body: bytes) -> Any:
    """The body as JSON where it is JSON, else as text."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginnings:
    """The moments from which other people's traffic counts; ``None`` while they have not come."""

    started: float
    probe: float | None = None
    look: float | None = None

    def of(self, traffic: ForeignTraffic) -> float | None:
        """The moment from which this traffic counts."""
        if traffic.at_s < 0:
            return self.started
        return self.probe if traffic.since == "probe" else self.look


def foreign_receipts(source: SourceScript, *, begins: Beginnings) -> list[Receipt]:
    """The receipts of other people's traffic whose start is known so far."""
    found = []
    for row, traffic in enumerate(source.foreign):
        start = begins.of(traffic)
        if start is not None:
            found += [_foreign(source, traffic, start, row, n) for n in range(traffic.count)]
    return found


def replayed_receipts(receipt: Receipt, *, first: bool) -> list[Receipt]:
    """The replays of a request, with everything that it carried."""
    return [
        replace(
            receipt,
            request_id=f"req_replay_{number}_of_{receipt.request_id.removeprefix('req_')}",
            at=receipt.at + script.at_s,
            rejection=script.rejection,
            recorded=True,
            foreign=ForeignTraffic(at_s=script.at_s, outcome=script.outcome),
            replay=script,
            parent_id=receipt.request_id,
        )
        for number, script in enumerate(receipt.source.replays)
        if script.of == "request" and (first or script.each)
    ]


def _foreign(source: SourceScript, traffic: ForeignTraffic, start: float, row: int, number: int) -> Receipt:
    name = f"{row}_{number}"
    marker = {"x-fasthook-probe": f"foreign-{name}"} if traffic.marked else {}
    return Receipt(
        request_id=f"req_foreign_{source.id.removeprefix('src_')}_{name}",
        source=source,
        at=start + traffic.at_s + number * traffic.every_s,
        headers={"content-type": "application/json", **marker},
        body=json.dumps(dict(traffic.body)).encode(),
        foreign=traffic,
    )
