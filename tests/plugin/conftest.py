"""A user's folder with an account, whose API nobody serves unless a test does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from plugin_scene import Scene

from standin import refused_url


@pytest.fixture
def scene(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with refused_url() as url:
        yield Scene(pytester, monkeypatch, f"{url}/v1")
