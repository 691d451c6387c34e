"""Probes to one source go out one after the other, those to different sources at the same time."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_fasthook.gate.turns import APART_S, PATIENCE_S, Turns

LIMIT_S = 20


def sent_beside(turns: Turns, source: str, hangs: threading.Event) -> threading.Thread:
    """Another probe on its way to a source that answers when ``hangs`` is set."""
    under_way = threading.Event()

    def send() -> None:
        with turns.to(source):
            under_way.set()
            hangs.wait(LIMIT_S)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    assert under_way.wait(LIMIT_S)
    return thread


def waited_s(turns: Turns, source: str) -> float:
    began = time.monotonic()
    with turns.to(source):
        return time.monotonic() - began


def test_the_next_probe_goes_out_after_the_answer_and_later_than_a_record_can_tell() -> None:
    turns = Turns()
    waited_s(turns, "https://hook.example/a")
    assert waited_s(turns, "https://hook.example/a") >= APART_S


@pytest.mark.parametrize(("source", "patience_s"), [("a", PATIENCE_S), ("b", 0.0)])
def test_a_source_that_hangs_keeps_the_next_probe_to_it_waiting_for_a_moment(
    source: str, patience_s: float
) -> None:
    turns, answers = Turns(), threading.Event()
    hanging = sent_beside(turns, "a", answers)
    waited = waited_s(turns, source)
    assert hanging.is_alive()
    assert patience_s <= waited
    assert waited < LIMIT_S / 2
    answers.set()
    hanging.join(LIMIT_S)


def test_the_turn_is_over_when_sending_breaks() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.to("a"):
        raise ZeroDivisionError
    with turns.to("a"):
        pass
