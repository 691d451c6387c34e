"""What holds for every test of the project."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

# A gate that is run from this folder loads this file too, and then the test tools need not be installed.
if find_spec("hypothesis"):
    from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

    # A busy machine is no reason for a property to fail. The same examples come each time, so that a failure is the
    # change's; new ones are looked for by the long runs, which name how many.
    settings.register_profile(
        "project",
        deadline=None,
        derandomize=not {"FASTHOOK_FUZZ", "FASTHOOK_HISTORIES"} & os.environ.keys(),
        suppress_health_check=[HealthCheck.too_slow],
    )
    # Thousands of runs, of which only "passed" or "failed" is wanted, and the same one each time.
    settings.register_profile(
        "mutation",
        settings.get_profile("project"),
        derandomize=True,
        max_examples=40,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("project")

    def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
        """Most mutants fall to a cheap test, so there the properties come last."""
        if config.getoption("--hypothesis-profile") == "mutation":
            items.sort(key=lambda item: is_hypothesis_test(getattr(item, "obj", None)))
