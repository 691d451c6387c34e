"""What holds for every test of the project."""

from __future__ import annotations

import os
from importlib.util import find_spec

# A gate that is run from this folder loads this file too, and then the test tools need not be installed.
if find_spec("hypothesis"):
    from hypothesis import HealthCheck, settings

    # A busy machine is no reason for a property to fail; in CI the same examples come each time.
    settings.register_profile(
        "project",
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("project")
