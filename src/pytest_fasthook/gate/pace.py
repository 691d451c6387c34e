"""How far the request budget goes: what a run with very many connections may start at once, and how long it takes.

A probe starts its connection's time-out, so it is sent only when the budget can see the connection through.
"""

from __future__ import annotations

CALLS_EACH = 2.2
"""What one connection costs once its event has been delivered: its latest input, its metrics, a share of the lists."""


def seats(*, per_minute: float, timeout_s: float) -> float:
    """How many connections can be on their way at once: as many as the budget pays for in half of their time-out.

    The other half is the routes' own.
    """
    return max(1.0, per_minute * max(1.0, timeout_s / 120) / CALLS_EACH)


def queue_s(*, per_minute: float, timeout_s: float, connections: float) -> float:
    """How long the last of so many connections may have to wait for a seat, in seconds; 0 where all have one."""
    standing = max(0.0, connections - seats(per_minute=per_minute, timeout_s=timeout_s))
    return 60 * CALLS_EACH * standing / per_minute


def reading_queue_s(*, per_minute: float, connections: int) -> float:
    """How long reading so many connections may take beyond what the budget pays for at once, in seconds."""
    return 60 * max(0.0, connections - per_minute / 2) / per_minute
