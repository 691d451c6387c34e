"""``python -m pytest_fasthook``: ``report``, ``merge`` and ``judge``."""

from __future__ import annotations

import sys

from pytest_fasthook.reports.commands import main

if __name__ == "__main__":
    sys.exit(main())
