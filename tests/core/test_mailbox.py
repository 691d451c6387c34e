"""Notices between processes: whole files, an end, and no wait without one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from core_world import FakeClock

from pytest_fasthook.causes import Outcome
from pytest_fasthook.plugin.mailbox import LOOK_EVERY_S, Mailbox
from pytest_fasthook.reports.notices import Notice
from pytest_fasthook.stages import Stage

NOTICE = Notice(
    outcome=Outcome.FAILED, advisory=True, brief="brief — “ünïcode”", text='two\nlines \\ " \u2028 end'
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def mailbox(tmp_path: Path, clock: FakeClock) -> Mailbox:
    return Mailbox(tmp_path, clock)


def test_a_notice_arrives_as_it_was_posted(mailbox: Mailbox, clock: FakeClock) -> None:
    mailbox.post("conn_1", Stage.BRANCH, NOTICE)
    assert mailbox.wait("conn_1", Stage.BRANCH, timeout=60.0) == NOTICE
    assert clock.time == 0.0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_arrives(mailbox: Mailbox, outcome: Outcome) -> None:
    notice = Notice(outcome=outcome, advisory=False, brief="b", text="t")
    mailbox.post("conn_1", Stage.BRANCH, notice)
    assert mailbox.wait("conn_1", Stage.BRANCH, timeout=0.0) == notice


def test_a_notice_is_for_one_stage_of_one_connection(mailbox: Mailbox) -> None:
    mailbox.post("conn_1", Stage.BRANCH, NOTICE)
    assert mailbox.wait("conn_1", Stage.INGRESS, timeout=0.0) is None
    assert mailbox.wait("conn_2", Stage.BRANCH, timeout=0.0) is None
    assert mailbox.wait("conn", Stage.BRANCH, timeout=0.0) is None


def test_the_wait_ends_with_its_timeout(mailbox: Mailbox, clock: FakeClock) -> None:
    assert mailbox.wait("conn_1", Stage.BRANCH, timeout=5.0) is None
    assert 5.0 <= clock.time <= 5.0 + 2 * LOOK_EVERY_S


def test_nothing_more_will_come_from_a_closed_mailbox(mailbox: Mailbox, clock: FakeClock) -> None:
    mailbox.post("conn_1", Stage.BRANCH, NOTICE)
    mailbox.close()
    assert mailbox.wait("conn_1", Stage.INGRESS, timeout=60.0) is None
    assert mailbox.wait("conn_1", Stage.BRANCH, timeout=60.0) == NOTICE
    assert clock.time == 0.0
    mailbox.close()


def test_a_notice_posted_just_before_the_end_is_not_missed(tmp_path: Path) -> None:
    class Racing(FakeClock):
        """The post and the end come while the reader rests."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            other = Mailbox(tmp_path, FakeClock())
            other.post("conn_1", Stage.BRANCH, NOTICE)
            other.close()

    assert Mailbox(tmp_path, Racing()).wait("conn_1", Stage.BRANCH, timeout=1.0) == NOTICE


def test_half_a_file_is_never_read(mailbox: Mailbox, tmp_path: Path) -> None:
    """A notice gets its name only once it is whole."""
    mailbox.post("conn_1", Stage.BRANCH, NOTICE)
    (file,) = tmp_path.iterdir()
    file.rename(file.with_suffix(".part"))
    assert mailbox.wait("conn_1", Stage.BRANCH, timeout=0.0) is None


def test_a_reader_beside_a_busy_writer_sees_whole_notices_only(mailbox: Mailbox) -> None:
    notices = [
        Notice(outcome=Outcome.PASSED, advisory=False, brief=str(n), text="x" * 50_000) for n in range(60)
    ]
    done = threading.Event()

    def write() -> None:
        for notice in notices:
            mailbox.post("conn_1", Stage.BRANCH, notice)
        done.set()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    seen = set()
    while not done.is_set():
        notice = mailbox.wait("conn_1", Stage.BRANCH, timeout=0.0)
        if notice is not None:
            assert len(notice.text) == 50_000
            seen.add(notice.brief)
    writer.join(10)
    assert seen <= {notice.brief for notice in notices}


@pytest.mark.parametrize("connection_id", ["conn.with.dots", "c" * 200, "conn~1"])
def test_every_id_has_a_file_of_its_own(mailbox: Mailbox, connection_id: str) -> None:
    mailbox.post(connection_id, Stage.LATEST_INPUT, NOTICE)
    assert mailbox.wait(connection_id, Stage.LATEST_INPUT, timeout=0.0) == NOTICE


def test_ids_that_differ_in_case_alone_do_not_share_a_file(mailbox: Mailbox, tmp_path: Path) -> None:
    """Some file systems take such names for the same."""
    mailbox.post("conn_A", Stage.BRANCH, NOTICE)
    mailbox.post("conn_a", Stage.BRANCH, NOTICE)
    assert len({file.name.lower() for file in tmp_path.iterdir()}) == 2
