"""Questions that most looks can do without: asked soon, then ever more seldom, and at the last look again."""

from __future__ import annotations

GAP = 5
"""Looks from the first time to the second; every further gap is a look longer."""


def is_due(looks: int, *, first: int) -> bool:
    """Whether a side question is due, after so many looks, where ``first`` looks go before it is asked at all."""
    due, gap = first, GAP
    while due < looks:
        due, gap = due + gap, gap + 1
    return due == looks
