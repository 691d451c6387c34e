"""What holds for every test of the project."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A machine that is busy with other things is no reason for a property to fail; in CI the same examples come each time.
settings.register_profile(
    "project",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")
