"""What one look at a list showed of our probe, trimmed to what the judge needs.

Lists of a busy source hold other people's traffic; keeping it would cost memory and put foreign payloads into
reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pytest_fasthook.client.models import Event, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSeen:
    """Our request record, if it was there.

    Attributes:
        looked_through: records looked at.
        complete: whether the whole window was looked through (a partial page is no proof of absence).
        unclear: records that may be the awaited real request, but came without their payload.
        replays: the ids of replays of our request that were seen beside it.
    """

    request: Request | None
    looked_through: int
    complete: bool
    unclear: int = 0
    replays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsSeen:
    """The events of our request on our connection, oldest first.

    Attributes:
        replays: those that somebody had played again; they prove nothing about ours.
    """

    events: tuple[Event, ...]
    looked_through: int
    replays: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """What the events list says of a deploy window.

    Attributes:
        number: how many events it holds at least, ignored ones (``CANCELLED``) left out.
        finished: how many of them are ``SUCCESSFUL`` or ``FAILED``.
        ours: whether our event is one of the finished ones.
        partial: whether the API said that something is left out.
        spared: how many looks since then did without the list.
    """

    number: int
    finished: int
    ours: bool
    partial: bool = False
    spared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSeen:
    """The deploy window: what the events list shows, then what the metrics count.

    Attributes:
        listed: events of the connection in the window, by the events list, ignored ones left out.
        finished: those of them that are ``SUCCESSFUL`` or ``FAILED``.
        ours_listed: whether our event is one of the finished ones.
        count, failed, delivered: sums of the metrics series; ``None`` where no point carries the measure.
        partial: whether the API said of the list or of the metrics that something is left out.
    """

    since: datetime
    until: datetime
    listed: int
    finished: int
    ours_listed: bool
    count: int | None
    failed: int | None
    delivered: int | None
    partial: bool = False

    @property
    def ended(self) -> int | None:
        """How many events the metrics count as finished; ``None`` where that is not known."""
        return None if self.delivered is None or self.failed is None else self.delivered + self.failed

    @property
    def has_caught_up(self) -> bool:
        """Whether the metrics count all that the list shows, our event among them.

        Ignored events may be in ``count`` and not in the list, where each would stand in for one that is not counted
        yet; so the finished ones are compared as well.
        """
        counted = self.ended is not None and self.ended >= self.finished
        return counted and self.ours_listed and not self.partial and (self.count or 0) >= self.listed
