"""Where results are put up and waited for, from several threads."""

from __future__ import annotations

import threading

import pytest

from pytest_fasthook.causes import Outcome
from pytest_fasthook.gate.board import Board
from pytest_fasthook.stages import Stage, StageResult


def result(stage: Stage = Stage.BRANCH, message: str = "seen") -> StageResult:
    return StageResult(stage=stage, outcome=Outcome.PASSED, message=message)


@pytest.fixture
def board() -> Board:
    return Board()


def test_what_is_there_is_not_waited_for(board: Board) -> None:
    board.post("conn_1", result())
    assert board.wait("conn_1", Stage.BRANCH, timeout=60.0) == result()


def test_what_does_not_come_is_waited_for_no_longer_than_asked(board: Board) -> None:
    board.post("conn_1", result())
    assert board.wait("conn_1", Stage.METRICS, timeout=0.0) is None
    assert board.wait("conn_2", Stage.BRANCH, timeout=0.0) is None


def test_the_first_result_of_a_stage_stays(board: Board) -> None:
    board.post("conn_1", result(message="first"))
    board.post("conn_1", result(message="second"))
    assert board.of("conn_1")[Stage.BRANCH].message == "first"


def test_a_closed_board_is_not_waited_for_but_keeps_what_it_has(board: Board) -> None:
    board.post("conn_1", result())
    assert not board.closed
    board.close()
    assert board.closed
    assert board.wait("conn_1", Stage.METRICS, timeout=60.0) is None
    assert board.wait("conn_1", Stage.BRANCH, timeout=60.0) == result()


@pytest.mark.parametrize("ends", ["before", "meanwhile", "never"])
def test_the_end_is_waited_for_no_longer_than_asked(board: Board, ends: str) -> None:
    if ends == "before":
        board.close()
    if ends == "meanwhile":
        threading.Timer(0.01, board.close).start()
    board.wait_for_end(timeout=0.05 if ends == "never" else 20.0)
    assert board.closed is (ends != "never")


def test_nobody_can_change_the_results_from_outside(board: Board) -> None:
    board.post("conn_1", result())
    dict(board.of("conn_1")).clear()
    assert list(board.of("conn_1")) == [Stage.BRANCH]
    assert board.of("conn_unknown") == {}


@pytest.mark.parametrize("ending", ["post", "close"])
def test_whoever_waits_is_woken(board: Board, ending: str) -> None:
    found: list[StageResult | None] = []
    waiters = [
        threading.Thread(
            target=lambda: found.append(board.wait("conn_1", Stage.BRANCH, timeout=30.0)), daemon=True
        )
        for _ in range(3)
    ]
    for waiter in waiters:
        waiter.start()
    if ending == "post":
        board.post("conn_1", result(Stage.INGRESS))
        board.post("conn_1", result())
    else:
        board.close()
    for waiter in waiters:
        waiter.join(10)
    assert found == [result() if ending == "post" else None] * 3
