"""A state that is set but cannot be read is still set."""

from __future__ import annotations

import pytest

from pytest_fasthook.client.fields import UNKNOWN_MOMENT
from pytest_fasthook.client.models import Connection


@pytest.mark.parametrize("value", [None, "", False])
def test_an_unset_state_is_open(value: object) -> None:
    found = Connection.model_validate({"id": "conn_1", "paused_at": value, "disabled_at": value})

    assert (found.paused_at, found.disabled_at) == (None, None)


@pytest.mark.parametrize("value", ["yesterday", 1764000000, True, {"at": "now"}])
def test_a_state_that_cannot_be_read_is_not_taken_for_open(value: object) -> None:
    found = Connection.model_validate({"id": "conn_1", "paused_at": value, "disabled_at": value})

    assert (found.paused_at, found.disabled_at) == (UNKNOWN_MOMENT, UNKNOWN_MOMENT)
