"""Waiting in tests of real sockets: look again, with a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_S = 5.0


def until(look: Callable[[], bool]) -> None:
    """Look again until it holds; fails the test at the limit."""
    ends = time.monotonic() + LIMIT_S
    while not look():
        assert time.monotonic() < ends, "it never came true"
