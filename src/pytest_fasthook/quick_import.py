"""Our own modules, imported quickly: past pytest's rewriting of asserts, and in one go.

Pytest rewrites every module in the package of a plugin. Ours hold no tests, and a job in a fresh container has no cache
of rewritten modules: there, rewriting would take longer than all else that the gate does before it sends.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_OURS = f"{__package__}."


class PlainFinder(MetaPathFinder):
    """Finds this package's modules before pytest's rewriting finder does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's ordinary spec; ``None`` for everybody else's modules."""
        return PathFinder.find_spec(fullname, path, target) if fullname.startswith(_OURS) else None


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import this package's modules plainly from now on, and until the end without looking for garbage.

    Imports make few cycles and many objects that stay. Looking through them again and again takes a tenth of the
    time; looking through them at the end, as pytest does five times and Python once more, takes as long as half of
    the imports. So what is there by now is frozen: the garbage collector passes it over from now on.
    """
    if not any(isinstance(finder, PlainFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, PlainFinder())
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if hasattr(gc, "freeze"):  # CPython's
            gc.freeze()
        if collects:
            gc.enable()
