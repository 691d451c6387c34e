from __future__ import annotations

from datetime import UTC, datetime

import pytest
from client_world import START

from pytest_fasthook.client.retry import CallLimits, read_http_date, read_retry_after
from pytest_fasthook.errors import RateLimitedError, UnreachableError

BROKEN = UnreachableError("x", call="GET /x", reason="reset")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("Fri, 29 May 2026 12:00:09 GMT", 9.0),
        ("Fri, 29 May 2026 11:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("1e9", None),
        ("\u0663", None),
    ],
)
def test_retry_after_is_read_in_both_forms(text: str | None, seconds: float | None) -> None:
    assert read_retry_after(text, now=START) == seconds


def test_http_dates_are_utc() -> None:
    assert read_http_date("Fri, 29 May 2026 12:00:00 GMT") == datetime(2026, 5, 29, 12, tzinfo=UTC)
    assert read_http_date("Fri, 29 May 2026 12:00:00 -0000") == datetime(2026, 5, 29, 12, tzinfo=UTC)
    assert read_http_date("yesterday") is None
    assert read_http_date("Fri, 99 May 2026 12:00:00 GMT") is None


def test_pauses_double_with_a_small_jitter() -> None:
    limits = CallLimits()

    assert [limits.pause(BROKEN, number=number, chance=0.0) for number in (1, 2, 3)] == [0.2, 0.4, 0.8]
    assert limits.pause(BROKEN, number=1, chance=1.0) == pytest.approx(0.25)


def test_the_wish_of_the_api_wins() -> None:
    error = RateLimitedError("x", call="GET /x", retry_after=11.0)

    assert CallLimits().pause(error, number=1, chance=1.0) == 11.0


@pytest.mark.parametrize(
    ("deadline", "seconds"), [(None, 10.0), (1003.0, 3.0), (1090.0, 10.0), (1000.2, 1.0), (900.0, 1.0)]
)
def test_a_try_is_cut_to_the_deadline_but_gets_a_second(deadline: float | None, seconds: float) -> None:
    assert CallLimits().seconds(now=1000.0, deadline=deadline) == pytest.approx(seconds)
