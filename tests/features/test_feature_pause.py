"""``--fasthook-on-fail pause``: only a failing connection is paused, and what was done is told with the way back."""

from __future__ import annotations

import pytest
from emulated import SHORT_S, Emulated, check_whole, warnings

PAUSE = "--fasthook-on-fail=pause"


def is_paused(emulated: Emulated, connection_id: str) -> bool:
    found = emulated.call("GET", f"/connections/{connection_id}")
    return found["paused_at"] is not None


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_only_the_connection_that_failed_is_paused(more: tuple[str, ...], emulated: Emulated) -> None:
    bad, good = emulated.route("bad"), emulated.route("good")
    emulated.emulator.receiver.answer(500, name="bad")
    run = emulated.run(PAUSE, *more, connections=[bad.connection_id, good.connection_id])
    check_whole(run)
    assert run.exit_code == 1
    assert (is_paused(emulated, bad.connection_id), is_paused(emulated, good.connection_id)) == (True, False)
    told = warnings(run, bad.connection_id)
    assert told.startswith("PAUSED")
    assert f"/connections/{bad.connection_id}/unpause" in told
    assert "PAUSED" not in warnings(run, good.connection_id)
    assert "PAUSED" in run.output


def test_without_the_option_nothing_is_paused(emulated: Emulated) -> None:
    bad = emulated.route("bad")
    emulated.emulator.receiver.answer(500)
    run = emulated.run(connections=[bad.connection_id])
    assert (run.exit_code, is_paused(emulated, bad.connection_id)) == (1, False)


@pytest.mark.parametrize("cause", ["inconclusive", "error"])
def test_what_is_not_a_fail_pauses_nothing(cause: str, emulated: Emulated) -> None:
    route = emulated.route()
    if cause == "inconclusive":
        emulated.emulator.faults.add("lost_branch", path=route.connection_id)
    else:
        emulated.emulator.faults.add("status", path="/attempts", status=500)
    run = emulated.run(PAUSE, connections=[route.connection_id], timeout_s=SHORT_S)
    emulated.emulator.faults.clear()
    assert run.exit_code in {69, 75}, run.output
    assert not is_paused(emulated, route.connection_id)


def test_a_pause_that_is_refused_is_told_and_changes_no_verdict(emulated: Emulated) -> None:
    bad = emulated.route("bad")
    emulated.emulator.receiver.answer(500)
    emulated.emulator.faults.add("status", path="/connections/*/pause", status=403)
    run = emulated.run(PAUSE, connections=[bad.connection_id])
    check_whole(run)
    assert run.exit_code == 1
    assert run.connections[0]["cause"]["code"] == "DELIVERY_FAILED"
    assert "NOT PAUSED" in warnings(run, bad.connection_id)
    assert not is_paused(emulated, bad.connection_id)


def test_what_is_paused_already_is_not_paused_again(emulated: Emulated) -> None:
    """Otherwise the report would tell to undo a pause that somebody else has made."""
    route = emulated.route()
    emulated.call("PUT", f"/connections/{route.connection_id}/pause")
    run = emulated.run(PAUSE, connections=[route.connection_id])
    assert run.exit_code == 1
    assert run.connections[0]["cause"]["code"] == "CONNECTION_PAUSED"
    assert "PAUSED" not in warnings(run, route.connection_id)
