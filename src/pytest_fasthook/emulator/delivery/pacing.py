"""Keeping to a destination's rate limit: at most so many deliveries in any second, minute or hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from pytest_fasthook.emulator.times import HOUR, MINUTE, SECOND

_PERIODS = {"second": SECOND, "minute": MINUTE, "hour": HOUR}


class Pacer:
    """Remembers when each destination was delivered to; what was before a restart is forgotten."""

    def __init__(self) -> None:
        self._starts: dict[str, deque[int]] = {}

    def reserve(self, destination_id: str, config: Mapping[str, Any], *, now_ms: int) -> int | None:
        """Take a place for a delivery now.

        Args:
            destination_id: where it goes.
            config: the destination's config with its ``rate_limit`` and ``rate_limit_period``.
            now_ms: the present moment.

        Returns:
            ``None`` when the delivery may go; else the moment at which to ask again.
        """
        limit = config.get("rate_limit")
        if not limit:
            self._starts.pop(destination_id, None)
            return None
        width = _PERIODS[config.get("rate_limit_period") or "second"]
        starts = self._starts.setdefault(destination_id, deque())
        while starts and starts[0] <= now_ms - width:
            starts.popleft()
        if len(starts) < limit:
            starts.append(now_ms)
            return None
        return starts[-limit] + width
