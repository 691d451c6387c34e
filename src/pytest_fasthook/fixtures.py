"""Fixtures for test authors; thin, so that a run without them loads nothing."""

from __future__ import annotations

import pytest


@pytest.fixture
def fasthook(request: pytest.FixtureRequest) -> object:
    """The gate's handle for one connection."""
    raise NotImplementedError


@pytest.fixture
def fasthook_client() -> object:
    """The typed API client."""
    raise NotImplementedError


@pytest.fixture
def fasthook_emulator() -> object:
    """A running emulator."""
    raise NotImplementedError
