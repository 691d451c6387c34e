"""What can be seen of a receipt at a given moment.

It is computed from the script on every look: nothing runs in the background.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from standin.receipts import Receipt
from standin.script import AttemptScript, ReplayScript, RouteScript

NEVER = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptSeen:
    """One delivery attempt that has happened."""

    number: int
    at: float
    script: AttemptScript


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSeen:
    """The branch of one request on one connection, as it stands now.

    Attributes:
        ignored: the cause where the branch was ignored; its status is then ``CANCELLED``.
        counted_at: when metrics begin to count it.
    """

    id: str
    route: RouteScript
    receipt: Receipt
    status: str
    shown_at: float
    counted_at: float
    ignored: str | None = None
    attempts: tuple[AttemptSeen, ...] = ()
    next_attempt_at: float | None = None
    replay: ReplayScript | None = None
    parent_id: str | None = None

    @property
    def created_at(self) -> float:
        """Events are dated when their request came in, whenever they become visible."""
        return self.receipt.at + (self.replay.at_s if self.replay else 0.0)


def request_shown_at(receipt: Receipt, arrivals: Sequence[float]) -> float:
    """When the request's record becomes visible; ``arrivals`` are the moments of all probes so far."""
    if not receipt.recorded:
        return NEVER
    if receipt.foreign is not None:
        return receipt.at
    script = receipt.source.request
    if script.after_probes > len(arrivals):
        return NEVER
    awaited = arrivals[script.after_probes - 1] if script.after_probes else receipt.at
    return max(receipt.at + script.lag_s, awaited)


def event_seen(route: RouteScript, receipt: Receipt, *, shown_at: float, now: float) -> EventSeen | None:
    """The receipt's branch on a route, or ``None`` while (or because) there is none."""
    if receipt.rejection is not None or route.disabled:
        return None
    if receipt.foreign is not None:
        return _foreign_event(route, receipt) if receipt.at <= now else None
    at = shown_at + route.branch.lag_s
    if route.branch.kind == "never" or at > now:
        return None
    cause = receipt.ignored.get(route.connection_id)
    if route.branch.kind == "ignored":
        cause = route.branch.cause
    return _ignored_event(route, receipt, at, cause) if cause else _event(route, receipt, at, now)


def more_events(event: EventSeen, *, first: bool, now: float) -> list[EventSeen]:
    """What else a branch made: a second event, and the replays of the first request's events."""
    second, found = event.route.branch.second, []
    if second is not None and event.receipt.foreign is None:
        found.append(_made_beside(event, f"{event.id}_second", second))
    scripts = event.receipt.source.replays if first else ()
    for number, script in enumerate(scripts):
        if script.of == "event" and event.receipt.at + script.at_s <= now:
            again = _made_beside(event, f"{event.id}_replay_{number}", script.outcome)
            found.append(replace(again, replay=script, parent_id=event.id))
    return found


def _made_beside(event: EventSeen, name: str, status: str) -> EventSeen:
    """An event of the same request on the same route, ended by its first attempt."""
    answered = {"SUCCESSFUL": 200, "FAILED": 500}.get(status)
    script = AttemptScript(status=status, response_status=answered)
    made = AttemptSeen(number=1, at=event.shown_at, script=script)
    return replace(
        event,
        id=name,
        status=status,
        counted_at=event.shown_at,
        attempts=(made,) if answered else (),
        next_attempt_at=None,
        ignored="DEDUPLICATED" if status == "CANCELLED" else None,
    )


def event_id(route: RouteScript, receipt: Receipt) -> str:
    """The id of a branch: the same on every look."""
    text = f"{receipt.request_id} {route.connection_id}"
    return f"evt_{hashlib.sha256(text.encode()).hexdigest()[:18]}"


def _event(route: RouteScript, receipt: Receipt, at: float, now: float) -> EventSeen:
    planned = _planned(route, at)
    attempts = tuple(attempt for attempt in planned if attempt.at <= now)
    last = attempts[-1] if attempts else None
    waits = last.script.next_in_s if last else None
    ends = planned[-1].at if planned else at
    return EventSeen(
        id=event_id(route, receipt),
        route=route,
        receipt=receipt,
        status=route.branch.status or _status(route, last, waits),
        shown_at=at,
        counted_at=ends + route.metrics.lag_s if route.metrics.counted else NEVER,
        attempts=attempts,
        next_attempt_at=last.at + waits if last and waits is not None else None,
    )


def _planned(route: RouteScript, at: float) -> list[AttemptSeen]:
    planned = []
    for number, script in enumerate(route.attempts, start=1):
        at += script.lag_s
        planned.append(AttemptSeen(number=number, at=at, script=script))
    return planned


def _status(route: RouteScript, last: AttemptSeen | None, waits: float | None) -> str:
    if last is None:
        return "QUEUED"
    return last.script.status if waits is None else route.retrying_status


def _ignored_event(route: RouteScript, receipt: Receipt, at: float, cause: str) -> EventSeen:
    return EventSeen(
        id=event_id(route, receipt),
        route=route,
        receipt=receipt,
        status="CANCELLED",
        shown_at=at,
        counted_at=at,
        ignored=cause,
    )


def _foreign_event(route: RouteScript, receipt: Receipt) -> EventSeen:
    outcome = receipt.foreign.outcome if receipt.foreign else "QUEUED"
    ended = {"SUCCESSFUL": 200, "FAILED": 500}.get(outcome)
    attempt = AttemptSeen(
        number=1, at=receipt.at, script=AttemptScript(status=outcome, response_status=ended)
    )
    return EventSeen(
        id=event_id(route, receipt),
        route=route,
        receipt=receipt,
        status=outcome,
        shown_at=receipt.at,
        counted_at=receipt.at + (receipt.foreign.counted_after_s if receipt.foreign else 0),
        ignored="FILTERED" if outcome == "CANCELLED" else None,
        attempts=(attempt,) if ended else (),
    )
