"""Many things on their way at the same time: all are sent, no more at once than allowed, and nobody waits for ever."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from pytest_fasthook.gate.dispatch import Dispatch

LIMIT_S = 20


def never() -> bool:
    return False


def test_everything_is_sent_once() -> None:
    sent: list[int] = []
    dispatch = Dispatch([partial(sent.append, n) for n in range(50)], most=8, stopped=never)
    dispatch.finish()
    assert (sorted(sent), dispatch.ended) == (list(range(50)), 50)


def test_nothing_to_send_is_over_at_once() -> None:
    assert Dispatch([], most=8, stopped=never).over


def test_no_more_run_at_once_than_allowed() -> None:
    """The twin with one more thread lets a third one in."""
    for most in (2, 3):
        meeting = threading.Barrier(3)
        met: list[bool] = []

        def meet(meeting: threading.Barrier = meeting, met: list[bool] = met) -> None:
            try:
                meeting.wait(LIMIT_S if most == 3 else 0.2)  # noqa: B023 - run within this round
                met.append(True)
            except threading.BrokenBarrierError:
                met.append(False)

        Dispatch([meet] * 3, most=most, stopped=never).finish()
        assert met == [most == 3] * 3


def test_whoever_waits_can_do_something_while_one_hangs() -> None:
    goes_on = threading.Event()
    dispatch = Dispatch([lambda: goes_on.wait(LIMIT_S), lambda: None], most=2, stopped=never)
    dispatch.finish(between=lambda: goes_on.set() if dispatch.ended else None)
    assert dispatch.ended == 2


def test_news_are_told() -> None:
    told: list[int] = []
    Dispatch([lambda: None] * 3, most=1, stopped=never, on_news=lambda: told.append(1)).finish()
    assert len(told) == 3


@pytest.mark.parametrize("bug", [ZeroDivisionError, IndexError])
def test_what_breaks_a_job_ends_it_and_what_has_not_begun_is_left(bug: type[Exception]) -> None:
    sent: list[int] = []

    def broken() -> None:
        raise bug("a bug")

    dispatch = Dispatch([broken, partial(sent.append, 1)], most=1, stopped=never)
    with pytest.raises(bug):
        dispatch.finish()
    assert sent == []


def test_a_stop_waits_for_nothing_that_hangs() -> None:
    stopped, goes_on = threading.Event(), threading.Event()
    dispatch = Dispatch([lambda: goes_on.wait(LIMIT_S)] * 2, most=1, stopped=stopped.is_set)
    dispatch.finish(between=stopped.set)
    assert dispatch.ended == 0
    goes_on.set()
