"""The garbage collector, while the gate is imported and until the run ends.

Imports make few cycles and many objects that stay. Looking through them again and again takes a tenth of their time;
looking through them at the end, as pytest does five times and Python once more, takes as long as half of them.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(add_cleanup: Callable[[Callable[[], None]], None]) -> Iterator[None]:
    """Import without looking for garbage, and leave out what is there by now until the cleanup."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if hasattr(gc, "freeze"):  # CPython's
            gc.freeze()
            add_cleanup(gc.unfreeze)
        if collects:
            gc.enable()
