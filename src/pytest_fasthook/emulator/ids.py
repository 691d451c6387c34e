"""Ids in FastHook's forms (FastHook contract, id formats), from one source of randomness."""

from __future__ import annotations

import random
import time

DEMO_TEAM = "tm_000000000000000000"
"""The team of calls that name none; FastHook falls back to a demo team in silence."""


class Ids:
    """Makes ids; the same seed gives the same ids in the same order.

    Args:
        seed: ``None`` takes the system's randomness, which a database that outlives the process needs.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._has_seed = seed is not None
        self._last = 0
        self._random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - a seed is asked for to repeat a run

    def hexadecimal(self, digits: int) -> str:
        """Return ``digits`` random lower-case hex digits."""
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"

    def make(self, prefix: str, digits: int = 20) -> str:
        """Return an id such as ``req_5f…``."""
        return f"{prefix}_{self.hexadecimal(digits)}"

    def sortable(self, prefix: str) -> str:
        """Return an id that sorts after all earlier ones, which keeps the indexes of busy tables short to write."""
        now = 0 if self._has_seed else time.time_ns() // 1000
        self._last = max(self._last + 1, now)
        return f"{prefix}_{self._last:014x}{self.hexadecimal(10)}"

    def team(self) -> str:
        """Return a team id: ``tm_`` and 18 hex digits."""
        return self.make("tm", 18)

    def project_key(self) -> str:
        """Return a project API key: ``fhp_`` and 64 hex digits."""
        return self.make("fhp", 64)

    def hook(self) -> str:
        """Return the label of a source's host: ``hook-`` and six letters or digits."""
        return f"hook-{self.hexadecimal(6)}"
